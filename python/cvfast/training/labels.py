"""Labelled pictures on disk: a folder of pictures and ``labels.jsonl``, a line of JSON a picture.

::

    {"file": "00000.jpg", "size": [w, h], "split": "train",
     "faces": [{"box": [x0, y0, x1, y1], "points": [[x, y] * 68], "identity": 17, "yaw": 0.1, ...}]}

Only ``file`` and the ``box`` of each face are required. Fields that are not known are passed over.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cvfast.errors import LimitError, MediaError
from cvfast.io.atomic import write_bytes
from cvfast.io.opening import open_regular
from cvfast.typing import ImageF32
from cvfast.typing import Path as PathLike

__all__ = ["FILE", "LabelledFace", "LabelledPicture", "label_line", "read_labels", "write_labels"]

FILE = "labels.jsonl"
MOST_BYTES = 1 << 30
MOST_FACES = 10_000  # in one picture
_FAR = 1e6  # pixels
_SPLITS = ("train", "test")


@dataclass(frozen=True)
class LabelledFace:
    """One face in a picture; what is not known is None.

    Parameters
    ----------
    box : ndarray
        (4,) float32 x0, y0, x1, y1.
    points : ndarray or None
        (68, 2) float32 in dlib's order.
    identity : int or None
        Who.
    yaw, pitch, roll : float or None
        Radians: to the picture's right, upwards, clockwise.
    light, expression : str or None
        Kinds.
    occluded : float or None
        Share of the face that is covered, 0 to 1.
    """

    box: ImageF32
    points: ImageF32 | None = None
    identity: int | None = None
    yaw: float | None = None
    pitch: float | None = None
    roll: float | None = None
    light: str | None = None
    expression: str | None = None
    occluded: float | None = None


@dataclass(frozen=True)
class LabelledPicture:
    """A picture and its faces.

    Parameters
    ----------
    file : str
        Its path, relative to the folder of the labels.
    faces : tuple of LabelledFace
        All faces in it.
    size : tuple of int or None
        Width and height.
    split : str or None
        "train" or "test".
    folder : Path
        Where the labels are; not written.
    """

    file: str
    faces: tuple[LabelledFace, ...] = ()
    size: tuple[int, int] | None = None
    split: str | None = None
    folder: Path = field(default=Path(), compare=False)

    @property
    def path(self) -> Path:
        """Where the picture is."""
        return self.folder / self.file


def read_labels(source: PathLike, *, split: str | None = None) -> list[LabelledPicture]:
    """Read labelled pictures.

    Parameters
    ----------
    source
        A folder with ``labels.jsonl``, or such a file.
    split
        Only pictures of this split: "train" or "test".

    Raises
    ------
    MediaError
        No such file, or a line that is not as described; the message names file and line.
    LimitError
        A file over 1 GiB, or a picture of over 10,000 faces.
    ValueError
        Another `split`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "labels.jsonl").write_text('{"file": "a.png", "faces": []}')
    ...     read_labels(folder)[0].file
    'a.png'
    """
    if split is not None and split not in _SPLITS:
        raise ValueError(f"split: expected train or test, got {split!r}")
    path = Path(source)
    path = path / FILE if path.is_dir() else path
    pictures = []
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if line.strip():
            picture = _Line(path, number).picture(line)
            if split is None or picture.split == split:
                pictures.append(picture)
    return pictures


def write_labels(
    target: PathLike, pictures: Iterable[LabelledPicture], *, overwrite: bool = False
) -> None:
    """Write labelled pictures to a folder's ``labels.jsonl``, or to a file; whole or not at all.

    Raises
    ------
    OutputError
        The file cannot be written, or is there.
    """
    path = Path(target)
    path = path / FILE if path.is_dir() else path
    text = "".join(label_line(picture) + "\n" for picture in pictures)
    write_bytes(path, text.encode(), overwrite=overwrite)


def label_line(picture: LabelledPicture) -> str:
    """Return a picture's line: points to 1/100 pixel, angles to 1/10,000."""
    record: dict[str, Any] = {"file": picture.file}
    if picture.size is not None:
        record["size"] = [int(side) for side in picture.size]
    if picture.split is not None:
        record["split"] = picture.split
    record["faces"] = [_face_record(face) for face in picture.faces]
    return json.dumps(record, ensure_ascii=False, allow_nan=False)


def _face_record(face: LabelledFace) -> dict[str, Any]:
    record: dict[str, Any] = {"box": [round(v, 2) for v in np.asarray(face.box).tolist()]}
    if face.points is not None:
        record["points"] = [[round(x, 2), round(y, 2)] for x, y in np.asarray(face.points).tolist()]
    if face.identity is not None:
        record["identity"] = int(face.identity)
    for name in ("yaw", "pitch", "roll", "occluded"):
        value = getattr(face, name)
        if value is not None:
            record[name] = round(float(value), 4)
    for name in ("light", "expression"):
        if getattr(face, name) is not None:
            record[name] = getattr(face, name)
    return record


def _text(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise LimitError(f"{path}: expected labels of at most {MOST_BYTES} bytes, got {size}")
        with open_regular(path) as file:
            return file.read().decode("utf-8")
    except FileNotFoundError as error:
        raise MediaError(
            f"{path}: no such file; expected a folder with {FILE}, as cvfast make faces writes it"
        ) from error
    except UnicodeDecodeError as error:
        raise MediaError(f"{path}: expected UTF-8 text, got other bytes") from error
    except OSError as error:
        raise MediaError(f"{path}: cannot be read: {error.strerror}") from error


class _Line:
    """Checks one line."""

    def __init__(self, path: Path, number: int) -> None:
        self.path, self.number = path, number

    def wrong(self, name: str, expected: str, got: Any) -> MediaError:
        shown = repr(got)
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        return MediaError(
            f"{self.path}, line {self.number}: {name}: expected {expected}, got {shown}"
        )

    def picture(self, text: str) -> LabelledPicture:
        try:
            record = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise self.wrong("line", "a JSON object", text) from error
        if not isinstance(record, dict):
            raise self.wrong("line", "a JSON object", record)
        file, faces = record.get("file"), record.get("faces", [])
        if not isinstance(file, str) or not file or "\0" in file:
            raise self.wrong("file", "a path", file)
        if not isinstance(faces, list):
            raise self.wrong("faces", "a list", faces)
        if len(faces) > MOST_FACES:
            raise LimitError(
                f"{self.path}, line {self.number}: expected at most {MOST_FACES} faces, "
                f"got {len(faces)}"
            )
        split = record.get("split")
        if split is not None and split not in _SPLITS:
            raise self.wrong("split", "train or test", split)
        return LabelledPicture(
            file,
            tuple(self.face(face, f"faces[{i}]") for i, face in enumerate(faces)),
            self.size(record.get("size")),
            split,
            self.path.parent,
        )

    def size(self, value: Any) -> tuple[int, int] | None:
        if value is None:
            return None
        good = isinstance(value, list) and len(value) == 2
        if not good or not all(type(v) is int and 0 < v <= 10**6 for v in value):
            raise self.wrong("size", "[width, height] in pixels", value)
        return value[0], value[1]

    def face(self, face: Any, name: str) -> LabelledFace:
        if not isinstance(face, dict):
            raise self.wrong(name, "an object with a box", face)
        box = self.numbers(face.get("box"), (4,), f"{name}.box")
        if box[2] < box[0] or box[3] < box[1]:
            raise self.wrong(f"{name}.box", "x0 <= x1 and y0 <= y1", face["box"])
        points = face.get("points")
        identity = face.get("identity")
        if identity is not None and (type(identity) is not int or not 0 <= identity < 2**63):
            raise self.wrong(f"{name}.identity", "a number from 0 on", identity)
        occluded = self.real(face.get("occluded"), f"{name}.occluded")
        if occluded is not None and not 0 <= occluded <= 1:
            raise self.wrong(f"{name}.occluded", "a number in [0, 1]", occluded)
        return LabelledFace(
            box,
            None if points is None else self.numbers(points, (68, 2), f"{name}.points"),
            identity,
            self.real(face.get("yaw"), f"{name}.yaw"),
            self.real(face.get("pitch"), f"{name}.pitch"),
            self.real(face.get("roll"), f"{name}.roll"),
            self.word(face.get("light"), f"{name}.light"),
            self.word(face.get("expression"), f"{name}.expression"),
            occluded,
        )

    def numbers(self, value: Any, shape: tuple[int, ...], name: str) -> ImageF32:
        expected = f"finite numbers of shape {shape}, within a million pixels"
        try:
            array = np.asarray(value)
        except ValueError as error:
            raise self.wrong(name, expected, value) from error
        if array.dtype.kind not in "fiu" or array.shape != shape:
            raise self.wrong(name, expected, value)
        if not (np.abs(array.astype(np.float64)) <= _FAR).all():
            raise self.wrong(name, expected, value)
        return array.astype(np.float32)

    def real(self, value: Any, name: str) -> float | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(name, "a finite number", value)
        if not math.isfinite(value) or abs(value) > _FAR:
            raise self.wrong(name, "a finite number", value)
        return float(value)

    def word(self, value: Any, name: str) -> str | None:
        if value is not None and not isinstance(value, str):
            raise self.wrong(name, "a word", value)
        return value
