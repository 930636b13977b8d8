"""Labeled Faces in the Wild's own list of pairs, ``pairs.txt``."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import MediaError
from cvfast.metrics.annotations import Lines
from cvfast.typing import Path as PathLike

__all__ = ["LfwImage", "LfwPairs", "read_lfw_pairs"]

_MOST_FOLDS = 1000
_MOST_PAIRS = 1_000_000  # of one kind, in a fold
# A name becomes a folder: no separators, no drive, no control characters, no leading dot.
_NAME = re.compile(r"[^.\\/:*?\"<>|\x00-\x20\x7f][^\\/:*?\"<>|\x00-\x20\x7f]{0,199}")


@dataclass(frozen=True, slots=True)
class LfwImage:
    """One picture of the list.

    Parameters
    ----------
    name
        Who.
    number
        Which picture of theirs, from 1 on.
    """

    name: str
    number: int

    @property
    def file(self) -> str:
        """Its path below the folder of the pictures.

        Examples
        --------
        >>> LfwImage("Ann_Lee", 4).file
        'Ann_Lee/Ann_Lee_0004.jpg'
        """
        return f"{self.name}/{self.name}_{self.number:04d}.jpg"


@dataclass(frozen=True, eq=False)
class LfwPairs:
    """The pairs of the list, in its order.

    Parameters
    ----------
    first, second
        The pictures of each of N pairs.
    same
        (N,) bool: one person's.
    fold
        (N,) int64, from 0 on.
    """

    first: tuple[LfwImage, ...]
    second: tuple[LfwImage, ...]
    same: NDArray[np.bool_]
    fold: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.first)


def read_lfw_pairs(path: PathLike, *, allow_leaks: bool = False) -> LfwPairs:
    r"""Read ``pairs.txt``, or ``pairsDevTrain.txt`` and ``pairsDevTest.txt`` as one fold.

    The first line tells the number of folds (left out where there is one) and of pairs of each
    kind in a fold. In each fold come the pairs of one person, ``name number number``, and then
    those of different people, ``name number name number``.

    Parameters
    ----------
    path
        The file.
    allow_leaks
        Take a file in which somebody is in two folds, or a pair comes twice. A threshold picked on
        nine folds has then seen the people that it is judged on.

    Raises
    ------
    MediaError
        It cannot be read, a line does not hold what it should, a picture is paired with itself, or
        the folds leak; the message names the lines.
    LimitError
        Over 512 MB.

    Notes
    -----
    Huang, Ramesh, Berg and Learned-Miller, "Labeled Faces in the Wild", 2007.

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("pairs.txt").write_text("1\nAnn_Lee\t1\t4\nAnn_Lee\t1\tBo_Ek\t2\n")
    >>> pairs = read_lfw_pairs("pairs.txt")
    >>> pairs.second[1].file, pairs.same.tolist()
    ('Bo_Ek/Bo_Ek_0002.jpg', [True, False])
    """
    lines = Lines(path)
    folds, count = _header(lines)
    rules = None if allow_leaks else _Rules(lines)
    first, second, same, fold = [], [], [], []
    for number in range(folds):
        for alike in (True, False):
            for _ in range(count):
                one, other = _pair(lines, alike)
                if rules is not None:
                    rules.check(one, other, number)
                first.append(one)
                second.append(other)
                same.append(alike)
                fold.append(number)
    for line in lines:
        raise lines.error(f"no more than {folds} folds of twice {count} pairs", line)
    return LfwPairs(tuple(first), tuple(second), np.array(same), np.array(fold, np.int64))


class _Rules:
    """Nobody in two folds, no pair twice."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._people: dict[str, tuple[int, int]] = {}
        self._pairs: dict[frozenset[LfwImage], int] = {}

    def check(self, one: LfwImage, other: LfwImage, fold: int) -> None:
        line = self._lines.number
        for name in (one.name, other.name):
            before, where = self._people.setdefault(name, (fold, line))
            if before != fold:
                raise self._refused(
                    f"{name} is in fold {fold + 1} here and in fold {before + 1} on line {where}; "
                    "folds may not share people"
                )
        seen = self._pairs.setdefault(frozenset((one, other)), line)
        if seen != line:
            raise self._refused(f"{one.file} and {other.file} were paired on line {seen} already")

    def _refused(self, what: str) -> MediaError:
        return MediaError(
            f"{self._lines.path}, line {self._lines.number}: {what} (allow_leaks=True, or "
            "--allow-leaks, takes the file all the same)"
        )


def _header(lines: Lines) -> tuple[int, int]:
    expected = "the number of folds and of pairs of each kind, such as '10 300'"
    line = lines.take(expected)
    words = line.split()
    if len(words) not in (1, 2) or not all(re.fullmatch(r"[0-9]{1,9}", word) for word in words):
        raise lines.error(expected, line)
    folds, count = ([1] + [int(word) for word in words])[-2:]
    if not (1 <= folds <= _MOST_FOLDS and 1 <= count <= _MOST_PAIRS):
        raise lines.error(f"1 to {_MOST_FOLDS} folds of 1 to {_MOST_PAIRS:,} pairs", line)
    return folds, count


def _pair(lines: Lines, same: bool) -> tuple[LfwImage, LfwImage]:
    expected = "one person's pair, 'name number number'"
    if not same:
        expected = "a pair of different people, 'name number name number'"
    line = lines.take(expected)
    words = line.split()
    if len(words) != (3 if same else 4):
        raise lines.error(expected, line)
    name, number = words[:2]
    other_name, other_number = (name, words[2]) if same else (words[2], words[3])
    if not all(_NAME.fullmatch(word) for word in (name, other_name)):
        raise lines.error("names without separators of folders", line)
    if not all(re.fullmatch(r"[0-9]{1,6}", word) and int(word) for word in (number, other_number)):
        raise lines.error("numbers of pictures from 1 on", line)
    if not same and name == other_name:
        raise lines.error("two different people", line)
    one, other = LfwImage(name, int(number)), LfwImage(other_name, int(other_number))
    if one == other:
        raise lines.error("two different pictures", line)
    return one, other
