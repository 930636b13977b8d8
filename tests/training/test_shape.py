from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cvfast.errors import MediaError, ModelError
from cvfast.io.images import write_image
from cvfast.models.shape_file import read_shape_file, write_shape_file
from cvfast.training.labels import LabelledFace, LabelledPicture, write_labels
from cvfast.training.shape import Growth, ShapeOptions, train_shape
from cvfast.training.shape_data import MIRROR68, FaceCrops, face_crops, mirrored, nme
from cvfast.training.shape_labels import read_faces

# A face of four discs: two eyes, a nose, a mouth.
REST = np.array([(22.0, 24), (41, 24), (31.5, 34), (31.5, 45)])
SMALL = ShapeOptions(
    side=48,
    margin=4 / 3,
    coarse=Growth(1, 8, 2, features=60),
    fine=Growth(3, 20, 3, features=60),
    parts={"eyes": (0, 1), "rest": (2, 3)},
    mirror=(1, 0, 2, 3),
    eyes=(0, 1),
    copies=3,
)


def made_faces(count: int, seed: int) -> FaceCrops:
    rng = np.random.default_rng(seed)
    points = (REST - 31.5) * rng.normal(1, 0.1, (count, 1, 2)) + 31.5
    points += rng.normal(0, 1.5, points.shape)
    y, x = np.mgrid[:64, :64]
    away = np.hypot(x[..., None, None] - points[..., 0], y[..., None, None] - points[..., 1])
    pixels = np.full((64, 64, count), 170.0)
    for number, (level, radius) in enumerate(((40, 4), (40, 4), (230, 3), (90, 6))):
        pixels[away[..., number] < radius] = level
    pixels += rng.normal(0, 4, pixels.shape)
    stack = np.ascontiguousarray(pixels.transpose(2, 0, 1)).clip(0, 255).astype(np.uint8)
    return FaceCrops(stack, points)


TRAIN, TEST = made_faces(100, 0), made_faces(30, 1)


def file_of(folder: Path, options: ShapeOptions = SMALL, **more: object) -> bytes:
    path = folder / "model"
    write_shape_file(path, train_shape(TRAIN, TEST, options, **more).model, overwrite=True)
    return path.read_bytes()


def test_each_part_gets_better_and_all_much_better() -> None:
    trained = train_shape(TRAIN, TEST, replace(SMALL, fine=Growth(7, 20, 3, features=60)))
    coarse, *fine = trained.scores
    assert [score.name for score in trained.scores] == ["coarse", "eyes", "rest"]
    for score in fine:
        assert score.part_after < score.part_before
    assert fine[-1].nme < coarse.nme / 2
    seen = [
        nme([trained.model.fit(crop, [trained.model.crop_frame])[0]], [true], SMALL.eyes)
        for crop, true in zip(TEST.pixels, TEST.points, strict=True)
    ]
    assert np.mean(seen) < coarse.nme / 2  # also from a box in its mean place
    assert [len(curve) for curve in trained.curves.values()] == [2, 8, 8]


def test_the_same_bytes_on_any_threads_and_for_one_seed_only(tmp_path: Path) -> None:
    expected = file_of(tmp_path, threads=1)
    assert file_of(tmp_path, threads=3) == expected
    assert file_of(tmp_path, replace(SMALL, seed=1)) != expected


@pytest.mark.parametrize("after", [1, 2, 4, 6])
def test_a_killed_training_goes_on_to_the_same_bytes(after: int, tmp_path: Path) -> None:
    expected, state = file_of(tmp_path), tmp_path / "state"

    def kill(done: int, total: int | None) -> None:
        assert total == 7
        if done == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        file_of(tmp_path, checkpoint=state, progress=kill)
    written = state.stat().st_mtime_ns
    with pytest.raises(KeyboardInterrupt):  # what is there is not learned again
        file_of(tmp_path, checkpoint=state, progress=kill)
    assert state.stat().st_mtime_ns == written
    assert file_of(tmp_path, checkpoint=state) == expected


def test_another_trainings_state_is_not_used(tmp_path: Path) -> None:
    expected, state = file_of(tmp_path), tmp_path / "state"
    file_of(tmp_path, replace(SMALL, seed=5), checkpoint=state)
    assert file_of(tmp_path, checkpoint=state) == expected


def test_a_damaged_state(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.write_bytes(b"no state")
    with pytest.raises(ModelError, match=r"state: expected a safetensors .* Remove it to begin"):
        train_shape(TRAIN, TEST, SMALL, checkpoint=state)


@pytest.mark.parametrize(
    ("faces", "held_out", "options", "message"),
    [
        (TRAIN[:1], TEST, SMALL, "expected at least 2 to learn from and 1 held out, got 1 and 30"),
        (TRAIN, TEST[:0], SMALL, "got 100 and 0"),
        (TRAIN, TEST, replace(SMALL, side=40), "faces: expected crops of 53 pixels"),
        (TRAIN, FaceCrops(TEST.pixels, TEST.points[:, :3]), SMALL, "held_out: expected 4 points"),
        (TRAIN, TEST, replace(SMALL, parts={"all": (0, 4)}), "all: expected points of 0 to 3, got"),
        (TRAIN, TEST, replace(SMALL, eyes=(-1, 1)), "eyes: expected points of 0 to 3, got"),
    ],
)
def test_wrong_faces(
    faces: FaceCrops, held_out: FaceCrops, options: ShapeOptions, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        train_shape(faces, held_out, options)


def test_mirror_images() -> None:
    assert sorted(MIRROR68.tolist()) == list(range(68))
    np.testing.assert_array_equal(MIRROR68[MIRROR68], np.arange(68))
    twice = mirrored(mirrored(TRAIN, (1, 0, 2, 3)), (1, 0, 2, 3))
    np.testing.assert_array_equal(twice.pixels, TRAIN.pixels)
    np.testing.assert_allclose(twice.points, TRAIN.points)
    once = mirrored(TRAIN, (1, 0, 2, 3))
    x, y = once.points[0, 0].round().astype(int)
    assert once.pixels[0, y, x] < 70  # an eye


def test_crops_hold_the_same_points() -> None:
    picture = np.full((90, 120, 3), 100, np.uint8)
    picture[40:43, 70:73] = 250
    crops = face_crops([picture], [(50, 20, 90, 60)], [[(71.0, 41.0)]], side=80, margin=1.5)
    assert crops.pixels.shape == (1, 120, 120)
    x, y = crops.points[0, 0]
    rows, columns = np.nonzero(crops.pixels[0] > 175)
    assert (columns.mean(), rows.mean()) == (pytest.approx(x, abs=0.1), pytest.approx(y, abs=0.1))


def test_crops_of_wrong_numbers() -> None:
    picture = np.zeros((9, 9), np.uint8)
    with pytest.raises(ValueError, match="pictures: expected 2, one a face, got 1"):
        face_crops([picture], [(0, 0, 9, 9)] * 2, np.zeros((2, 4, 2)), side=16, margin=1.5)
    with pytest.raises(ValueError, match="points: expected finite numbers"):
        face_crops([picture], [(0, 0, 9, 9)], np.full((1, 4, 2), np.nan), side=16, margin=1.5)
    with pytest.raises(ValueError, match="points: expected shape"):
        face_crops([picture], [(0, 0, 9, 9)], np.zeros((4, 2)), side=16, margin=1.5)


def labelled(folder: Path, count: int, *, split: bool, identity: bool = True) -> None:
    rng = np.random.default_rng(0)
    pictures = []
    for number in range(count):
        name = f"{number}.png"
        write_image(folder / name, rng.integers(0, 256, (80, 80, 3), np.uint8))
        points = rng.uniform(20, 60, (68, 2)).astype(np.float32)
        face = LabelledFace(
            np.array([15, 15, 65, 65], np.float32), points, identity=number if identity else None
        )
        side = ("test" if number % 5 == 4 else "train") if split else None
        pictures.append(LabelledPicture(name, (face,), (80, 80), side))
    write_labels(folder, pictures)


@pytest.mark.parametrize("split", [True, False])
def test_labelled_folders(split: bool, tmp_path: Path) -> None:
    labelled(tmp_path, 10, split=split)
    seen = []
    train, test = read_faces(tmp_path, ShapeOptions(), progress=lambda d, n: seen.append((d, n)))
    assert (len(train), len(test), seen[-1]) == (8, 2, (10, 10))
    assert train.pixels.shape[1:] == (205, 205)


def test_folders_that_teach_nothing(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"labels\.jsonl"):
        read_faces(tmp_path, ShapeOptions())
    for count in (0, 1):
        (tmp_path / "labels.jsonl").unlink(missing_ok=True)
        labelled(tmp_path, count, split=True)
        with pytest.raises(MediaError, match=f"at least 2 of split train .* got {count} and 0"):
            read_faces(tmp_path, ShapeOptions())


def test_people_on_both_sides(tmp_path: Path) -> None:
    labelled(tmp_path, 10, split=True)
    path = tmp_path / "labels.jsonl"
    text = path.read_text("utf-8").replace('"identity": 4', '"identity": 3')
    assert '"identity": 4' not in text
    path.write_text(text, "utf-8")
    with pytest.raises(MediaError, match=r"other people in the split test, got \[3\]"):
        read_faces(tmp_path, ShapeOptions())


def test_a_missing_picture(tmp_path: Path) -> None:
    labelled(tmp_path, 10, split=True)
    (tmp_path / "3.png").unlink()
    with pytest.raises(MediaError, match=r"3\.png"):
        read_faces(tmp_path, ShapeOptions())


def test_the_file_is_read_back(tmp_path: Path) -> None:
    trained = train_shape(TRAIN, TEST, SMALL)
    path = tmp_path / "m.safetensors"
    write_shape_file(path, trained.model)
    model = read_shape_file(path)
    for crop in TEST.pixels[:5]:
        np.testing.assert_array_equal(
            model.fit(crop, [model.crop_frame]), trained.model.fit(crop, [model.crop_frame])
        )
