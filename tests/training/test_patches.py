"""The patch network's training on toy faces: it learns, resumes, and its file says the same."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest
import torch
from cvfast.cli.train_patches import train_patches
from cvfast.errors import OutputExistsError
from cvfast.faces.sliding import find_sliding, load_patch_net
from cvfast.geometry.sampling import PixelReader
from cvfast.io.images import read_image, write_image
from cvfast.kernels.nms import iou
from cvfast.training.loop import train
from cvfast.training.patches import Patches, PatchPicture, export_patch_net, held_out, patch_logits


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def toy(seed, faces=2, size=(160, 120)):
    """Blotches, and faces of an oval with two eyes and a mouth."""
    rng = np.random.default_rng(seed)
    cells = rng.uniform(20, 230, (size[1] // 8, size[0] // 8))
    grey = np.kron(cells, np.ones((8, 8))) + rng.normal(0, 6, size[::-1])
    boxes = []
    for column in range(faces):
        side = float(rng.uniform(30, 50))
        x, y = 15 + 75 * column + rng.uniform(0, 20), rng.uniform(12, 60)
        v, u = ((np.mgrid[: size[1], : size[0]].T - (y, x)).T / side) * 2 - 1
        grey[u**2 + v**2 < 1] = rng.uniform(150, 220)
        for at in ((-0.4, -0.3), (0.4, -0.3)):
            grey[(u - at[0]) ** 2 + (v - at[1]) ** 2 < 0.04] = 30
        grey[(abs(u) < 0.35) & (abs(v - 0.5) < 0.1)] = 50
        boxes.append((x, y, x + side, y + side))
    pixels = np.clip(grey, 0, 255).astype(np.uint8)
    return PatchPicture(pixels, np.array(boxes, np.float32).reshape(-1, 4))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """300 iterations in 25 s would be better; 170 do."""
    folder = tmp_path_factory.mktemp("patches")
    torch.set_num_threads(1)
    task = Patches([toy(seed) for seed in range(30)], iterations=120, batch=96, mine_every=50)
    result = train(task, folder=folder, iterations=120, save_every=120, device="cpu")
    return task, folder, result


def test_the_loss_falls_and_previews_show_patches(trained):
    _, folder, result = trained
    losses = [means["loss"] for _, means in result.curves.rows]
    assert np.mean(losses[-20:]) < 0.35 * np.mean(losses[:10])
    preview = read_image(folder / "previews" / "000000120.png").pixels
    assert preview.shape == (6 * 52, 16 * 52, 3)
    faces, others = preview[:104], preview[104:]
    assert faces.std() > 20
    assert others.std() > 20


def test_it_finds_negatives_by_itself(trained):
    task, _, _ = trained
    assert len(task.extra["hard"]) > 0


def test_it_tells_faces_from_the_rest_in_pictures_that_it_has_not_seen(trained):
    task, _, _ = trained
    patches, faces = held_out([toy(seed) for seed in range(100, 110)])
    with torch.no_grad():
        accepted = patch_logits(task.modules["net"].module, torch.from_numpy(patches)).numpy() > 0
    assert accepted[faces].mean() >= 0.9
    assert accepted[~faces].mean() <= 0.1


def test_the_file_says_what_the_network_says(trained, tmp_path):
    task, _, _ = trained
    net = task.modules["net"].module
    for name in ("a.onnx", "b.onnx"):
        export_patch_net(net, tmp_path / name)
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    assert (tmp_path / "a.onnx").stat().st_size < 100_000
    onnx.checker.check_model(onnx.load(tmp_path / "a.onnx"))
    pixels = np.random.default_rng(1).random((3, 1, 24, 24), np.float32)
    (logits,) = load_patch_net(tmp_path / "a.onnx").run(pixels)
    with torch.no_grad():
        expected = patch_logits(net, torch.from_numpy(pixels)).numpy()
    assert np.abs(logits.ravel() - expected).max() < 1e-4
    picture = toy(200)
    found = find_sliding(PixelReader.of(picture.grey), file=str(tmp_path / "a.onnx"), min_score=0.3)
    assert (iou(picture.boxes, found.boxes).max(axis=1) > 0.4).all()


def test_a_resumed_training_knows_its_hard_negatives(tmp_path):
    def trained(folder, iterations, **options):
        task = Patches([toy(seed) for seed in range(4)], iterations=14, batch=48, mine_every=5)
        options |= {"device": "cpu", "save_every": 12, "preview_every": 999}
        train(task, folder=folder, iterations=iterations, **options)
        state = task.modules["net"].state_dict()
        return torch.cat([value.double().ravel() for value in state.values()]).numpy()

    trained(tmp_path / "parts", 12)
    resumed = trained(tmp_path / "parts", 14, resume=True)
    assert (resumed == trained(tmp_path / "whole", 14)).all()


def test_the_command(tmp_path, capsys):
    lines = []
    for seed in range(6):
        picture = toy(seed)
        write_image(tmp_path / f"{seed}.png", picture.grey)
        split = "test" if seed == 5 else "train"
        faces = [{"box": box} for box in picture.boxes.tolist()]
        lines.append(json.dumps({"file": f"{seed}.png", "split": split, "faces": faces}))
    (tmp_path / "labels.jsonl").write_text("\n".join(lines), "utf-8")
    (tmp_path / "views").mkdir()
    write_image(tmp_path / "views/a.png", toy(50, faces=0).grey)
    out = tmp_path / "net.onnx"

    options = {"output": str(out), "backgrounds": str(tmp_path / "views"), "device": "cpu"}
    assert train_patches([str(tmp_path)], iterations=3, **options) == 0

    printed = capsys.readouterr().out
    assert "3 iterations, loss " in printed
    assert "held out: faces found" in printed
    assert load_patch_net(out).inputs == ("pixels",)
    assert (tmp_path / "net.onnx.run/losses.csv").exists()
    with pytest.raises(OutputExistsError, match="the file exists already"):
        train_patches([str(tmp_path)], iterations=3, **options)


def test_what_is_refused(tmp_path):
    with pytest.raises(ValueError, match="pictures: expected at least one face"):
        Patches([toy(1, faces=0)], iterations=5)
    with pytest.raises(ValueError, match=r"--output: expected a name ending in .onnx"):
        train_patches([str(tmp_path)], output="net.bin")
