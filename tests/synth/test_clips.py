"""Made clips: the same bytes, exact landmarks, a mouth that opens as told, times as told."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from cvfast.io.provenance import read_provenance
from cvfast.io.video import read_frames
from cvfast.synth.clips import MadeClip, write_made_clip

SMALL = {"identities": (3,), "size": (128, 96), "frames": 60}


def test_frames_are_the_same_in_any_order_and_for_another_take_not() -> None:
    clip = MadeClip(**SMALL)
    first = clip.frame(7)
    clip.frame(31)
    assert np.array_equal(first.image, MadeClip(**SMALL).frame(7).image)
    assert np.array_equal(first.faces[0].points68, clip.frame(7).faces[0].points68)
    assert not np.array_equal(first.image, MadeClip(**SMALL, seed=1).frame(7).image)


def test_the_mouth_opens_with_the_voice() -> None:
    clip = MadeClip(**SMALL, noise=0)
    loud = np.array([clip.loudness(number / 25) for number in range(60)])
    gaps = []
    for number in (int(loud.argmax()), int(loud.argmin())):
        face = clip.frame(number).faces[0]
        gaps.append(float(np.hypot(*(face.points68[66] - face.points68[62]))))
        assert face.expression.jaw == pytest.approx(0.8 * loud[number])
    assert loud.max() > 0.6
    assert loud.min() < 0.02
    assert gaps[0] > 3 + gaps[1]


def test_motion_is_smooth_and_turns_the_head_both_ways() -> None:
    clip = MadeClip(**{**SMALL, "frames": 250})
    from cvfast.synth.acting import Acting

    acting = Acting(clip.seed, 10.0)
    yaw = np.degrees([acting.pose(number / 25).yaw for number in range(250)])
    assert yaw.min() < -10
    assert yaw.max() > 10
    assert np.abs(yaw).max() <= 25
    assert np.abs(np.diff(yaw)).max() < 4
    lids = np.array([acting.expression(number / 25).right_lid for number in range(250)])
    blinks = int(((lids[1:] > 0.5) & (lids[:-1] <= 0.5)).sum())
    assert 2 <= blinks <= 7


def test_two_people_stand_from_left_to_right_and_a_hand_passes() -> None:
    two = MadeClip(**{**SMALL, "identities": (3, 25)})
    left, right = two.frame(0).faces
    assert left.points68[:, 0].max() < 64 < right.points68[:, 0].min()
    plain, covered = MadeClip(**SMALL, noise=0), MadeClip(**SMALL, noise=0, occlusion="hand")
    changed = [
        float((plain.frame(n).image != covered.frame(n).image).any(axis=2).mean()) for n in (0, 30)
    ]
    assert changed[1] > 0.02
    assert changed[1] > changed[0]


def test_still_people_change_by_noise_alone() -> None:
    clip = MadeClip(**{**SMALL, "frames": 3}, still=True, noise=2)
    a, b = (clip.frame(number).image.astype(float) for number in (0, 2))
    mid = (a > 20) & (a < 235)
    assert np.abs(a - b)[mid].mean() == pytest.approx(2 * 2 / np.sqrt(np.pi), rel=0.1)


def test_a_written_clip_has_its_times_mark_and_sound(tmp_path) -> None:
    import av

    clip = MadeClip(identities=(3,), size=(96, 64), frames=12, variable=True)
    assert write_made_clip(tmp_path / "a.mp4", clip, sound=True) == 12
    shown = [frame.pts * frame.time_base for frame in read_frames(tmp_path / "a.mp4")]
    assert shown == clip.times()
    assert len({b - a for a, b in pairwise(shown)}) > 3
    assert shown[0] == Fraction(0)
    mark = read_provenance(tmp_path / "a.mp4")
    assert mark is not None
    assert mark.source_uri.endswith("/algorithmicMedia")
    assert mark.actions[0] == "made=synthetic person 3"
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert len(container.streams.audio) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"identities": ()}, "identities: expected 1 to 4"),
        ({"frames": 0}, "frames: expected 1"),
        ({"light": "moon"}, "light: expected one of soft"),
        ({"occlusion": "cat"}, "occlusion: expected one of none"),
        ({"share": 2.0}, "share: expected"),
    ],
)
def test_what_cannot_be_made_is_refused(change, said) -> None:
    with pytest.raises(ValueError, match=said):
        MadeClip(**{**SMALL, **change})
