"""Pair lists: which garment goes on which person, one pair a line, as VITON's lists are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cvfast.errors import MediaError
from cvfast.io.atomic import write_bytes
from cvfast.io.opening import open_regular
from cvfast.typing import Path as PathLike

__all__ = ["Pair", "check_pairs", "is_paired", "only", "read_pairs", "write_pairs"]

_LARGEST = 64 << 20  # bytes
_WORDS = {"paired": True, "unpaired": False}
_SHOWN = 10
# VITON names a person 000001_0.jpg and the garment worn there 000001_1.jpg; VITON-HD both alike.
_VIEW = re.compile(r"_\d{1,2}$")


@dataclass(frozen=True, slots=True)
class Pair:
    """A line of a pair list.

    Parameters
    ----------
    person, garment
        File names, relative to the folders of people and of garments.
    paired
        The person of the photo wears this very garment, so the photo is what a try-on should give.
    """

    person: str
    garment: str
    paired: bool


def is_paired(person: str, garment: str) -> bool:
    """Tell by the names, as VITON and VITON-HD give them, whether a person wears a garment.

    Examples
    --------
    >>> is_paired("000001_0.jpg", "000001_1.jpg"), is_paired("00006_00.jpg", "08909_00.jpg")
    (True, False)
    """
    names = [_VIEW.sub("", Path(name).stem) for name in (person, garment)]
    return names[0] == names[1]


def read_pairs(path: PathLike) -> list[Pair]:
    """Read a pair list.

    Parameters
    ----------
    path
        Text: ``PERSON GARMENT`` a line, or with a third word ``paired`` or ``unpaired`` where the
        names do not tell (see `is_paired`). Names that hold blanks are divided by tabs. Empty lines
        and lines that begin with ``#`` are passed over.

    Raises
    ------
    MediaError
        Not such a list, an empty one, or one pair twice; the message names the line.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "pairs.txt"
    ...     _ = file.write_text("000001_0.jpg 000001_1.jpg")
    ...     read_pairs(file)
    [Pair(person='000001_0.jpg', garment='000001_1.jpg', paired=True)]
    """
    pairs: dict[tuple[str, str], tuple[int, Pair]] = {}
    for number, line in enumerate(_lines(path), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        pair = _pair(f"{path}, line {number}", line)
        key = pair.person, pair.garment
        if key in pairs:
            raise MediaError(
                f"{path}, line {number}: {pair.person} with {pair.garment} is there already, "
                f"in line {pairs[key][0]}"
            )
        pairs[key] = number, pair
    if not pairs:
        raise MediaError(f"{path}: expected a line 'PERSON GARMENT' at least, got none")
    return [pair for _, pair in pairs.values()]


def write_pairs(path: PathLike, pairs: Iterable[Pair], *, overwrite: bool = False) -> None:
    """Write a pair list; the third word is written where the names would not tell.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    lines = []
    for pair in pairs:
        words = [pair.person, pair.garment]
        if pair.paired != is_paired(*words):
            words.append("paired" if pair.paired else "unpaired")
        blank = any(character.isspace() for word in words for character in word)
        lines.append(("\t" if blank else " ").join(words) + "\n")
    write_bytes(path, "".join(lines).encode(), overwrite=overwrite)


def check_pairs(pairs: Sequence[Pair], people: PathLike, garments: PathLike) -> None:
    """Check that every file of a list is there.

    Raises
    ------
    MediaError
        Some are missing; the message names the first ten, and a name that leads out of its folder.
    """
    missing: dict[str, None] = {}
    for pair in pairs:
        for folder, name in ((people, pair.person), (garments, pair.garment)):
            if Path(name).is_absolute() or ".." in Path(name).parts:
                raise MediaError(f"{name}: expected a name inside {folder}")
            if not (Path(folder) / name).is_file():
                missing[str(Path(folder) / name)] = None
    if missing:
        names = list(missing)
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        raise MediaError(f"files of the pair list are missing: {', '.join(names[:_SHOWN])}{more}")


def only(pairs: Sequence[Pair], kind: str) -> list[Pair]:
    """Return the paired or the unpaired ones: figures against a reference need the former alone.

    Comparing a person in another garment with the photo says nothing of the try-on (users of
    ACGPN measured an SSIM of 0.77 so, instead of 0.85).

    Raises
    ------
    ValueError
        Another kind, or there are none of this one.

    Examples
    --------
    >>> only([Pair("a.jpg", "b.jpg", False)], "paired")
    Traceback (most recent call last):
    ...
    ValueError: pairs: expected paired ones, got 1 unpaired; they have no reference to compare with
    """
    if kind not in _WORDS:
        raise ValueError(f"kind: expected paired or unpaired, got {kind!r}")
    chosen = [pair for pair in pairs if pair.paired == _WORDS[kind]]
    if not chosen and kind == "paired":
        raise ValueError(
            f"pairs: expected paired ones, got {len(pairs)} unpaired; "
            "they have no reference to compare with"
        )
    if not chosen:
        raise ValueError(f"pairs: expected unpaired ones, got {len(pairs)} paired")
    return chosen


def _lines(path: PathLike) -> list[str]:
    try:
        with open_regular(path) as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise MediaError(f"{path}: cannot be read ({error.strerror})") from error
    if len(content) > _LARGEST:
        raise MediaError(f"{path}: expected a pair list under {_LARGEST >> 20} MiB")
    try:
        return content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise MediaError(f"{path}: expected text in UTF-8: {error}") from error


def _pair(where: str, line: str) -> Pair:
    words = [word.strip() for word in line.split("\t")] if "\t" in line.strip() else line.split()
    words = [word for word in words if word]
    if len(words) not in (2, 3):
        raise MediaError(
            f"{where}: expected 'PERSON GARMENT', got {len(words)} words; "
            "divide names that hold blanks by tabs"
        )
    if len(words) == 3 and words[2] not in _WORDS:
        raise MediaError(f"{where}: expected paired or unpaired as third word, got {words[2]!r}")
    paired = _WORDS[words[2]] if len(words) == 3 else is_paired(words[0], words[1])
    return Pair(words[0], words[1], paired)
