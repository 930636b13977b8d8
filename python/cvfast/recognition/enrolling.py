"""From pictures of people to a gallery: read, find the face, embed, save."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import CvfastError, MediaError
from cvfast.faces.choosing import choose_face
from cvfast.faces.embedding import Embedder
from cvfast.io.images import MAX_PIXELS, read_image
from cvfast.io.opening import open_regular
from cvfast.recognition.gallery import Enrolled, Gallery, check_name
from cvfast.recognition.gallery_file import change_gallery, check_place, read_gallery
from cvfast.typing import Path as PathLike
from cvfast.typing import Progress

__all__ = ["Outcome", "enroll", "picture_hash"]

_SAVE_EVERY = 20.0  # seconds: what an end by force may cost


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one picture.

    Parameters
    ----------
    name, path
        Whose picture, and which.
    error
        Why it was not enrolled; None: it was, or had been before.
    known
        It had been before.
    found
        How many faces it shows; 0 where nobody looked.
    """

    name: str
    path: Path
    error: Exception | None = None
    known: bool = False
    found: int = 0


def enroll(
    place: PathLike,
    people: Mapping[str, Sequence[PathLike]],
    embedder: Embedder,
    *,
    face: str | int = "largest",
    max_pixels: int = MAX_PIXELS,
    each: Callable[[Outcome], None] = lambda _outcome: None,
    tell: Callable[[str], None] = lambda _text: None,
    progress: Progress = lambda _done, _total: None,
) -> Gallery:
    """Enrol people's pictures in a gallery, or begin one with them.

    A picture that fails is passed over. Whoever else enrols in the same gallery at the same time
    loses nothing. What is done is saved now and then, and on Ctrl-C; the same call goes on.

    Parameters
    ----------
    place
        The gallery's folder: there, empty, or new with a parent that exists.
    people
        Pictures of each person, as of `cvfast.io.people.people_in`.
    embedder
        The model.
    face
        Which face of a picture, as in `cvfast.faces.choosing.choose_face`.
    max_pixels
        Larger pictures are refused.
    each
        Called with what became of each picture; enrolled ones once they are saved.
    tell
        As in `cvfast.recognition.gallery_file.change_gallery`.
    progress
        Called with (pictures done, all).

    Returns
    -------
    Gallery
        As it is on disk.

    Raises
    ------
    ModelError
        The gallery is damaged, or another model made it.
    OutputError
        It cannot be written.
    """
    check_place(place)
    job = _Enrolment(Path(place), embedder, face, max_pixels, each, tell)
    todo = job.sort_out(people)
    for done, (row, path) in enumerate(todo):
        try:
            job.take(row, path)
        except KeyboardInterrupt:
            gallery = job.save()
            said = (
                f"interrupted; {done} of {len(todo)} new pictures are done, and enrolled in {place}"
            )
            raise KeyboardInterrupt(f"{said} ({gallery}). The same command goes on") from None
        progress(done + 1, len(todo))
    return job.save()


def picture_hash(path: PathLike) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal digits.

    Raises
    ------
    MediaError
        It cannot be read.
    """
    try:
        with open_regular(path) as file:
            digest = hashlib.sha256()
            while block := file.read(1 << 20):
                digest.update(block)
            return digest.hexdigest()
    except OSError as error:
        raise MediaError(f"{path}: cannot be read: {error.strerror}") from error


class _Enrolment:
    """One call of `enroll`: what waits to be saved, and who is told."""

    def __init__(
        self,
        place: Path,
        embedder: Embedder,
        face: str | int,
        max_pixels: int,
        each: Callable[[Outcome], None],
        tell: Callable[[str], None],
    ) -> None:
        self._place, self._embedder, self._face = place, embedder, face
        self._max_pixels, self._each, self._tell = max_pixels, each, tell
        self._rows: list[tuple[Enrolled, Path, int]] = []
        self._vectors: list[NDArray[np.float32]] = []
        self._saved = time.monotonic()
        self._begin = Gallery.empty(embedder)
        if (place / "gallery.json").exists():
            self._begin = read_gallery(place)
            self._begin.check(embedder, place=place)

    def sort_out(self, people: Mapping[str, Sequence[PathLike]]) -> list[tuple[Enrolled, Path]]:
        """Return the pictures that are new; tell of the others."""
        given: list[tuple[Enrolled, Path]] = []
        for name, paths in people.items():
            for path in map(Path, paths):
                try:
                    row = Enrolled(check_name(name), path.name, picture_hash(path))
                except (CvfastError, ValueError) as error:
                    self._each(Outcome(name, path, error))
                else:
                    given.append((row, path))
        owners: dict[str, set[str]] = {}
        for row in (*self._begin.rows, *(row for row, _ in given)):
            owners.setdefault(row.sha256, set()).add(row.name)
        known = {row.sha256 for row in self._begin.rows}
        todo = []
        for row, path in given:
            others = sorted(owners[row.sha256] - {row.name})
            if others:
                self._each(Outcome(row.name, path, _two_names(path, row.name, others[0])))
            elif row.sha256 in known:
                self._each(Outcome(row.name, path, known=True))
            else:
                known.add(row.sha256)
                todo.append((row, path))
        return todo

    def take(self, row: Enrolled, path: Path) -> None:
        """Embed one picture's face."""
        try:
            pixels = read_image(path, max_pixels=self._max_pixels).pixels
            chosen = choose_face(pixels, face=self._face, name=str(path))
            vector = self._embedder.embed(pixels, [chosen.landmarks])
            if not np.isfinite(vector).all():
                raise MediaError(f"{path}: {self._embedder.name} makes no finite vector of it")
        except (CvfastError, ValueError, OSError) as error:
            self._each(Outcome(row.name, path, error))
            return
        self._rows.append((row, path, chosen.found))
        self._vectors.append(vector)
        if time.monotonic() - self._saved > _SAVE_EVERY:
            self.save()

    def save(self) -> Gallery:
        """Bring what waits to disk, beside what others may have enrolled meanwhile."""
        refused: dict[str, str] = {}

        def change(current: Gallery | None) -> Gallery:
            gallery = Gallery.empty(self._embedder) if current is None else current
            gallery.check(self._embedder, place=self._place)
            if not self._rows:
                return gallery
            rows = [row for row, _, _ in self._rows]
            added = gallery.add(rows, np.concatenate(self._vectors))
            refused.update({row.sha256: owner for row, owner in added.refused})
            return added.gallery

        if not self._rows and not self._place.exists():  # nobody to begin a gallery with
            return self._begin
        gallery = change_gallery(self._place, change, tell=self._tell)
        for row, path, found in self._rows:
            owner = refused.get(row.sha256)
            error = None if owner is None else _two_names(path, row.name, owner)
            self._each(Outcome(row.name, path, error, found=found))
        self._rows, self._vectors, self._saved = [], [], time.monotonic()
        return gallery


def _two_names(path: Path, name: str, other: str) -> MediaError:
    return MediaError(
        f"{path}: the same picture is {other}'s: expected pictures of one person each, got it for "
        f"{name} too. Take it out of one folder (or cut the two faces out), or forget {other} first"
    )
