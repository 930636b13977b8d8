"""Which of the people of a clip a swap is about: their faces stay, the others' are set aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np

from cvfast.errors import NothingFoundError
from cvfast.swap.face_set import FaceSet, read_faces
from cvfast.swap.new_names import Names
from cvfast.swap.rename_log import rename_log
from cvfast.typing import Path as PathLike

__all__ = ["Person", "people_of", "set_others_aside", "several_at_once"]

_TOGETHER = 0.05  # share of frames with two faces from which on a clip shows two people


@dataclass(frozen=True)
class Person:
    """A track of faces.

    Parameters
    ----------
    number
        The track's, as in the files' names.
    faces
        How many there are.
    middle
        ``(x, y)`` in the frames, on the average.
    """

    number: int
    faces: int
    middle: tuple[float, float]


def people_of(faces: FaceSet) -> tuple[list[Person], bool]:
    """Return a set's tracks, most faces first, and whether it shows several people at a time.

    One person can have several tracks: one ends where the clip is cut, or the face is lost.
    """
    middles: dict[int, list[tuple[float, float]]] = {}
    frames: list[int] = []
    for _, record in faces:
        x0, y0, x1, y1 = record.source_box
        middles.setdefault(record.face, []).append(((x0 + x1) / 2, (y0 + y1) / 2))
        frames.append(record.frame)
    people = []
    for number, where in middles.items():
        x, y = np.mean(where, axis=0)
        people.append(Person(number, len(where), (float(x), float(y))))
    people.sort(key=lambda person: (-person.faces, person.number))
    return people, several_at_once(frames)


def several_at_once(frames: Iterable[Hashable]) -> bool:
    """Tell from each face's frame whether two faces stand in one frame in over 5 % of frames.

    Examples
    --------
    >>> several_at_once([1, 2, 3]), several_at_once([1, 1, 2])
    (False, True)
    """
    counts = Counter(frames)
    crowded = sum(count > 1 for count in counts.values())
    return crowded > _TOGETHER * max(len(counts), 1)


def set_others_aside(folder: PathLike, numbers: Iterable[int]) -> int:
    """Move the faces of other tracks than these to the folder's trash beside it.

    It is a step as those of sorting and cleaning are: `cvfast.swap.sorting.undo_sorting` takes it
    back.

    Returns
    -------
    int
        How many were moved.

    Raises
    ------
    NothingFoundError
        No face would be left.
    """
    wanted = set(numbers)
    with rename_log(folder) as log:
        log.settle()
        faces = read_faces(folder)
        others = [path for path, record in faces if record.face not in wanted]
        if len(others) == len(faces):
            there = sorted({record.face for record in faces.records})
            raise NothingFoundError(
                f"{folder}: no face of person {', '.join(map(str, sorted(wanted)))}; there are "
                f"{', '.join(map(str, there)) or 'none'}"
            )
        names = Names(folder, log.trash)
        log.do("set others aside", [names.move(p, p.stem, rejected=True) for p in others])
    return len(others)
