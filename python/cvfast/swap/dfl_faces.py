"""DeepFaceLab's face pictures: a pickled dictionary in a JPEG's APP15 segment, or many in a .pak.

They are read without unpickling (`cvfast.swap.pickle_values`) and written so that DeepFaceLab's
Python 3.6 with NumPy 1.19 can load them.
"""

from __future__ import annotations

import os
import pickle
import re
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import MediaError
from cvfast.io.opening import open_regular
from cvfast.swap.face_file import FaceRecord
from cvfast.swap.jpeg_segments import add_segment, segments, without
from cvfast.swap.mask_bytes import png_of, read_mask_bytes
from cvfast.swap.pickle_values import pickled_values
from cvfast.typing import ImageU8
from cvfast.typing import Path as PathLike

__all__ = ["dfl_bytes", "packed_faces", "read_dfl"]

_APP15 = 0xEF
_NAMES = {
    "half": "half_face",
    "midfull": "midfull_face",
    "full": "full_face",
    "whole": "whole_face",
    "head": "head",
}
_TYPES = {name: kind for kind, name in _NAMES.items()}
_MOST_CONFIG = 256 << 20
_MOST_FACES = 1 << 20
_MOST_FACE = 64 << 20
_MOST_POLYGONS, _MOST_POINTS = 1000, 10_000


def read_dfl(data: bytes, name: str) -> tuple[bytes, FaceRecord] | None:
    """Take a face picture of DeepFaceLab apart.

    Parameters
    ----------
    data
        The JPEG file's bytes.
    name
        For messages.

    Returns
    -------
    tuple or None
        The JPEG without the pickle (its pixels untouched) and the record; None where there is no
        metadata ("not a dfl image").

    Raises
    ------
    MediaError
        The metadata is damaged, hostile, or of a face type without alignment.
    """
    found = [
        (start, end)
        for start, end, marker in segments(data)
        if marker == _APP15 and data[start + 4 : start + 5] in (b"\x80", b"(", b"}")
    ]
    if not found:
        return None
    start, end = found[0]
    values = pickled_values(data[start + 4 : end], name)
    clean = without(data, found)
    return clean, _record(values, clean, name)


def _record(values: Any, jpeg: bytes, name: str) -> FaceRecord:
    try:
        kind = _TYPES.get(values["face_type"])
        if kind is None:
            raise MediaError(
                f"{name}: expected a face type of {', '.join(_TYPES)}, got "
                f"{str(values['face_type'])[:40]!r}; extract the frames anew instead"
            )
        side = _side(jpeg, name)
        source = str(values.get("source_filename") or name)[:255]
        matrix = values.get("image_to_face_mat")
        landmarks = _numbers(values["landmarks"], (68, 2))
        record = FaceRecord(
            face_type=kind,
            landmarks=landmarks,
            source=source,
            frame=_number_in(source),
            seconds=0.0,
            face=_number_in(Path(name).stem.rpartition("_")[2]) if "_" in Path(name).stem else 0,
            source_landmarks=_numbers(values.get("source_landmarks", landmarks), (68, 2)),
            source_box=_numbers(values.get("source_rect", (0, 0, side, side)), (4,)),
            matrix=_numbers(np.eye(2, 3) if matrix is None else matrix, (2, 3)),
            polygons=_polygons(values.get("seg_ie_polys"), side),
            more=_more(values),
        )
        mask = values.get("xseg_mask")
        return record if mask is None else replace(record, mask=_mask(mask))
    except MediaError:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
        raise MediaError(f"{name}: expected DeepFaceLab's metadata, got {error!r}"[:300]) from error


def _more(values: Any) -> dict[str, Any]:
    expand = values.get("eyebrows_expand_mod")
    return {} if expand is None else {"eyebrows_expand_mod": float(expand)}


def _numbers(values: Any, shape: tuple[int, ...]) -> NDArray[np.float64]:
    if not isinstance(values, np.ndarray):
        values = _bounded(values, shape)
    array = np.asarray(values, np.float64)
    if array.shape != shape or not np.isfinite(array).all():
        raise ValueError(f"expected finite numbers of shape {shape}, got shape {array.shape}")
    return array


def _bounded(values: Any, shape: tuple[int, ...]) -> list[Any]:
    """Return lists of exactly that shape: parts that stand in many places never unfold."""
    if len(values) != shape[0]:
        raise ValueError(f"expected {shape[0]} values, got {len(values)}")
    if len(shape) == 1:
        return [float(value) for value in values]
    return [_bounded(value, shape[1:]) for value in values]


def _polygons(given: Any, side: int) -> tuple[dict[str, Any], ...]:
    """Read labels: ``{'polys': [{'type': 0 or 1, 'pts': (N, 2)}]}``, or a list of (type, pts)."""
    if given is None:
        return ()
    polygons = given["polys"] if isinstance(given, dict) else given
    if len(polygons) > _MOST_POLYGONS:
        raise ValueError(f"expected at most {_MOST_POLYGONS} polygons, got {len(polygons)}")
    out = []
    for polygon in polygons:
        pair = isinstance(polygon, (tuple, list))
        include, points = polygon if pair else (polygon["type"], polygon["pts"])
        if len(points) > _MOST_POINTS:
            raise ValueError(f"expected at most {_MOST_POINTS} points, got {len(points)}")
        shares = _numbers(points, (len(points), 2)) / side
        out.append({"include": bool(include), "points": shares.tolist()})
    return tuple(out)


def _mask(data: Any) -> ImageU8:
    content = bytes(data.astype(np.uint8)) if isinstance(data, np.ndarray) else bytes(data)
    return np.where(read_mask_bytes(content) > 127, np.uint8(255), np.uint8(0))


def _side(jpeg: bytes, name: str) -> int:
    import io

    from cvfast.io.formats import contained, quiet

    with contained(name, "a JPEG face picture"), quiet():
        from PIL import JpegImagePlugin

        with JpegImagePlugin.JpegImageFile(io.BytesIO(jpeg)) as picture:
            width, height = picture.size
            if max(width, height) <= 4096:
                picture.load()  # so that a picture that ends too early is told now
    if width != height or not 16 <= width <= 4096:
        raise MediaError(f"{name}: expected a square of 16 to 4096 pixels, got {width} x {height}")
    return width


def _number_in(text: str) -> int:
    """Return the last number in a file's name, as of a frame."""
    found = re.findall(r"\d{1,9}", Path(text).stem)
    return int(found[-1]) if found else 0


def dfl_bytes(jpeg: bytes, record: FaceRecord) -> bytes:
    """Put a record into a JPEG as DeepFaceLab does.

    Parameters
    ----------
    jpeg
        A face picture's bytes, without our record.
    record
        What is known of it.

    Raises
    ------
    ValueError
        The metadata does not fit into a segment (65,533 bytes).
    """
    side = _side(jpeg, "picture")
    values: dict[str, Any] = {
        "face_type": _NAMES[record.face_type],
        "landmarks": record.landmarks.tolist(),
        "source_filename": Path(record.source).stem + f"_{record.frame:05d}.png",
        "source_rect": [round(value) for value in record.source_box.tolist()],
        "source_landmarks": record.source_landmarks.tolist(),
        "image_to_face_mat": record.matrix.tolist(),
        "eyebrows_expand_mod": (record.more or {}).get("eyebrows_expand_mod", 1.0),
    }
    if record.polygons:
        polygons = [
            {
                "type": int(polygon["include"]),
                "pts": (np.array(polygon["points"]) * side).astype(np.float32),
            }
            for polygon in record.polygons
        ]
        values["seg_ie_polys"] = {"polys": polygons}
    if record.mask is not None:
        values["xseg_mask"] = np.frombuffer(png_of(record.mask), np.uint8)
    # Protocol 2 names modules as lines of text; NumPy before 2 has no `_core`.
    text = pickle.dumps(values, 2).replace(b"cnumpy._core.", b"cnumpy.core.")
    return add_segment(jpeg, _APP15, text)


def packed_faces(path: PathLike) -> Iterator[tuple[str, bytes]]:
    """Yield name and JPEG bytes of each face in a ``faceset.pak``, one at a time.

    Raises
    ------
    MediaError
        It is damaged, of another version, or larger than it may be.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        version, length = _unsigned(file.read(16), 2, path)
        if version != 1 or length > min(_MOST_CONFIG, size):
            raise MediaError(f"{path}: expected a faceset.pak of version 1, got version {version}")
        configs = pickled_values(file.read(length), str(path))
        if not isinstance(configs, list) or len(configs) > _MOST_FACES:
            raise MediaError(f"{path}: expected a list of at most {_MOST_FACES:,} faces")
        count = len(configs)
        offsets = _unsigned(file.read(8 * (count + 1)), count + 1, path)
        begin = file.tell()
        if offsets[0] == begin:  # counted from the file's start
            begin = 0
        for number, (config, start, end) in enumerate(
            zip(configs, offsets[:-1], offsets[1:], strict=True)
        ):
            if not start <= end <= size - begin or end - start > _MOST_FACE:
                raise MediaError(f"{path}: face {number}: expected its bytes inside the file")
            file.seek(begin + start)
            yield _packed_name(config, number), file.read(end - start)


def _unsigned(data: bytes, count: int, path: PathLike) -> tuple[int, ...]:
    if len(data) != 8 * count:
        raise MediaError(f"{path}: expected a faceset.pak, got one that ends too early")
    return struct.unpack(f"<{count}Q", data)


def _packed_name(config: Any, number: int) -> str:
    """Return a safe name: what the pack says, without folders, or its number."""
    said = config.get("filename") if isinstance(config, dict) else None
    stem = Path(str(said).replace("\\", "/")).stem[:60] if said else ""
    return re.sub(r"[^\w.-]", "_", stem) or f"{number:05d}"
