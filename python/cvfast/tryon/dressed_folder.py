"""A user's own VITON-style folder as people to learn from, each in one garment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from cvfast.errors import MediaError
from cvfast.io.opencv import load_cv2
from cvfast.people.labels import convert_labels
from cvfast.tryon.dressed_people import DressedPeople
from cvfast.tryon.folder import TryOnFolder, open_folder, read_entry
from cvfast.typing import Path as PathLike
from cvfast.typing import Progress

__all__ = ["read_dressed"]


def read_dressed(
    root: PathLike,
    size: tuple[int, int],
    *,
    phase: str = "train",
    progress: Progress | None = None,
) -> DressedPeople:
    """Read the pairs of a folder in which people wear the garments beside them.

    Parameters
    ----------
    root
        As for `cvfast.tryon.folder.open_folder`: CP-VTON's, CP-VTON+'s, ACGPN's, VITON-HD's.
    size
        Width and height that all is resized to.
    phase
        ``"train"`` or ``"test"``.
    progress
        Called with (done, total).

    Returns
    -------
    DressedPeople
        Both looks of a person are the same one: train with ``paired``.

    Raises
    ------
    MediaError
        No pairs, files that are missing or damaged, or a pair without a pose or a garment's mask.
    """
    folder = open_folder(root, phase=phase)
    entries = [entry for entry in folder.entries if entry.pair.paired]
    if not entries:
        raise MediaError(f"{root}: expected pairs of people and the garments they wear, got none")
    parts: dict[str, list[Any]] = {
        name: [] for name in ("people", "labels", "points", "garments", "masks")
    }
    for number, entry in enumerate(entries, 1):
        for name, value in _person(folder, entry, size).items():
            parts[name].append(value)
        if progress is not None:
            progress(number, len(entries))
    arrays = {name: np.stack(values) for name, values in parts.items()}
    twice = {name: _twice(array) for name, array in arrays.items() if name != "points"}
    return DressedPeople(points=arrays["points"], made=False, **twice)


def _twice(array: NDArray[Any]) -> NDArray[Any]:
    """Return (N, 2, ...) of (N, ...), both alike: no copy, yet writable, as torch wants it."""
    first, *rest = array.strides
    return as_strided(array, (len(array), 2, *array.shape[1:]), (first, 0, *rest))


def _person(folder: TryOnFolder, entry: Any, size: tuple[int, int]) -> dict[str, Any]:
    cv2 = load_cv2()
    sample = read_entry(folder, entry)
    where = entry.files.get("image", Path(folder.root))
    if sample.pose is None or sample.garment is None or sample.garment_mask is None:
        raise MediaError(f"{where}: expected a pose, a garment and its mask beside it, got less")
    labels = convert_labels(sample.labels, folder.labels, "cvfast", pose=sample.pose)
    pose = sample.pose.to("coco18")
    scale = np.array(size) / np.array(sample.labels.shape[::-1])
    points = (pose.points + 0.5) * scale - 0.5
    mask = sample.garment_mask.astype(np.uint8) * 255
    return {
        "people": cv2.resize(sample.image, size, interpolation=cv2.INTER_AREA),
        "labels": cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST),
        "points": np.column_stack([points, pose.confidence]).astype(np.float32),
        "garments": cv2.resize(sample.garment, size, interpolation=cv2.INTER_AREA),
        "masks": cv2.resize(mask, size, interpolation=cv2.INTER_AREA) >= 128,
    }
