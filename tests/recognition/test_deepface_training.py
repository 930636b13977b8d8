from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from cvfast.errors import MediaError
from cvfast.io.images import write_image
from cvfast.recognition import deepface_data
from cvfast.recognition.deepface import head_distances, pair_distances, unit_features
from cvfast.recognition.deepface_data import PeopleFaces, aligned_faces
from cvfast.recognition.deepface_export import (
    judge,
    torch_weights,
    weights_of,
    with_threshold,
)
from cvfast.recognition.deepface_heads import learn_head
from cvfast.recognition.deepface_net import folded_state
from cvfast.recognition.deepface_training import People, disturbed, features_of, pixels_of
from cvfast.synth.faces import make_face
from cvfast.training.labels import LabelledFace, LabelledPicture, write_labels
from cvfast.training.loop import train

SIZE, WIDTH = 72, 0.0625


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def coloured(people: int, each: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Faces that differ by a colour, each a little noisy, and whose they are."""
    rng = np.random.default_rng(seed)
    colours = np.random.default_rng(5).integers(40, 216, (people, 1, 1, 3))
    whose = np.repeat(np.arange(people), each)
    noise = rng.normal(0, 12, (len(whose), SIZE, SIZE, 3))
    return np.clip(colours[whose] + noise, 0, 255).astype(np.uint8), whose


def quick(**options: object) -> People:
    given = {"width": WIDTH, "iterations": 6, "batch": 8, "seed": 3} | options
    return People(*coloured(4, 5), **given)


def test_people_are_learned_in_a_few_steps(tmp_path: Path) -> None:
    task = quick(iterations=20, batch=16)
    done = train(task, folder=tmp_path, iterations=20, device="cpu")
    losses = [row[1]["loss"] for row in done.curves.rows]
    assert np.mean(losses[:3]) == pytest.approx(np.log(4), abs=0.4)
    assert np.mean(losses[-5:]) < 0.75 * np.mean(losses[:3])
    assert list((tmp_path / "previews").iterdir())


def test_a_resumed_training_is_the_same_to_the_bit(tmp_path: Path) -> None:
    whole, parts = quick(), [quick(), quick()]
    train(whole, folder=tmp_path / "whole", iterations=6, seed=1, device="cpu")
    train(parts[0], folder=tmp_path / "parts", iterations=3, seed=1, device="cpu")
    train(parts[1], folder=tmp_path / "parts", iterations=6, seed=1, device="cpu", resume=True)
    expected = whole.modules["net"].state_dict()
    found = parts[1].modules["net"].state_dict()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    other = quick(width=2 * WIDTH)
    with pytest.raises(ValueError, match="width: expected"):
        train(other, folder=tmp_path / "parts", iterations=6, seed=1, device="cpu", resume=True)


def test_a_pretrained_net_begins_with_its_trunk_and_a_new_last_layer() -> None:
    first = quick()
    known = folded_state(first.modules["net"].eval())
    faces, people = coloured(6, 5, seed=1)
    task = People(faces, people, width=WIDTH, iterations=4, pretrained=known, trunk_rate=0.1)
    net, count = task.modules["net"], 6
    assert net.F8.out_features == count
    for name, weight in net.state_dict().items():
        if not name.startswith(("F8", "norms")):
            assert torch.equal(weight, known[name].to(weight)), name
    np.testing.assert_allclose(
        features_of(net, faces), features_of(first.modules["net"], faces), atol=1e-2, rtol=1e-2
    )
    task.batch(2, np.random.default_rng(0))
    trunk, last = (group["lr"] for group in task.optimizers["net"].param_groups)
    assert trunk == pytest.approx(0.1 * last)
    with pytest.raises(ValueError, match="another width or size"):
        People(faces, people, width=2 * WIDTH, iterations=4, pretrained=known)


def test_rates_rise_and_fall() -> None:
    task, rates = quick(iterations=100), []
    for iteration in (1, 5, 10, 55, 100):
        task.batch(iteration, np.random.default_rng(0))
        rates.append(task.optimizers["net"].param_groups[0]["lr"])
    assert rates[0] < rates[1] < rates[2] > rates[3] > rates[4]
    assert rates[2] == pytest.approx(2e-3)
    assert rates[4] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("faces", "people", "said"),
    [
        (np.zeros((3, SIZE, SIZE, 3), np.uint8), np.zeros(3, int), "people: expected at least two"),
        (np.zeros((3, SIZE, 9, 3), np.uint8), np.arange(3), "faces: expected"),
        (np.zeros((2, SIZE, SIZE, 3), np.uint8), np.arange(3), "faces: expected"),
        (np.zeros((3, 60, 60, 3), np.uint8), np.arange(3), "size: expected 72 to"),
    ],
)
def test_faces_that_cannot_be_learned_from(faces, people, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        People(faces, people, width=WIDTH, iterations=1)


def test_disturbed_faces_stay_faces() -> None:
    faces, _ = coloured(4, 4)
    faces[:, :10] = 0  # outside of the face
    pixels = pixels_of(torch.from_numpy(faces))
    changed = disturbed(pixels, np.random.default_rng(0))
    assert changed.shape == pixels.shape
    assert 0 <= changed.min() <= changed.max() <= 1
    assert not torch.equal(changed[0], changed[1])
    assert torch.equal(changed, disturbed(pixels, np.random.default_rng(0)))
    assert (changed[:, :, 0] == 0).float().mean() > 0.7  # what is black stays black
    # On the whole the faces keep their colours.
    apart = (changed.mean((2, 3)) - pixels.mean((2, 3))).abs().mean()
    assert apart < 0.15


def test_judged_by_hand() -> None:
    pixels, people = coloured(12, 4)
    held_out = people >= 6
    faces = PeopleFaces(pixels, people, tuple(map(str, range(12))), held_out)
    net = People(*faces.training(), width=0.25, iterations=1).modules["net"]
    weights = weights_of(net, *faces.training())
    judged = judge(net, weights, faces)
    assert (judged.people, judged.faces) == (6, 24)
    vectors = unit_features(features_of(net, pixels[held_out]), weights.scale)
    table = head_distances(vectors, vectors, "cosine")
    upper = np.triu_indices(24, 1)
    same = (people[held_out][:, None] == people[held_out])[upper]
    apart = table[upper]
    auc = (apart[same][:, None] < apart[~same]).mean() + (
        apart[same][:, None] == apart[~same]
    ).mean() / 2
    assert judged.curve.auc == pytest.approx(auc, abs=1e-6)
    done = with_threshold(weights, judged, "SYNTHETIC (made) people")
    assert done.false_accepts == pytest.approx((apart[~same] <= done.distance).mean(), abs=1e-6)
    assert done.false_accepts <= 0.01
    assert done.source == "240 pairs of 6 SYNTHETIC (made) people held out from the training"
    # What the file keeps is the net: as torch takes it again, it says the same.
    again = People(*faces.training(), width=0.25, iterations=1, pretrained=torch_weights(weights))
    found = features_of(again.modules["net"], pixels[:4])
    np.testing.assert_allclose(found, features_of(net, pixels[:4]), atol=2e-2, rtol=2e-2)


def test_nobody_held_out_is_not_judged() -> None:
    pixels, people = coloured(3, 2)
    faces = PeopleFaces(pixels, people, ("a", "b", "c"), np.zeros(6, bool))
    task = People(*faces.training(), width=WIDTH, iterations=1)
    net = task.modules["net"]
    weights = weights_of(net, *faces.training())
    assert judge(net, weights, faces) is None
    assert (weights.false_accepts, weights.source) == (None, "no threshold was set")


@pytest.mark.parametrize("head", ["chi2", "siamese"])
def test_heads_learn_which_features_tell(head: str) -> None:
    rng = np.random.default_rng(0)
    people = np.repeat(np.arange(20), 5)
    telling = rng.random((20, 4))[people] + rng.normal(0, 0.05, (100, 4))
    vectors = np.abs(np.hstack([telling, rng.random((100, 12))])).astype(np.float32)
    vectors = unit_features(vectors, np.ones(16, np.float32))
    weights = learn_head(vectors, people, head, steps=200, seed=1)
    assert weights.min() >= 0
    assert weights[:4].min() > 2 * weights[4:].mean()
    np.testing.assert_array_equal(weights, learn_head(vectors, people, head, steps=200, seed=1))
    pairs = rng.integers(0, 100, (50, 2))
    table = head_distances(vectors, vectors, head, weights)
    found = pair_distances(vectors[pairs[:, 0]], vectors[pairs[:, 1]], head, weights)
    np.testing.assert_allclose(found, table[pairs[:, 0], pairs[:, 1]], rtol=1e-5)


@pytest.mark.parametrize(
    ("people", "head", "said"),
    [
        ([0, 0], "chi2", "at least two"),
        ([0, 1], "siamese", "two faces"),
        ([0, 0, 1], "svm", "chi2 or siamese"),
    ],
)
def test_heads_need_pairs(people: list[int], head: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        learn_head(np.ones((len(people), 3), np.float32), np.array(people), head)


@pytest.fixture(scope="module")
def made_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three made people with two faces each, one of whom is held out, and a face of no one."""
    folder = tmp_path_factory.mktemp("made")
    pictures = []
    for number in range(6):
        face = make_face(number // 2, seed=number, size=96, occlusion="none")
        write_image(folder / f"{number}.png", face.image)
        label = LabelledFace(np.float32(face.box), np.float32(face.points68), identity=number // 2)
        split = "test" if number >= 4 else "train"
        pictures.append(LabelledPicture(f"{number}.png", (label,), (96, 96), split))
    nobody = LabelledFace(np.float32([0, 0, 5, 5]))
    pictures.append(LabelledPicture("0.png", (nobody,), (96, 96), "train"))
    write_labels(folder, pictures)
    return folder


def test_made_faces_are_aligned_once(made_set: Path, tmp_path: Path, monkeypatch) -> None:
    cache, told = tmp_path / "aligned.safetensors", []
    faces = aligned_faces(
        made_set, SIZE, cache=cache, progress=lambda done, total: told.append((done, total))
    )
    assert faces.pixels.shape == (6, SIZE, SIZE, 3)
    assert faces.people.tolist() == [0, 0, 1, 1, 2, 2]
    assert faces.held_out.tolist() == [False] * 4 + [True] * 2
    assert told == [(n, 6) for n in range(1, 7)]
    pixels, people = faces.training()
    assert (len(pixels), people.tolist()) == (4, [0, 0, 1, 1])
    monkeypatch.setattr(deepface_data, "frontalise", lambda *_, **__: pytest.fail("aligned again"))
    again = aligned_faces(made_set, SIZE, cache=cache)
    np.testing.assert_array_equal(again.pixels, faces.pixels)
    assert (again.names, again.held_out.tolist()) == (faces.names, faces.held_out.tolist())
    monkeypatch.undo()
    assert aligned_faces(made_set, SIZE + 4, cache=cache).pixels.shape[1] == SIZE + 4
    cache.write_bytes(b"damaged")
    np.testing.assert_array_equal(aligned_faces(made_set, SIZE, cache=cache).pixels, faces.pixels)


def test_folders_of_people_hold_out_every_fifth(tmp_path: Path) -> None:
    for person in range(10):
        folder = tmp_path / f"person {person}"
        folder.mkdir()
        face = make_face(person, seed=1, size=128, pose=(0, 0, 0), occlusion="none")
        write_image(folder / "face.png", face.image)
    write_image(tmp_path / "person 0" / "wall.png", np.full((64, 64, 3), 90, np.uint8))
    faces = aligned_faces(tmp_path, SIZE)
    assert len(faces.names) == len(faces.pixels) >= 8
    assert faces.left_out == 11 - len(faces.pixels)  # the wall, at least
    assert {faces.names[n] for n in faces.people[faces.held_out]} <= {"person 4", "person 9"}
    assert faces.held_out.any()

    (tmp_path / "person 1" / "text.jpg").write_text("no picture")
    with pytest.raises(MediaError, match=r"text\.jpg"):
        aligned_faces(tmp_path, SIZE)
    told: list[str] = []
    again = aligned_faces(tmp_path, SIZE, left_out=lambda path, _error: told.append(path.name))
    np.testing.assert_array_equal(again.pixels, faces.pixels)
    assert {"wall.png", "text.jpg"} <= set(told)


def test_folders_without_faces(tmp_path: Path) -> None:
    (tmp_path / "wall").mkdir()
    write_image(tmp_path / "wall" / "wall.png", np.full((64, 64, 3), 90, np.uint8))
    with pytest.raises(MediaError, match="no face found in 1 pictures"):
        aligned_faces(tmp_path, SIZE)
    write_labels(tmp_path, [LabelledPicture("wall/wall.png", (), (64, 64))])
    with pytest.raises(MediaError, match="expected faces with identity and 68 points, got none"):
        aligned_faces(tmp_path, SIZE)


def test_nobody_is_trained_on_and_held_out(made_set: Path, tmp_path: Path) -> None:
    labels = (made_set / "labels.jsonl").read_text()
    (tmp_path / "labels.jsonl").write_text(labels.replace('"identity": 2', '"identity": 1'))
    with pytest.raises(MediaError, match="expected nobody in both splits, got 1, such as 000001"):
        aligned_faces(tmp_path, SIZE)
