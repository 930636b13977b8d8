"""The clip maker: what the facts say is what the pictures show."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cvfast.io.video import probe, read_frames

from benchmarks.clips import FACE_CENTER, MOTIONS, ClipFacts, cached_clip, make_clip, pictures, plan

SMALL: Any = {"size": (320, 180), "face": 60, "frames": 4, "rate": 10}


@pytest.mark.parametrize("motion", MOTIONS)
def test_a_face_starts_where_its_motion_says(motion: str) -> None:
    facts = plan(motion=motion, **SMALL | {"frames": 60})

    assert facts.centers.shape == (60, 2)
    np.testing.assert_allclose(facts.points(3, FACE_CENTER[None])[0], facts.centers[3])
    inside = (facts.centers > 0).all(axis=1) & (facts.centers < facts.size).all(axis=1)
    assert inside.all() == (motion != "leave")


def test_crossing_is_one_width_a_second_to_either_side() -> None:
    facts = plan(motion="cross", frames=300)

    speed = np.abs(np.diff(facts.centers[:, 0])) * facts.rate / facts.face
    assert np.isclose(speed, 1).mean() > 0.99  # but for the frame in which it turns
    assert np.diff(facts.centers[:, 0]).min() < 0 < np.diff(facts.centers[:, 0]).max()


def test_pictures_move_by_fractions_of_a_pixel() -> None:
    """What moves by a quarter of a pixel four times is what moved by one pixel."""
    facts = plan(motion="still", noise=0.0, **SMALL | {"frames": 5})
    facts.centers[:, 0] += 0.25 * np.arange(5)

    frames = [picture.astype(np.int16) for picture in pictures(facts)]

    x, y = np.rint(facts.centers[0]).astype(int)
    face = np.s_[y - 20 : y + 20, x - 20 : x + 20]
    moved = np.s_[y - 20 : y + 20, x - 19 : x + 21]
    assert np.abs(frames[4][moved] - frames[0][face]).max() <= 1
    steps = [np.abs(b[face] - a[face]).mean() for a, b in itertools.pairwise(frames)]
    assert min(steps) > 0.5 * max(steps)


def test_noise_has_its_size_and_differs_from_frame_to_frame() -> None:
    quiet, noisy = (
        [picture.astype(np.float64) for picture in pictures(plan(motion="still", noise=n, **SMALL))]
        for n in (0.0, 2.0)
    )

    first, second = (a - b for a, b in zip(noisy[:2], quiet[:2], strict=True))
    assert 1.9 < first.std() < 2.2  # rounding adds 0.04
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.02


def test_the_same_arguments_make_the_same_pictures_and_the_clip_is_made_once(
    tmp_path: Path,
) -> None:
    path, facts = cached_clip(tmp_path, **SMALL)
    again, stored = cached_clip(tmp_path, **SMALL)

    assert path == again
    assert isinstance(stored, ClipFacts)
    np.testing.assert_array_equal(facts.centers, stored.centers)
    for one, other in zip(pictures(facts), pictures(stored), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_variable_rate_gives_the_times_of_the_facts(tmp_path: Path) -> None:
    facts = make_clip(tmp_path / "clip.mp4", variable=True, **SMALL)

    times = [float(frame.seconds) for frame in read_frames(tmp_path / "clip.mp4")]  # type: ignore[arg-type]

    np.testing.assert_allclose(times, facts.seconds, atol=1e-9)
    assert len(set(np.diff(times).round(4))) == 3
    assert [stream.kind for stream in probe(tmp_path / "clip.mp4").streams] == ["video", "audio"]


def test_an_unknown_motion_is_refused() -> None:
    with pytest.raises(ValueError, match="motion: expected one of still, sway, cross, leave"):
        plan(motion="fly")
