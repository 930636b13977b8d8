"""The pictures of ``cvfast average-face``: groups of them, and how much each counts."""

from __future__ import annotations

import contextlib
import csv
import json
import math
from collections.abc import Collection, Mapping
from pathlib import Path

from cvfast.errors import MediaError
from cvfast.io.files import expand_inputs
from cvfast.io.opening import open_regular
from cvfast.io.people import people_in

__all__ = ["groups_in", "read_weights", "weights_of"]

_EXPECTED = 'expected {"name": weight, ...} or lines "name weight" or "name,weight"'
_MOST_BYTES = 1 << 24


def groups_in(folder: str, without: Collection[Path] = ()) -> dict[str, list[Path]]:
    """Return the pictures of each group: of the folder itself, and of each subfolder.

    Parameters
    ----------
    folder
        Its own pictures are the group of its name.
    without
        Files that are no inputs: what this run writes, and the run before wrote.

    Raises
    ------
    MediaError
        No such folder, or no picture in it.
    """
    place = Path(folder)
    if not place.is_dir():
        raise MediaError(f"{folder}: expected a folder of pictures, found no such folder")
    groups: dict[str, list[Path]] = {}
    with contextlib.suppress(MediaError):  # none in the folder itself
        groups[place.resolve().name or folder] = expand_inputs([place], videos=False)
    with contextlib.suppress(MediaError):  # no subfolder with pictures
        for name, paths in people_in(place).items():
            groups.setdefault(name, []).extend(paths)
    results = {path.resolve() for path in without}
    groups = {
        name: [path for path in paths if path.resolve() not in results]
        for name, paths in groups.items()
    }
    groups = {name: paths for name, paths in groups.items() if paths}
    if not groups:
        raise MediaError(f"{folder}: expected pictures, or subfolders with pictures, found none")
    return groups


def read_weights(file: str) -> dict[str, float]:
    """Read how much each picture counts: JSON, CSV, or a name and a number a line.

    Raises
    ------
    MediaError
        The file cannot be read, or a weight is no number of 0 or more.
    """
    try:
        with open_regular(file) as opened:
            data = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise MediaError(f"{file}: cannot be read: {error.strerror}") from error
    if len(data) > _MOST_BYTES:
        raise MediaError(f"{file}: {_EXPECTED}, got more than {_MOST_BYTES:,} bytes")
    try:
        text = data.decode("utf-8-sig")
        pairs = _json(text) if text.lstrip().startswith(("{", "[")) else _lines(text)
        weights = {}
        for name, number in pairs:
            if name in weights:
                raise ValueError(f"{name} twice")
            weights[name] = _weight(name, number)
    except (ValueError, TypeError, RecursionError, csv.Error) as error:
        raise MediaError(f"{file}: {_EXPECTED}; got {error}") from None
    if not weights:
        raise MediaError(f"{file}: {_EXPECTED}, found none")
    return weights


def weights_of(
    groups: Mapping[str, list[Path]], folder: str, file: str | None
) -> dict[Path, float]:
    """Return the weight of each picture: 1 where the file names none.

    Parameters
    ----------
    groups
        What `groups_in` returned for `folder`.
    file
        Names are paths below the folder, or file names where these differ.

    Raises
    ------
    MediaError
        As for `read_weights`, or a name that means no picture, or several.
    """
    paths = [path for group in groups.values() for path in group]
    weights = dict.fromkeys(paths, 1.0)
    for name, weight in (read_weights(file) if file is not None else {}).items():
        meant = [path for path in paths if path == Path(folder) / name]
        meant = meant or [path for path in paths if path.name == name]
        if len(meant) != 1:
            said = "no picture" if not meant else f"{len(meant)} pictures"
            raise MediaError(f"{file}: {name}: expected the name of a picture, it means {said}")
        weights[meant[0]] = weight
    if not any(weights.values()):
        raise MediaError(f"{file}: expected a weight over 0, it leaves out every picture")
    return weights


def _json(text: str) -> list[tuple[str, object]]:
    record = json.loads(text, object_pairs_hook=list)
    if not isinstance(record, list) or not all(isinstance(pair, tuple) for pair in record):
        raise ValueError("another kind of JSON")
    return record


def _lines(text: str) -> list[tuple[str, object]]:
    pairs: list[tuple[str, object]] = []
    for number, line in enumerate(text.splitlines()):
        if not line.strip() or line.startswith("#"):
            continue
        cells = next(csv.reader([line])) if "," in line else line.rsplit(None, 1)
        if len(cells) != 2:
            raise ValueError(f"line {number + 1}: {line.strip()[:80]!r}")
        if not pairs and number == 0 and cells[1].strip().lower() == "weight":
            continue  # a table's heading
        pairs.append((cells[0].strip(), cells[1].strip()))
    return pairs


def _weight(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{name}: {value!r}")
    number = float(value)
    if not (math.isfinite(number) and number >= 0):
        raise ValueError(f"{name}: {value}")
    return number
