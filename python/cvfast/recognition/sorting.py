"""A folder of pictures without names, sorted into people."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import CvfastError, OutputError, OutputExistsError
from cvfast.faces.embedding import Embedder
from cvfast.faces.fitting import landmarks
from cvfast.io.images import MAX_PIXELS, read_image
from cvfast.recognition.clustering import check_count, cluster
from cvfast.typing import Path as PathLike
from cvfast.typing import Progress

__all__ = ["FoundFace", "check_copies", "copy_people", "find_faces", "sort_people"]


@dataclass(frozen=True, eq=False, slots=True)
class FoundFace:
    """One face of one picture.

    Parameters
    ----------
    picture
        Its file.
    number
        Its number in the order of `cvfast.detect`.
    box
        ``(4,)`` float32 ``x0, y0, x1, y1`` in pixels.
    vector
        ``(D,)`` float32.
    """

    picture: Path
    number: int
    box: NDArray[np.float32]
    vector: NDArray[np.float32]

    @property
    def area(self) -> float:
        """Of its box, in pixels."""
        return float(np.prod(self.box[2:] - self.box[:2]))


def find_faces(
    pictures: Sequence[PathLike],
    embedder: Embedder,
    *,
    max_pixels: int = MAX_PIXELS,
    fail: Callable[[Path, Exception], None],
    progress: Progress = lambda _done, _total: None,
) -> list[FoundFace]:
    """Embed every face in pictures; those that cannot be read are told to `fail`.

    Parameters
    ----------
    pictures, embedder
        Files, and the model.
    max_pixels
        Larger pictures fail.
    fail
        Called with a picture and what is wrong with it.
    progress
        Called with (pictures done, all).

    Raises
    ------
    LimitError
        More faces than `cluster` takes: told at once, not when all pictures have been read.
    """
    found: list[FoundFace] = []
    for done, path in enumerate(map(Path, pictures), start=1):
        try:
            pixels = read_image(path, max_pixels=max_pixels).pixels
            faces = landmarks(pixels)
            vectors = embedder.embed(pixels, faces) if faces else ()
        except (CvfastError, ValueError, OSError) as error:
            fail(path, error)
        else:
            found += [
                FoundFace(path, number, face.box, vector)
                for number, (face, vector) in enumerate(zip(faces, vectors, strict=True))
            ]
            check_count(len(found))
        progress(done, len(pictures))
    return found


def sort_people(
    faces: Sequence[FoundFace], embedder: Embedder, *, threshold: float | None = None
) -> list[list[FoundFace]]:
    """Return the faces of each person, the one with the most first; see `cluster`."""
    if not faces:
        return []
    vectors = np.stack([face.vector for face in faces])
    labels = cluster(vectors, embedder, threshold=threshold)
    people: list[list[FoundFace]] = [[] for _ in range(int(labels.max()) + 1)]
    for label, face in zip(labels.tolist(), faces, strict=True):
        people[label].append(face)
    return people


def check_copies(target: PathLike) -> None:
    """Refuse before any work a folder that `copy_people` could not make.

    Raises
    ------
    OutputExistsError, OutputError
        It exists, or its parent does not.
    """
    place = Path(target)
    if place.exists():
        raise OutputExistsError(f"{place}: exists already. Choose a folder that is to be made.")
    if not place.absolute().parent.is_dir():
        raise OutputError(f"{place}: no such folder: {place.absolute().parent}. Create it first.")


def copy_people(people: Iterable[Sequence[FoundFace]], target: PathLike) -> dict[str, int]:
    """Copy pictures into a new folder with a subfolder a person, which `enroll` can read.

    A picture goes to the person of its largest face, the one that `enroll` takes. Originals stay
    where they are. The folder appears when it is whole, or not at all.

    Parameters
    ----------
    people
        As of `sort_people`.
    target
        The folder to make.

    Returns
    -------
    dict
        Pictures of each subfolder, ``person-001`` and so on; people who are the largest face of no
        picture have none.

    Raises
    ------
    OutputExistsError, OutputError
        It exists, or cannot be written.
    """
    place = Path(target)
    check_copies(place)
    largest: dict[Path, tuple[float, int]] = {}
    for number, faces in enumerate(people):
        for face in faces:
            largest[face.picture] = max(largest.get(face.picture, (-1.0, 0)), (face.area, number))
    made = place.with_name(f".{place.name}.{secrets.token_hex(8)}.part")
    counts: dict[str, int] = {}
    try:
        made.mkdir()
        for picture, (_, number) in sorted(largest.items()):
            name = f"person-{number + 1:03d}"
            (made / name).mkdir(exist_ok=True)
            shutil.copy2(picture, _free(made / name / picture.name))
            counts[name] = counts.get(name, 0) + 1
        made.rename(place)
    except OSError as error:
        raise OutputError(f"{place}: cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            shutil.rmtree(made)
    return dict(sorted(counts.items()))


def _free(path: Path) -> Path:
    """Return a name that no picture from another folder has taken."""
    number, free = 2, path
    while free.exists():
        free = path.with_stem(f"{path.stem}-{number}")
        number += 1
    return free
