"""Annotations and detections as JSON Lines: one picture a line."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from cvfast.io.atomic import write_bytes
from cvfast.metrics.annotations import Annotated, Fact, Lines, check_box
from cvfast.typing import Path as PathLike

__all__ = ["Detected", "read_detections", "read_json_lines", "write_detections"]


@dataclass(frozen=True, eq=False)
class Detected:
    """What a detector found in one picture.

    Parameters
    ----------
    file
        The picture, named as in the annotations.
    boxes
        (N, 4) float64 ``x0, y0, x1, y1``.
    scores
        (N,) float64, the better the higher; any scale.
    seconds
        Time taken, where it is known.
    key
        Says from what they were made, so that a cache can tell whether they still hold.
    """

    file: str
    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    seconds: float | None = None
    key: str = ""

    def __len__(self) -> int:
        return len(self.scores)


def read_json_lines(lines: Lines) -> list[Annotated]:
    """Read annotations as ``cvfast make`` writes them.

    One object a line: ``{"file": "a.jpg", "faces": [{"box": [x0, y0, x1, y1], ...}]}``. What else
    a face has becomes its facts if it is a number or a word; ``"ignore": true`` takes it out of the
    count. Objects may have more than these two names.

    Parameters
    ----------
    lines
        The file.

    Raises
    ------
    MediaError
        A line is no such object, or a box has no area or lies beyond all pictures.
    """
    pictures = []
    for line in lines:
        record = _object(lines, line)
        faces = record.get("faces")
        if not isinstance(faces, list) or not all(isinstance(face, dict) for face in faces):
            raise lines.error('a list "faces" of objects with a "box"', faces)
        boxes = [_box(lines, face) for face in faces]
        ignore = [face.get("ignore") is True for face in faces]
        facts, split = [_facts(face) for face in faces], str(record.get("split", ""))
        pictures.append(Annotated.of(record["file"], boxes, ignore, facts, split))
    return pictures


def read_detections(path: PathLike) -> list[Detected]:
    """Read detections, ours or somebody else's.

    One object a line: ``{"file": "a.jpg", "faces": [{"box": [x0, y0, x1, y1], "score": 0.9}]}``.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    MediaError
        It cannot be read, or a line is no such object: a score that is no number, a box without
        area.
    """
    lines = Lines(path)
    found = []
    for line in lines:
        record = _object(lines, line)
        faces = record.get("faces")
        if not isinstance(faces, list) or not all(isinstance(face, dict) for face in faces):
            raise lines.error('a list "faces" of objects with "box" and "score"', faces)
        boxes = [_box(lines, face) for face in faces]
        scores = [_score(lines, face) for face in faces]
        array = np.array(boxes, np.float64).reshape(-1, 4)
        seconds, key = record.get("seconds"), record.get("key", "")
        taken = float(seconds) if _number(seconds) else None
        found.append(Detected(record["file"], array, np.array(scores, np.float64), taken, str(key)))
    return found


def write_detections(path: PathLike, found: Iterable[Detected], *, overwrite: bool = False) -> None:
    """Write what `read_detections` reads; numbers are exact.

    Raises
    ------
    OutputError
        As for `cvfast.io.atomic.write_bytes`.
    """
    lines = []
    for picture in found:
        pairs = zip(picture.boxes.tolist(), picture.scores.tolist(), strict=True)
        faces = [{"box": box, "score": score} for box, score in pairs]
        record: dict[str, Any] = {"file": picture.file, "faces": faces}
        record |= {} if picture.seconds is None else {"seconds": picture.seconds}
        record |= {"key": picture.key} if picture.key else {}
        lines.append(json.dumps(record, allow_nan=False) + "\n")
    write_bytes(path, "".join(lines).encode(), overwrite=overwrite)


def _object(lines: Lines, line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise lines.error("one JSON object", line) from None
    if not isinstance(record, dict) or not isinstance(record.get("file"), str):
        raise lines.error('a JSON object with "file", the picture\'s name', line)
    if not record["file"] or "\0" in record["file"]:
        raise lines.error('"file", the path of a picture', record["file"])
    return record


def _number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and _finite(value)


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond all floats
        return False


def _box(lines: Lines, face: Mapping[str, Any]) -> list[float]:
    box = face.get("box")
    if not isinstance(box, list) or len(box) != 4 or not all(_number(value) for value in box):
        raise lines.error('a "box" of four numbers x0, y0, x1, y1', box)
    return check_box(lines, [float(value) for value in box])


def _score(lines: Lines, face: Mapping[str, Any]) -> float:
    score = face.get("score")
    if not _number(score):
        raise lines.error('a "score" that is a finite number', score)
    return float(score)


def _facts(face: Mapping[str, Any]) -> dict[str, Fact]:
    return {
        name: value if isinstance(value, str) else float(value)
        for name, value in face.items()
        if isinstance(value, str) or _number(value)
    }
