"""The masks of Clothes Transform: where the new clothes shall be, and what stays as it was.

The labels are LIP's: 5 upper clothes, 14 and 15 arms, 1 hat, 2 hair, 13 face.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Masks", "compose", "find_masks"]

_CLOTHES, _ARMS, _HAT, _HAIR, _FACE = 5, (14, 15), 1, 2, 13
_SURE = 200 / 255


class Masks(NamedTuple):
    """Three masks that share no pixel, (h, w) bool each, and together are the whole picture."""

    clothes: NDArray[np.bool_]
    face: NDArray[np.bool_]
    rest: NDArray[np.bool_]


def find_masks(
    before: NDArray[np.integer[Any]],
    coarse: NDArray[np.integer[Any]],
    alpha: NDArray[np.floating[Any]],
) -> Masks:
    """Join what is known of the clothes before and after the coarse exchange.

    Parameters
    ----------
    before, coarse
        (h, w) LIP labels of the person's photo, and of the coarse result.
    alpha
        (h, w) in [0, 1]: what the coarse exchange repainted.

    Notes
    -----
    Clothes = (labelled so before or after, or repainted surely) and not an arm, hat, hair or face
    of the coarse result. The face is what both call face or hair.

    Examples
    --------
    >>> before = np.array([[13, 5, 14, 0]])
    >>> coarse = np.array([[13, 14, 5, 0]])
    >>> masks = find_masks(before, coarse, np.array([[0.0, 0.9, 0.9, 0.9]]))
    >>> masks.clothes.tolist(), masks.face.tolist()
    ([[False, False, True, True]], [[True, False, False, False]])
    """
    kept = np.isin(coarse, (*_ARMS, _HAT, _HAIR, _FACE))
    clothes = ((before == _CLOTHES) | (coarse == _CLOTHES) | (alpha > _SURE)) & ~kept
    head = (_FACE, _HAIR, _HAT)
    face = np.isin(before, head) & np.isin(coarse, head)
    return Masks(clothes, face, ~(clothes | face))


def compose(
    masks: Masks,
    person: NDArray[Any],
    coarse: NDArray[Any],
    garment: NDArray[Any],
) -> NDArray[Any]:
    """Put the result together: deformed garment, the person's own face, the rest coarse.

    Parameters
    ----------
    masks
        See `find_masks`.
    person, coarse, garment
        (h, w, 3), of one dtype.

    Examples
    --------
    >>> masks = Masks(*(np.array([[at == n for at in range(3)]]) for n in range(3)))
    >>> pictures = (np.full((1, 3, 3), n) for n in (1, 2, 3))
    >>> compose(masks, *pictures)[0, :, 0].tolist()
    [3, 1, 2]
    """
    chosen: NDArray[Any] = np.select(
        [masks.clothes[..., None], masks.face[..., None]], [garment, person], coarse
    )
    return chosen
