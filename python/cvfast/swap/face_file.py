"""Face pictures: a cut-out face in a JPEG or PNG file that knows where it came from.

The record is JSON behind a name of ours: in APP15 segments of a JPEG, in an iTXt chunk of a PNG.
"""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import MediaError
from cvfast.io.atomic import write_bytes
from cvfast.io.formats import contained
from cvfast.io.opening import open_regular
from cvfast.io.provenance import Mark, xmp_packet
from cvfast.swap.face_types import FACE_TYPES
from cvfast.swap.jpeg_segments import add_segment, segments, without
from cvfast.typing import ImageU8
from cvfast.typing import Path as PathLike

__all__ = ["SUFFIXES", "FaceRecord", "face_files", "read_record", "write_face", "write_record"]

SUFFIXES = (".jpg", ".jpeg", ".png")
_NAME = b"cvfast-face\0"
_KEYWORD = b"cvfast-face\0\0\0\0\0"  # of an iTXt chunk: no compression, no language
_XMP_KEYWORD = b"XML:com.adobe.xmp\0\0\0\0\0"
_APP15 = 0xEF
_SEGMENT = 65_000
_MOST_JSON = 4 << 20
_MOST_FILE = 256 << 20
_VERSION = 1
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, kw_only=True, eq=False)
class FaceRecord:
    """Where a face picture came from, and what is known of it.

    Parameters
    ----------
    face_type
        A name in `FACE_TYPES`.
    landmarks
        ``(68, 2)`` float64 in pixels of the face picture.
    source
        Name of the clip or picture.
    frame
        Number of the frame in the clip's order of showing, from 0; of pictures, in order of name.
    seconds
        The frame's time since the clip's first.
    face
        Which of the frame's faces: the track's number.
    source_landmarks
        ``(68, 2)`` float64 in pixels of the frame.
    source_box
        ``(4,)`` float64 x0, y0, x1, y1 in the frame.
    matrix
        ``(2, 3)`` float64 from the frame's points to the face picture's.
    polygons
        Mask labels: ``{"include": bool, "points": [[x, y], ...]}`` in shares of the picture's side.
    mask
        ``(h, w)`` uint8 what is face, in the picture; None if no mask was applied.
    more
        JSON values of others (imported fields), kept as they are.
    """

    face_type: str
    landmarks: NDArray[np.float64]
    source: str
    frame: int
    seconds: float
    face: int
    source_landmarks: NDArray[np.float64]
    source_box: NDArray[np.float64]
    matrix: NDArray[np.float64]
    polygons: tuple[dict[str, Any], ...] = ()
    mask: ImageU8 | None = None
    more: dict[str, Any] | None = None

    def to_json(self) -> str:
        """Return the record as it stands in a file."""
        from cvfast.swap.mask_bytes import mask_text

        content: dict[str, Any] = {
            "version": _VERSION,
            "face_type": self.face_type,
            "source": self.source,
            "frame": self.frame,
            "seconds": self.seconds,
            "face": self.face,
            "polygons": list(self.polygons),
            "more": self.more or {},
        }
        for name in _ARRAYS:
            content[name] = np.asarray(getattr(self, name), np.float64).tolist()
        if self.mask is not None:
            content["mask"] = mask_text(self.mask)
        return json.dumps(content)

    @classmethod
    def from_json(cls, text: str | bytes, name: str) -> FaceRecord:
        """Read `to_json`'s text; ``name`` is the file's, for messages.

        Raises
        ------
        MediaError
            It is no such record, or of a newer version.
        """
        from cvfast.swap.mask_bytes import read_mask_text

        try:
            content = json.loads(text)
            version = content["version"]
            if version != _VERSION:
                raise MediaError(
                    f"{name}: expected a face record of version {_VERSION}, got {version!r}: a "
                    "newer cvfast wrote it; update this one"
                )
            arrays = {key: _array(content[key], shape) for key, shape in _ARRAYS.items()}
            if content["face_type"] not in FACE_TYPES:
                raise ValueError(f"face_type {content['face_type']!r}")
            mask = content.get("mask")
            return cls(
                face_type=content["face_type"],
                source=str(content["source"]),
                frame=int(content["frame"]),
                seconds=float(content["seconds"]),
                face=int(content["face"]),
                polygons=tuple(_polygon(given) for given in content["polygons"]),
                mask=None if mask is None else read_mask_text(mask, name),
                more=dict(content["more"]),
                **arrays,
            )
        except MediaError:
            raise
        except (ValueError, TypeError, LookupError, OverflowError, RecursionError) as error:
            raise MediaError(f"{name}: expected an undamaged face record: {error!r}") from error


_ARRAYS = {
    "landmarks": (68, 2),
    "source_landmarks": (68, 2),
    "source_box": (4,),
    "matrix": (2, 3),
}


def _array(values: Any, shape: tuple[int, ...]) -> NDArray[np.float64]:
    array = np.array(values, np.float64)
    if array.shape != shape or not np.isfinite(array).all():
        raise ValueError(f"expected finite numbers of shape {shape}, got shape {array.shape}")
    return array


def _polygon(given: Any) -> dict[str, Any]:
    points = np.array(given["points"], np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise ValueError("polygon: expected points (N, 2)")
    return {"include": bool(given["include"]), "points": points.tolist()}


def face_files(folder: PathLike) -> list[Path]:
    """Return the pictures of a folder by name; no folder has none."""
    root = Path(folder)
    if not root.is_dir():
        return []
    return sorted(
        path
        for path in root.iterdir()
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    )


def write_face(
    path: PathLike,
    pixels: ImageU8,
    record: FaceRecord,
    *,
    quality: int = 90,
    overwrite: bool = False,
    mark: Mark | None = None,
) -> None:
    """Write a face picture (``.jpg`` or ``.png``) with its record, whole or not at all.

    A mark says what was done to its pixels, where they are no longer the frame's.

    Raises
    ------
    ValueError
        Another suffix.
    OutputError
        It cannot be written.
    """
    from PIL import Image as Pillow
    from PIL.PngImagePlugin import PngInfo

    kind = Path(path).suffix.lower()
    if kind not in SUFFIXES:
        raise ValueError(f"path: expected a name ending in {', '.join(SUFFIXES)}, got {path}")
    packet = b"" if mark is None else xmp_packet(mark)
    buffer = io.BytesIO()
    if kind == ".png":
        chunks = PngInfo()
        if packet:
            chunks.add(b"iTXt", _XMP_KEYWORD + packet)
        Pillow.fromarray(pixels).save(buffer, "PNG", pnginfo=chunks)
    else:
        options = {"quality": quality, "subsampling": 0, "xmp": packet}
        Pillow.fromarray(pixels).save(buffer, "JPEG", **options)
    write_bytes(path, with_record(buffer.getvalue(), record), overwrite=overwrite)


def write_record(path: PathLike, record: FaceRecord) -> None:
    """Replace the record in a face picture; its pixels stay byte for byte.

    Raises
    ------
    MediaError, OutputError
        It cannot be read, or not be written.
    """
    data = _read(Path(path))
    write_bytes(path, with_record(data, record), overwrite=True)


def read_record(path: PathLike) -> FaceRecord | None:
    """Return the record in a face picture, or None where there is none.

    Raises
    ------
    MediaError
        The file cannot be read, is no JPEG or PNG, or its record is damaged.
    """
    data = _read(Path(path))
    text = b"".join(content for _, _, content in _ours(data, str(path)))
    return FaceRecord.from_json(text, str(path)) if text else None


def _read(path: Path) -> bytes:
    with contained(path, "a face picture"), open_regular(path) as file:
        data = file.read(_MOST_FILE + 1)
    if len(data) > _MOST_FILE:
        raise MediaError(f"{path}: expected a face picture of at most 256 MiB, got more")
    return data


def with_record(data: bytes, record: FaceRecord) -> bytes:
    """Return a JPEG's or PNG's bytes with a record, instead of what record it had."""
    data, text = without_record(data), record.to_json().encode()
    if data.startswith(_PNG):
        body = _KEYWORD + text
        check = zlib.crc32(b"iTXt" + body)
        chunk = struct.pack(">I", len(body)) + b"iTXt" + body + struct.pack(">I", check)
        return data[:33] + chunk + data[33:]  # right behind IHDR
    for at in range(0, len(text), _SEGMENT):
        data = add_segment(data, _APP15, _NAME + text[at : at + _SEGMENT])
    return data


def without_record(data: bytes) -> bytes:
    """Return a JPEG's or PNG's bytes without our record."""
    return without(data, [(start, end) for start, end, _ in _ours(data, "picture")])


def _ours(data: bytes, name: str) -> Iterator[tuple[int, int, bytes]]:
    """Yield start, end and content of each piece of our record."""
    if data.startswith(_PNG):
        pieces = _chunks(data)
    elif data.startswith(b"\xff\xd8"):
        pieces = (
            (start, end, data[start + 4 + len(_NAME) : end])
            for start, end, marker in segments(data)
            if marker == _APP15 and data[start + 4 :].startswith(_NAME, 0, len(_NAME))
        )
    else:
        raise MediaError(f"{name}: expected a JPEG or PNG face picture, got something else")
    total = 0
    for start, end, content in pieces:
        total += len(content)
        if total > _MOST_JSON:
            raise MediaError(f"{name}: expected a face record of at most 4 MiB, got more")
        yield start, end, content


def _chunks(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 8
    while at + 12 <= len(data):
        length = struct.unpack_from(">I", data, at)[0]
        end = at + 12 + length
        if end > len(data):
            return
        body = data[at + 8 : end - 4]
        if data[at + 4 : at + 8] == b"iTXt" and body.startswith(_KEYWORD):
            yield at, end, body[len(_KEYWORD) :]
        at = end
