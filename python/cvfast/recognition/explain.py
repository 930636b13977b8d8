"""What eigenfaces see in a set of faces, step by step: figures and pictures for a report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import CvfastError, LimitError, MediaError, NothingFoundError
from cvfast.faces.choosing import Chosen, choose_face
from cvfast.io.files import expand_inputs
from cvfast.io.images import MAX_PIXELS, read_image
from cvfast.io.people import people_in
from cvfast.recognition.eigenfaces import Eigenfaces
from cvfast.recognition.preprocess import Preprocessing
from cvfast.typing import Image, ImageU8, Progress
from cvfast.typing import Path as PathLike

__all__ = [
    "COMPONENTS_SHOWN",
    "KEPT",
    "MOST_PICTURES",
    "EigenStory",
    "Faces",
    "Neighbours",
    "Rebuilt",
    "ShownFace",
    "Source",
    "explain_eigenfaces",
    "find_shown_faces",
    "named_pictures",
]

COMPONENTS_SHOWN, FACES_SHOWN, NEIGHBOURS_SHOWN = 12, 4, 5
KEPT = (5, 20, 100)  # components of the reconstructions
MOST_PICTURES = 5000  # each face has a distance to each other
_SHARE = 0.9

Reals = NDArray[np.float64]
Source = tuple[Path, str | None]


@dataclass(frozen=True, eq=False)
class ShownFace:
    """One face of the set.

    Parameters
    ----------
    path
        Its picture.
    person
        Whose it is; None where nobody said.
    aligned
        (h, w, 3) uint8: upright by the eyes, in colour.
    ready
        (h, w) uint8: after all of the preprocessing.
    """

    path: Path
    person: str | None
    aligned: ImageU8
    ready: ImageU8

    @property
    def title(self) -> str:
        """Whose face, and of which picture."""
        return self.path.name if self.person is None else f"{self.person}, {self.path.name}"


@dataclass(frozen=True, eq=False)
class Faces:
    """The faces of a set, and what is missing.

    Parameters
    ----------
    faces
        Those found.
    steps
        Pictures of the first face after each step of the preprocessing, by its name.
    missing
        Pictures without a face or that could not be read, and why.
    """

    faces: list[ShownFace]
    steps: dict[str, ImageU8]
    missing: list[tuple[Path, Exception]] = field(default_factory=list)

    @property
    def people(self) -> list[str]:
        """The different people that are named, sorted."""
        return sorted({face.person for face in self.faces if face.person is not None})


@dataclass(frozen=True, eq=False)
class Rebuilt:
    """A face, and what the first so many components make of it.

    Parameters
    ----------
    number
        Which face.
    pictures
        (h, w) uint8 by the number of components.
    errors
        Root mean square error in levels of 0 to 255, by the number of components.
    """

    number: int
    pictures: dict[int, ImageU8]
    errors: dict[int, float]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """A face and the faces nearest to it, nearest first.

    Parameters
    ----------
    number
        Which face.
    others, distances
        Numbers of the others, and how far they are.
    """

    number: int
    others: list[int]
    distances: list[float]


@dataclass(frozen=True, eq=False)
class EigenStory:
    """What eigenfaces see in a set of n faces.

    Parameters
    ----------
    mean
        (h, w) uint8, the mean face.
    components
        (k, h, w) the first eigenfaces, signed; at most `COMPONENTS_SHOWN`.
    shares
        (n - 1,) or fewer: the share of the variance that each component explains.
    enough
        So many components explain 90 % of it.
    rebuilt
        Reconstructions.
    scores
        (n, 2) the first two coordinates of each face; 0 where there is no second.
    near
        Nearest neighbours of some faces.
    alike
        Of how many faces the nearest other one is the same person's, and of how many that was
        asked: those with a second picture of the person. None where nobody is named.
    """

    mean: ImageU8
    components: Reals
    shares: Reals
    enough: int
    rebuilt: list[Rebuilt]
    scores: Reals
    near: list[Neighbours]
    alike: tuple[int, int] | None


def named_pictures(inputs: Sequence[PathLike]) -> list[Source]:
    """Return the pictures that inputs mean, and whose they are.

    Parameters
    ----------
    inputs
        Folders with a subfolder a person, whose name is the person's; folders of pictures, files,
        patterns: nobody's.

    Raises
    ------
    MediaError
        An input does not exist, or means no picture.
    """
    sources: dict[Path, str | None] = {}
    for given in inputs:
        people = {}
        if Path(given).is_dir():
            try:
                people = people_in(given)
            except MediaError:  # no subfolders
                people = {}
        if not people:
            sources.update(dict.fromkeys(expand_inputs([given], videos=False)))
        for name, paths in people.items():
            sources.update(dict.fromkeys(paths, name))
    return list(sources.items())


def find_shown_faces(
    sources: Sequence[Source],
    *,
    preprocessing: Preprocessing | None = None,
    face: str | int = "largest",
    max_pixels: int = MAX_PIXELS,
    each: Callable[[Source, Image, Chosen], None] = lambda _source, _image, _chosen: None,
    progress: Progress = lambda _done, _total: None,
) -> Faces:
    """Find one face in each picture and make it ready.

    Parameters
    ----------
    sources
        Pictures and their people, as from `named_pictures`.
    preprocessing
        What is done to the faces; None: the usual.
    face
        As in `cvfast.faces.choosing.choose_face`.
    max_pixels
        Larger pictures count as missing.
    each
        Called with each picture in which a face was found, while its pixels are there.
    progress
        Called with (pictures done, all).

    Raises
    ------
    NothingFoundError
        Fewer than two faces in all: one alone differs from nothing.
    LimitError
        More than `MOST_PICTURES` pictures.
    """
    if len(sources) > MOST_PICTURES:
        raise LimitError(
            f"expected at most {MOST_PICTURES} pictures to explain, got {len(sources)}: name fewer"
        )
    ready = preprocessing or Preprocessing()
    found = Faces([], {})
    for done, (path, person) in enumerate(sources, start=1):
        try:
            pixels = read_image(path, max_pixels=max_pixels).pixels
            chosen = choose_face(pixels, face=face, name=str(path))
            steps = ready.steps(pixels, chosen.landmarks)
            each((path, person), pixels, chosen)
        except (CvfastError, ValueError, OSError) as error:
            found.missing.append((path, error))
        else:
            if not found.steps:
                found.steps.update(steps)
            found.faces.append(ShownFace(path, person, steps["aligned"], list(steps.values())[-1]))
        progress(done, len(sources))
    if len(found.faces) < 2:
        raise NothingFoundError(
            f"expected at least two pictures with a face to compare, found {len(found.faces)} in "
            f"{len(sources)}" + "".join(f"\n  {error}" for _, error in found.missing[:5])
        )
    return found


def explain_eigenfaces(faces: Sequence[ShownFace]) -> EigenStory:
    """Find the eigenfaces of a set, and what they say of its faces.

    Parameters
    ----------
    faces
        Two or more, all of one size.

    Raises
    ------
    ValueError
        Fewer, of several sizes, or the same picture again and again.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> pictures = rng.integers(0, 256, (4, 8, 8, 3), np.uint8)
    >>> faces = [ShownFace(Path(f"{k}.png"), "ann", p, p[..., 0]) for k, p in enumerate(pictures)]
    >>> story = explain_eigenfaces(faces)
    >>> story.components.shape, story.enough, story.alike
    ((3, 8, 8), 3, (4, 4))
    """
    if len(faces) < 2:
        raise ValueError(f"faces: expected two or more, got {len(faces)}")
    ready = np.stack([face.ready for face in faces])
    if (ready == ready[0]).all():
        raise ValueError(f"faces: expected different ones, got {len(faces)} times the same picture")
    model = Eigenfaces().fit(ready)
    shares = np.asarray(model.explained_variance_ratio_, np.float64)
    some = _spread_out(faces, FACES_SHOWN)
    scores = np.zeros((len(faces), 2))
    scores[:, : min(2, model.n_components_)] = model.features_[:, :2]
    apart = model.distances(model.features_, model.features_).astype(np.float64)
    np.fill_diagonal(apart, np.inf)
    return EigenStory(
        np.rint(model.mean_face).astype(np.uint8),
        np.asarray(model.eigenfaces[:COMPONENTS_SHOWN], np.float64),
        shares,
        int(np.searchsorted(np.cumsum(shares), _SHARE - 1e-9)) + 1,
        [_rebuild(model, number, ready[number]) for number in some],
        scores,
        [_nearest(apart, number) for number in some],
        same_person_first(apart, [face.person for face in faces]),
    )


def same_person_first(apart: Reals, people: Sequence[str | None]) -> tuple[int, int] | None:
    """Count the faces whose nearest other is the same person's, and those that have a second one.

    Parameters
    ----------
    apart
        (n, n) distances, infinite on the diagonal.
    people
        Of the n faces; None where nobody said.

    Returns
    -------
    Both counts; None where nobody has a second face.

    Examples
    --------
    >>> far = np.inf
    >>> same_person_first(np.array([[far, 1, 2], [1, far, 3], [2, 3, far]]), ["a", "a", "b"])
    (2, 2)
    """
    named = np.array(["" if person is None else f"={person}" for person in people])
    same = (named[:, None] == named) & (named != "")
    np.fill_diagonal(same, False)
    asked = same.any(axis=1)
    if not asked.any():
        return None
    first = same[np.arange(len(named)), apart.argmin(axis=1)]
    return int(first[asked].sum()), int(asked.sum())


def _spread_out(faces: Sequence[ShownFace], count: int) -> list[int]:
    """Numbers of some faces: of different people first."""
    seen: dict[str | None, int] = {}
    for number, face in enumerate(faces):
        seen.setdefault(face.person, number)
    firsts = list(seen.values())
    if len(firsts) < count:
        firsts += [number for number in range(len(faces)) if number not in set(firsts)]
    return sorted(firsts[:count])


def _rebuild(model: Eigenfaces, number: int, face: ImageU8) -> Rebuilt:
    pictures, errors = {}, {}
    for count in sorted({min(kept, model.n_components_) for kept in KEPT}):
        picture = model.reconstruct(face[None], count)[0]
        pictures[count] = picture
        errors[count] = float(np.sqrt(np.mean((picture.astype(np.float64) - face) ** 2)))
    return Rebuilt(number, pictures, errors)


def _nearest(apart: Reals, number: int) -> Neighbours:
    others = np.argsort(apart[number], kind="stable")[: min(NEIGHBOURS_SHOWN, len(apart) - 1)]
    return Neighbours(number, others.tolist(), apart[number, others].tolist())
