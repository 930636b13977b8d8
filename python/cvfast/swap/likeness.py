"""How alike two sets of faces are in what a swap needs alike: angles, expressions, size, light."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvfast.swap.expectations import expectation
from cvfast.swap.face_checks import side_light
from cvfast.swap.face_table import read_table
from cvfast.swap.people import several_at_once
from cvfast.swap.pixel_measures import FacePixels, measured
from cvfast.typing import Path as PathLike
from cvfast.typing import Progress

__all__ = ["ASPECTS", "Aspect", "FaceSetFacts", "Likeness", "compare_faces", "face_set_facts"]

Reals = NDArray[np.float64]

_MUCH = 0.9  # share of the target's faces that a source should have the like of
_SMALLER = 0.6  # of the target's faces, from which on a source's are too small
_LARGER = 3.0
_ROWS = 256  # of the table of all pairs at a time


@dataclass(frozen=True, slots=True)
class Aspect:
    """What two faces are alike in.

    Parameters
    ----------
    name
        In words.
    near
        ``(D,)``: faces whose numbers are all within these are alike.
    words
        What each number says where it is too small, and too large.
    advice
        What helps.
    """

    name: str
    near: tuple[float, ...]
    words: tuple[tuple[str, str], ...]
    advice: str


ASPECTS = (
    Aspect("pose", (np.radians(12), np.radians(12)),
           (("turned left", "turned right"), ("looking down", "looking up")),
           "add a clip in which the source turns the head so"),
    Aspect("expression", (0.2, 0.08, 0.12),
           (("mouth shut", "mouth open"), ("eyes shut", "eyes wide"),
            ("mouth narrow", "mouth wide")),
           "add a clip in which the source talks and moves the face as the target does"),
    Aspect("light", (0.12, 0.25), (("dark", "bright"), ("lit from the right", "lit from the left")),
           "film in like light, or train and merge with a colour transfer"),
)  # fmt: skip
"""What is compared; the columns of a set's ``pose``, ``expression`` and ``light``."""


@dataclass(frozen=True, eq=False)
class FaceSetFacts:
    """What is compared of a set of faces.

    Parameters
    ----------
    folder
        Of the faces.
    pose
        ``(N, 2)`` yaw and pitch, radians.
    expression
        ``(N, 3)``: how far the inner lips are apart, over the length of the nose; how far the eyes
        are open, over their width (Soukupova and Cech, *Real-time eye blink detection using facial
        landmarks*, 2016); the mouth's width over that between the outer corners of the eyes.
    size
        ``(N,)`` side of a square of the area of the face's box in its frame, pixels.
    light
        ``(N, 2)`` mean brightness of the face in [0, 1], and `cvfast.swap.face_checks.side_light`.
    several
        Whether it shows several people at a time.
    skipped
        Pictures that were left alone, and why.
    """

    folder: Path
    pose: Reals
    expression: Reals
    size: Reals
    light: Reals
    several: bool
    skipped: tuple[tuple[Path, str], ...]

    def __len__(self) -> int:
        return len(self.size)


@dataclass(frozen=True, eq=False)
class Likeness:
    """How alike two sets are.

    Parameters
    ----------
    source, target
        The sets.
    covered
        By name of `ASPECTS`: the share of the target's faces that have one like them in the source.
    missing
        ``(N,)`` bool by name: which of the target's faces have none.
    size_ratio
        The middle size of the source's faces over that of the target's.
    advice
        What to do, and what to expect, in sentences; none where all is well.
    """

    source: FaceSetFacts
    target: FaceSetFacts
    covered: dict[str, float]
    missing: dict[str, NDArray[np.bool_]]
    size_ratio: float
    advice: tuple[str, ...]


def compare_faces(
    source: PathLike, target: PathLike, *, progress: Progress | None = None
) -> Likeness:
    """Compare the source's faces with the target's; nothing is changed.

    Parameters
    ----------
    source, target
        Folders of face pictures.
    progress
        Called with faces looked at and their number, first the source's, then the target's.

    Raises
    ------
    NothingFoundError
        A folder has no faces.
    """
    sets = face_set_facts(source, progress=progress), face_set_facts(target, progress=progress)
    missing = {}
    for aspect in ASPECTS:
        ours, theirs = (np.asarray(getattr(facts, aspect.name)) for facts in sets)
        missing[aspect.name] = ~_has_like(theirs, ours, np.array(aspect.near))
    covered = {name: float(1 - gone.mean()) for name, gone in missing.items()}
    ratio = float(np.median(sets[0].size) / max(float(np.median(sets[1].size)), 1e-9))
    return Likeness(*sets, covered, missing, ratio, _advice(*sets, missing, ratio))


def face_set_facts(folder: PathLike, *, progress: Progress | None = None) -> FaceSetFacts:
    """Look at a folder's faces.

    Raises
    ------
    NothingFoundError
        It has none.
    """
    table, light = measured(read_table(folder), _light, progress)
    return FaceSetFacts(
        folder=Path(folder),
        pose=table.poses()[:, :2],
        expression=np.array([expression(points) for points in table.landmarks]),
        size=np.sqrt(table.areas),
        light=np.array(light),
        several=several_at_once(frame[:2] for frame in table.frames),
        skipped=table.skipped,
    )


def expression(landmarks: Reals) -> tuple[float, float, float]:
    """Return how open the mouth is, how open the eyes are, and how wide the mouth is.

    Parameters
    ----------
    landmarks
        ``(68, 2)`` in dlib's order.

    Examples
    --------
    >>> from cvfast.synth.faces import make_face
    >>> still, wide = (make_face(3, seed=1, size=128, expression=e).points68
    ...                for e in ("neutral", "open"))
    >>> expression(wide)[0] > expression(still)[0] + 0.1
    True
    """
    points = np.asarray(landmarks, np.float64)

    def apart(a: int, b: int) -> float:
        return float(np.hypot(*(points[a] - points[b])))

    eyes = [
        (apart(a + 1, a + 5) + apart(a + 2, a + 4)) / max(2 * apart(a, a + 3), 1e-9)
        for a in (36, 42)
    ]
    nose, across = max(apart(27, 33), 1e-9), max(apart(36, 45), 1e-9)
    return apart(62, 66) / nose, sum(eyes) / 2, apart(48, 54) / across


def _light(face: FacePixels) -> tuple[float, float]:
    inside = face.pixels.max(axis=2)[face.hull]
    return (float(inside.mean()) / 255 if inside.size else 0.0), side_light(face)


def _has_like(faces: Reals, among: Reals, near: Reals) -> NDArray[np.bool_]:
    """Tell for each face whether one of the others is within ``near`` in all numbers."""
    found = np.zeros(len(faces), bool)
    for start in range(0, len(faces), _ROWS):
        apart = np.abs(faces[start : start + _ROWS, None] - among[None])
        found[start : start + _ROWS] = np.any(np.all(apart <= near, axis=2), axis=1)
    return found


def _advice(
    source: FaceSetFacts, target: FaceSetFacts, missing: dict[str, NDArray[np.bool_]], ratio: float
) -> tuple[str, ...]:
    said = []
    for side, facts in (("source", source), ("target", target)):
        said.append(expectation(len(facts), side=side))
        if facts.several:
            said.append(
                f"{side}: several people at a time; keep one: cvfast swap sort --by one-face, or "
                f"cvfast swap run --{side}-person NUMBER"
            )
    for aspect in ASPECTS:
        gone = missing[aspect.name]
        if gone.mean() > 1 - _MUCH:
            ours, theirs = (np.asarray(getattr(f, aspect.name)) for f in (source, target))
            how = _how(aspect, ours, theirs[gone])
            said.append(
                f"{aspect.name}: {gone.mean():.0%} of the target's faces have none like them in "
                f"the source ({how}); {aspect.advice}"
            )
    said.append(_size_advice(source, target, ratio))
    return tuple(line for line in said if line)


def _how(aspect: Aspect, ours: Reals, theirs: Reals) -> str:
    """Say in which way faces differ most from the middle of those there are."""
    off = (np.median(theirs, axis=0) - np.median(ours, axis=0)) / np.array(aspect.near)
    most = int(np.abs(off).argmax())
    return f"mostly {aspect.words[most][int(off[most] > 0)]}"


def _size_advice(source: FaceSetFacts, target: FaceSetFacts, ratio: float) -> str | None:
    sizes = f"{np.median(source.size):.0f} against {np.median(target.size):.0f} pixels"
    if ratio < _SMALLER:
        return f"size: the source's faces are smaller ({sizes}): expect less detail than around it"
    if ratio > _LARGER:
        return f"size: the source's faces are much larger ({sizes}), more than the target can show"
    return None
