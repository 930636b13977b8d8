"""What travels along with the video: sound, subtitles, rotation, tags, marks."""

from __future__ import annotations

from fractions import Fraction

import av
import pytest
from cvfast.errors import MediaError
from cvfast.io.clip import stored_xmp
from cvfast.io.provenance import Mark, parse_xmp, read_provenance
from cvfast.io.video import probe, read_frames, transcode


def keep(_frame):
    return False


def run(source, target, edit=keep, **options):
    return transcode(source, target, edit, **({"crf": 0, "preset": "ultrafast"} | options))


def pts(path):
    return [frame.pts for frame in read_frames(path)]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
@pytest.mark.parametrize("time_base", [Fraction(1, 15360), Fraction(1, 90000)])
def test_sound_and_subtitles_are_copied_packet_for_packet(
    clip, tmp_path, demuxed, suffix, time_base
):
    source = clip(audio=True, subtitles=True, times=(90, 3000, 9000), time_base=time_base)
    target = tmp_path / f"out{suffix}"
    run(source, target)
    for kind, least in (("audio", 10), ("subtitle", 2)):
        assert demuxed(target, kind) == demuxed(source, kind)
        assert len(demuxed(target, kind)[0]) >= least
    with av.open(str(source)) as old, av.open(str(target)) as new:
        assert [s.type for s in new.streams] == [s.type for s in old.streams]
        sound = new.streams.audio[0]
        assert sound.metadata["language"] == "eng"
        assert sound.metadata["name"] == "Sound"
        assert sound.codec_context.extradata == old.streams.audio[0].codec_context.extradata
        assert sound.disposition == old.streams.audio[0].disposition
        assert new.metadata["title"] == "A clip"


def test_opus_in_webm_is_copied_packet_for_packet(clip, tmp_path, demuxed):
    source = clip(
        "in.webm",
        audio=True,
        codec="libvpx-vp9",
        times=(0, 40, 80),
        time_base=Fraction(1, 1000),
        options={"lossless": "1"},
    )
    run(source, tmp_path / "out.webm", codec="vp9")
    assert demuxed(tmp_path / "out.webm", "audio") == demuxed(source, "audio")


@pytest.mark.parametrize(("degrees", "turns"), [(-90, 1), (180, 2), (90, 3), (None, 0)])
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_rotation_is_kept(clip, tmp_path, degrees, turns, suffix):
    source = clip(rotation=degrees, times=(0, 512))
    target = tmp_path / f"out{suffix}"
    run(source, target)
    old, new = probe(source), probe(target)
    assert old.rotation == new.rotation == turns
    assert old.display_matrix == new.display_matrix
    assert {frame.rotation for frame in read_frames(target)} == {turns}


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_colours_pixel_shape_and_rate_are_kept(clip, tmp_path, suffix):
    source = clip(color=(2, 1, 1, 1), fmt="yuvj420p", aspect=Fraction(4, 3))
    run(source, tmp_path / f"out{suffix}")
    old, new = probe(source), probe(tmp_path / f"out{suffix}")
    assert old.color == new.color
    assert (new.color.range, new.color.matrix) == (2, 1)
    assert old.pixel_format == new.pixel_format == "yuvj420p"
    assert old.sample_aspect == new.sample_aspect == Fraction(4, 3)
    assert old.rate == new.rate


def test_chapters_are_kept(clip, tmp_path):
    plain, source = clip("plain.mp4"), tmp_path / "in.mp4"
    chapters = [
        {"id": 0, "start": 0, "end": 500, "time_base": Fraction(1, 1000), "metadata": {"title": n}}
        for n in ("One",)
    ]
    with av.open(str(plain)) as old, av.open(str(source), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0], opaque=True)
        new.set_chapters(chapters)
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = stream
                new.mux_one(packet)
    run(source, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as new:
        assert [(c["metadata"]["title"], c["start"]) for c in new.chapters()] == [("One", 0)]


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
@pytest.mark.parametrize(
    ("timecode", "rate", "kept"),
    [("01:00:00:00", 30, True), ("01:00:00;00", Fraction(30000, 1001), True)],
)
def test_the_timecode_is_kept(clip, tmp_path, suffix, timecode, rate, kept):
    ticks = Fraction(1, 30000)
    times = tuple(int(n / (rate * ticks)) for n in range(10))
    source = clip("in.mov", metadata={"timecode": timecode}, rate=rate, times=times,
                  time_base=ticks, last=times[1])  # fmt: skip
    assert [s.kind for s in probe(source).streams] == ["video", "data"]
    summary = run(source, tmp_path / f"out{suffix}")
    assert summary.notes == ()
    with av.open(str(tmp_path / f"out{suffix}")) as new:
        assert new.streams.video[0].metadata["timecode"] == timecode
        assert [s.type for s in new.streams] == ["video", "data"]


def test_drop_frame_timecode_that_no_longer_counts_frames_is_no_obstacle(clip, tmp_path):
    source = clip("in.mov", metadata={"timecode": "01:00:00;00"}, rate=Fraction(30000, 1001))
    assert run(source, tmp_path / "out.mov").frames == 10


def test_the_cover_picture_is_copied(clip, tmp_path, demuxed):
    plain, source = clip("plain.mp4", audio=True), tmp_path / "in.mp4"
    picture = av.CodecContext.create("mjpeg", "w")
    picture.width, picture.height, picture.pix_fmt = 32, 32, "yuvj420p"
    picture.time_base = Fraction(1, 25)
    (jpeg,) = picture.encode(av.VideoFrame(32, 32, "yuvj420p"))
    with av.open(str(plain)) as old, av.open(str(source), "w") as new:
        streams = [new.add_stream_from_template(s, opaque=True) for s in old.streams]
        cover = new.add_mux_stream("mjpeg", width=32, height=32)
        cover.disposition = av.stream.Disposition.attached_pic
        for packet in old.demux():
            if packet.size:
                packet.stream = streams[packet.stream.index]
                new.mux_one(packet)
        jpeg.stream = cover
        new.mux_one(jpeg)
    for options in ({}, {"start": 0.3}):
        run(source, tmp_path / "out.mp4", overwrite=True, **options)
        assert demuxed(tmp_path / "out.mp4", "video", 1)[0][0][0] == bytes(jpeg)
    assert probe(source).codec == "h264"


def test_metadata_in_another_encoding_is_no_obstacle(clip, tmp_path):
    data = bytearray(clip("in.mp4").read_bytes())
    at = data.index(b"A clip")
    data[at : at + 6] = b"caf\xe9 x"
    (tmp_path / "latin.mp4").write_bytes(data)
    run(tmp_path / "latin.mp4", tmp_path / "out.mp4")
    assert b"caf\xe9 x" in (tmp_path / "out.mp4").read_bytes()


@pytest.mark.parametrize("suffix", [".ts", ".avi", ".mov"])
def test_other_containers_are_read(clip, tmp_path, suffix):
    codec = {".ts": "libx264", ".avi": "mpeg4", ".mov": "mjpeg"}[suffix]
    source = clip(
        f"in{suffix}",
        codec=codec,
        fmt="yuvj420p" if codec == "mjpeg" else "yuv420p",
        times=tuple(range(8)),
        time_base=Fraction(1, 25),
        last=1,
        rate=25,
    )
    run(source, tmp_path / "out.mp4")
    assert pts(tmp_path / "out.mp4") == pts(source)
    assert probe(tmp_path / "out.mp4").time_base == probe(source).time_base
    assert len(pts(source)) == 8


def test_streams_a_container_cannot_hold_are_named_before_any_work(clip, tmp_path):
    source = clip("in.mp4", audio=True, subtitles=True)
    with pytest.raises(
        MediaError,
        match=r"in.mp4: .mkv cannot hold stream 2 \(subtitle, mov_text, deu\); write .mp4 or .mov",
    ):
        run(source, tmp_path / "out.mkv")
    vp9 = clip("b.mp4", audio=True, codec="libvpx-vp9", options={"lossless": "1"})
    with pytest.raises(MediaError, match=r".webm cannot hold stream 1 \(audio, aac, eng\); write"):
        run(vp9, tmp_path / "out.webm", codec="vp9")
    assert names(tmp_path) == ["b.mp4", "in.mp4"]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_the_mark_is_written_and_carried_over(clip, tmp_path, suffix):
    mark = Mark(actions=("big_eyes=0.4",))
    first, second = tmp_path / f"one{suffix}", tmp_path / f"two{suffix}"
    run(clip(times=(0, 40, 80), time_base=Fraction(1, 1000)), first, mark=mark)
    run(first, second)
    for path in (first, second):
        assert parse_xmp(stored_xmp(path)) == mark
        assert read_provenance(path) == mark
    assert pts(second) == [0, 40, 80]


def test_an_unmarked_clip_has_no_mark(clip, tmp_path):
    run(clip(), tmp_path / "out.mkv")
    assert stored_xmp(tmp_path / "out.mkv") is None
    assert read_provenance(tmp_path / "out.mkv") is None
