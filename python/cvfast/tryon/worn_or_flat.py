"""A garment's photo read as what it shows: the garment alone, or somebody who wears it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import CvfastError, NothingFoundError
from cvfast.tryon.scene import rgb_levels
from cvfast.tryon.wearer import has_wearer
from cvfast.typing import Image, ImageU8

if TYPE_CHECKING:
    from cvfast.tryon.garment import Garment

__all__ = ["mask_of_alpha", "read_any_garment"]

_LARGEST_SIDE = 3072  # pixels of a garment's photo, which is drawn about half as large
_LEAST = 0.1  # confidence under which a garment taken off its wearer is refused


def mask_of_alpha(alpha: NDArray[np.generic] | None) -> NDArray[np.bool_] | None:
    """Return where a photo with transparency shows the garment; None where it does not tell.

    Examples
    --------
    >>> mask_of_alpha(np.full((2, 2), 255, np.uint8)) is None
    True
    >>> mask_of_alpha(np.array([[0, 255]], np.uint8))
    array([[False,  True]])
    """
    if alpha is None:
        return None
    seen = alpha.astype(np.float32) > 0.5 * (255 if alpha.dtype == np.uint8 else 1)
    return None if seen.all() else np.asarray(seen)


def read_any_garment(image: Image, mask: NDArray[np.generic] | None, region: str) -> Garment:
    """Read a flat garment; take it off its wearer where the photo shows somebody.

    Parameters
    ----------
    image
        As for `cvfast.try_on`.
    mask
        (H, W) bool or float32: where the garment is; then nobody is looked for.
    region
        ``"auto"``, ``"upper"`` or ``"lower"``: what to take off a wearer; auto is upper.

    Raises
    ------
    NothingFoundError
        No garment can be told from its background, or it cannot be taken off its wearer.
    LimitError
        The photo is too small.
    TypeError, ValueError
        Not a picture; a mask of another size.
    """
    from cvfast.kernels.arrays import check_image
    from cvfast.tryon.garment import read_garment

    check_image("garment", image)
    levels, mask = _reduced(rgb_levels(image), mask)
    if mask is None and min(levels.shape[:2]) and has_wearer(levels):
        return _off_wearer(levels, "upper" if region == "auto" else region)
    try:
        return read_garment(levels, mask=mask, alone=True)
    except CvfastError as error:
        raise type(error)(f"garment: {error}") from error


def _reduced(
    image: ImageU8, mask: NDArray[np.generic] | None
) -> tuple[ImageU8, NDArray[np.generic] | None]:
    """Return a very large photo and its mask reduced: gigabytes would bring nothing to be seen."""
    from cvfast.io.opencv import load_cv2

    height, width = image.shape[:2]
    scale = _LARGEST_SIDE / max(height, width, 1)
    if scale >= 1 or (mask is not None and mask.shape != image.shape[:2]):
        return image, mask
    cv2 = load_cv2()
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small: ImageU8 = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    if mask is None:
        return small, None
    part = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return small, np.asarray(part, np.float32)


def _off_wearer(image: ImageU8, region: str) -> Garment:
    from cvfast.tryon.from_person import garment_of_person

    try:
        taken = garment_of_person(image, region=region)
        why = "" if taken.confidence >= _LEAST else "; ".join(taken.reasons)
    except (CvfastError, ValueError) as error:
        why = str(error)
    if why:
        raise NothingFoundError(
            f"garment: somebody wears it in its photo, and it cannot be taken off them ({why}); "
            "give a photo of the garment alone, one that shows its wearer from the front with head "
            "and arms, or the garment's mask"
        )
    told = "somebody wears it in its photo: it is taken off them, as with from_person"
    return replace(taken, reasons=(told, *taken.reasons))
