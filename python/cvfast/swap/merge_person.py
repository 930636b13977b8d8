"""Which tracks of the target are the person of a reference picture."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np

from cvfast.errors import NothingFoundError
from cvfast.faces.types import Landmarks
from cvfast.io.images import read_image
from cvfast.swap.face_file import read_record
from cvfast.swap.face_set import read_faces
from cvfast.swap.person_filter import PersonFilter
from cvfast.typing import Path as PathLike

__all__ = ["tracks_like"]

_LOOKS = 7  # face pictures of a track, spread over it, whose middle distance decides


def tracks_like(faces: PathLike, picture: PathLike, *, model: str = "dlib") -> tuple[int, ...]:
    """Return the numbers of the tracks that show the person of a picture.

    Parameters
    ----------
    faces
        A folder of face pictures, ``workspace.faces("target")``.
    picture
        The person; the largest face counts.
    model
        An embedding, as `cvfast.faces.embedders.open_embedder` takes it.

    Raises
    ------
    NothingFoundError
        The picture shows no face, or nobody in the folder is that person.
    MediaError, MissingDependencyError, ModelError
        The picture cannot be read; the embedding cannot be had.

    Examples
    --------
    >>> tracks_like("work/data_dst/aligned", "anna.jpg")  # doctest: +SKIP
    (0, 3)
    """
    person = PersonFilter.of(picture, model=model)
    paths: dict[int, list[Path]] = defaultdict(list)
    for path, record in read_faces(faces):
        paths[record.face].append(path)
    apart = {track: _distance(person, of_track) for track, of_track in sorted(paths.items())}
    found = tuple(track for track, distance in apart.items() if distance < person.limit)
    if not found:
        said = ", ".join(f"{track}: {distance:.2f}" for track, distance in apart.items())
        raise NothingFoundError(
            f"{faces}: expected the person of {picture} (distance below {person.limit:.2f}), got "
            f"{said or 'no face'}; try another picture, from the front and well lit"
        )
    return found


def _distance(person: PersonFilter, paths: list[Path]) -> float:
    """Return how far a track's faces are from the person: the middle of some of them."""
    looks = np.linspace(0, len(paths) - 1, min(len(paths), _LOOKS)).round().astype(int)
    distances = []
    for path in (paths[look] for look in looks):
        record = read_record(path)
        if record is None:
            continue
        points = np.asarray(record.landmarks, np.float32)
        box = np.concatenate([points.min(axis=0), points.max(axis=0)])
        face = Landmarks(points, "dlib68", 1.0, box)
        vector = person.embedder.embed(read_image(path).pixels, [face])
        distances.append(float(person.embedder.distances(vector, person.known).min()))
    return float(np.median(distances)) if distances else float("inf")
