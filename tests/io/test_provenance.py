from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cvfast.errors import MediaError
from cvfast.io import Mark
from cvfast.io.images import read_image, write_image
from cvfast.io.provenance import append_mp4_mark, parse_xmp, read_provenance, xmp_packet
from cvfast.typing import ImageU8
from hypothesis import given
from hypothesis import strategies as st

FOREIGN = b"""<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><R:RDF xmlns:R="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<R:Description R:about="uuid:7" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:xap="http://ns.adobe.com/xap/1.0/" xmlns:mm="http://ns.adobe.com/xap/1.0/mm/"
 xmlns:e="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#" xap:CreatorTool="Darkroom 3">
<dc:creator><R:Seq><R:li>A. Photographer</R:li></R:Seq></dc:creator>
<mm:History><R:Seq><R:li R:parseType="Resource"><e:action>cropped</e:action>
<e:softwareAgent>Darkroom 3</e:softwareAgent><e:parameters>by hand</e:parameters></R:li></R:Seq>
</mm:History></R:Description></R:RDF></x:xmpmeta>
<?xpacket end='w'?>"""
WORDS = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=20
)


@given(
    WORDS.filter(lambda word: word and ":" not in word and "/" not in word),
    WORDS,
    st.lists(WORDS.filter(bool), max_size=3),
)
def test_every_mark_comes_back(source: str, software: str, actions: list[str]) -> None:
    mark = Mark(source, software, tuple(actions))
    assert parse_xmp(xmp_packet(mark)) == mark
    merged = parse_xmp(xmp_packet(mark, existing=FOREIGN))
    assert merged is not None
    assert (merged.source_type, merged.software) == (source, software)


def test_the_packet_names_the_iptc_term_in_full() -> None:
    packet = xmp_packet(Mark(actions=("big_eyes=0.4",))).decode()
    uri = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"
    assert f'Iptc4xmpExt:DigitalSourceType="{uri}"' in packet
    assert 'stEvt:parameters="big_eyes=0.4"' in packet
    assert Mark().software.startswith("cvfast ")


def test_the_older_packet_is_kept_and_its_history_grows() -> None:
    first = xmp_packet(Mark(software="cvfast 1", actions=("a=1",)), existing=FOREIGN)
    second = xmp_packet(Mark(software="cvfast 2", actions=("b=2",)), existing=first)
    text = second.decode()
    for kept in ("A. Photographer", "by hand", "uuid:7"):
        assert text.count(kept) == FOREIGN.decode().count(kept) or kept == "uuid:7"
    assert "CreatorTool" in text
    assert "Darkroom 3</e:softwareAgent>" in text
    assert 'CreatorTool="Darkroom 3"' not in text
    assert text.count("DigitalSourceType=") == 1
    assert parse_xmp(second) == Mark(software="cvfast 2", actions=("a=1", "b=2"))


def test_other_programs_marks_are_read() -> None:
    uri = b"https://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    packet = (
        b'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><r:Description '
        b'xmlns:i="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"><i:DigitalSourceType>\n'
        + uri
        + b"\n</i:DigitalSourceType></r:Description></r:RDF>"
    )
    assert parse_xmp(packet) == Mark("trainedAlgorithmicMedia", "")
    resource = packet.replace(b">\n" + uri + b"\n<", b' r:resource="' + uri + b'"><')
    assert parse_xmp(resource) == Mark("trainedAlgorithmicMedia", "")
    assert parse_xmp(packet.decode().encode("utf-16")) == Mark("trainedAlgorithmicMedia", "")
    assert parse_xmp(FOREIGN) is None


@pytest.mark.parametrize(
    "attack",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'.encode("utf-16"),
        b"<x>" * 100_000 + b"</x>" * 100_000,
        b"<x>" * 100 + b"</x>" * 100,
        xmp_packet(Mark()) + b" " * (1 << 20) + b"<",
        b"<?xml version='1.0' encoding='no-such'?><x/>",
        b"",
        b"\0\0",
    ],
)
def test_hostile_packets_are_not_read(attack: bytes) -> None:
    assert parse_xmp(attack) is None
    assert parse_xmp(xmp_packet(Mark(), existing=attack)) == Mark()


@given(
    st.binary(max_size=300)
    | st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace"))
)
def test_any_bytes_are_parsed_or_none(data: bytes) -> None:
    assert parse_xmp(data) is None
    assert parse_xmp(xmp_packet(Mark(), existing=data)) == Mark()


@given(st.data())
def test_any_damage_to_a_packet_is_survived(data: st.DataObject) -> None:
    packet = bytearray(xmp_packet(Mark(actions=("a=1",)), existing=FOREIGN))
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(packet)))
        stop = data.draw(st.integers(start, min(len(packet), start + 40)))
        packet[start:stop] = data.draw(st.sampled_from([b"", b"<", b'"', b"rdf:RDF", b"\xff"]))
    found = parse_xmp(bytes(packet))
    assert found is None or isinstance(found, Mark)
    assert parse_xmp(xmp_packet(Mark("humanEdits"), existing=bytes(packet))) is not None


def test_bad_marks() -> None:
    with pytest.raises(TypeError, match="actions: expected a tuple"):
        Mark(actions=["a"])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="actions: expected str, got int"):
        Mark(actions=(1,))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="software: expected text without control"):
        Mark(software="a\nb")
    with pytest.raises(ValueError, match="source_type: expected a term"):
        Mark("")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_every_picture_format_carries_the_mark(
    tmp_path: Path, photo: ImageU8, suffix: str, dtype: type
) -> None:
    pixels = photo if dtype is np.uint8 else photo.astype(np.float32) / 255
    plain, once, twice = (tmp_path / f"{name}{suffix}" for name in ("plain", "once", "twice"))
    write_image(plain, pixels)
    assert read_provenance(plain) is None
    write_image(once, pixels, mark=Mark(actions=("big_eyes=0.4",)))
    assert read_provenance(once) == Mark(actions=("big_eyes=0.4",))
    write_image(twice, read_image(once), mark=Mark(actions=("slim_face=0.2",)))
    assert read_provenance(twice) == Mark(actions=("big_eyes=0.4", "slim_face=0.2"))
    write_image(plain, read_image(twice), overwrite=True)
    assert read_provenance(plain) == read_provenance(twice)


def test_a_packet_too_long_for_jpeg_gives_way_to_the_mark(tmp_path: Path, photo: ImageU8) -> None:
    long = FOREIGN.replace(b"by hand", b"x" * 65_000)
    source = tmp_path / "a.png"
    write_image(source, photo, mark=Mark())
    from dataclasses import replace

    picture = replace(read_image(source), xmp=long)
    write_image(tmp_path / "a.jpg", picture, mark=Mark())
    assert read_provenance(tmp_path / "a.jpg") == Mark()


def test_clips_and_files_that_are_neither(tmp_path: Path) -> None:
    clip = tmp_path / "a.mp4"
    clip.write_bytes(b"\0\0\0\x0cftypisom\0\0\0\x08mdat")
    assert read_provenance(clip) is None
    append_mp4_mark(clip, xmp_packet(Mark(actions=("a=1",))))
    assert read_provenance(clip) == Mark(actions=("a=1",))
    text = tmp_path / "a.png"
    text.write_text("no picture")
    with pytest.raises(MediaError, match=r"a\.png: expected a JPEG, PNG"):
        read_provenance(text)
    with pytest.raises(MediaError, match="missing: cannot be read"):
        read_provenance(tmp_path / "missing")


def test_a_packet_that_would_grow_too_large_is_left_out() -> None:
    small = xmp_packet(Mark(actions=("x=1",)))
    room = (1 << 20) - len(small) - 10
    large = small.replace(b"x=1", b"x=1" + b"y" * room)
    packet = xmp_packet(Mark(actions=("z=1",)), existing=large)
    assert len(packet) < 2000
    mark = parse_xmp(packet)
    assert mark is not None
    assert mark.actions == ("z=1",)
