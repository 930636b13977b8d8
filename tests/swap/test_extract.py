"""Extraction: what is found where, resumed after a kill, done again where asked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from cvfast.errors import MediaError, NothingFoundError, OutputExistsError
from cvfast.geometry.alignment import transform_points
from cvfast.geometry.sampling import PixelReader
from cvfast.io.images import write_image
from cvfast.swap import extract as extraction
from cvfast.swap.expectations import expectation
from cvfast.swap.extract import extract
from cvfast.swap.extract_settings import ExtractSettings
from cvfast.swap.face_set import read_faces
from cvfast.swap.face_types import FACE_TYPES, crop_matrix
from cvfast.swap.face_writer import cut_face
from cvfast.swap.forecast import forecast
from cvfast.swap.redo import redo_deleted
from cvfast.swap.workspace import Workspace
from PIL import Image as Pillow

from tests.swap.moving_faces import (
    frame_of,
    person,
    points_of,
    write_clip,
    write_empty,
)

FRAMES = 30


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    write_clip(folder / "one.mp4", 3, frames=FRAMES)
    write_clip(folder / "two.mp4", 3, 9, frames=6)
    write_clip(folder / "down.mp4", 3, frames=3, turns=2)
    write_empty(folder / "empty.mp4")
    return folder


def workspace(folder: Path, clips: Path, source: str, target: str = "empty.mp4") -> Workspace:
    return Workspace.init(folder, source=clips / source, target=clips / target, consent=True)


@pytest.fixture
def short_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extraction, "_STRETCH", Fraction(1))
    monkeypatch.setattr(extraction, "_LEAD", Fraction(1, 2))


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_faces_are_where_they_were_made(tmp_path: Path, clips: Path) -> None:
    place = workspace(tmp_path / "w", clips, "one.mp4")
    seen: list[tuple[int, int | None]] = []
    done = extract(place, "source", end=1.0, size=256, progress=lambda *told: seen.append(told))
    assert (done.frames, done.faces, done.without, done.crowded) == (10, 10, 0, 0)
    assert done.tracks == {0: 10}
    assert not done.already
    assert seen[-1][0] == seen[-1][1]
    faces = read_faces(place.faces("source"))
    assert [path.name for path in faces.paths] == [f"{n:05d}_0.jpg" for n in range(10)]
    for number, (path, record) in enumerate(faces):
        assert (record.frame, record.face, record.source) == (number, 0, "one.mp4")
        assert record.seconds == pytest.approx(number / 10, abs=1e-4)
        truth, found = points_of(3, number), record.source_landmarks
        side = np.ptp(truth, axis=0).max()
        assert np.linalg.norm(found - truth, axis=1)[17:].mean() < 0.05 * side
        # The picture shows, at the landmarks, what the frame shows there.
        assert np.allclose(record.matrix, crop_matrix(found, "whole", 256))
        assert np.abs(transform_points(record.matrix, found) - record.landmarks).max() < 1e-3
        frame = cv2.GaussianBlur(frame_of(3, frame=number), (0, 0), 1.5).astype(float)
        face = np.array(Pillow.open(path)).astype(float)
        face = cv2.GaussianBlur(face, (0, 0), 1.5 * np.sqrt(np.linalg.det(record.matrix[:, :2])))
        for (x, y), (u, v) in zip(found[17:], record.landmarks[17:] - 0.5, strict=True):
            there = cv2.getRectSubPix(frame.astype(np.float32), (1, 1), (float(x), float(y)))
            here = cv2.getRectSubPix(face.astype(np.float32), (1, 1), (float(u), float(v)))
            assert np.abs(there - here).max() < 14
    again = extract(place, "source", end=1.0, size=256)
    assert again.already
    assert again.faces == 10


@pytest.mark.parametrize("scale", [0.3, 0.9, 1.7, 4.0])
def test_pixels_are_sampled_where_the_matrix_says(scale: float) -> None:
    """Against a smooth picture that can be computed anywhere."""

    def level(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 128 + 60 * np.sin(x / 40) + 50 * np.cos(y / 55 + 1)

    y, x = np.mgrid[:300, :400].astype(float)
    frame = np.repeat((level(x, y) + 0.5).astype(np.uint8)[..., None], 3, axis=2)
    turn = scale * np.array([[0.96, 0.28], [-0.28, 0.96]])
    matrix = np.column_stack([turn, 32 - turn @ (200, 150)])
    face = cut_face(PixelReader.of(frame), matrix, 64)
    v, u = np.mgrid[:64, :64] + 0.5
    at = transform_points(cv2.invertAffineTransform(matrix), np.stack([u, v], axis=-1))
    inside = (at > 5).all(axis=-1) & (at < (394, 294)).all(axis=-1)
    assert np.abs(face[..., 0] - level(at[..., 0], at[..., 1]))[inside].max() < 2.5
    outside = (at < -3).any(axis=-1) | (at > (402, 302)).any(axis=-1)
    assert not face[outside].any()


@pytest.mark.parametrize("kind", FACE_TYPES)
def test_every_face_type(tmp_path: Path, clips: Path, kind: str) -> None:
    place = workspace(tmp_path / "w", clips, "one.mp4")
    settings = ExtractSettings(face_type=kind, end=0.25, size=0 if kind == "head" else 128)
    done = extract(place, "source", settings)
    assert done.faces == 3
    record = read_faces(done.folder).records[0]
    assert record.face_type == kind
    with Pillow.open(done.folder / "00000_0.jpg") as picture:
        assert picture.size == ((768, 768) if kind == "head" else (128, 128))


def test_two_people(tmp_path: Path, clips: Path) -> None:
    place = workspace(tmp_path / "w", clips, "two.mp4", "one.mp4")
    done = extract(place, "source", size=128)
    assert (done.faces, done.crowded, done.tracks) == (12, 6, {0: 6, 1: 6})
    where = {record.face: record.source_box[0] < 256 for record in read_faces(done.folder).records}
    assert sorted(where.values()) == [False, True]
    one = extract(workspace(tmp_path / "v", clips, "two.mp4"), "source", size=128, max_faces=1)
    assert one.faces == 6
    assert one.crowded == 0


def test_one_person_of_two(tmp_path: Path, clips: Path) -> None:
    write_image(tmp_path / "her.png", person(9).image)
    place = workspace(tmp_path / "w", clips, "two.mp4")
    done = extract(place, "source", size=128, every=2, like=str(tmp_path / "her.png"))
    assert done.faces == 3
    assert all(record.source_box[0] > 250 for record in read_faces(done.folder).records)
    write_image(tmp_path / "grey.png", np.full((64, 64, 3), 90, np.uint8))
    with pytest.raises(NothingFoundError, match=r"grey\.png: no face found"):
        extract(workspace(tmp_path / "v", clips, "two.mp4"), "source",
                like=str(tmp_path / "grey.png"))  # fmt: skip


def test_turned_frames(tmp_path: Path, clips: Path) -> None:
    place = workspace(tmp_path / "w", clips, "down.mp4")
    done = extract(place, "source", rotations=(0, 180), size=128)
    assert done.faces == 3
    for number, record in enumerate(read_faces(done.folder).records):
        truth = 255 - points_of(3, number)
        assert np.linalg.norm(record.source_landmarks - truth, axis=1)[17:].mean() < 6


def test_nobody_is_said(tmp_path: Path, clips: Path) -> None:
    place = workspace(tmp_path / "w", clips, "one.mp4")
    with pytest.raises(NothingFoundError, match=r"empty\.mp4: no face in 3 frames; try a smaller"):
        extract(place, "target")
    # Other settings may be tried at once: there is nothing that would be mixed.
    with pytest.raises(NothingFoundError, match="try a clip that shows the face larger"):
        extract(place, "target", rotations=(0, 90, 180, 270), min_face=10)
    small = extract(place, "source", end=0.2, min_face=100, size=64)
    assert small.faces == 2
    with pytest.raises(OutputExistsError, match="size: was 64, is 128"):
        extract(place, "source", end=0.2, min_face=100, size=128)


def test_a_folder_of_pictures(tmp_path: Path, clips: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number, name in enumerate(("b.png", "a.jpg", "c.png")):
        write_image(pictures / name, frame_of(3, frame=number))
    write_image(pictures / "d.png", np.full((90, 90, 3), 200, np.uint8))
    place = Workspace.init(tmp_path / "w", source=pictures, target=clips / "one.mp4", consent=True)
    done = extract(place, "source", size=128, png=True)
    assert (done.frames, done.faces, done.first_without) == (4, 3, (3,))
    found = read_faces(done.folder)
    assert [record.source for record in found.records] == ["a.jpg", "b.png", "c.png"]
    assert found.paths[0].name == "00000_0.png"


def test_other_faces_are_left_alone(tmp_path: Path, clips: Path) -> None:
    place = workspace(tmp_path / "w", clips, "one.mp4")
    place.faces("source").mkdir(parents=True)
    write_image(place.faces("source") / "imported.jpg", frame_of(3, frame=0))
    with pytest.raises(OutputExistsError, match="no extraction here made"):
        extract(place, "source")


@pytest.mark.usefixtures("short_stretches")
def test_interrupted_anywhere_the_bytes_are_the_same(tmp_path: Path, clips: Path) -> None:
    options = {"size": 96, "debug": True}
    whole = workspace(tmp_path / "whole", clips, "one.mp4")
    assert extract(whole, "source", **options).tracks == {0: FRAMES}  # numbers pass the borders
    place = workspace(tmp_path / "w", clips, "one.mp4")
    for stop in (3, 14, 25):

        def interrupt(done: int, _total: int | None, stop: int = stop) -> None:
            if done >= stop:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            extract(place, "source", progress=interrupt, **options)
    (place.faces("source") / ".00009_0.0123456789abcdef.part.jpg").write_bytes(b"half")
    assert extract(place, "source", **options).faces == FRAMES
    for kind in ("faces", "debug"):
        assert content(getattr(place, kind)("source")) == content(getattr(whole, kind)("source"))


_KILLED = """
import os, signal, sys
from fractions import Fraction
from cvfast.swap import extract as extraction
from cvfast.swap.workspace import Workspace
extraction._STRETCH, extraction._LEAD = Fraction(1), Fraction(1, 2)
def kill(done, total):
    if done >= 17:
        os.kill(os.getpid(), signal.SIGKILL)
extraction.extract(Workspace.open(sys.argv[1]), "source", size=96, progress=kill)
"""


@pytest.mark.usefixtures("short_stretches")
def test_killed_and_resumed(tmp_path: Path, clips: Path) -> None:
    whole = workspace(tmp_path / "whole", clips, "one.mp4")
    extract(whole, "source", size=96)
    place = workspace(tmp_path / "w", clips, "one.mp4")
    ended = subprocess.run(
        [sys.executable, "-c", _KILLED, str(place.path)], check=False, env=dict(os.environ)
    )
    assert ended.returncode == -signal.SIGKILL
    assert 10 <= len(content(place.faces("source"))) < FRAMES
    extract(place, "source", size=96)
    assert content(place.faces("source")) == content(whole.faces("source"))


def test_deleted_faces_stay_deleted(tmp_path: Path, clips: Path) -> None:
    place = workspace(tmp_path / "w", clips, "two.mp4")
    extract(place, "source", size=64)
    (place.faces("source") / "00002_1.jpg").unlink()
    assert extract(place, "source", size=64).already
    assert len(content(place.faces("source"))) == 11


def test_deleted_debug_pictures_are_redone(tmp_path: Path, clips: Path) -> None:
    place = workspace(tmp_path / "w", clips, "two.mp4")
    with pytest.raises(MediaError, match="extract first"):
        redo_deleted(place, "source")
    extract(place, "source", size=96, debug=True, frames=True)
    shown = np.array(Pillow.open(place.debug("source") / "00003.jpg")).astype(int)
    frame = np.array(Pillow.open(place.frames("source") / "00003.png")).astype(int)
    assert np.abs(frame - frame_of(3, 9, frame=3)).mean() < 3
    assert 0.003 < (np.abs(shown - frame).max(axis=2) > 60).mean() < 0.3
    kept = content(place.faces("source"))
    (place.debug("source") / "00003.jpg").unlink()
    (place.faces("source") / "00003_0.jpg").rename(place.faces("source") / "sorted.jpg")
    done = redo_deleted(place, "source")
    assert (done.frames, done.removed, done.faces) == (1, 2, 2)
    now = content(place.faces("source"))
    assert now.keys() == kept.keys()
    assert {name for name in now if now[name] != kept[name]} <= {"00003_0.jpg", "00003_1.jpg"}
    assert redo_deleted(place, "source").frames == 0


def test_numbers_are_the_clips_own(tmp_path: Path, clips: Path) -> None:
    place = workspace(tmp_path / "w", clips, "one.mp4")
    done = extract(place, "source", start=1.0, end=1.55, every=3, size=64)
    assert [record.frame for record in read_faces(done.folder).records] == [12, 15]
    assert read_faces(done.folder).records[0].seconds == pytest.approx(1.2, abs=1e-4)


def test_forecast_is_of_the_right_order(tmp_path: Path, clips: Path) -> None:
    place = workspace(tmp_path / "w", clips, "one.mp4")
    settings = ExtractSettings(size=256, debug=True)
    names = ["extract source", "mask", "train", "merge", "encode"]
    told = forecast(place, names, {"extract": settings, "iterations": 1000})
    assert not place.faces("source").exists()
    assert [step.name for step in told.steps] == names
    assert told.hours > 0.02
    assert told.memory > 2**28
    assert "in all: about" in told.summary
    done = extract(place, "source", settings)
    written = sum(len(data) for data in content(done.folder).values())
    written += sum(len(data) for data in content(place.debug("source")).values())
    assert written / 3 < told.steps[0].disk < written * 3
    assert forecast(place, names, {"extract": settings}).steps[0].done
    early = forecast({"source": clips / "one.mp4", "target": clips / "two.mp4"}, names)
    assert early.disk > 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"size": 9000}, "size: expected 64 to 2048, got 9000"),
        ({"face_type": "nose"}, "face_type: expected one of half, midfull"),
        ({"rotations": (45,)}, "rotations: expected some of 0, 90, 180, 270"),
        ({"rotations": ()}, "rotations"),
        ({"quality": 0}, "quality: expected 1 to 100"),
        ({"every": 0}, "every: expected 1"),
        ({"max_faces": -1}, "max_faces: expected 0"),
    ],
)
def test_bad_settings_are_named(options: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ExtractSettings(**options)  # type: ignore[arg-type]


def test_what_to_expect_of_few_faces() -> None:
    assert "too few to learn a face from" in (expectation(5) or "")
    assert "5 faces" in (expectation(5) or "")
    assert "1 face is" in (expectation(1) or "")
    assert expectation(3000) is None
    assert expectation(100, side="target") is None
