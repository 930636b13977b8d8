"""Clips as they really come: damaged, transparent, HDR, interlaced, without times or rates."""

from __future__ import annotations

import os
import re
import time
from fractions import Fraction

import av
import numpy as np
import pytest
from av.codec.context import Flags
from cvfast.errors import MediaError
from cvfast.io.damage import Damage
from cvfast.io.files import is_video
from cvfast.io.hdr import Hdr
from cvfast.io.images import read_image
from cvfast.io.provenance import read_provenance
from cvfast.io.video import probe, read_frames, transcode

MILLI = Fraction(1, 1000)
DISPLAY = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"


def keep(_frame):
    return False


def run(source, target, edit=keep, **options):
    return transcode(source, target, edit, **({"crf": 0, "preset": "ultrafast"} | options))


def pts(path):
    return [frame.pts for frame in read_frames(path)]


def damaged(path, target, packets, numbers):
    """Copy a clip with some of its packets overwritten."""
    data = bytearray(path.read_bytes())
    for number in numbers:
        packet = packets[number][0]
        at = data.index(packet)
        data[at + 6 : at + len(packet)] = b"\xff" * (len(packet) - 6)
    target.write_bytes(data)
    return target


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("numbers", [(7,), (3, 4, 20)])
def test_a_damaged_packet_costs_its_own_frame_and_the_time_is_told(
    clip, tmp_path, demuxed, numbers, suffix
):
    times = tuple(range(0, 1200, 40))
    source = clip(
        f"in{suffix}", times=times, time_base=MILLI, audio=True, codec="mjpeg", fmt="yuvj420p"
    )
    bad = damaged(source, tmp_path / f"bad{suffix}", demuxed(source, "video")[0], numbers)
    summary = run(bad, tmp_path / f"out{suffix}")
    lost = [times[number] for number in numbers]
    assert pts(tmp_path / f"out{suffix}") == [time for time in times if time not in lost]
    old, new = (demuxed(path, "audio")[0] for path in (source, tmp_path / f"out{suffix}"))
    assert [packet[:3] for packet in new] == [packet[:3] for packet in old]
    assert summary.damaged >= 1
    told = ", ".join(f"{time / 1000:.3f}" for time in lost)
    assert [note for note in summary.notes if "damaged and left out" in note] == [
        f"{len(lost)} frame{'s' * (len(lost) > 1)} damaged and left out: at {told} s"
    ]


def test_frames_that_build_on_a_damaged_one_are_kept_and_told(clip, tmp_path, demuxed):
    times = tuple(range(0, 1200, 40))
    source = clip(
        "in.mp4", times=times, time_base=MILLI, options={"crf": "0", "g": "10", "bf": "0"}
    )
    bad = damaged(source, tmp_path / "bad.mp4", demuxed(source, "video")[0], [14])
    summary = run(bad, tmp_path / "out.mp4")
    kept = pts(tmp_path / "out.mp4")
    assert set(times) - set(kept) <= {560}
    (note,) = summary.notes
    assert re.match(r"1 frame damaged and (left out|patched up by the decoder): at 0.560 s", note)


def test_many_damages_are_counted(clip, tmp_path, demuxed):
    times = tuple(range(0, 1200, 40))
    source = clip("in.mp4", times=times, time_base=MILLI, codec="mjpeg", fmt="yuvj420p")
    bad = damaged(source, tmp_path / "bad.mp4", demuxed(source, "video")[0], range(3, 11))
    note = "8 frames damaged and left out: at 0.120, 0.160, 0.200, 0.240, 0.280 s and 3 more"
    assert run(bad, tmp_path / "out.mp4").notes == (note,)
    assert run(bad, tmp_path / "out2.mp4", start=0.6).notes == ()  # not in the part that was asked


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("transfer", [16, 18])  # PQ, HLG
def test_hdr_is_kept(clip, tmp_path, codec, suffix, transfer):
    params = f"log-level=error:master-display={DISPLAY}:max-cll=1000,400"
    source = clip("in.mkv", codec="libx265", fmt="yuv420p10le", color=(1, 9, 9, transfer),
                  options={"x265-params": params}, times=(0, 40, 80), time_base=MILLI)  # fmt: skip
    summary = run(source, tmp_path / f"out{suffix}", codec=codec)
    old, new = probe(source), probe(tmp_path / f"out{suffix}")
    assert old.hdr == new.hdr == Hdr(DISPLAY, "1000,400")
    assert (new.pixel_format, new.color) == ("yuv420p10le", old.color)
    assert (new.color.matrix, new.color.primaries, new.color.transfer) == (9, 9, transfer)
    assert summary.notes == ()


def test_hdr_that_a_codec_cannot_carry_is_told(clip, tmp_path):
    params = f"log-level=error:master-display={DISPLAY}:max-cll=1000,400"
    source = clip("in.mkv", codec="libx265", fmt="yuv420p10le", color=(1, 9, 9, 16),
                  options={"x265-params": params}, times=(0, 40), time_base=MILLI)  # fmt: skip
    (note,) = run(source, tmp_path / "out.mkv", codec="ffv1").notes
    assert note == "the mastering display and light levels left out: ffv1 cannot carry it"
    assert Hdr(dynamic=("Dolby Vision",)).lost("libx265") == ["Dolby Vision"]


def interlaced(path, bottom):
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        context = stream.codec_context
        context.options = {"crf": "0", "x264-params": "bff=1" if bottom else "tff=1"}
        context.flags |= Flags.interlaced_dct | Flags.interlaced_me
        rng = np.random.default_rng(0)
        for _ in range(4):
            frame = av.VideoFrame(64, 64, "yuv420p")
            for plane in frame.planes:
                plane.update(rng.bytes(plane.buffer_size))
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("bottom", [False, True])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_fields_stay_fields_in_their_order(tmp_path, decoded, bottom, suffix):
    source, target = interlaced(tmp_path / "in.mp4", bottom), tmp_path / f"out{suffix}"
    summary = run(source, target)
    for path in (source, target):
        assert (probe(path).interlaced, probe(path).bottom_first) == (True, bottom)
    with av.open(str(target)) as new:
        assert all(frame.interlaced_frame for frame in new.decode(video=0))
    for (_, old), (_, new) in zip(decoded(source), decoded(target), strict=True):
        np.testing.assert_array_equal(old[0], new[0])
    assert "interlaced: fields are kept as they are; effects" in " ".join(summary.notes)
    notes = run(source, tmp_path / "vp9.mkv", codec="vp9").notes
    assert "no longer marked (libx264 marks them)" in notes[0]


def transparent(path, codec, fmt, **options):
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, fmt
        stream.codec_context.options = options
        stream.set_display_rotation(90)
        for index in range(6):
            frame = av.VideoFrame(64, 48, fmt)
            for number, plane in enumerate(frame.planes):
                plane.update(bytes([100 + index * 5 + number * 20]) * plane.buffer_size)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "codec", "fmt", "options"),
    [
        ("in.webm", "libvpx-vp9", "yuva420p", {"lossless": "1", "auto-alt-ref": "0"}),
        ("in.webm", "libvpx", "yuva420p", {"auto-alt-ref": "0", "crf": "4", "b": "1M"}),
        ("in.mkv", "ffv1", "yuva420p", {}),
        ("in.mov", "prores_ks", "yuva444p10le", {}),
    ],
)
def test_transparency_is_kept_refused_or_dropped_as_asked(
    tmp_path, decoded, name, codec, fmt, options
):
    source = transparent(tmp_path / name, codec, fmt, **options)
    info = probe(source)
    assert (info.pixel_format.startswith("yuva"), info.rotation) == (True, 3)
    eight = info.pixel_format == "yuva420p"
    targets = [("out.mkv", "ffv1"), *([("out.webm", None), ("o.mkv", "vp9")] if eight else [])]
    before = [[p.copy() for p in frame.planes] for frame in read_frames(source)]
    assert len(before[0]) == 4
    for target, how in targets:
        run(source, tmp_path / target, codec=how)
        assert probe(tmp_path / target).pixel_format == info.pixel_format
        assert probe(tmp_path / target).rotation == 3
        for old, new in zip(before, read_frames(tmp_path / target), strict=True):
            for a, b in zip(old, new.planes, strict=True):
                np.testing.assert_array_equal(a, b)
    with pytest.raises(MediaError, match=r"cannot keep 64x48 yuva.* in .mp4; use codec .*"
                       r"ffv1 \(.mkv\), or alpha='drop' \(--drop-alpha\)"):  # fmt: skip
        run(source, tmp_path / "out.mp4")
    run(source, tmp_path / "out.mp4", alpha="drop", codec="libx264" if eight else "libx265")
    assert probe(tmp_path / "out.mp4").pixel_format == info.pixel_format.replace("yuva", "yuv")
    assert probe(tmp_path / "out.mp4").rotation == 3
    for old, new in zip(before, read_frames(tmp_path / "out.mp4"), strict=True):
        for a, b in zip(old[:3], new.planes, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("codec", "fmt"), [("qtrle", "argb"), ("png", "rgba")])
def test_transparent_rgb_is_refused_with_a_way_out(tmp_path, codec, fmt):
    source = transparent(tmp_path / "in.mov", codec, fmt)
    with pytest.raises(MediaError, match=rf"got {fmt}; convert the clip first, .*yuva444p"):
        run(source, tmp_path / "out.mkv", codec="ffv1")


def test_alpha_is_kept_or_dropped(clip, tmp_path):
    with pytest.raises(ValueError, match="alpha: expected keep or drop, got 'no'"):
        run(clip(), tmp_path / "out.mp4", alpha="no")


def without_times(path, target, first=0):
    """Blank the presentation times in a transport stream, from a frame on."""
    data = bytearray(path.read_bytes())
    seen = 0
    for packet in range(0, len(data), 188):
        at = data.find(b"\0\0\1\xe0", packet, packet + 188)
        if at >= 0 and data[packet + 1] & 0x40:
            seen += 1
            if seen > first:
                size = data[at + 8]
                data[at + 7] &= 0x3F
                data[at + 9 : at + 9 + size] = b"\xff" * size
    target.write_bytes(data)
    return target


@pytest.mark.parametrize("first", [0, 5])
@pytest.mark.parametrize("b_frames", ["0", "2"])
def test_missing_times_are_made_up_from_the_rate_and_told(clip, tmp_path, first, b_frames):
    times = tuple(range(0, 20 * 3600, 3600))
    source = clip("in.ts", times=times, time_base=Fraction(1, 90000), rate=25, last=3600,
                  options={"crf": "20", "bf": b_frames, "g": "5"})  # fmt: skip
    bad = without_times(source, tmp_path / "bad.ts", first)
    summary = run(bad, tmp_path / "out.mp4")
    seen = pts(tmp_path / "out.mp4")
    assert np.diff(seen).tolist() == [3600] * 19
    assert re.match(r"\d+ frames without a time in the file, placed by the frame rate: at 0",
                    summary.notes[0])  # fmt: skip
    if not first:
        with pytest.raises(MediaError, match=r"no times, so that start= cannot be found. Write"):
            run(bad, tmp_path / "no.mp4", start=0.2)


def test_a_header_with_a_rate_of_zero(clip, tmp_path):
    source = clip("in.avi", codec="mpeg4", times=tuple(range(12)), time_base=Fraction(1, 25),
                  last=1, rate=25, options={})  # fmt: skip
    data = bytearray(source.read_bytes())
    at = data.index(b"strh") + 8
    data[at + 24 : at + 28] = bytes(4)  # frames a second
    at = data.index(b"avih") + 8
    data[at : at + 4] = bytes(4)  # microseconds a frame
    (tmp_path / "zero.avi").write_bytes(data)
    assert run(tmp_path / "zero.avi", tmp_path / "out.mp4").frames == 12
    assert pts(tmp_path / "out.mp4") == list(range(12))


def test_a_single_frame(clip, tmp_path):
    source = clip("in.mkv", times=(0,), time_base=MILLI)
    assert run(source, tmp_path / "out.mp4").frames == 1


def test_empty_packets_in_the_middle_hold_the_frame_before(clip, tmp_path):
    source = clip("in.mkv", codec="mjpeg", fmt="yuvj420p", times=(0, 40, 80, 120), time_base=MILLI)
    with av.open(str(source)) as old, av.open(str(tmp_path / "empty.mkv"), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0], opaque=True)
        for packet in old.demux(video=0):
            if packet.size:
                copy = av.Packet(b"" if packet.pts == 80 else bytes(packet))
                copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
                copy.is_keyframe, copy.stream = True, stream
                new.mux_one(copy)
    run(tmp_path / "empty.mkv", tmp_path / "out.mkv")
    assert pts(tmp_path / "out.mkv") == [0, 40, 120]


def test_a_transport_stream_that_ends_in_the_middle_of_a_frame(clip, tmp_path):
    times = tuple(range(0, 20 * 3600, 3600))
    source = clip(
        "in.ts", times=times, time_base=Fraction(1, 90000), rate=25, last=3600, audio=True
    )
    data = source.read_bytes()
    (tmp_path / "cut.ts").write_bytes(data[: len(data) * 2 // 3])
    frames = run(tmp_path / "cut.ts", tmp_path / "out.mp4").frames
    assert 10 <= frames < 20
    assert np.diff(pts(tmp_path / "out.mp4")).tolist() == [3600] * (frames - 1)


def test_times_that_start_again_are_told(clip, tmp_path):
    source = clip("in.mkv", codec="mjpeg", fmt="yuvj420p", times=(0, 40, 80), time_base=MILLI)
    with av.open(str(source)) as old, av.open(str(tmp_path / "again.mkv"), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0], opaque=True)
        packets = [bytes(packet) for packet in old.demux(video=0) if packet.size]
        for time, data in zip((0, 40, 40), packets, strict=True):
            packet = av.Packet(data)
            packet.pts, packet.dts, packet.time_base = time, time, MILLI
            packet.is_keyframe, packet.stream = True, stream
            new.mux_one(packet)
    summary = run(tmp_path / "again.mkv", tmp_path / "out.mkv")
    assert (summary.frames, summary.dropped) == (2, 1)
    assert "1 frame left out, not later than the frame before: at 0.040 s" in summary.notes


def test_a_picture_alone_is_no_clip(tmp_path):
    picture = av.CodecContext.create("mjpeg", "w")
    picture.width, picture.height, picture.pix_fmt = 32, 32, "yuvj420p"
    picture.time_base = Fraction(1, 25)
    (jpeg,) = picture.encode(av.VideoFrame(32, 32, "yuvj420p"))
    with av.open(str(tmp_path / "song.mp4"), "w") as out:
        sound = out.add_stream("aac", rate=48000)
        cover = out.add_mux_stream("mjpeg", width=32, height=32)
        cover.disposition = av.stream.Disposition.attached_pic
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 2048), np.float32), "fltp", "mono")
        frame.sample_rate = 48000
        out.mux(sound.encode(frame))
        jpeg.stream = cover
        out.mux_one(jpeg)
        out.mux(sound.encode(None))
    with pytest.raises(MediaError, match=r"expected a video stream, got stream 0 \(audio, aac"):
        probe(tmp_path / "song.mp4")


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_video_that_starts_late_stays_in_step(clip, tmp_path, demuxed, suffix):
    # The sound from the beginning, the pictures two seconds later.
    times = tuple(range(2000, 2400, 40))
    pictures = clip("v.mkv", times=times, time_base=MILLI)
    sound = clip("a.mp4", times=(0, 512), audio=True)
    source = tmp_path / f"in{suffix}"
    with av.open(str(pictures)) as a, av.open(str(sound)) as b, av.open(str(source), "w") as out:
        inputs = [a.streams.video[0], b.streams.audio[0]]
        streams = [out.add_stream_from_template(stream, opaque=True) for stream in inputs]
        for container, old, new in zip((b, a), inputs[::-1], streams[::-1], strict=True):
            for packet in container.demux(old):
                if packet.size:
                    packet.stream = new
                    out.mux_one(packet)
    target = tmp_path / f"out{suffix}"
    run(source, target)
    assert pts(target) == pts(source)
    assert probe(target).start == probe(source).start >= 2000
    old, new = (demuxed(path, "audio")[0] for path in (source, target))
    assert [packet[:3] for packet in new] == [packet[:3] for packet in old]
    assert run(source, target, start=0.2, overwrite=True).frames == 5  # counted from its start
    assert pts(target)[0] == 0


@pytest.mark.parametrize("group", ["4", "5"])
def test_an_edit_list_hides_what_it_hid(clip, tmp_path, demuxed, group):
    times = tuple(range(-2048, 8 * 512, 512))  # what lies before zero is cut by an edit list
    options = {"crf": "0", "g": group, "bf": "2"}
    source = clip("in.mp4", times=times, audio=True, options=options)
    run(source, tmp_path / "out.mp4")
    assert pts(tmp_path / "out.mp4") == pts(source) == list(range(0, 8 * 512, 512))
    assert demuxed(tmp_path / "out.mp4", "audio") == demuxed(source, "audio")


def test_webm_chooses_its_own_codec(clip, tmp_path):
    source = clip("in.webm", audio=True, codec="libvpx-vp9", times=(0, 40, 80), time_base=MILLI,
                  options={"lossless": "1"})  # fmt: skip
    summary = transcode(source, tmp_path / "out.webm", keep)
    assert (summary.codec, probe(tmp_path / "out.webm").codec) == ("libvpx-vp9", "vp9")
    assert transcode(clip(), tmp_path / "out.mkv", keep).codec == "libx264"


@pytest.mark.parametrize(
    "call",
    [
        probe,
        lambda path: list(read_frames(path)),
        lambda path: run(path, path.with_name("out.mp4")),
        read_image,
        read_provenance,
        is_video,
    ],
)
def test_a_pipe_is_refused_before_it_blocks(tmp_path, call):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(MediaError, match=r"pipe: expected a file, got a named pipe. Save its"):
        call(tmp_path / "pipe")


def test_uncompressed_clips(tmp_path):
    path = tmp_path / "raw.y4m"
    with av.open(str(path), "w", format="yuv4mpegpipe") as out:
        stream = out.add_stream("wrapped_avframe", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for number in range(3):
            frame = av.VideoFrame(64, 64, "yuv420p")
            frame.pts = number
            out.mux(stream.encode(frame))
    assert probe(path).rate == 25
    assert len(list(read_frames(path))) == 3


def test_a_clip_that_is_all_damage_takes_no_longer_a_packet():
    damage = Damage()
    began = time.perf_counter()
    for number in range(100_000):
        damage.sent(number)
        damage.failed()
    assert time.perf_counter() - began < 5
    damage.came(100_000, corrupt=False)
    assert damage.notes(Fraction)[0].startswith("100000 frames damaged and left out")
