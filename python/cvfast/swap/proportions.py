"""How the swapped face's features sit, against the target's: one scale and shift for a whole clip.

Two people's eyes and mouths sit in different places of their faces, and a network gives the
source's. Where the swapped face is to look and speak from where the target's did, it is moved by
what lies between them on the average: the same in all frames, so nothing trembles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvfast.geometry.alignment import transform_points
from cvfast.swap.compose import Swapper
from cvfast.swap.face_file import read_record
from cvfast.swap.face_store import cut_face
from cvfast.swap.face_types import crop_matrix
from cvfast.swap.feature_fit import INNER, inner_points
from cvfast.swap.mask_samples import face_pixels

__all__ = ["Proportions", "measured"]

_F64 = NDArray[np.float64]
_SAMPLES, _FEWEST = 24, 5  # faces looked at, and found at least
_RANGE = (0.8, 1.25)  # beyond is no face that was found well


@dataclass(frozen=True)
class Proportions:
    """What leads from a swapped face's points to the target's: ``scale * p + shift``.

    Points count in the network's square, from its corner.
    """

    scale: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)

    def before(self, matrix: _F64) -> _F64:
        """Return the matrix from a frame's points to the swapped square's."""
        moved = matrix.copy()
        moved[:, 2] -= self.shift
        return moved / self.scale


def measured(swapper: Swapper, paths: Sequence[Path]) -> Proportions:
    """Swap some face pictures of the target and find the landmarks of what comes out.

    Parameters
    ----------
    swapper
        The model.
    paths
        The target's face pictures; 24 of them are looked at.

    Returns
    -------
    Of scale 1 and no shift where fewer than five faces are found.
    """
    size = int(swapper.resolution)
    chosen = [paths[int(at)] for at in np.linspace(0, len(paths) - 1, min(_SAMPLES, len(paths)))]
    made, wanted = [], []
    for path in chosen:
        record = read_record(path)
        if record is None:
            continue
        matrix = crop_matrix(record.landmarks, swapper.face_type, size)
        cut = cut_face(face_pixels(path), record, swapper.face_type, size)
        face = cut[..., :3].astype(np.float32) / np.float32(255)
        found = inner_points(swapper.swap(face[None]).face[0])
        if found is not None:
            made.append(found)
            wanted.append(transform_points(matrix, record.landmarks)[INNER])
    if len(made) < _FEWEST:
        return Proportions()
    return _between(np.concatenate(made), np.concatenate(wanted))


def _between(points: _F64, wanted: _F64) -> Proportions:
    """Return the scale and shift of least squares."""
    middle, their_middle = points.mean(axis=0), wanted.mean(axis=0)
    away = points - middle
    scale = float((away * (wanted - their_middle)).sum() / max((away**2).sum(), 1e-9))
    scale = min(max(scale, _RANGE[0]), _RANGE[1])
    x, y = (their_middle - scale * middle).tolist()
    return Proportions(scale, (x, y))
