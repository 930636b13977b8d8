"""ACGPN, SwapNet, Clothes Transform: inputs, composition, learning, engines."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from cvfast.people.pose import Pose
from cvfast.synth.garments import make_garment, random_garment
from cvfast.synth.people import make_person, random_person
from cvfast.training.loop import train
from cvfast.tryon.acgpn_inputs import (
    arm_colour,
    binary_noise,
    compose_labels,
    dilate,
    fusion_input,
    label_input,
    mask_input,
)
from cvfast.tryon.acgpn_training import LabelTask, MaskTask
from cvfast.tryon.clothes_transform_masks import find_masks
from cvfast.tryon.clothes_transform_net import CoarsePerson, PairJudge, TransformNet
from cvfast.tryon.clothes_transform_training import CoarseTask
from cvfast.tryon.dressed_people import DressedPeople, square_pose_maps
from cvfast.tryon.engines import try_on_with
from cvfast.tryon.exchange_engines import Flat, Seen, run_engine
from cvfast.tryon.exchange_looks import dress_swapnet
from cvfast.tryon.exchange_training import train_acgpn, train_clothes_transform, train_swapnet
from cvfast.tryon.garment import Garment
from cvfast.tryon.network_view import NetworkView
from cvfast.tryon.networks import build_network
from cvfast.tryon.patch_judges import JUDGED, PatchJudge
from cvfast.tryon.swapnet_inputs import TwoWearers, body_picture, part_boxes
from cvfast.tryon.swapnet_net import Texturing, Warping, cut_regions
from cvfast.tryon.swapnet_training import cloth_channels, cloth_labels
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

pytestmark = pytest.mark.usefixtures("undrawn")
SIZE = 48, 64
JOINTS = np.array(
    [(24, 8), (24, 14), (16, 15), (12, 26), (10, 36), (32, 15), (36, 26), (38, 36), (18, 38),
     (18, 50), (18, 62), (30, 38), (30, 50), (30, 62), (22, 6), (26, 6), (20, 7), (28, 7)]
)  # fmt: skip


def blocks(seed, size=SIZE):
    """A person of rectangles: picture, labels in cvfast's set."""
    width, height = size
    labels = np.zeros((height, width), np.uint8)
    for label, x0, y0, x1, y1 in (
        (13, 0.4, 0.05, 0.6, 0.2), (2, 0.4, 0.02, 0.6, 0.08), (14, 0.7, 0.4, 0.85, 0.6),
        (15, 0.15, 0.4, 0.3, 0.6), (5, 0.3, 0.22, 0.7, 0.6), (9, 0.35, 0.6, 0.65, 1.0),
    ):  # fmt: skip
        labels[int(y0 * height) : int(y1 * height), int(x0 * width) : int(x1 * width)] = label
    colours = np.random.default_rng(seed).integers(0, 255, (25, 3))
    return colours[labels].astype(np.uint8), labels


@pytest.fixture(scope="module")
def people():
    pairs = [[blocks(2 * number + side) for side in (0, 1)] for number in range(4)]
    masks = np.zeros((4, 2, 64, 48), bool)
    masks[:, :, 10:50, 10:38] = True
    pictures = np.array([[image for image, _ in pair] for pair in pairs])
    labels = np.array([[labels for _, labels in pair] for pair in pairs])
    points = np.tile(np.column_stack([JOINTS, np.ones(18)]), (4, 1, 1)).astype(np.float32)
    return DressedPeople(pictures, labels, points, pictures.copy(), masks)


@pytest.fixture(scope="module")
def wearers():
    pictures = np.array([[blocks(n + side, (64, 64))[0] for side in (0, 1)] for n in range(4)])
    labels = np.where(blocks(0, (64, 64))[1] == 5, 5, 0).astype(np.uint8)
    points = np.column_stack([JOINTS, np.ones(18)]).astype(np.float32)
    return TwoWearers(pictures, np.tile(labels, (4, 2, 1, 1)), np.tile(points, (4, 2, 1, 1)))


def test_published_sizes_of_swapnet_and_clothes_transform():
    with torch.device("meta"):
        nets = [Warping(), Texturing()]
    nets += [CoarsePerson(), PairJudge(), TransformNet()]
    weights = [sum(each.numel() for each in net.parameters()) for net in nets]
    assert weights == [137_583_635, 41_902_979, 6_339_264, 2_768_705, 31_033_987]
    shapes = {name: tuple(each.shape) for name, each in nets[0].state_dict().items()}
    assert len(shapes) == 33
    assert shapes["body_down4.model.0.weight"] == (512, 256, 4, 4)
    assert shapes["cloth_down6.model.0.weight"] == (1024, 1024, 4, 4)
    assert shapes["resblocks.3.conv_block.6.weight"] == (1024, 1024, 3, 3)
    assert shapes["dual_up1.model.0.weight"] == (1024, 256, 4, 4)
    assert shapes["upsample_and_pad.2.weight"] == (19, 192, 4, 4)
    assert tuple(nets[1].encode.model[0].weight.shape) == (36, 36, 4, 4)
    assert tuple(nets[1].unet.model.model[0].weight.shape) == (64, 55, 4, 4)


def test_inputs_have_the_published_channels():
    labels, one = torch.zeros(1, 64, 48, dtype=torch.long), torch.zeros(1, 1, 64, 48)
    picture, pose = torch.zeros(1, 3, 64, 48), torch.zeros(1, 18, 64, 48)
    seen = label_input(picture, one, labels, pose, one)
    assert seen.shape[1] == mask_input(picture, one, labels, pose, one).shape[1] == 37
    assert fusion_input(picture, labels, picture, picture, one).shape[1] == 24
    assert JUDGED == {"G1": 37 + 14, "G2": 37 + 1, "U": 4 + 3, "G": 24 + 3}


def test_noise_has_the_published_share_of_ones():
    noise = binary_noise(torch.zeros(20, 3, 64, 48), torch.Generator().manual_seed(0))
    assert set(noise.unique().tolist()) == {0, 1}
    assert noise.mean().item() == pytest.approx(0.159, abs=0.005)


def test_long_sleeve_to_short_bares_the_arm():
    labels = torch.zeros(1, 64, 48, dtype=torch.long)
    labels[:, 10:40, 8:40] = 4  # clothes down to the wrists
    labels[:, 40:46, 8:14] = 11  # a hand
    body = torch.zeros_like(labels)
    body[:, 20:46, 8:14] = 11  # G1: an arm is bare now
    clothes = torch.zeros(1, 1, 64, 48)
    clothes[:, :, 10:40, 14:40] = 1
    found = compose_labels(labels, body, clothes)
    assert (found.labels[:, 20:46, 8:14] == 11).all()
    assert (found.labels[:, 12:38, 15:38] == 4).all()
    assert not found.clothes[:, :, 20:46, 8:14].any()
    assert not found.kept[:, :, 20:40, 8:14].any()  # what the sleeve hid has to be painted
    assert found.kept[:, :, 44:46, 8:14].all()  # the hand is the photo's
    assert not (found.kept * found.clothes).any()


def test_dilation_and_colour():
    mask = torch.zeros(1, 1, 9, 9)
    mask[..., 4, 4] = 1
    assert dilate(mask, 2).sum() == 25
    picture, labels = torch.zeros(1, 3, 2, 2), torch.tensor([[[12, 0], [0, 0]]])
    picture[..., 0, 0] = 0.5
    assert (arm_colour(picture, labels) == 0.5).all()  # no arm to be seen: the face's


def test_pose_maps_are_squares_of_eleven_pixels_at_full_size():
    maps = square_pose_maps(np.array([[[50.0, 60.0, 1.0], [0.5, 60.0, 1.0]]]), (192, 256))
    assert maps[0, 0, 55:66, 45:56].min() == 1
    assert (maps[0, 0] == 1).sum() == 121
    assert maps[0, 1].max() == -1


def test_cut_regions_interpolate_in_the_middles_of_bins():
    y, x = np.mgrid[:20.0, :30.0]
    ramp = torch.from_numpy((2 * x + 3 * y).astype(np.float32))[None, None]
    cut = cut_regions(ramp, torch.tensor([[[4.0, 2.0, 20.0, 10.0]]]), 8)
    bins = np.arange(8) + 0.5
    expected = 2 * (4 + 2 * bins)[None] + 3 * (2 + bins)[:, None]
    np.testing.assert_allclose(cut[0, 0].numpy(), expected, rtol=1e-5)


def test_cloth_channels_and_back():
    labels = torch.randint(0, 20, (2, 5, 4))
    channels = cloth_channels(labels)
    assert torch.equal(cloth_labels(2 * channels - 1, compat=True), labels)


def test_body_picture_and_boxes_show_the_parts():
    points = np.column_stack([JOINTS, np.ones(18)])
    picture = body_picture(points, SIZE)
    assert picture[26, 24].tolist() == [255, 0, 0]  # the trunk
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 10
    boxes = part_boxes(points, SIZE)
    assert boxes.shape == (12, 4)
    assert (boxes[:, 2:] > boxes[:, :2]).all()
    assert (boxes >= 0).all()
    assert (boxes <= (48, 64, 48, 64)).all()


label_maps = hnp.arrays(np.uint8, (6, 5), elements=st.integers(0, 19))


@settings(max_examples=30)
@given(label_maps, label_maps, hnp.arrays(np.float64, (6, 5), elements=st.floats(0, 1)))
def test_masks_share_out_the_whole_picture(before, coarse, alpha):
    masks = find_masks(before, coarse, alpha)
    assert (masks.clothes.astype(int) + masks.face + masks.rest == 1).all()
    assert not masks.clothes[np.isin(coarse, (1, 2, 13, 14, 15))].any()


def test_labels_are_learnt(people, tmp_path):
    net = build_network("acgpn-g1", {"width": 4, "compat": False}, seed=0)
    task = LabelTask(net, people, iterations=25, batch=4, rate=5e-3)
    curves = train(task, folder=tmp_path, iterations=25, save_every=25, device="cpu").curves
    losses = np.loadtxt(tmp_path / "losses.csv", delimiter=",", skiprows=1)[:, 1]
    assert curves is not None
    assert losses[-5:].mean() < 0.5 * losses[:3].mean()


@pytest.fixture(scope="module")
def networks(people, wearers, tmp_path_factory, undrawn):
    """Networks of all families after a single step."""
    folder, options = tmp_path_factory.mktemp("nets"), {"iterations": 1, "width": 4, "batch": 2}
    return {
        **train_acgpn(people, folder, **options),
        **train_swapnet(wearers, folder, self_supervised=True, **options),
        **train_clothes_transform(people, folder, **options),
    }


def test_published_losses_and_adversaries_run(people, tmp_path):
    net = build_network("acgpn-g2", {"width": 4}, seed=0)
    judge = PatchJudge(JUDGED["G2"], width=4)
    tasks = [
        MaskTask(net, people, iterations=2, batch=2, compat=True, judge=judge, paired=True),
        CoarseTask(
            CoarsePerson(width=4), people, judge=PairJudge(width=4), iterations=2, batch=2,
            compat=True,
        ),
    ]  # fmt: skip
    for number, task in enumerate(tasks):
        folder = tmp_path / str(number)
        train(task, folder=folder, iterations=2, save_every=2, device="cpu")
        names = (folder / "losses.csv").read_text().splitlines()[0]
        assert "judge" in names
        assert "fooled" in names


@pytest.mark.parametrize("engine", ["acgpn", "swapnet", "clothes-transform"])
def test_engines_leave_what_they_do_not_paint(engine, networks):
    size = (64, 64) if engine == "swapnet" else SIZE
    pose = Pose(JOINTS.astype(np.float64), np.ones(18), "coco18")
    person = Seen(*blocks(1, size), pose)
    other = blocks(2, size)[0]
    flat = Flat(other, np.ones(size[::-1]))
    garment = Seen(*blocks(2, size), pose) if engine == "swapnet" else flat
    found = run_engine(engine, networks, person, garment)
    assert found.image.shape == person.image.shape
    assert np.array_equal(found.image[~found.painted], person.image[~found.painted])
    assert not found.clothes[person.labels == 13].any()
    with pytest.raises(ValueError, match=r"garment: expected a .* for"):
        run_engine(engine, networks, person, flat if engine == "swapnet" else person)


@pytest.mark.parametrize("engine", ["acgpn", "clothes-transform"])
def test_photo_keeps_all_that_is_not_clothes(engine, networks):
    person = make_person(random_person(11), size=(96, 128))
    made = make_garment(random_garment(123, "tee"), size=(96, 128))
    flat = Garment(made.image, made.mask, made.landmarks, "tee", "short", "upper", 1.0)
    done = try_on_with(
        engine, person.image, flat, weights=networks, pose=person.pose, labels=person.labels
    )
    image = np.asarray(done.image)
    assert image.shape == person.image.shape
    assert (image[~done.mask] == person.image[~done.mask]).all()
    assert not done.mask[person.labels == 13].any()
    assert (image != person.image).any()


def test_swapnet_wants_a_wearer(networks):
    image, labels = blocks(1, (64, 64))
    pose = Pose(JOINTS.astype(np.float64), np.ones(18), "coco18")
    alone = NetworkView(image, labels, pose, image, np.ones((64, 64), np.float32))
    with pytest.raises(ValueError, match=r"garment: expected the photo of a person"):
        dress_swapnet(alone, networks)
    look = dress_swapnet(replace(alone, wearer=alone), networks)
    assert look.rendered.shape == (64, 64, 3)
    assert look.grid is None
    assert not look.worn[labels == 13].any()
