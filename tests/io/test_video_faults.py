"""Damaged clips, full disks, interruptions: a clear error and nothing half done."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import cvfast
import numpy as np
import pytest
from cvfast.errors import MediaError, OutputError
from cvfast.io.video import probe, read_frames, transcode

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
    ("content", "message"),
    [
        (b"", r"the file is empty \(0 bytes\)"),
        (b"just text\n" * 100, "cannot be opened as a video"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hosts\n#EXT-X-ENDLIST\n", "cannot be opened"),
        (b"1\n00:00:00,000 --> 00:00:02,000\nhi\n\n", "cannot be opened as a video"),
        (np.random.default_rng(0).bytes(5000), "cannot be opened as a video"),
    ],
)
def test_what_is_no_clip(tmp_path, content, message):
    path = tmp_path / "bad.mp4"
    path.write_bytes(content)
    for call in (probe, lambda p: list(read_frames(p)), lambda p: run(p, tmp_path / "out.mp4")):
        with pytest.raises(MediaError, match=f"bad.mp4: {message}"):
            call(path)
    assert names(tmp_path) == ["bad.mp4"]


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(MediaError, match=r"none.mp4: cannot be read: No such file"):
        probe(tmp_path / "none.mp4")
    with pytest.raises(MediaError, match="expected a video file, got a folder"):
        probe(tmp_path)


def test_a_clip_without_video(tmp_path):
    with av.open(str(tmp_path / "sound.mp4"), "w") as out:
        sound = out.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 2048), np.float32), "fltp", "mono")
        frame.sample_rate = 48000
        out.mux(sound.encode(frame))
        out.mux(sound.encode(None))
    with pytest.raises(MediaError, match=r"expected a video stream, got stream 0 \(audio, aac"):
        probe(tmp_path / "sound.mp4")


@pytest.mark.parametrize("faststart", [False, True])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_truncated_mp4(clip, tmp_path, share, faststart):
    source = clip("in.mp4", audio=True)
    if faststart:
        run(source, tmp_path / "fast.mp4")
        source = tmp_path / "fast.mp4"
    data = source.read_bytes()
    bad = tmp_path / "cut.mp4"
    bad.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(MediaError, match=r"cut.mp4: "):
        run(bad, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize("share", [0.3, 0.6])
def test_truncated_matroska(clip, tmp_path, share):
    times = tuple(range(0, 4000, 40))
    data = clip("in.mkv", times=times, time_base=Fraction(1, 1000)).read_bytes()
    bad = tmp_path / "cut.mkv"
    bad.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(MediaError, match=r"cut.mkv: ends after .* its header promises 4.\d\d s"):
        run(bad, tmp_path / "out.mkv")
    assert names(tmp_path) == ["cut.mkv", "in.mkv"]
    # The message's way out works.
    assert run(bad, tmp_path / "out.mkv", end=1).frames == 25


@pytest.mark.parametrize("audio", [False, True])
def test_a_recording_whose_header_gives_no_duration(clip, tmp_path, audio):
    # What browsers record: written as it came, never completed.
    times = tuple(range(0, 4000, 40))
    source = clip(
        "in.mkv", times=times, time_base=Fraction(1, 1000), audio=audio, muxer={"live": "1"}
    )
    assert run(source, tmp_path / "out.mp4").frames == 100
    assert pts(tmp_path / "out.mp4") == list(times)
    assert pts(source) == list(times)


def test_a_fragmented_mp4(clip, tmp_path):
    muxer = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    source = clip("in.mp4", audio=True, muxer=muxer, options={"crf": "0", "g": "3"})
    assert run(source, tmp_path / "out.mp4").frames == 10
    assert pts(tmp_path / "out.mp4") == pts(source)
    data = source.read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(MediaError, match=r"cut.mp4: .* truncated"):
        run(tmp_path / "cut.mp4", tmp_path / "no.mp4")


def test_a_header_that_lies_about_the_size_of_a_sample(clip, tmp_path):
    data = bytearray(clip("in.mp4").read_bytes())
    at = data.index(b"stsz")
    data[at + 48 : at + 52] = (2**28).to_bytes(4, "big")  # the last of ten samples' sizes
    bad = tmp_path / "lie.mp4"
    bad.write_bytes(data)
    with pytest.raises(MediaError, match=r"lie.mp4: .* header promises data up to byte"):
        run(bad, tmp_path / "out.mp4")


def test_a_header_that_lies_about_width_and_duration_does_no_harm(clip, tmp_path):
    data = bytearray(clip("in.mp4").read_bytes())
    at = data.index(b"tkhd")
    data[at + 76 : at + 84] = (9999 << 16).to_bytes(4, "big") * 2  # width and height
    at = data.index(b"mvhd")
    data[at + 20 : at + 24] = (2**31 - 1).to_bytes(4, "big")  # duration
    bad = tmp_path / "lie.mp4"
    bad.write_bytes(data)
    assert (probe(bad).width, probe(bad).height) == (64, 48)
    assert run(bad, tmp_path / "out.mp4").frames == 10
    assert pts(tmp_path / "out.mp4") == list(VFR)


def test_junk_behind_the_last_box_is_harmless(clip, tmp_path):
    source = clip()
    with source.open("ab") as file:
        file.write(b"\0\0\0")
    assert run(source, tmp_path / "out.mp4").frames == 10


def test_damaged_packets_are_counted_and_the_times_of_the_rest_kept(clip, tmp_path, demuxed):
    source = clip("in.mp4", options={"crf": "0", "g": "1", "bf": "0"})
    data = bytearray(source.read_bytes())
    packet = demuxed(source, "video")[0][4][0]
    at = data.index(packet)
    data[at : at + len(packet)] = b"\xff" * len(packet)
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(data)
    summary = run(bad, tmp_path / "out.mp4")
    assert summary.damaged >= 1
    kept = pts(tmp_path / "out.mp4")
    assert set(VFR) - set(kept) <= {VFR[4]}
    assert kept == sorted(kept)
    assert summary.frames == len(kept) >= 9


def test_a_clip_with_no_sound_packet_left(clip, tmp_path):
    source = clip("in.mp4", options={"crf": "0", "g": "1"})
    data = bytearray(source.read_bytes())
    start = data.index(b"mdat") + 4
    end = data.index(b"moov") - 4
    data[start:end] = b"\xff" * (end - start)
    (tmp_path / "bad.mp4").write_bytes(data)
    with pytest.raises(MediaError, match=r"bad.mp4: "):
        probe(tmp_path / "bad.mp4")


def test_a_change_of_size_names_the_frame(tmp_path, clip):
    # Two streams of elementary H.264 in one transport stream: size changes at frame 3.
    parts = [
        clip(f"{n}.mp4", times=(0, 512, 1024), size=size)
        for n, size in enumerate([(64, 48), (96, 64)])
    ]
    joined = tmp_path / "joined.ts"
    with av.open(str(joined), "w", format="mpegts") as out:
        with av.open(str(parts[0])) as first:
            stream = out.add_stream_from_template(first.streams.video[0], opaque=True)
            stream.time_base = Fraction(1, 90000)
        for number, part in enumerate(parts):
            with av.open(str(part)) as container:
                annexb = av.bitstream.BitStreamFilterContext(
                    "h264_mp4toannexb", container.streams.video[0]
                )
                packets = [p for p in container.demux(video=0) if p.size]
                for index, packet in enumerate(packets):
                    for filtered in annexb.filter(packet):
                        filtered.pts = filtered.dts = 9000 + (index + 3 * number) * 3072
                        filtered.time_base = Fraction(1, 90000)
                        filtered.stream = stream
                        out.mux_one(filtered)
    with pytest.raises(
        MediaError,
        match=r"joined.ts: the picture changes at 0.102 s: expected 64x48 yuv420p as before, got "
        r"96x64 yuv420p. Write two files: one with end=0.102, one with start=0.102",
    ):
        run(joined, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()
    # The message's way out works.
    assert run(joined, tmp_path / "a.mp4", end=0.102).frames == 3
    assert run(joined, tmp_path / "b.mp4", start=0.102).frames == 3
    assert (probe(tmp_path / "a.mp4").width, probe(tmp_path / "b.mp4").width) == (64, 96)


def test_an_unknown_pixel_format_says_what_to_do(tmp_path, clip):
    source = clip("in.mkv", codec="ffv1", fmt="yuv410p", time_base=Fraction(1, 1000), times=(0, 40))
    with pytest.raises(
        MediaError, match=r"in.mkv: pixel format: .* got yuv410p; convert the clip first"
    ):
        run(source, tmp_path / "out.mkv", codec="ffv1")


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("at", [1, 6])
def test_an_interrupted_run_leaves_nothing(clip, tmp_path, error, at):
    count = 0

    def stop(_frame):
        nonlocal count
        count += 1
        if count == at:
            raise error("stop")

    source = clip(audio=True)
    with pytest.raises(error):
        run(source, tmp_path / "out.mp4", stop)
    assert names(tmp_path) == ["clip.mp4"]


def test_a_missing_output_folder(clip, tmp_path):
    with pytest.raises(OutputError, match="no such folder"):
        run(clip(), tmp_path / "nowhere" / "out.mp4")


CHILD = """
import resource, sys
sys.path.insert(0, {package!r})
from cvfast.errors import OutputError
from cvfast.io.video import transcode
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    transcode({source!r}, {target!r}, lambda frame: None, crf=0, threads=1)
except OutputError as error:
    sys.exit(0 if {target!r} in str(error) else 3)
sys.exit(4)
"""


def test_a_full_disk(clip, tmp_path):
    source = clip("in.mp4", audio=True, times=tuple(range(0, 40 * 512, 512)))
    target = tmp_path / "out.mp4"
    script = CHILD.format(package=package(), source=str(source), target=str(target))
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
    assert names(tmp_path) == ["in.mp4"]


# VmHWM, not ru_maxrss: that begins with the peak of the process that started this one.
MEMORY = r"""
import re, resource, sys
from pathlib import Path
sys.path.insert(0, {package!r})
from cvfast.io.video import transcode
transcode({source!r}, {target!r}, lambda frame: None, preset="ultrafast", threads=1)
status = Path("/proc/self/status")
if status.exists():
    print(re.search(r"VmHWM:\s*(\d+)", status.read_text())[1])
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_clip(clip, tmp_path):
    peaks = []
    for count in (200, 2000):
        source = clip(
            f"{count}.mp4", times=tuple(range(0, count * 512, 512)), size=(96, 72), audio=True,
            options={"crf": "30", "preset": "ultrafast"},
        )  # fmt: skip
        script = MEMORY.format(
            package=package(), source=str(source), target=str(tmp_path / f"out{count}.mp4")
        )
        done = subprocess.run(
            [sys.executable, "-c", script], check=True, capture_output=True, text=True
        )
        peaks.append(int(done.stdout) * 1024)
    frame = 96 * 72 * 3 // 2
    assert peaks[1] - peaks[0] < 16 * frame + (8 << 20)


def package():
    return str(Path(cvfast.__file__).parents[1])
