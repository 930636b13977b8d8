"""A gallery on disk: a folder that its owner alone can read, changed as a whole or not at all.

``gallery.json`` names the model, the people, and the file of their vectors,
``vectors-HASH.safetensors``, whose name holds the SHA-256 of its content. A change writes a new
file of vectors, then replaces ``gallery.json``, then removes the old file: whoever is killed in
between leaves the old state or the new one. What such a one leaves behind beside it, the next
change removes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from cvfast.errors import ModelError, OutputError
from cvfast.io.atomic import atomic_path, flush_folder
from cvfast.io.opening import open_regular
from cvfast.models.tensors import parse_tensors, tensor_bytes
from cvfast.recognition.gallery import Enrolled, Gallery
from cvfast.recognition.gallery_lock import LOCK, locked
from cvfast.typing import Path as PathLike

__all__ = ["NOTE", "change_gallery", "check_place", "loose_rights", "read_gallery"]

NOTE = (
    "Faces are biometric data. A gallery holds, of each picture, the person's name, a vector that "
    "the face can be recognised by, the picture's file name and its SHA-256; no pictures. Only "
    "you can read its folder. Erase a person with: cvfast recognize forget NAME -g GALLERY; erase "
    "all by deleting the folder. Enrol only people who agreed to it."
)

_FORMAT, _VERSION = "cvfast gallery", 1
_JSON = "gallery.json"
_VECTORS = re.compile(r"vectors-([0-9a-f]{64})\.safetensors")
_HASH = re.compile(r"[0-9a-f]{64}")
_MOST_JSON, _MOST_HEADER, _MOST_VECTORS = 1 << 28, 1 << 20, 1 << 31  # bytes
_MOST_NUMBERS = 1 << 16  # a vector
_LONGEST = 1000  # characters of a model's name and key
_TRIES = 8
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read_gallery(folder: PathLike) -> Gallery:
    """Read a gallery.

    It may be changed meanwhile: what comes back is the state before or after, never a mixture.

    Raises
    ------
    ModelError
        There is none, or it is damaged; the message says what is wrong.

    Examples
    --------
    >>> read_gallery("no-such-gallery")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    cvfast.errors.ModelError: no-such-gallery: no such gallery. Make one with cvfast recognize ...
    """
    place = Path(folder)
    file = place / _JSON
    if not place.is_dir() or not file.exists():
        what = "expected a gallery, found no gallery.json in it" if place.exists() else "no such"
        what = what if place.exists() else f"{what} gallery"
        raise ModelError(f"{place}: {what}. Make one with cvfast recognize enroll DIR -g {place}")
    before = b""
    for _ in range(_TRIES):
        text = _read(file, _MOST_JSON)
        facts = _parse(text, file)
        name = facts["vectors"]
        try:
            return _gallery(facts, _read(place / name, _MOST_VECTORS), place / name)
        except FileNotFoundError:  # replaced since, unless gallery.json is what it was
            if text == before:
                break
            before = text
    raise ModelError(f"{place}: the gallery is damaged: {_JSON} names {name}, which is missing")


def change_gallery(
    folder: PathLike,
    change: Callable[[Gallery | None], Gallery],
    *,
    tell: Callable[[str], None] = lambda _text: None,
) -> Gallery:
    """Change a gallery, or begin one, with everybody else kept out.

    Parameters
    ----------
    folder
        Where it is, or a new or empty folder, whose parent exists.
    change
        Called with the gallery as it is (None: there is none yet); returns what it shall be.
    tell
        Called with what had to be mended: rights that let others read it.

    Returns
    -------
    Gallery
        The new state, which is on disk now, and nothing else of the old one.

    Raises
    ------
    ModelError
        The gallery is damaged.
    OutputError
        It cannot be written, or not be closed to others.
    """
    place = Path(folder)
    check_place(place)
    try:
        place.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{place}: the folder cannot be made: {error.strerror}") from error
    with locked(place):
        for path in loose_rights(place):
            _close(path)
            tell(f"{path}: others could read it, now only you can")
        current = read_gallery(place) if (place / _JSON).exists() else None
        new = change(current)
        if new is not current:
            _write(place, new)
        _tidy(place)
        return new


def check_place(folder: PathLike) -> None:
    """Refuse before any work what cannot become or is no gallery, or cannot be written.

    Raises
    ------
    OutputError
        A file, a folder with other files in it, no parent folder, or no permission.
    """
    place = Path(folder)
    if not place.exists():
        parent = Path(os.path.realpath(place)).parent
        if not parent.is_dir():
            raise OutputError(f"{place}: no such folder: {parent}. Create it first.")
        if not os.access(parent, os.W_OK | os.X_OK):
            raise OutputError(f"{place}: no permission to make a folder in {parent}.")
        return
    if not place.is_dir():
        raise OutputError(f"{place}: expected a gallery's folder, got a file. Choose another name.")
    if not os.access(place, os.W_OK | os.X_OK | os.R_OK):
        raise OutputError(f"{place}: no permission to write in this gallery.")
    if not (place / _JSON).exists():
        others = [path.name for path in place.iterdir() if not _is_own(path.name)]
        if others:
            raise OutputError(
                f"{place}: expected a gallery, or a new or empty folder, found one with other "
                f"files ({min(others)}). Choose another name."
            )


def loose_rights(folder: PathLike) -> list[Path]:
    """Return which of a gallery's files, and its folder, others than the owner can use."""
    place = Path(folder)
    if os.name == "nt":  # rights there are not in the mode
        return []
    loose = []
    # The folder first: once it is closed, nobody gets at the files.
    for path in (place, *_own(place)):
        with suppress(FileNotFoundError):  # whoever changes the gallery now has removed it
            if path.stat().st_mode & _OTHERS:
                loose.append(path)
    return loose


def _own(place: Path) -> list[Path]:
    """Return the gallery's own files, those included that killed processes left."""
    return sorted(path for path in place.iterdir() if _is_own(path.name))


def _is_own(name: str) -> bool:
    """Tell the gallery's own files by their names alone: others may come and go meanwhile."""
    parts = name.startswith((".gallery.", ".vectors-")) and ".part." in name
    return name in (_JSON, LOCK) or parts or _VECTORS.fullmatch(name) is not None


def _close(path: Path) -> None:
    """Take all rights but the owner's away."""
    with suppress(OSError):
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~_OTHERS)
    if path.stat().st_mode & _OTHERS:
        raise OutputError(
            f"{path}: others can read it, and its rights cannot be changed. Faces are biometric "
            "data: choose a folder of your own, on a file system that keeps rights."
        )


def _write(place: Path, gallery: Gallery) -> None:
    data = tensor_bytes({"vectors": gallery.vectors}, {})
    name = f"vectors-{hashlib.sha256(data).hexdigest()}.safetensors"
    facts = {
        "format": _FORMAT,
        "version": _VERSION,
        "note": NOTE,
        "model": gallery.model,
        "key": gallery.key,
        "dimension": gallery.vectors.shape[1],
        "vectors": name,
        "faces": [
            {"name": row.name, "picture": row.picture, "sha256": row.sha256} for row in gallery.rows
        ],
    }
    _put(place / name, data)
    _put(place / _JSON, json.dumps(facts, indent=1).encode())


def _put(path: Path, data: bytes) -> None:
    """Write a file that nobody else can read at any time."""
    with atomic_path(path, overwrite=True) as temporary:
        temporary.chmod(0o600)  # before there is anything in it
        temporary.write_bytes(data)


def _tidy(place: Path) -> None:
    """Remove vectors that the gallery no longer names: they may be of people to be forgotten."""
    named = _parse(_read(place / _JSON, _MOST_JSON), place / _JSON)["vectors"]
    old = [path for path in _own(place) if path.name not in (_JSON, LOCK, named)]
    try:
        for path in old:
            path.unlink()
        if old:
            flush_folder(place)
    except OSError as error:
        raise OutputError(f"{place}: old vectors cannot be removed: {error.strerror}") from error


def _read(path: Path, most: int) -> bytes:
    """Read a file of bounded size.

    Raises
    ------
    FileNotFoundError
        There is none.
    ModelError
        It is larger, or cannot be read.
    """
    try:
        with open_regular(path) as file:
            data = file.read(most + 1)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read: {error}") from error
    if len(data) > most:
        raise ModelError(f"{path}: expected at most {most} bytes, got more")
    return data


def _parse(text: bytes, file: Path) -> dict[str, Any]:
    """Check what gallery.json says, all but whether the vectors agree."""
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{file}: the gallery is damaged: no JSON: {error}") from error
    if not isinstance(facts, dict) or facts.get("format") != _FORMAT:
        raise ModelError(f"{file}: expected a gallery, got another JSON file")
    if facts.get("version") != _VERSION:
        raise ModelError(
            f"{file}: expected a gallery of version {_VERSION}, got {facts.get('version')!r}: a "
            "newer cvfast may have written it"
        )
    for field in ("model", "key", "vectors"):
        value = facts.get(field)
        if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) < _LONGEST:
            raise _damaged(file, field, "text", value)
    if not _VECTORS.fullmatch(facts["vectors"]):
        raise _damaged(file, "vectors", "a name vectors-HASH.safetensors", facts["vectors"])
    if type(facts.get("dimension")) is not int or not 0 < facts["dimension"] <= _MOST_NUMBERS:
        raise _damaged(file, "dimension", f"1 to {_MOST_NUMBERS}", facts.get("dimension"))
    faces = facts.get("faces")
    if not isinstance(faces, list):
        raise _damaged(file, "faces", "a list", faces)
    facts["rows"] = tuple(_row(face, number, file) for number, face in enumerate(faces))
    _refuse_twice(facts["rows"], file)
    return facts


def _row(face: Any, number: int, file: Path) -> Enrolled:
    if not isinstance(face, dict):
        raise _damaged(file, f"faces[{number}]", "name, picture and sha256", face)
    texts: dict[str, str] = {}
    for part in ("name", "picture", "sha256"):
        value = face.get(part)
        if not isinstance(value, str):
            raise _damaged(file, f"faces[{number}].{part}", "text", value)
        texts[part] = value
    if not _HASH.fullmatch(texts["sha256"]):
        raise _damaged(file, f"faces[{number}].sha256", "64 hexadecimal digits", texts["sha256"])
    return Enrolled(**texts)


def _refuse_twice(rows: Sequence[Enrolled], file: Path) -> None:
    seen: dict[str, int] = {}
    for number, row in enumerate(rows):
        if (first := seen.setdefault(row.sha256, number)) != number:
            raise ModelError(
                f"{file}: the gallery is damaged: faces {first} and {number} are of one picture"
            )


def _gallery(facts: dict[str, Any], data: bytes, file: Path) -> Gallery:
    digest = hashlib.sha256(data).hexdigest()
    if f"vectors-{digest}.safetensors" != file.name:
        raise ModelError(
            f"{file}: the gallery is damaged: expected the SHA-256 in the file's name, got {digest}"
        )
    arrays, _ = parse_tensors(data, file)
    expected = (len(facts["rows"]), facts["dimension"])
    vectors = arrays.get("vectors")
    if list(arrays) != ["vectors"] or vectors is None:
        raise _damaged(file, "tensors", "one, named vectors", sorted(arrays))
    if vectors.dtype != np.float32 or vectors.shape != expected:
        raise ModelError(
            f"{file}: the gallery is damaged: vectors: expected float32 {expected}, as {_JSON} "
            f"says, got {vectors.dtype} {vectors.shape}"
        )
    try:
        return Gallery(facts["model"], facts["key"], facts["rows"], vectors)
    except ValueError as error:
        raise ModelError(f"{file.parent}: the gallery is damaged: {error}") from error


def _damaged(file: Path, field: str, expected: str, got: Any) -> ModelError:
    shown = repr(got)
    shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
    return ModelError(f"{file}: the gallery is damaged: {field}: expected {expected}, got {shown}")
