"""ACGPN's networks: the published names and shapes, the spline, the constraint."""

import numpy as np
import pytest
import torch
from cvfast.errors import ModelError
from cvfast.tryon.acgpn_constraint import folded_share, second_order
from cvfast.tryon.acgpn_net import Refine, build_g, build_g1, build_g2
from cvfast.tryon.acgpn_warping import ClothesWarping, Localisation, PointSpline, regular_points
from cvfast.tryon.checkpoints import load_network, read_checkpoint
from cvfast.tryon.network_tables import TABLES
from cvfast.tryon.tps_grid import ThinPlateGrid, control_points

PARTS = {
    "acgpn-g1": (build_g1, 46, 34_540_942),
    "acgpn-g2": (build_g2, 46, 34_533_441),
    "acgpn-u": (ClothesWarping, 69, 36_467_950),
    "acgpn-g": (build_g, 46, 34_527_107),
}


def made_file(path, kind, **changed):
    """Write a file of exactly the published names and shapes, but for what is changed."""
    shapes = TABLES[kind, "acgpn"] | changed
    torch.save({name: torch.full((1,), 0.01).expand(shape) for name, shape in shapes.items()}, path)
    return path


@pytest.mark.parametrize("kind", PARTS)
def test_published_form_has_the_tabled_tensors_and_size(kind):
    build, tensors, weights = PARTS[kind]
    with torch.device("meta"):
        net = build()
    shapes = {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}
    assert shapes == TABLES[kind, "acgpn"]
    assert len(shapes) == tensors
    assert sum(each.numel() for each in net.parameters()) == weights


@pytest.mark.parametrize("kind", ["acgpn-g2", "acgpn-u"])
def test_made_checkpoint_of_the_published_form_loads(tmp_path, kind):
    net, found = load_network(made_file(tmp_path / "net.pth", kind), kind)
    assert found.kind == kind
    assert found.published
    assert not net.training
    assert all((each == 0.01).all() for each in net.parameters())


def test_checkpoint_of_another_network_is_refused_by_name(tmp_path):
    other = made_file(tmp_path / "g2.pth", "acgpn-g2")
    with pytest.raises(ModelError, match=r"g2.pth: expected weights of acgpn-g1, got .*acgpn-g2"):
        read_checkpoint(other, "acgpn-g1")
    changed = made_file(tmp_path / "u.pth", "acgpn-u", **{"conv1.0.weight": (64, 5, 3, 3)})
    with pytest.raises(ModelError, match=r"conv1.0.weight is \(64, 5, 3, 3\), not \(64, 4, 3, 3\)"):
        read_checkpoint(changed, "acgpn-u")


def test_first_grid_looks_where_it_is():
    net = ClothesWarping((48, 64), width=4).eval()
    garment = torch.rand(1, 3, 64, 48) * 2 - 1
    mask = torch.ones(1, 1, 64, 48)
    out = net(garment, mask, mask)
    torch.testing.assert_close(out.warped, garment, atol=2e-3, rtol=0)
    assert torch.equal(out.alpha, net(garment, mask, mask).alpha)  # nothing is drawn when run
    hidden = net(garment, mask, torch.zeros_like(mask))
    assert not hidden.alpha.any()  # outside the mask the refinement is all there is


def test_spline_agrees_with_the_other_tables_and_keeps_affine_maps():
    spline, plain = PointSpline((24, 32)), ThinPlateGrid((24, 32), control_points(5, reach=0.9))
    points = regular_points()[None] + torch.rand(
        2, 25, 2, generator=torch.Generator().manual_seed(1)
    )
    torch.testing.assert_close(spline(points), plain(points), atol=1e-4, rtol=0)
    matrix, shift = torch.tensor([[0.8, 0.3], [-0.2, 1.1]]), torch.tensor([0.1, -0.2])
    grid = spline(regular_points()[None] @ matrix.T + shift)
    x, y = torch.linspace(-1, 1, 24), torch.linspace(-1, 1, 32)
    pixels = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)
    torch.testing.assert_close(grid[0], pixels @ matrix.T + shift, atol=1e-4, rtol=0)


def reference_constraint(points):
    """The six terms, point by point as the paper's code goes about it."""
    at = points.reshape(5, 5, 2)
    spacing = {"rx": [], "ry": [], "cx": [], "cy": []}
    slopes = {"rg": [], "cg": []}
    for way, lines in (("r", at), ("c", at.transpose(1, 0, 2))):
        for line in lines:
            squares = [(line[i + 1] - line[i]) ** 2 for i in range(4)]
            for i in range(3):
                x, y = np.abs(squares[i + 1] - squares[i])
                spacing[f"{way}x"].append(max(0.08, x))
                spacing[f"{way}y"].append(max(0.08, y))
                (x0, y0), (x1, y1), (x2, y2) = line[i : i + 3]
                slopes[f"{way}g"].append(abs((y1 - y0) * (x1 - x2) - (y1 - y2) * (x1 - x0)))
    terms = [np.mean(spacing[name]) for name in ("rx", "ry", "cx", "cy")]
    return terms + [max(0.02, np.mean(slopes[name])) for name in ("rg", "cg")]


def test_constraint_is_the_published_one():
    rng = np.random.default_rng(3)
    points = regular_points().numpy() + rng.normal(0, 0.25, (25, 2)).astype(np.float32)
    found = second_order(torch.from_numpy(points)[None])
    np.testing.assert_allclose([term.item() for term in found], reference_constraint(points), 1e-5)
    assert found.total().item() == pytest.approx(sum(reference_constraint(points)), rel=1e-5)


def test_constraint_pulls_a_fold_apart():
    points = regular_points()[None].clone()
    points[0, 12] = torch.tensor([0.7, 0.6])  # the middle one past its neighbours
    spline = PointSpline((48, 64))
    points.requires_grad_()
    before = folded_share(spline(points)).item()
    for _ in range(200):
        (gradient,) = torch.autograd.grad(second_order(points).total(), points)
        points = (points - 0.1 * gradient).detach().requires_grad_()
    assert before > 0.01
    assert folded_share(spline(points)).item() == 0


def test_sizes_that_do_not_halve_to_four_by_three_are_refused():
    with pytest.raises(ValueError, match=r"size: expected \(3, 4\) times a power of two"):
        Localisation((64, 64))


@pytest.mark.parametrize("compat", [True, False])
def test_dropout_and_brightness(compat):
    torch.manual_seed(0)
    net = Refine(2, 1, width=4, compat=compat).train()
    maps = torch.rand(1, 2, 32, 32)
    assert torch.equal(net(maps), net(maps)) != compat  # the published form drops half
    net.eval()
    brighter = torch.allclose(net(maps), net(3 * maps), atol=1e-3)
    assert torch.equal(net(maps), net(maps))
    assert brighter or not compat  # instance normalisation cannot see a first map's contrast
