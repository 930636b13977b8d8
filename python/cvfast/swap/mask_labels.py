"""Mask labels of a folder in one JSON file: to back up, to share, to bring back later.

Polygons are kept in shares of the face picture's side, beside where the picture was cut from. So
they find their face again when the same clip is extracted at another size or face type.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from cvfast.errors import MediaError
from cvfast.geometry.alignment import transform_points
from cvfast.io.atomic import write_bytes
from cvfast.io.opening import open_regular
from cvfast.swap.face_file import FaceRecord, face_files, read_record, write_record
from cvfast.typing import Path as PathLike

__all__ = ["Imported", "checked_polygons", "export_labels", "import_labels", "parse_json"]

FORMAT = "cvfast mask labels 1"
_MOST_BYTES = 64 << 20
_MOST_POLYGONS = 500
_MOST_POINTS = 2000
_FARTHEST = 4.0  # sides from the picture's corner

Polygon = dict[str, Any]


@dataclass(frozen=True)
class Imported:
    """What became of labels that were brought in.

    Parameters
    ----------
    changed
        Face pictures that have got them.
    unmatched
        Names of those in the file that no picture of the folder is.
    """

    changed: tuple[Path, ...]
    unmatched: tuple[str, ...]


def checked_polygons(given: Any) -> tuple[Polygon, ...]:
    """Return polygons from JSON values nobody vouches for.

    Parameters
    ----------
    given
        A list of ``{"include": bool, "points": [[x, y], ...]}``, in shares of the side.

    Raises
    ------
    ValueError
        Anything else; too many; fewer than three points; points far outside.

    Examples
    --------
    >>> checked_polygons([{"include": True, "points": [[0, 0], [1, 0], [1, 1]]}])
    ({'include': True, 'points': [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]},)
    >>> checked_polygons([{"include": 1, "points": []}])
    Traceback (most recent call last):
    ValueError: polygons[0]: include: expected true or false, got 1
    """
    if not isinstance(given, list) or len(given) > _MOST_POLYGONS:
        raise ValueError(f"polygons: expected a list of at most {_MOST_POLYGONS}")
    return tuple(_polygon(one, f"polygons[{index}]") for index, one in enumerate(given))


def _polygon(given: Any, name: str) -> Polygon:
    if not isinstance(given, dict) or set(given) != {"include", "points"}:
        raise ValueError(f"{name}: expected include and points")
    if not isinstance(given["include"], bool):
        raise ValueError(f"{name}: include: expected true or false, got {given['include']!r:.20}")
    points = given["points"]
    if not isinstance(points, list) or not 3 <= len(points) <= _MOST_POINTS:
        raise ValueError(f"{name}: points: expected 3 to {_MOST_POINTS}")
    for point in points:
        pair = isinstance(point, list) and len(point) == 2
        if not pair or not all(type(value) in (int, float) for value in point):
            raise ValueError(f"{name}: points: expected pairs of numbers, got {point!r:.40}")
        if not all(abs(value) <= _FARTHEST for value in point):  # NaN is not either
            raise ValueError(f"{name}: points: expected shares of the side, got {point!r:.40}")
    return {"include": given["include"], "points": [[float(x), float(y)] for x, y in points]}


def parse_json(data: bytes, name: str) -> Any:
    """Read JSON nobody vouches for.

    Raises
    ------
    MediaError
        It is none, or nested too deeply.
    """
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise MediaError(f"{name}: expected JSON, got something else: {error}") from error


def export_labels(folder: PathLike, output: PathLike, *, overwrite: bool = False) -> int:
    """Write the labels of all face pictures of a folder into one file.

    Returns
    -------
    int
        Face pictures with labels.

    Raises
    ------
    MediaError
        A picture's record is damaged.
    OutputError
        The file cannot be written, or is there (``overwrite``).
    """
    faces = []
    for path in face_files(folder):
        record = read_record(path)
        if record is not None and record.polygons:
            faces.append(
                {
                    "file": path.name,
                    "source": record.source,
                    "frame": record.frame,
                    "face": record.face,
                    "matrix": np.asarray(record.matrix).tolist(),
                    "size": _size(path),
                    "polygons": list(record.polygons),
                }
            )
    text = json.dumps({"format": FORMAT, "faces": faces}, indent=1)
    write_bytes(output, text.encode(), overwrite=overwrite)
    return len(faces)


def import_labels(folder: PathLike, path: PathLike) -> Imported:
    """Give the face pictures of a folder the labels in a file; what they had is replaced.

    A picture is found by its clip, frame and face, else by its file's name. Where it was cut
    otherwise than when it was labelled, its polygons are moved along. All of the file is checked
    before anything is written.

    Raises
    ------
    MediaError
        No such file, not of this format, or damaged; a picture's record is damaged.
    OutputError
        A picture cannot be written.
    """
    labels = [_label(given, index, str(path)) for index, given in enumerate(_faces(path))]
    by_frame: dict[tuple[str, int, int], Path] = {}
    by_name: dict[str, Path] = {}
    for file in face_files(folder):
        record = read_record(file)
        if record is not None:
            by_frame[record.source, record.frame, record.face] = file
            by_name[file.name] = file
    changed, unmatched = [], []
    for label in labels:
        found = by_frame.get(label.key) or by_name.get(label.file)
        record = None if found is None else read_record(found)
        if found is None or record is None:
            unmatched.append(label.file)
            continue
        polygons = label.polygons_for(record, _size(found))
        write_record(found, replace(record, polygons=polygons))
        changed.append(found)
    return Imported(tuple(changed), tuple(unmatched))


@dataclass(frozen=True)
class _Label:
    """One face picture's entry in a file."""

    file: str
    key: tuple[str, int, int]
    matrix: Any
    size: int
    polygons: tuple[Polygon, ...]

    def polygons_for(self, record: FaceRecord, size: int) -> tuple[Polygon, ...]:
        """Move the polygons to where the face lies in another cut of the same frame."""
        same = (record.source, record.frame, record.face) == self.key
        if not same or (size == self.size and np.allclose(record.matrix, self.matrix)):
            return self.polygons
        return tuple(
            {
                "include": polygon["include"],
                "points": _moved(polygon["points"], self.matrix, self.size, record.matrix, size),
            }
            for polygon in self.polygons
        )


def _moved(points: Any, old: Any, old_size: int, new: Any, new_size: int) -> list[list[float]]:
    back = np.linalg.inv(np.vstack([old, [0, 0, 1]]))[:2]
    frame = transform_points(back, np.asarray(points, np.float64) * old_size)
    moved = transform_points(np.asarray(new, np.float64), frame) / new_size
    shares: list[list[float]] = moved.clip(-_FARTHEST, _FARTHEST).round(6).tolist()
    return shares


def _faces(path: PathLike) -> Iterable[Any]:
    try:
        with open_regular(path) as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise MediaError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > _MOST_BYTES:
        raise MediaError(f"{path}: expected labels of at most 64 MiB, got more")
    content = parse_json(data, str(path))
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise MediaError(f"{path}: expected mask labels ({FORMAT})")
    faces = content.get("faces")
    if not isinstance(faces, list):
        raise MediaError(f"{path}: faces: expected a list")
    return faces


def _label(given: Any, index: int, path: str) -> _Label:
    try:
        matrix = np.array(given["matrix"], np.float64)
        if matrix.shape != (2, 3) or not np.isfinite(matrix).all():
            raise ValueError("matrix: expected 2 x 3 finite numbers")
        if abs(np.linalg.det(matrix[:, :2])) < 1e-9:
            raise ValueError("matrix: expected one that can be undone")
        if not 1 <= int(given["size"]) <= 1 << 16:
            raise ValueError("size: expected pixels")
        return _Label(
            str(given["file"]),
            (str(given["source"]), int(given["frame"]), int(given["face"])),
            matrix,
            int(given["size"]),
            checked_polygons(given["polygons"]),
        )
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise MediaError(f"{path}: faces[{index}]: expected a face's labels: {error}") from error


def _size(path: Path) -> int:
    from PIL import Image as Pillow

    with Pillow.open(path, formats=["JPEG", "PNG"]) as picture:
        return picture.width
