"""The mark that cvfast leaves in what it altered: XMP with an IPTC digital source type."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from cvfast.errors import MediaError
from cvfast.io.bmff import append_mp4_mark, read_mp4_xmp
from cvfast.io.formats import sniff
from cvfast.io.opening import open_regular
from cvfast.typing import Path as PathLike

if TYPE_CHECKING:
    from xml.dom.minidom import Document, Element

__all__ = [
    "Mark",
    "append_mp4_mark",
    "parse_xmp",
    "read_mp4_xmp",
    "read_provenance",
    "xmp_packet",
]

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
MAX_PACKET = 1 << 20
_MAX_DEPTH = 64  # XMP nests a handful of levels; deeper input is an attack on the recursion limit

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XMP = "http://ns.adobe.com/xap/1.0/"
_MM = "http://ns.adobe.com/xap/1.0/mm/"
_EVENT = "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_XMLNS = "http://www.w3.org/2000/xmlns/"

# Control characters and lone surrogates cannot be written in XML.
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@cache
def _software() -> str:
    """Name this program and its version."""
    try:
        return f"cvfast {version('cvfast')}"
    except PackageNotFoundError:  # run from a source tree
        return "cvfast 0"


@dataclass(frozen=True)
class Mark:
    """What was done to a picture or clip, and by which program.

    Parameters
    ----------
    source_type : str
        A term of IPTC's digital source types (``algorithmicallyEnhanced``,
        ``compositeWithTrainedAlgorithmicMedia``, ...); anything with a colon is taken as a URI.
    software : str
        The program and its version.
    actions : tuple of str
        What was done, one ``name=value`` each.

    Raises
    ------
    TypeError
        A field is no string, or `actions` is no tuple of strings.
    ValueError
        A string contains control characters, or `source_type` is empty.

    Examples
    --------
    >>> from cvfast.io import Mark
    >>> Mark(software="cvfast 0.1.0", actions=("big_eyes=0.4",))
    Mark(source_type='algorithmicallyEnhanced', software='cvfast 0.1.0', actions=('big_eyes=0.4',))
    """

    source_type: str = "algorithmicallyEnhanced"
    software: str = field(default_factory=_software)
    actions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.actions, tuple):
            raise TypeError(f"actions: expected a tuple of str, got {type(self.actions).__name__}")
        texts = [("source_type", self.source_type), ("software", self.software)]
        for name, text in [*texts, *(("actions", action) for action in self.actions)]:
            if not isinstance(text, str):
                raise TypeError(f"{name}: expected str, got {type(text).__name__}")
            if _UNWRITABLE.search(text):
                raise ValueError(f"{name}: expected text without control characters, got {text!r}")
        if not self.source_type:
            raise ValueError("source_type: expected a term such as algorithmicallyEnhanced, got ''")

    @property
    def source_uri(self) -> str:
        """The source type as a URI, the form in which it is stored."""
        return self.source_type if ":" in self.source_type else SOURCE_TYPES + self.source_type


def xmp_packet(mark: Mark, *, existing: bytes | None = None) -> bytes:
    """Write `mark` as an XMP packet, merged into one that the file had.

    Parameters
    ----------
    mark : Mark
        What was done.
    existing : bytes, optional
        The input's packet. Its properties are kept, except the source type and the creator tool,
        which are replaced; its history grows by one event for each action. A packet that is no
        proper XMP, or would grow over 1 MiB, is left out.

    Returns
    -------
    bytes
        UTF-8, wrapped in the ``xpacket`` processing instructions.

    Examples
    --------
    >>> from cvfast.io import Mark
    >>> from cvfast.io.provenance import parse_xmp, xmp_packet
    >>> parse_xmp(xmp_packet(Mark(software="cvfast 0.1.0"))).source_type
    'algorithmicallyEnhanced'
    """
    body = _fresh(mark)
    old = _document(existing) if existing else None
    if old is not None and old.getElementsByTagNameNS(_RDF, "RDF"):
        merged = _wrapped(_merged(old, _require(body)))
        if len(merged) <= MAX_PACKET:
            return merged
    return _wrapped(body)


def _wrapped(body: str) -> bytes:
    return (
        f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n{body}\n<?xpacket end="w"?>'
    ).encode()


def parse_xmp(data: bytes) -> Mark | None:
    """Read the mark out of an XMP packet, whoever wrote it.

    Parameters
    ----------
    data : bytes
        The packet. Over 1 MiB, with a document type or entities, or nested deeply, it is not read.

    Returns
    -------
    Mark or None
        None if the packet is broken or names no digital source type. `actions` has the history
        events of the program that the packet names as creator tool, whatever its version.

    Examples
    --------
    >>> from cvfast.io.provenance import parse_xmp
    >>> parse_xmp(b"no xml") is None
    True
    """
    document = _document(data)
    if document is None:
        return None
    source = _property(document, _IPTC, "DigitalSourceType")
    if not source:
        return None
    term = re.sub(rf"^https?://{re.escape(SOURCE_TYPES[7:])}(?=[^:]+$)", "", source)
    software = _property(document, _XMP, "CreatorTool") or ""
    program = software.split(" ")[0]
    events = [
        _field(event, "parameters")
        for history in document.getElementsByTagNameNS(_MM, "History")
        for event in history.getElementsByTagNameNS(_RDF, "li")
        if _field(event, "softwareAgent").split(" ")[0] == program
    ]
    return Mark(term, software, tuple(event for event in events if event))


def read_provenance(path: PathLike) -> Mark | None:
    """Read the mark of a picture (JPEG, PNG, WebP, TIFF, AVIF, HEIC) or clip (MP4, MOV, MKV).

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    Mark or None
        None if the file carries no digital source type: it was not marked, or lost its metadata.

    Raises
    ------
    MediaError
        The file is missing, unreadable, or in none of these formats.
    """
    try:
        with open_regular(path) as file:
            head = file.read(16)
    except OSError as error:
        raise MediaError(f"{path}: cannot be read: {error.strerror}") from error
    if sniff(head) is None and head[4:8] in {
        b"ftyp",
        b"moov",
        b"mdat",
        b"wide",
        b"free",
        b"skip",
        b"pnot",
        b"uuid",
    }:
        packet = read_mp4_xmp(path)
    elif head[:4] == b"\x1a\x45\xdf\xa3":  # EBML: Matroska and WebM keep XMP as a tag
        from cvfast.io.clip import stored_xmp

        packet = stored_xmp(path)
    else:
        from cvfast.io.image_reader import read_image_xmp

        packet = read_image_xmp(path)
    return parse_xmp(packet) if packet else None


def _fresh(mark: Mark) -> str:
    """XMP with nothing but the mark."""
    agent = quoteattr(mark.software)
    events = "".join(
        f'<rdf:li stEvt:action="edited" stEvt:softwareAgent={agent} '
        f"stEvt:parameters={quoteattr(action)}/>"
        for action in mark.actions
    )
    history = f"<xmpMM:History><rdf:Seq>{events}</rdf:Seq></xmpMM:History>" if events else ""
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}">'
        f'<rdf:Description xmlns:xmp="{_XMP}" xmlns:xmpMM="{_MM}" xmlns:stEvt="{_EVENT}" '
        f'xmlns:Iptc4xmpExt="{_IPTC}" rdf:about="" xmp:CreatorTool={agent} '
        f"Iptc4xmpExt:DigitalSourceType={quoteattr(mark.source_uri)}>"
        f"{history}</rdf:Description></rdf:RDF></x:xmpmeta>"
    )


def _merged(old: Document, new: Document) -> str:
    """Put the mark's description into the older packet."""
    rdf = old.getElementsByTagNameNS(_RDF, "RDF")[0]
    for space, name in ((_IPTC, "DigitalSourceType"), (_XMP, "CreatorTool")):
        for element in rdf.getElementsByTagNameNS(space, name):
            if element.parentNode is not None:
                element.parentNode.removeChild(element)
        for description in rdf.getElementsByTagNameNS(_RDF, "Description"):
            if description.hasAttributeNS(space, name):
                description.removeAttributeNS(space, name)
    addition = old.importNode(new.getElementsByTagNameNS(_RDF, "Description")[0], True)
    about = rdf.getElementsByTagNameNS(_RDF, "Description")
    if about:  # descriptions of one resource must name it alike
        addition.setAttribute("rdf:about", about[0].getAttributeNS(_RDF, "about"))
    past = [
        sequence
        for history in rdf.getElementsByTagNameNS(_MM, "History")
        for sequence in history.getElementsByTagNameNS(_RDF, "Seq")
    ]
    ours = addition.getElementsByTagNameNS(_MM, "History")
    if past and ours:
        addition.removeChild(ours[0])
        for event in list(ours[0].getElementsByTagNameNS(_RDF, "li")):
            for prefix, space in (("rdf", _RDF), ("stEvt", _EVENT)):
                event.setAttributeNS(_XMLNS, f"xmlns:{prefix}", space)
            past[0].appendChild(event)
    addition.setAttributeNS(_XMLNS, "xmlns:rdf", _RDF)  # the older packet may use another prefix
    rdf.appendChild(addition)
    return "".join(node.toxml() for node in old.childNodes if node.nodeType == node.ELEMENT_NODE)


def _require(text: str) -> Document:
    document = _document(text.encode())
    if document is None:
        raise ValueError(f"mark: expected at most {MAX_PACKET:,} bytes of XMP, got {len(text):,}")
    return document


def _document(data: bytes) -> Document | None:
    """Parse XML that may be hostile; None if it is broken or asks for more than XMP needs."""
    if not data.startswith((b"\xff\xfe", b"\xfe\xff")):  # zeros are half of UTF-16
        data = data.strip(b"\x00 \t\r\n")
    if not data or len(data) > MAX_PACKET or not _harmless(data):
        return None
    from xml.dom import minidom

    try:
        return minidom.parseString(data)  # noqa: S318 - _harmless refused entities
    except (expat.ExpatError, ValueError, LookupError):
        return None


def _harmless(data: bytes) -> bool:
    """Whether `data` is well-formed XML without a document type (so without entities), not deep."""
    depth = 0

    def start(_name: str, _attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_DEPTH:
            raise ValueError("nested too deeply")

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def refuse(*_arguments: object) -> None:
        raise ValueError("document types are not accepted")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError):
        return False
    return True


def _property(document: Document, space: str, name: str) -> str:
    """Read a simple property, written as an attribute, as text, or as rdf:resource."""
    for description in document.getElementsByTagNameNS(_RDF, "Description"):
        if description.hasAttributeNS(space, name):
            return _clean(description.getAttributeNS(space, name))
    for element in document.getElementsByTagNameNS(space, name):
        return _clean(element.getAttributeNS(_RDF, "resource") or _text(element).strip())
    return ""


def _field(event: Element, name: str) -> str:
    """Read a field of a history event, written either way."""
    if event.hasAttributeNS(_EVENT, name):
        return _clean(event.getAttributeNS(_EVENT, name))
    return "".join(_clean(_text(e).strip()) for e in event.getElementsByTagNameNS(_EVENT, name)[:1])


def _text(element: Element) -> str:
    return "".join(node.data for node in element.childNodes if node.nodeType == node.TEXT_NODE)


def _clean(text: str) -> str:
    return _UNWRITABLE.sub(" ", text)
