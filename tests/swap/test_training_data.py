from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cvfast.errors import MediaError, NothingFoundError
from cvfast.swap.face_store import CHANNELS, FaceStore
from cvfast.swap.training_data import Batch, Examples, FaceOrder, Side
from hypothesis import given
from hypothesis import strategies as st

from tests.swap.people import face_folder
from tests.swap.small_nets import small_options

PARTS = ("warped", "face", "mask", "eyes_mouth")


def _stores(folders: tuple[Path, Path], **more: Any) -> tuple[FaceStore, FaceStore]:
    settings: dict[str, Any] = {"face_type": "full", "size": 128}
    source, target = (FaceStore(folder, **(settings | more)) for folder in folders)
    return source, target


def _examples(folders: tuple[Path, Path], seed: int = 0, **options: Any) -> Examples:
    return Examples(*_stores(folders), small_options(**options), seed=seed)


def _same(a: Side, b: Side) -> bool:
    return all(np.array_equal(getattr(a, part), getattr(b, part)) for part in PARTS)


def test_examples_come_from_seed_and_iteration_alone(two_people: tuple[Path, Path]) -> None:
    """Whichever thread makes them, in whatever order, with or without memory: the same."""
    options = {"random_hsv_power": 0.2, "color_transfer": "sot"}
    plain = _examples(two_people, **options)
    expected = [plain.batch(iteration) for iteration in range(1, 5)]
    forgetful = Examples(*_stores(two_people, memory=1), small_options(**options))
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(forgetful.batch, range(4, 0, -1)))[::-1]
    for a, b in zip(expected, found, strict=True):
        assert _same(a.source, b.source)
        assert _same(a.target, b.target)

    others = [expected[1], _examples(two_people, 1, **options).batch(1), plain.batch(1, order=1)]
    assert not any(_same(expected[0].target, other.target) for other in others)


def test_examples_are_what_networks_want(two_people: tuple[Path, Path]) -> None:
    batch = _examples(two_people, batch=5).batch(1)
    for side in (batch.source, batch.target):
        for part in PARTS:
            values = getattr(side, part)
            assert values.shape == (5, 64, 64, 3 if part in PARTS[:2] else 1)
            assert values.dtype == np.float32
            assert values.min() >= 0
            assert values.max() <= 1
        # Eyes and mouth are a small part of the face; the warp moves what is seen, a little.
        assert 0 < (side.eyes_mouth * side.mask).sum() < 0.4 * side.mask.sum()
        assert 0.005 < np.abs(side.warped - side.face).mean() < 0.15


def test_without_warp_what_is_seen_is_what_is_wanted(two_people: tuple[Path, Path]) -> None:
    side = _examples(two_people, random_warp=False).batch(1).source
    assert np.array_equal(side.warped, side.face)


def test_every_third_batch_comes_again_unwarped(two_people: tuple[Path, Path]) -> None:
    """As Quick96 has it: the faces of the iteration before, as they are."""
    examples = _examples(two_people, unwarped_every=3)
    before, again = examples.batch(2).target, examples.batch(3).target
    assert np.array_equal(before.face, again.face)
    assert np.array_equal(again.warped, again.face)
    assert not np.array_equal(before.warped, before.face)
    assert not np.array_equal(examples.batch(4).target.face, again.face)


@pytest.mark.parametrize("method", ["rct", "lct", "mkl", "idt", "sot"])
def test_color_transfer_brings_the_sources_colours_nearer(
    two_people: tuple[Path, Path], method: str
) -> None:
    plain, moved = (
        _examples(two_people, color_transfer=name, batch=4).batch(1) for name in ("none", method)
    )

    def apart(batch: Batch, part: str) -> float:
        means = [getattr(s, part).mean((0, 1, 2)) for s in (batch.source, batch.target)]
        return float(np.abs(means[0] - means[1]).sum())

    for part in ("face", "warped"):
        assert apart(moved, part) < 0.5 * apart(plain, part)
    assert _same(plain.target, moved.target)
    assert np.array_equal(plain.source.mask, moved.source.mask)


def test_hues_move_in_what_is_seen_alone(two_people: tuple[Path, Path]) -> None:
    plain, moved = (_examples(two_people, random_hsv_power=p).batch(1) for p in (0.0, 0.3))
    assert np.array_equal(plain.source.face, moved.source.face)
    assert np.abs(plain.source.warped - moved.source.warped).mean() > 0.01
    assert _same(plain.target, moved.target)


def test_some_are_mirrored_where_that_is_wanted(two_people: tuple[Path, Path]) -> None:
    never, often = (
        _examples(two_people, random_target_flip=flip, random_warp=False, batch=24).batch(1).target
        for flip in (False, True)
    )
    same = [np.array_equal(a, b) for a, b in zip(never.face, often.face, strict=True)]
    assert 0.4 < np.mean(same) < 0.8  # 40 % are mirrored


def test_held_out_faces_are_never_learned(two_people: tuple[Path, Path]) -> None:
    source, target = _stores(two_people)
    assert not any(map(len, Examples(source, target, small_options(), hold_out=2).held_out))
    many = FaceStore.__new__(FaceStore)  # twenty faces, of which every fourth judges
    many.__dict__ |= source.__dict__ | {"paths": source.paths * 4, "yaws": np.tile(source.yaws, 4)}
    drawn: list[int] = []
    many.picture = lambda index: drawn.append(index) or source.picture(index % 6)  # type: ignore
    examples = Examples(many, target, small_options(), hold_out=4, batch=8)
    held = set(examples.held_out[0].tolist())
    for iteration in range(1, 7):
        examples.batch(iteration)
    assert held == {2, 6, 10, 14, 18, 22}
    assert set(drawn) == set(range(24)) - held


@given(st.integers(1, 30), st.integers(1, 9), st.integers(0, 1000))
def test_each_face_is_shown_once_a_round(faces: int, batch: int, seed: int) -> None:
    order = FaceOrder(np.arange(faces), np.zeros(faces))
    rounds = 3 * faces // batch + 1
    shown = np.concatenate(
        [order.choose(0, seed=seed, iteration=n, count=batch) for n in range(1, rounds + 1)]
    )
    for begin in range(0, len(shown) - faces + 1, faces):
        assert sorted(shown[begin : begin + faces]) == list(range(faces))


def test_uniform_yaw_shows_rare_angles_as_often() -> None:
    yaws = np.r_[np.zeros(90), np.full(8, 0.5), np.full(2, -0.9)]
    for uniform, shares in ((False, (0.9, 0.08, 0.02)), (True, (1 / 3, 1 / 3, 1 / 3))):
        order = FaceOrder(np.arange(100), yaws, uniform_yaw=uniform)
        shown = [order.choose(0, seed=4, iteration=n, count=100) for n in range(1, 31)]
        counts = Counter(yaws[np.concatenate(shown)].tolist())
        found = [counts[yaw] / 3000 for yaw in (0.0, 0.5, -0.9)]
        np.testing.assert_allclose(found, shares, atol=0.03)


def test_memory_is_bounded_and_changes_nothing(two_people: tuple[Path, Path]) -> None:
    small = FaceStore(two_people[0], face_type="full", size=64, memory=2 * 64 * 64 * CHANNELS)
    large = FaceStore(two_people[0], face_type="full", size=64)
    for index in (0, 1, 2, 3, 0, 5):
        assert np.array_equal(small.picture(index), large.picture(index))
        assert len(small._known) <= 2


def test_narrower_and_plain_pictures_are_left_out_with_a_reason(tmp_path: Path) -> None:
    folder = face_folder(tmp_path / "faces", 3, 2, size=64)
    (folder / "00001_0.jpg").write_bytes(b"no picture")
    told: list[tuple[str, Exception]] = []
    store = FaceStore(
        folder, face_type="whole", size=64, left_out=lambda path, why: told.append((path.name, why))
    )
    assert [path.name for path in store.paths] == ["00000_0.jpg"]
    assert [name for name, _ in told] == ["00001_0.jpg"]
    assert isinstance(told[0][1], MediaError)
    with pytest.raises(NothingFoundError, match=r"of type head or wider.*cvfast swap extract"):
        FaceStore(folder, face_type="head", size=64)
    with pytest.raises(NothingFoundError):
        FaceStore(tmp_path / "gone", face_type="full", size=64)
