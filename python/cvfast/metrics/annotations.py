"""Annotated pictures: where the faces are, as people or a renderer told."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import LimitError, MediaError
from cvfast.io.opening import open_regular
from cvfast.typing import Path as PathLike

__all__ = ["Annotated", "Fact", "Lines", "check_box", "read_annotations"]

Fact: TypeAlias = str | float
_MOST_BYTES = 1 << 29
_MOST_FACES = 100_000  # in one picture
_LARGEST = 1e6  # pixels: beyond any picture that we read


@dataclass(frozen=True, eq=False)
class Annotated:
    """One picture and the faces in it.

    Parameters
    ----------
    file
        Its name, as the annotations give it: below a folder of pictures, perhaps without suffix.
    boxes
        (N, 4) float64 ``x0, y0, x1, y1``, pixels x0 <= x < x1.
    ignore
        (N,) bool: faces that count neither found nor missed.
    facts
        What is known of each face, by name: ``yaw`` (radians), ``occluded`` (0 to 1), ``light``
        (a word), ...
    split
        ``"train"``, ``"test"`` or whatever the annotations say.
    """

    file: str
    boxes: NDArray[np.float64]
    ignore: NDArray[np.bool_]
    facts: tuple[Mapping[str, Fact], ...]
    split: str = ""

    @classmethod
    def of(
        cls,
        file: str,
        boxes: Sequence[Sequence[float]],
        ignore: Sequence[bool] | None = None,
        facts: Sequence[Mapping[str, Fact]] | None = None,
        split: str = "",
    ) -> Annotated:
        """Take lists."""
        array = np.array(boxes, np.float64).reshape(-1, 4)
        flags = np.zeros(len(array), bool) if ignore is None else np.array(ignore, bool)
        told = facts or [{}] * len(array)
        known = tuple(MappingProxyType(dict(one)) for one in told)
        return cls(file, array, flags, known, split)

    def __len__(self) -> int:
        return len(self.boxes)


class Lines:
    """A text file line by line, with errors that say where.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    MediaError
        It cannot be read, or is no UTF-8 text.
    LimitError
        Over 512 MB.
    """

    def __init__(self, path: PathLike) -> None:
        self.path = Path(path)
        try:
            with open_regular(self.path) as file:
                size = os.fstat(file.fileno()).st_size
                if size > _MOST_BYTES:
                    raise LimitError(f"{path}: expected at most 512 MB of annotations, got {size}")
                data = file.read()
        except OSError as error:
            if isinstance(error, LimitError | MediaError):
                raise
            said = error.strerror or error
            raise MediaError(f"{path}: annotations cannot be read: {said}") from error
        try:
            self.lines = data.decode("utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise MediaError(f"{path}: expected annotations as text, got binary data") from error
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        """Give the lines that are not empty."""
        while self.number < len(self.lines):
            self.number += 1
            if line := self.lines[self.number - 1].strip():
                yield line

    def take(self, expected: str) -> str:
        """Give the next line that is not empty."""
        for line in self:
            return line
        raise MediaError(f"{self.path}, line {self.number + 1}: expected {expected}, got the end")

    def numbers(self, expected: str, counts: Sequence[int]) -> list[float]:
        """Give the next line's numbers."""
        line = self.take(expected)
        try:
            values = [float(word) for word in line.split()]
        except ValueError:
            raise self.error(expected, line) from None
        if len(values) not in counts or not all(map(math.isfinite, values)):
            raise self.error(expected, line)
        return values

    def count(self, what: str) -> int:
        """Give the next line as a number of faces."""
        line = self.take(f"the number of {what}")
        if not re.fullmatch(r"\d{1,9}", line):
            raise self.error(f"the number of {what}", line)
        if int(line) > _MOST_FACES:
            raise self.error(f"at most {_MOST_FACES:,} {what}", line)
        return int(line)

    def error(self, expected: str, got: object) -> MediaError:
        """Return an error that names the line read last."""
        shown = str(got)
        shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
        return MediaError(f"{self.path}, line {self.number}: expected {expected}, got {shown!r}")


def check_box(lines: Lines, box: Sequence[float]) -> list[float]:
    """Return a box ``x0, y0, x1, y1`` as it is, or raise what is wrong with it."""
    if not all(math.isfinite(value) and abs(value) <= _LARGEST for value in box):
        raise lines.error("a box of numbers within a million pixels", list(box))
    if box[2] <= box[0] or box[3] <= box[1]:
        raise lines.error("a box x0, y0, x1, y1 with an area", list(box))
    return list(box)


def read_annotations(path: PathLike) -> list[Annotated]:
    """Read annotations in any of three formats, told apart by their content.

    Parameters
    ----------
    path
        JSON Lines as ``cvfast make`` writes them (or a folder with a ``labels.jsonl``), WIDER
        FACE's ``wider_face_val_bbx_gt.txt``, or FDDB's ``FDDB-fold-01-ellipseList.txt`` (or a
        folder with several of these).

    Returns
    -------
    list of Annotated
        One a picture, in the file's order.

    Raises
    ------
    MediaError
        No such file, another format, or a line that does not hold what it should: the message
        names it.
    LimitError
        The file is over 512 MB.

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("labels.jsonl").write_text('{"file": "a.jpg", "faces": [{"box": [4, 4, 9, 9]}]}')
    >>> read_annotations("labels.jsonl")[0].boxes.tolist()
    [[4.0, 4.0, 9.0, 9.0]]
    """
    files = _files(Path(path))
    pictures = [picture for file in files for picture in _reader(file)(Lines(file))]
    if not pictures:
        raise MediaError(f"{path}: expected annotations of pictures, got none")
    seen: set[str] = set()
    for picture in pictures:
        if picture.file in seen:
            raise MediaError(f"{path}: expected each picture once, got {picture.file!r} twice")
        seen.add(picture.file)
    return pictures


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    labels = path / "labels.jsonl"
    found = [labels] if labels.is_file() else sorted(path.glob("FDDB-fold-*-ellipseList.txt"))
    if not found:
        said = "expected a folder with labels.jsonl or FDDB-fold-*-ellipseList.txt, found neither"
        raise MediaError(f"{path}: {said}")
    return found


def _reader(path: Path) -> Callable[[Lines], list[Annotated]]:
    """Tell a file's format by its first lines."""
    from cvfast.metrics.fddb import read_fddb
    from cvfast.metrics.jsonlines import read_json_lines
    from cvfast.metrics.wider import read_wider

    lines = Lines(path)
    first = next(iter(lines), "")
    if not first or first.startswith(("{", "[")):
        return read_json_lines
    lines.count("faces (or JSON Lines, one object a picture)")
    words = next(iter(lines), "").split()
    return read_fddb if len(words) in (5, 6) else read_wider
