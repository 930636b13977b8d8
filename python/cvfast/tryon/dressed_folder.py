"""People of a try-on system's folder (CP-VTON's, ACGPN's layout) to train the networks with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import MediaError
from cvfast.people.labels import convert_labels
from cvfast.people.pose import Pose
from cvfast.tryon.dressed_people import DressedPeople
from cvfast.tryon.folder import TryOnFolder, TryOnSample, read_entry
from cvfast.typing import ImageU8, Progress

__all__ = ["read_dressed_people"]


def read_dressed_people(
    folder: TryOnFolder,
    *,
    size: tuple[int, int] = (192, 256),
    most: int | None = None,
    progress: Progress | None = None,
) -> DressedPeople:
    """Read people with the garments that they wear; both pictures of a pair are the same.

    Nobody knows how these people look in other clothes, so train with ``paired=True``.

    Parameters
    ----------
    folder
        As `cvfast.tryon.folder.open_folder` gives it. Pairs of a person with another garment are
        left out.
    size
        Width and height that all pictures get.
    most
        At most so many people.
    progress
        Called with (done, total).

    Raises
    ------
    MediaError
        A file is missing or damaged, a layout without garments or poses, or nobody with their own
        garment.

    Examples
    --------
    >>> import tempfile
    >>> from cvfast.synth.tryon_sets import write_tryon_set
    >>> from cvfast.tryon.folder import open_folder
    >>> with tempfile.TemporaryDirectory() as place:
    ...     _ = write_tryon_set(place + "/data", 2, size=(48, 64), test_share=0.5, layout="acgpn")
    ...     people = read_dressed_people(open_folder(place + "/data"), size=(24, 32))
    >>> people.people.shape, bool((people.labels[0, 0] == people.labels[0, 1]).all())
    ((1, 2, 32, 24, 3), True)
    """
    own = [entry for entry in folder.entries if entry.pair.paired is not False][:most]
    if not own:
        raise MediaError(f"{folder.root}: expected people with their own garments, got none")
    rows: list[tuple[Any, ...]] = []
    for number, entry in enumerate(own, 1):
        sample = read_entry(folder, entry)
        if sample.garment is None or sample.pose is None:
            raise MediaError(f"{folder.root}: expected garments and poses, its layout has none")
        rows.append(_row(sample, sample.garment, sample.pose, folder.labels, size))
        if progress is not None:
            progress(number, len(own))
    people, labels, garments, masks, points = (np.stack(part) for part in zip(*rows, strict=True))
    twice: Callable[[Any], Any] = lambda part: np.stack([part, part], axis=1)  # noqa: E731
    return DressedPeople(twice(people), twice(labels), points, twice(garments), twice(masks))


def _row(
    sample: TryOnSample, garment: ImageU8, pose: Pose, labels: str, size: tuple[int, int]
) -> tuple[NDArray[Any], ...]:
    """Return a person's picture, labels, garment, its mask, and joints, of the size asked for."""
    import cv2

    def resized(picture: ImageU8) -> ImageU8:
        smaller = picture.shape[1] > size[0]
        way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        out: ImageU8 = cv2.resize(picture, size, interpolation=way)
        return out

    height, width = sample.labels.shape
    parts = convert_labels(sample.labels, labels, "cvfast", pose=pose)
    mask = sample.garment_mask if sample.garment_mask is not None else (garment < 250).any(2)
    joints = pose.to("coco18")
    scale = np.array(size) / (width, height)
    points = np.column_stack([(joints.points + 0.5) * scale - 0.5, joints.confidence])
    return (
        resized(sample.image),
        cv2.resize(parts, size, interpolation=cv2.INTER_NEAREST),
        resized(garment),
        resized(mask.astype(np.uint8) * np.uint8(255)) > 127,
        points.astype(np.float32),
    )
