"""The last cut between garment and rest: GrabCut in a narrow band along the border."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.typing import ImageF32, ImageU8

__all__ = ["cut_band", "without_specks"]


_LEAST_PIECE = 0.05  # of the largest piece's area: a garment may be cut in two by an arm


def without_specks(region: NDArray[np.bool_], smallest_hole: float) -> NDArray[np.bool_]:
    """Drop small pieces of a region and fill its small holes.

    Parameters
    ----------
    region
        (h, w) bool.
    smallest_hole
        Area in pixels under which a hole is none (a badge, a logo).

    Returns
    -------
    numpy.ndarray
        (h, w) bool.

    Examples
    --------
    >>> import numpy as np
    >>> region = np.zeros((9, 12), bool)
    >>> region[1:8, 1:8] = True
    >>> region[4, 4] = False
    >>> region[4, 10] = True
    >>> clean = without_specks(region, 4)
    >>> bool(clean[4, 4]), bool(clean[4, 10])
    (True, False)
    """
    cv2 = load_cv2()
    clean = region.copy()
    count, pieces, facts, _ = cv2.connectedComponentsWithStats(region.astype(np.uint8))
    if count > 1:
        areas = facts[:, cv2.CC_STAT_AREA]
        small = areas < _LEAST_PIECE * areas[1:].max()
        small[0] = False
        clean &= ~small[pieces]
    _, holes, facts, _ = cv2.connectedComponentsWithStats((~clean).astype(np.uint8), connectivity=4)
    small = facts[:, cv2.CC_STAT_AREA] < smallest_hole
    small[0] = False
    filled: NDArray[np.bool_] = clean | small[holes]
    return filled


def cut_band(
    image: ImageU8, probability: ImageF32, *, band: int = 4, rounds: int = 1
) -> NDArray[np.bool_]:
    """Move the border of a region to where the picture's colours want it, within a band.

    GrabCut (Rother, Kolmogorov, Blake, 2004): two mixtures of five colours, inside and outside, and
    the cheapest cut between them that prefers edges. What lies farther than ``band`` pixels from
    the border stays as it is.

    Parameters
    ----------
    image
        (h, w, 3) uint8.
    probability
        (h, w) float32; the region is where it is over 0.5.
    band
        Pixels on either side of the border that may change.
    rounds
        Of learning colours and cutting.

    Returns
    -------
    numpy.ndarray
        (h, w) bool.
    """
    cv2 = load_cv2()
    region = (probability > 0.5).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * band + 1, 2 * band + 1))
    sure = cv2.erode(region, disc)
    possible = cv2.dilate(region, disc)
    if sure.sum() < 20 or (1 - possible).sum() < 20:
        return region.astype(bool)
    trimap = np.where(region, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    trimap[sure == 1] = cv2.GC_FGD
    trimap[possible == 0] = cv2.GC_BGD
    # What is far from the region says nothing about its border.
    x, y, width, height = cv2.boundingRect(possible)
    margin = 4 * band
    view = (
        slice(max(0, y - margin), y + height + margin),
        slice(max(0, x - margin), x + width + margin),
    )
    part = np.ascontiguousarray(trimap[view])
    cv2.setRNGSeed(0)  # its k-means start at random
    inner, outer = np.zeros((1, 65)), np.zeros((1, 65))
    bgr = np.ascontiguousarray(image[view][..., ::-1])
    cv2.grabCut(bgr, part, None, outer, inner, rounds, cv2.GC_INIT_WITH_MASK)
    trimap[view] = part
    cut: NDArray[np.bool_] = (trimap == cv2.GC_FGD) | (trimap == cv2.GC_PR_FGD)
    return cut
