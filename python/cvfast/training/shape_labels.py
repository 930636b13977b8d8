"""Labelled pictures as crops to train landmark trees on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import MediaError
from cvfast.io.images import read_image
from cvfast.training.labels import LabelledPicture, read_labels
from cvfast.training.shape import ShapeOptions
from cvfast.training.shape_data import FaceCrops, detector_boxes, face_crops
from cvfast.typing import Image, Progress
from cvfast.typing import Path as PathLike

__all__ = ["read_faces"]

_MOST_HIDDEN = 0.45  # faces more hidden than that teach nothing


def read_faces(
    folder: PathLike, options: ShapeOptions, *, progress: Progress | None = None
) -> tuple[FaceCrops, FaceCrops]:
    """Read the faces with 68 points of a labelled folder, cut out as the trees see them.

    Returns
    -------
    train, test : FaceCrops
        By their split; where there is no split, every fifth person (or, without identities,
        picture) is held out.

    Raises
    ------
    MediaError
        No labels, a picture that cannot be read, too few faces with points, or people on both
        sides.
    """
    pictures = [picture for picture in read_labels(folder) if _faces(picture)]
    train: list[LabelledPicture] = []
    test: list[LabelledPicture] = []
    for number, picture in enumerate(pictures):
        (test if _held_out(picture, number) else train).append(picture)
    if len(train) < 2 or not test:
        raise MediaError(
            f"{folder}: expected faces with 68 points, at least 2 of split train and 1 of test, "
            f"got {len(train)} and {len(test)}. `cvfast make faces` makes some."
        )
    if both := _people(train) & _people(test):
        raise MediaError(
            f"{folder}: expected other people in the split test, got {sorted(both)[:5]}"
        )
    done, total = 0, len(pictures)

    def ticking(side: Sequence[LabelledPicture]) -> Iterator[LabelledPicture]:
        nonlocal done
        for picture in side:
            yield picture
            done += 1
            if progress is not None:
                progress(done, total)

    first = _crops(train, ticking(train), options)
    return first, _crops(test, ticking(test), options)


def _faces(picture: LabelledPicture) -> list[NDArray[np.float32]]:
    return [
        face.points
        for face in picture.faces
        if face.points is not None
        and len(face.points) == 68
        and (face.occluded or 0.0) <= _MOST_HIDDEN
    ]


def _people(pictures: Sequence[LabelledPicture]) -> set[int]:
    faces = [face for picture in pictures for face in picture.faces]
    return {face.identity for face in faces if face.identity is not None}


def _held_out(picture: LabelledPicture, number: int) -> bool:
    if picture.split is not None:
        return picture.split == "test"
    who = picture.faces[0].identity
    return (number if who is None else who) % 5 == 4


def _crops(
    pictures: Sequence[LabelledPicture], read: Iterator[LabelledPicture], options: ShapeOptions
) -> FaceCrops:
    points = np.array([points for picture in pictures for points in _faces(picture)], np.float64)

    def pixels() -> Iterator[Image]:
        for picture in read:
            image = read_image(picture.path).pixels
            for _ in _faces(picture):
                yield image

    return face_crops(
        pixels(), detector_boxes(points), points, side=options.side, margin=options.margin
    )
