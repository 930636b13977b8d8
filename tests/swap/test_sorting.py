"""Sorting by every method, against orders that are known or reckoned the plain way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import cvfast
import numpy as np
import pytest
from cvfast.errors import MediaError, NothingFoundError
from cvfast.swap.face_file import face_files, read_record, write_face
from cvfast.swap.rename_log import LOG, trash_of
from cvfast.swap.sorting import METHODS, sort_faces, undo_sorting

from tests.swap.made_faces import made, mean_landmarks, record, write_made, write_plain


def frames_of(folder: Path) -> list[int]:
    """Return the faces' frame numbers, in the order of their names."""
    return [read_record(path).frame for path in face_files(folder)]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def pictures(folder: Path) -> list[np.ndarray]:
    return [cv2.imread(str(path)) for path in face_files(folder)]


def shuffled(count: int) -> np.ndarray:
    return np.random.default_rng(3).permutation(count)


def ordered(folder: Path, by: str, **options: object) -> list[int]:
    sort_faces(folder, by, **options)
    return frames_of(folder)


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    folder = tmp_path / "aligned"
    write_plain(folder, 12)
    return folder


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven heads turned and nodding, each its own yaw and pitch; the frame is the yaw's rank."""
    folder = tmp_path_factory.mktemp("turned") / "aligned"
    folder.mkdir()
    for rank, (yaw, pitch) in enumerate(zip(np.linspace(-0.6, 0.6, 7), PITCHES, strict=True)):
        name = f"{(rank * 3) % 7:05d}_0.jpg"
        write_made(folder / name, made(5, 1, pose=(yaw, pitch, 0.0)), frame=rank)
    return folder


PITCHES = (0.0, 0.3, -0.3, 0.15, -0.15, 0.4, -0.4)


def copied(folder: Path, to: Path) -> Path:
    place = to / "aligned"
    place.mkdir()
    for path in face_files(folder):
        (place / path.name).write_bytes(path.read_bytes())
    return place


def test_yaw_and_pitch(turned, tmp_path):
    place = copied(turned, tmp_path)
    assert ordered(place, "yaw") == list(range(7))
    assert ordered(place, "pitch") == np.argsort(PITCHES).tolist()
    assert ordered(place, "yaw", reverse=True) == list(range(7))[::-1]


def softened(kernel: np.ndarray, rank: int, folder: Path, name: str) -> None:
    def soften(picture: np.ndarray) -> np.ndarray:
        return cv2.filter2D(picture, -1, kernel)

    write_made(folder / name, made(5, 1, size=256), side=192, frame=rank, pixels=soften)


def test_the_sharpest_first(tmp_path):
    folder = tmp_path / "aligned"
    folder.mkdir()
    for rank, at in enumerate(shuffled(6)):
        line = cv2.getGaussianKernel(41, 0.3 + 1.2 * rank)
        softened(line @ line.T, rank, folder, f"{at}_0.jpg")
    assert ordered(folder, "blur") == list(range(6))


def test_the_least_moved_first(tmp_path):
    folder = tmp_path / "aligned"
    folder.mkdir()
    for rank, at in enumerate(shuffled(6)):
        length = 1 + 4 * rank
        softened(np.full((1, length), 1 / length), rank, folder, f"{at}_0.jpg")
    assert ordered(folder, "motion-blur") == list(range(6))


def test_the_largest_first(tmp_path):
    folder = tmp_path / "aligned"
    folder.mkdir()
    pixels = np.full((64, 64, 3), 90, np.uint8)
    for rank, at in enumerate(shuffled(6)):
        box = np.array([10.0, 10.0, 100 - 9 * rank, 80 - 6 * rank])
        write_face(folder / f"{at}_0.jpg", pixels, record(frame=rank, source_box=box))
    assert ordered(folder, "size") == list(range(6))


def greedy(count: int, apart) -> list[int]:
    """Chain from number 0 to the nearest of those left; of equals the first."""
    chain, left = [0], list(range(1, count))
    while left:
        chain.append(min(left, key=lambda one: (apart(chain[-1], one), one)))
        left.remove(chain[-1])
    return chain


def test_each_followed_by_the_most_alike(plain):
    seen = pictures(plain)
    small = [cv2.resize(p, (32, 32), interpolation=cv2.INTER_AREA).astype(int) for p in seen]

    def unlike(a: int, b: int) -> float:
        histograms = [
            [cv2.calcHist([seen[one]], [c], None, [256], [0, 256]) for c in range(3)]
            for one in (a, b)
        ]
        pairs = zip(*histograms, strict=True)
        return sum(cv2.compareHist(x, y, cv2.HISTCMP_BHATTACHARYYA) for x, y in pairs)

    by_pixels = greedy(len(seen), lambda a, b: np.abs(small[a] - small[b]).sum())
    by_colours = greedy(len(seen), unlike)
    assert ordered(plain, "absdiff") == by_pixels
    undo_sorting(plain)
    assert ordered(plain, "hist") == by_colours


def test_the_most_unlike_first(plain):
    from cvfast.swap.hull import hull_mask

    mask = (hull_mask(mean_landmarks(), 64, eyebrows=0.0) > 0.5).astype(np.uint8)
    greys = [cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) for picture in pictures(plain)]
    histograms = [cv2.calcHist([grey], [0], mask, [256], [0, 256]) for grey in greys]
    sums = [
        sum(cv2.compareHist(one, other, cv2.HISTCMP_BHATTACHARYYA) for other in histograms)
        for one in histograms
    ]
    found = [sums[frame] for frame in ordered(plain, "hist-dissim")]
    assert found == pytest.approx(sorted(sums, reverse=True), abs=2e-3)


def test_brightness(plain):
    values = [cv2.cvtColor(p, cv2.COLOR_BGR2HSV)[..., 2].mean() for p in pictures(plain)]
    assert ordered(plain, "brightness") == np.argsort(values).tolist()


def test_hue(tmp_path):
    folder = tmp_path / "aligned"
    folder.mkdir()
    # From magenta over red to yellow, green and blue: reds on both sides of 0 stand together.
    hues = [310, 340, 355, 5, 25, 60, 110, 170]  # degrees
    for rank, at in enumerate(shuffled(len(hues))):
        one = np.full((64, 64, 3), (hues[rank] / 2, 120, 180), np.uint8)
        pixels = cv2.cvtColor(one, cv2.COLOR_HSV2RGB)
        write_face(folder / f"{at}_0.jpg", pixels, record(frame=rank))
    assert ordered(folder, "hue") == list(range(len(hues)))


def test_black(tmp_path):
    folder = tmp_path / "aligned"
    folder.mkdir()
    for rank, at in enumerate(shuffled(4)):
        pixels = np.full((64, 64, 3), 120, np.uint8)
        pixels[: 16 * rank] = 0
        write_face(folder / f"{at}_0.jpg", pixels, record(frame=rank))
    assert ordered(folder, "black") == list(range(4))


def test_the_best_aligned_first(tmp_path):
    folder = tmp_path / "aligned"
    folder.mkdir()
    noise = np.random.default_rng(1).normal(size=(68, 2))
    pixels = np.full((64, 64, 3), 90, np.uint8)
    for rank, at in enumerate(shuffled(6)):
        points = mean_landmarks() + 0.8 * rank * noise
        write_face(folder / f"{at}_0.jpg", pixels, record(points, frame=rank))
    assert ordered(folder, "distance") == list(range(6))


def test_faces_alone_in_their_frame(tmp_path):
    folder = tmp_path / "aligned"
    write_plain(folder, 5)
    pixels = np.full((64, 64, 3), 90, np.uint8)
    for frame in (1, 3):  # the name says nothing: which frame it is stands in the record
        write_face(folder / f"zz{frame}.jpg", pixels, record(frame=frame, face=1))
    before = contents(folder)
    done = sort_faces(folder, "one-face")
    assert frames_of(folder) == [0, 2, 4]
    assert (done.kept, done.rejected) == (3, 4)
    assert sorted(frames_of(trash_of(folder))) == [1, 1, 3, 3]
    undo_sorting(folder)
    assert contents(folder) == before
    assert not trash_of(folder).exists()


def test_the_first_names_come_back(plain):
    before = contents(plain)
    for by in ("brightness", "hist", "size"):
        sort_faces(plain, by)
    assert set(contents(plain)) != set(before)
    sort_faces(plain, "original")
    assert contents(plain) == before


@pytest.fixture(scope="module")
def many_straight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 faces that look straight on, of which 12 are blurred, and 4 turned aside."""
    folder = tmp_path_factory.mktemp("straight") / "aligned"
    folder.mkdir()
    rng = np.random.default_rng(7)
    straight = made(5, 1, pose=(0.0, 0.0, 0.0))
    faces = [straight] * 24 + [made(5, 1, pose=(yaw, 0.0, 0.0)) for yaw in (-0.6, -0.4, 0.4, 0.6)]
    for number, face in enumerate(faces):

        def spoil(picture: np.ndarray, number: int = number) -> np.ndarray:
            noisy = np.clip(picture + rng.normal(0, 2, picture.shape), 0, 255).astype(np.uint8)
            return cv2.GaussianBlur(noisy, (0, 0), 3) if number < 12 else noisy

        box = np.array([0.0, 0.0, 40 + number, 40])
        name = f"{number:05d}_0.jpg"
        write_made(folder / name, face, frame=number, pixels=spoil, source_box=box)
    return folder


@pytest.mark.parametrize("by", ["best", "best-fast"])
def test_a_balanced_set(by, many_straight, tmp_path):
    folder = copied(many_straight, tmp_path)
    before = contents(folder)
    done = sort_faces(folder, by, target=6)
    kept = frames_of(folder)
    assert (done.kept, done.rejected) == (6, 22)
    assert kept[:2] == [24, 25], "from left to right; all that look aside, for they are few"
    assert kept[-2:] == [26, 27]
    assert len(contents(trash_of(folder))) == 22
    undo_sorting(folder)
    assert contents(folder) == before


def test_the_best_are_sharp_or_large(many_straight, tmp_path):
    # One place for straight faces: ten of them are looked at, which the twelve sharp ones, or the
    # largest, fill.
    folder = copied(many_straight, tmp_path)
    sort_faces(folder, "best", target=5)
    assert frames_of(folder)[2] >= 12
    undo_sorting(folder)
    sort_faces(folder, "best-fast", target=5)
    assert frames_of(folder)[2] >= 14


@pytest.mark.parametrize("by", METHODS)
def test_every_method_is_undone_exactly(by, plain):
    before = contents(plain)
    done = sort_faces(plain, by, target=6)
    kept = contents(plain)
    rejected = contents(trash_of(plain)) if trash_of(plain).exists() else {}
    assert (len(kept), len(rejected)) == (done.kept, done.rejected)
    assert sorted([*kept.values(), *rejected.values()]) == sorted(before.values())
    if done.step is not None:
        undo_sorting(plain)
    assert contents(plain) == before
    assert not (plain / LOG).exists()


KILLED = """
import os, signal, sys
from cvfast.swap.sorting import sort_faces
left = int(sys.argv[2])
def hook(event, args):
    global left
    if event == "os.rename" and ".jpg" in str(args[0]):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
sort_faces(sys.argv[1], "brightness", reverse=True)
"""


@pytest.mark.parametrize("way", ["undone", "again"])
def test_killed_in_the_middle(way, plain):
    before = contents(plain)
    paths = [str(Path(cvfast.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    words = [sys.executable, "-c", KILLED, str(plain), "5"]
    killed = subprocess.run(words, env=environment, capture_output=True, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    torn = contents(plain)
    assert torn != before
    assert sorted(torn.values()) == sorted(before.values())
    if way == "again":
        done = sort_faces(plain, "brightness", reverse=True)
        assert done.finished is not None
        values = [cv2.cvtColor(p, cv2.COLOR_BGR2HSV)[..., 2].mean() for p in pictures(plain)]
        assert values == sorted(values, reverse=True)
    undo_sorting(plain)
    assert contents(plain) == before


def test_what_is_no_face_is_left_alone(plain):
    cv2.imwrite(str(plain / "holiday.jpg"), np.zeros((20, 20, 3), np.uint8))
    (plain / "notes.txt").write_text("mine")
    (plain / "00003_9.jpg").write_bytes((plain / "00003_0.jpg").read_bytes()[:900])
    before = contents(plain)
    done = sort_faces(plain, "brightness")
    left = {path.name for path, _ in done.skipped}
    assert left >= {"holiday.jpg"}
    after = contents(plain)
    assert all(after[name] == before[name] for name in (*left, "notes.txt"))
    undo_sorting(plain)
    assert contents(plain) == before


def test_bad_input(plain, tmp_path):
    with pytest.raises(ValueError, match=r"by: expected one of blur, .* got 'beauty'"):
        sort_faces(plain, "beauty")
    with pytest.raises(ValueError, match="target: expected at least 1, got 0"):
        sort_faces(plain, "best", target=0)
    with pytest.raises(MediaError, match="expected a folder of faces"):
        sort_faces(tmp_path / "no", "blur")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingFoundError, match="cvfast swap extract"):
        sort_faces(tmp_path / "empty", "blur")
    with pytest.raises(NothingFoundError, match="nothing was sorted"):
        undo_sorting(plain)
