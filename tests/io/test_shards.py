"""Shards and their join against one pass: the same times, packets, streams and tags."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest
from cvfast.errors import MediaError
from cvfast.io.provenance import Mark, read_provenance
from cvfast.io.shards import Cut, join_shards, write_shard
from cvfast.io.video import read_frames, transcode

CFR = tuple(range(0, 512 * 40, 512))
ODD = tuple(n * 300 + (n % 3) * 99 + 700 for n in range(40))
BORDERS = (None, Fraction(1, 4), Fraction(1, 2), None)


def _dump(path):
    with av.open(str(path)) as clip:
        packets = {}
        for packet in clip.demux():
            if packet.size:
                packets.setdefault(packet.stream.index, []).append(packet)
        # The order of decoding may differ: each shard begins with a key frame.
        video = packets.pop(0)
        times = sorted(p.pts for p in video), [p.dts for p in video]
        others = {n: [(bytes(p), p.pts, p.dts) for p in some] for n, some in packets.items()}
        # One pass has odd durations where times are odd: the decoder's guess for the last frame.
        streams = [(s.start_time, s.time_base, s.metadata) for s in clip.streams]
        lengths = [s.duration for s in clip.streams if s.type != "video"]
        chapters = clip.chapters()
        return times, others, streams, lengths, clip.metadata, chapters


def _shards(cut, folder, borders, edit=lambda frame: True, lead_in=Fraction(1, 10)):
    paths, last = [], None
    for number, (start, end) in enumerate(pairwise(borders)):
        path = folder / f"{number}.nut"
        lead = lead_in if number else Fraction(0)
        done = write_shard(cut, path, edit, start=start, end=end, lead_in=lead)
        if done.video.frames:
            paths.append(path)
            last = done.last
    return paths, last


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [(".mp4", "libx264"), (".mkv", "libx264"), (".mov", "libx265"), (".mkv", "ffv1"),
     (".mp4", "libvpx-vp9")],
)  # fmt: skip
@pytest.mark.parametrize("times", [CFR, ODD], ids=["cfr", "vfr"])
def test_as_one_pass_would_write_it(clip, tmp_path, suffix, codec, times):
    text = suffix != ".mkv"
    source = clip("in.mp4", times=times, audio=True, subtitles=text, rotation=90)
    one, joined = tmp_path / f"one{suffix}", tmp_path / f"joined{suffix}"
    settings = {"codec": codec, "preset": "veryfast", "threads": 2}
    transcode(source, one, lambda frame: True, mark=Mark(), **settings)
    cut = Cut(source=source, target=joined, **settings)
    paths, last = _shards(cut, tmp_path, BORDERS)
    done = join_shards(cut, paths, last=last, mark=Mark())
    assert done.frames == len(times)
    assert _dump(joined) == _dump(one)
    assert [f.rotation for f in read_frames(joined)] == [f.rotation for f in read_frames(one)]
    assert read_provenance(joined) == read_provenance(one) is not None


def test_one_shard_is_the_same_file(clip, tmp_path):
    source = clip("in.mp4", times=ODD, audio=True)
    transcode(source, tmp_path / "one.mp4", lambda frame: True, threads=2)
    cut = Cut(source=source, target=tmp_path / "joined.mp4", threads=2)
    paths, last = _shards(cut, tmp_path, (None, None))
    join_shards(cut, paths, last=last)
    assert (tmp_path / "joined.mp4").read_bytes() == (tmp_path / "one.mp4").read_bytes()


def test_a_part_begins_at_zero(clip, tmp_path):
    source = clip("in.mp4", times=ODD, audio=True)
    start, end = Fraction(1, 8), Fraction(5, 8)
    transcode(source, tmp_path / "one.mp4", lambda frame: True, start=start, end=end)
    cut = Cut(source=source, target=tmp_path / "joined.mp4", start=start, end=end)
    paths, last = _shards(cut, tmp_path, (start, Fraction(1, 2), end))
    join_shards(cut, paths, last=last)
    assert _dump(tmp_path / "joined.mp4") == _dump(tmp_path / "one.mp4")


def test_every_frame_is_written_by_one_shard_and_seen_by_those_it_leads(clip, tmp_path):
    source = clip("in.mp4", times=CFR)
    cut = Cut(source=source, target=tmp_path / "new.mp4", threads=1)
    seen = []
    prepared = []
    done = write_shard(
        cut,
        tmp_path / "1.nut",
        lambda frame, number: seen.append((frame.pts, number)),
        prepare=lambda frame: prepared.append(frame.pts) or len(prepared),
        start=Fraction(1, 2),
        end=Fraction(1),
        lead_in=Fraction(1, 4),
    )
    assert [pts for pts, _ in seen] == prepared == [pts for pts in CFR if 3840 <= pts < 15360]
    assert [number for _, number in seen] == list(range(1, len(seen) + 1))
    assert done.video.frames == done.video.changed == 15
    with av.open(str(tmp_path / "1.nut")) as shard:
        assert [s.type for s in shard.streams] == ["video"]
        base = shard.streams[0].time_base * 15360
        found = sorted(packet.pts * base for packet in shard.demux() if packet.size)
    assert found == [pts for pts in CFR if 7680 <= pts < 15360]


def test_a_shard_may_be_empty(clip, tmp_path):
    source = clip("in.mp4", times=(0, 512, 15360 * 2, 15360 * 2 + 512))
    cut = Cut(source=source, target=tmp_path / "new.mp4")
    paths, last = _shards(cut, tmp_path, (None, Fraction(1), Fraction(3, 2), None))
    assert join_shards(cut, paths, last=last).frames == 4
    assert [f.pts for f in read_frames(tmp_path / "new.mp4")] == [0, 512, 30720, 31232]


def test_shards_of_another_encoder_are_refused(clip, tmp_path):
    source = clip("in.mp4", times=CFR)
    cut = Cut(source=source, target=tmp_path / "new.mp4", preset="ultrafast")
    paths, _ = _shards(cut, tmp_path, (None, None))
    other = Cut(source=source, target=tmp_path / "new.mp4", preset="medium")
    with pytest.raises(MediaError, match=r"0\.nut: its encoder was set up in another way"):
        join_shards(other, paths)
    (tmp_path / "0.nut").write_bytes(b"no shard")
    with pytest.raises(MediaError, match=r"0\.nut: the shard cannot be read"):
        join_shards(cut, paths)
    assert sorted(path.name for path in Path(tmp_path).iterdir()) == ["0.nut", "in.mp4"]
