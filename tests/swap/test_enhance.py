"""Enhancing a folder of faces: pictures, records, marks, resuming, training on the set."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cvfast.errors import MediaError, NothingFoundError, OutputExistsError
from cvfast.imaging.blur import gaussian_blur
from cvfast.imaging.degrade import bicubic_degrade
from cvfast.io.images import read_image
from cvfast.io.provenance import read_provenance
from cvfast.swap.enhance import EnhanceSettings, enhance, enhance_picture
from cvfast.swap.face_file import FaceRecord, read_record, write_face
from cvfast.swap.face_types import crop_matrix
from cvfast.swap.spoiling import draw_example, shrink
from cvfast.swap.upscaler import Upscaler
from cvfast.swap.upscaling_training import Enlarging, sharpest, train_upscaler, weights_of
from cvfast.synth.faces import make_face
from cvfast.training.loop import train
from hypothesis import given, settings
from hypothesis import strategies as st


def add_face(folder: Path, number: int, size: int = 64, suffix: str = ".jpg") -> Path:
    made = make_face(number, seed=number, size=size, share=0.8, spoil=False)
    points = made.points68.astype(np.float64)
    mask = np.zeros((32, 32), np.uint8)
    mask[8:24, 8:24] = 255
    record = FaceRecord(
        face_type="whole", landmarks=points + 0.5, source="clip.mp4", frame=number, seconds=0.5,
        face=0, source_landmarks=points, source_box=np.array([1.0, 2, 30, 40]),
        matrix=crop_matrix(points, "whole", size), mask=mask,
        polygons=({"include": True, "points": [[0.1, 0.2], [0.5, 0.2], [0.3, 0.9]]},),
    )  # fmt: skip
    path = folder / f"{number:05d}_0{suffix}"
    write_face(path, made.image, record)
    return path


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    folder = tmp_path / "aligned"
    folder.mkdir()
    add_face(folder, 1)
    add_face(folder, 2, suffix=".png")
    return folder


def test_pictures_and_records(faces: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in faces.iterdir()}
    seen = []
    done = enhance(
        faces, tmp_path / "out", EnhanceSettings(scale=2), progress=lambda *at: seen.append(at)
    )
    assert (done.written, done.kept, done.failed) == (2, 0, ())
    assert seen == [(1, 2), (2, 2)]
    assert {path.name: path.read_bytes() for path in faces.iterdir()} == before  # never in place
    for path in faces.iterdir():
        old, new = read_record(path), read_record(tmp_path / "out" / path.name)
        assert read_image(tmp_path / "out" / path.name).pixels.shape == (128, 128, 3)
        assert new.landmarks == pytest.approx(old.landmarks * 2, abs=1e-3)
        wanted = crop_matrix(old.source_landmarks, "whole", 128)
        assert new.matrix == pytest.approx(wanted, abs=2e-3)
        assert new.source_landmarks == pytest.approx(old.source_landmarks)
        assert (new.frame, new.face, new.source, new.polygons) == (
            old.frame, old.face, old.source, old.polygons,
        )  # fmt: skip
        assert np.array_equal(new.mask, old.mask)
        assert new.more["enhanced"]["scale"] == 2


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_marked(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "in").mkdir()
    name = add_face(tmp_path / "in", 1, suffix=suffix).name
    enhance(tmp_path / "in", tmp_path / "learned", EnhanceSettings(scale=2))
    enhance(tmp_path / "in", tmp_path / "resized", EnhanceSettings(scale=1, size=40))
    learned, resized = (read_provenance(tmp_path / to / name) for to in ("learned", "resized"))
    assert "compositeWithTrainedAlgorithmicMedia" in str(learned)
    assert "algorithmicallyEnhanced" in str(resized)
    assert read_record(tmp_path / "learned" / name) is not None


def test_goes_on(faces: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    enhance(faces, out, EnhanceSettings(scale=2))
    whole = {path.name: path.read_bytes() for path in out.iterdir()}
    (out / "00002_0.png").unlink()
    done = enhance(faces, out, EnhanceSettings(scale=2))
    assert (done.written, done.kept) == (1, 1)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == whole


def test_another_face_under_a_name_is_done_again(faces: Path, tmp_path: Path) -> None:
    enhance(faces, tmp_path / "out", EnhanceSettings(scale=1, size=32))
    record = read_record(faces / "00001_0.jpg")
    write_face(
        faces / "00001_0.jpg", np.zeros((64, 64, 3), np.uint8), replace(record, frame=9),
        overwrite=True,
    )  # fmt: skip
    done = enhance(faces, tmp_path / "out", EnhanceSettings(scale=1, size=32))
    assert (done.written, done.kept) == (1, 1)
    assert read_image(tmp_path / "out" / "00001_0.jpg").pixels.max() < 5


def test_bad_pictures_are_named_and_the_rest_done(faces: Path, tmp_path: Path) -> None:
    (faces / "00003_0.jpg").write_bytes((faces / "00001_0.jpg").read_bytes()[:-400])
    (faces / "00004_0.png").write_bytes(b"nothing")
    done = enhance(faces, tmp_path / "out", EnhanceSettings(scale=1, size=32))
    assert done.written >= 2
    assert "00004_0.png" in [name for name, _ in done.failed]
    assert done.written + len(done.failed) == 4


def test_other_folders_are_refused(faces: Path, tmp_path: Path) -> None:
    smaller = EnhanceSettings(scale=1, size=32)
    with pytest.raises(ValueError, match="another folder than that of the faces"):
        enhance(faces, faces, smaller)
    enhance(faces, tmp_path / "out", smaller)
    with pytest.raises(OutputExistsError, match="other settings"):
        enhance(faces, tmp_path / "out", EnhanceSettings(scale=1, size=33))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(OutputExistsError, match="something else"):
        enhance(faces, tmp_path / "full", smaller)
    with pytest.raises(NothingFoundError, match="extract them first"):
        enhance(tmp_path / "full", tmp_path / "out2", smaller)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"scale": 3}, "scale: expected 1, 2 or 4"), ({"scale": 1}, "or a size beside 1"),
        ({"size": 5}, "size: expected 16"), ({"quality": 0}, "quality: expected 1 to 100"),
    ],
)  # fmt: skip
def test_bad_settings(given: dict[str, int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        EnhanceSettings(**given)


def test_mending_at_the_same_size() -> None:
    picture = make_face(3, seed=3, size=64, spoil=False).image
    done = enhance_picture(picture, EnhanceSettings(scale=1, denoise=True), Upscaler.load())
    assert done.shape == picture.shape
    assert 0 < np.abs(done.astype(int) - picture).mean() < 8


@given(st.integers(1, 4), st.sampled_from([2, 4]), st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_spoilt_pieces(reach: int, scale: int, seed: int) -> None:
    side = 4 * reach
    pictures = [np.random.default_rng(seed).integers(0, 256, (70, 90, 3), np.uint8)]
    a, b = (draw_example(pictures, side, scale, np.random.default_rng(seed)) for _ in range(2))
    assert a.sharp.shape == (scale * side, scale * side, 3)
    assert a.small.shape == (side, side, 3)
    assert 0 <= a.small.min() <= a.small.max() <= 1
    assert np.array_equal(a.small, b.small)
    assert set(a.mend.tolist()) <= {0.0, 1.0}


def test_shrinking_keeps_means() -> None:
    picture = np.random.default_rng(1).random((32, 48, 3), np.float32)
    for rng in (None, np.random.default_rng(0), np.random.default_rng(3)):
        assert shrink(picture, 4, rng).mean() == pytest.approx(picture.mean(), abs=0.01)


def test_sharpest_come_first(tmp_path: Path) -> None:
    path = add_face(tmp_path, 1, size=128, suffix=".png")
    blurred = read_image(path).pixels.astype(np.float32)
    for _ in range(4):
        blurred = (np.roll(blurred, 1, 0) + np.roll(blurred, 1, 1) + 2 * blurred) / 4
    write_face(tmp_path / "00000_0.png", blurred.astype(np.uint8), read_record(path))
    add_face(tmp_path, 5, size=64)  # too small to learn from
    (only,) = sharpest(tmp_path, 10)
    assert np.array_equal(only, read_image(path).pixels)
    with pytest.raises(NothingFoundError, match="128 pixels"):
        sharpest(tmp_path / "none", 3)


def test_training_on_a_set_and_resuming(tmp_path: Path) -> None:
    faces = tmp_path / "faces"
    faces.mkdir()
    for number in range(2):
        add_face(faces, number, size=128, suffix=".png")
    begin = Upscaler.load()
    whole = train_upscaler(faces, tmp_path / "a", iterations=3, batch=2, begin=begin, device="cpu")
    assert (tmp_path / "a" / "losses.csv").is_file()
    again = train_upscaler(faces, tmp_path / "a", iterations=3, batch=2, begin=begin, device="cpu")
    assert again == whole
    trained = Upscaler.load(whole)
    assert trained.fingerprint != begin.fingerprint
    assert "sharp faces of a set" in trained.weights.notes["trained on"]


def test_learns(tmp_path: Path) -> None:
    """From nothing, a hundred steps make a blurred face a little sharper than bicubic does."""
    picture = make_face(11, seed=1, size=160, share=0.8, spoil=False).image
    task = Enlarging([picture], iterations=100, side=24, batch=4, channels=12, blocks=1, rate=3e-3)
    train(task, folder=tmp_path, iterations=100, device="cpu", save_every=100)
    sharp = picture.astype(np.float32) / np.float32(255)
    small = np.clip(shrink(gaussian_blur(sharp, 2.5), 2), 0, 1)
    plain = bicubic_degrade(gaussian_blur(sharp, 2.5), 50)
    done = Upscaler(weights_of(task.modules["net"])).upscale(small, 2, deblur=True)
    assert np.square(done - sharp).mean() < 0.995 * np.square(plain - sharp).mean()


def test_too_small_to_train_on() -> None:
    with pytest.raises(ValueError, match="sides of 128 pixels or more, got 1"):
        Enlarging([np.zeros((64, 64, 3), np.uint8)], iterations=1)


def test_the_manifest_says_what_was_done(faces: Path, tmp_path: Path) -> None:
    enhance(faces, tmp_path / "out", EnhanceSettings(scale=1, size=32))
    said = json.loads((tmp_path / "out" / "enhanced.json").read_text())
    assert (said["size"], said["upscaler"]) == (32, None)
    (tmp_path / "out" / "enhanced.json").write_text("{")
    with pytest.raises((OutputExistsError, MediaError)):
        enhance(faces, tmp_path / "out", EnhanceSettings(scale=1, size=32))
