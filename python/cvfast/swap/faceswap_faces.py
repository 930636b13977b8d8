"""faceswap's face pictures (PNG) and alignment files (.fsa), read without unpickling.

A face picture of faceswap shows a square of 8/3 (older: 8/5) sides of the unit square in which the
51 inner landmarks lie on the mean face. How far the square is shifted depends on a 3D model, so the
face is found in the picture anew to learn the shift; turn and scale follow from the landmarks.
"""

from __future__ import annotations

import ast
import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import MediaError
from cvfast.geometry.alignment import similarity_transform, transform_points
from cvfast.geometry.sampling import PixelReader
from cvfast.io.opening import open_regular
from cvfast.swap.face_file import FaceRecord
from cvfast.swap.face_types import MEAN_FACE
from cvfast.swap.pickle_values import pickled_values
from cvfast.swap.recut import recut
from cvfast.typing import ImageU8
from cvfast.typing import Path as PathLike

__all__ = ["alignments_bytes", "read_alignments", "read_faceswap"]

_KEYWORD = b"faceswap\0"
_MOST_TEXT = 4 << 20
_MOST_DEPTH = 24
_MOST_ALIGNMENTS = 1 << 30
_MOST_FRAMES, _MOST_FACES = 1 << 22, 1000
_CENTRED = np.array([0.009873, 0.0])  # faceswap's mean face has its middle at 0.5


def read_faceswap(data: bytes, pixels: ImageU8, name: str) -> tuple[ImageU8, FaceRecord] | None:
    """Make a face picture of type ``whole`` of one of faceswap's.

    Parameters
    ----------
    data
        The PNG file's bytes.
    pixels
        The same, decoded: ``(n, n, 3)`` uint8 RGB.
    name
        For messages.

    Returns
    -------
    tuple or None
        Pixels and record, or None where there is no metadata.

    Raises
    ------
    MediaError
        The metadata is damaged or hostile, or no face is found in the picture.
    """
    text = _metadata(data, name)
    if text is None:
        return None
    values = _literal(text, name)
    try:
        given, source = values["alignments"], values["source"]
        points = _points(given["landmarks_xy"])
        in_picture = _to_picture(points, pixels, source.get("alignments_version", 2.0), name)
        return recut(
            PixelReader.of(pixels),
            transform_points(in_picture, points),
            face_type="whole",
            size=max(16, round(len(pixels) * 0.8) // 16 * 16),
            source=str(source.get("source_filename", name))[:255],
            frame=int(source.get("frame", _frame(str(source.get("source_filename", ""))))),
            face=int(source.get("face_index", 0)),
            seconds=0.0,
            source_landmarks=points,
            source_box=_box(given),
        )
    except MediaError:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
        raise MediaError(f"{name}: expected faceswap's metadata, got {error!r}"[:300]) from error


def _frame(name: str) -> int:
    digits = Path(name).stem.rpartition("_")[2]
    return int(digits) if digits.isdecimal() and len(digits) < 10 else 0


def _points(values: Any) -> NDArray[np.float64]:
    if len(values) != 68 or any(len(point) != 2 for point in values):
        raise MediaError("landmarks_xy: expected 68 points")
    points = np.array([[float(x), float(y)] for x, y in values])
    if not np.isfinite(points).all() or np.abs(points).max() > 1e6:
        raise MediaError("landmarks_xy: expected finite points")
    return points


def _box(given: Mapping[str, Any]) -> NDArray[np.float64]:
    x, y, w, h = (float(given[key]) for key in "xywh")
    return np.array([x, y, x + w, y + h])


def _to_picture(
    points: NDArray[np.float64], pixels: ImageU8, version: Any, name: str
) -> NDArray[np.float64]:
    """Return the transform from the frame's points to the picture's."""
    from cvfast.faces.fitting import landmarks

    side = 8 / 3 if float(version) >= 2 else 8 / 5
    unit = similarity_transform(points[17:], MEAN_FACE + _CENTRED)
    scale = len(pixels) / side
    matrix = unit * scale
    found = landmarks(pixels)
    if not found:
        raise MediaError(f"{name}: no face is found in it")
    face = max(found, key=lambda each: float(np.ptp(each.points[:, 0])))
    there = face.to("dlib68").points[17:, :2].astype(np.float64)
    matrix[:, 2] += np.median(there - transform_points(matrix, points[17:]), axis=0)
    return matrix


def _metadata(data: bytes, name: str) -> str | None:
    """Return the text of the iTXt chunk that faceswap writes."""
    at = 8
    while at + 12 <= len(data):
        length = struct.unpack_from(">I", data, at)[0]
        body = data[at + 8 : at + 8 + length]
        if data[at + 4 : at + 8] == b"iTXt" and body.startswith(_KEYWORD):
            rest = body[len(_KEYWORD) :]
            _, _, text = rest[2:].partition(b"\0")  # behind the language
            _, _, text = text.partition(b"\0")  # and the translated keyword
            content = _inflated(text, _MOST_TEXT, name) if rest[:1] == b"\1" else text
            if len(content) > _MOST_TEXT:
                raise MediaError(f"{name}: expected metadata of at most 4 MiB, got more")
            return content.decode("utf-8", "replace")
        at += 12 + length
    return None


def _inflated(data: bytes, most: int, name: str) -> bytes:
    try:
        machine = zlib.decompressobj()
        out = machine.decompress(data, most + 1)
    except zlib.error as error:
        raise MediaError(f"{name}: expected undamaged compressed data: {error}") from error
    if len(out) > most:
        raise MediaError(f"{name}: expected at most {most:,} bytes once unpacked, got more")
    return out


def _literal(text: str, name: str) -> Any:
    """Read a Python literal, of which no more than `_MOST_DEPTH` levels are nested."""
    depth = deepest = 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        deepest = max(deepest, depth)
    if deepest > _MOST_DEPTH or any(text.count(sign * 64) for sign in "-+~"):
        raise MediaError(f"{name}: expected faceswap's metadata, got something nested too deep")
    try:
        return ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise MediaError(f"{name}: expected faceswap's metadata: {error}"[:300]) from error


def read_alignments(path: PathLike) -> Iterator[tuple[str, int, NDArray[np.float64], Any]]:
    """Yield frame name, number of the face, landmarks ``(68, 2)`` and box of an ``.fsa`` file.

    Raises
    ------
    MediaError
        It is damaged, hostile, or larger than it may be.
    """
    with open_regular(path) as file:
        data = file.read(_MOST_ALIGNMENTS + 1)
    if len(data) > _MOST_ALIGNMENTS:
        raise MediaError(f"{path}: expected at most 1 GiB, got more")
    content = _inflated(data, _MOST_ALIGNMENTS, str(path)) if data[:1] == b"x" else data
    values = _values(content, str(path))
    try:
        frames = values.get("__data__", values)
        if len(frames) > _MOST_FRAMES:
            raise ValueError(f"expected at most {_MOST_FRAMES:,} frames, got {len(frames):,}")
        for frame, facts in frames.items():
            faces = facts["faces"] if isinstance(facts, dict) else facts
            if len(faces) > _MOST_FACES:
                raise ValueError(f"expected at most {_MOST_FACES} faces a frame")
            for number, face in enumerate(faces):
                yield str(frame)[:255], number, _points(face["landmarks_xy"]), _box(face)
    except MediaError as error:
        raise MediaError(f"{path}: {error}") from error
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
        raise MediaError(f"{path}: expected faceswap's alignments: {error!r}"[:300]) from error


def _values(content: bytes, name: str) -> Any:
    if content[:1] in (b"{", b"["):
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            raise MediaError(f"{name}: expected undamaged JSON: {error}") from error
    return pickled_values(content, name)


def alignments_bytes(faces: Mapping[str, list[FaceRecord]]) -> bytes:
    """Return an ``.fsa`` file for faceswap's tools, from records by the frame's name.

    faceswap cuts its own face pictures from it (its alignments tool, job "extract").
    """
    import pickle

    data = {
        frame: {"faces": [_face(record) for record in records], "video_meta": {}}
        for frame, records in faces.items()
    }
    return zlib.compress(pickle.dumps({"__meta__": {"version": 2.4}, "__data__": data}, 4))


def _face(record: FaceRecord) -> dict[str, Any]:
    x0, y0, x1, y1 = (round(value) for value in record.source_box.tolist())
    points = record.source_landmarks.astype(np.float32).tolist()
    return {"x": x0, "y": y0, "w": x1 - x0, "h": y1 - y0, "landmarks_xy": points,
            "mask": {}, "identity": {}, "thumb": None}  # fmt: skip
