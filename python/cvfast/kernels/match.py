"""Template matching by zero-mean normalised cross-correlation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast import _core
from cvfast.config import thread_count
from cvfast.kernels.arrays import check_image
from cvfast.typing import ImageF32, ImageU8

__all__ = ["match_template"]


def match_template(
    image: ImageU8,
    template: ImageU8,
    *,
    mask: NDArray[np.bool_] | None = None,
    threads: int | None = None,
) -> ImageF32:
    """Say how alike a template is to each window of a picture, whatever brightness and contrast.

    The score is Pearson's correlation of the pixels (Lewis, *Fast Normalized Cross-Correlation*,
    1995; OpenCV's ``TM_CCOEFF_NORMED``). A window's mean and variance come from an integral image.
    The products are summed directly up to 128 x 128 pixels, which beats SciPy's FFT there (though
    from 48 pixels on not OpenCV's, which is in pieces and in float32), and by FFT beyond. All sums
    are exact integers: both ways give the same bytes, on every instruction set and for every number
    of threads.

    Parameters
    ----------
    image
        Grey picture ``(H, W)``, uint8; rows may be strided.
    template
        ``(h, w)`` uint8, no larger than the picture.
    mask
        ``(h, w)`` bool: the pixels that count; None: all. Takes four times as long.
    threads
        At most so many threads; None: :func:`cvfast.get_num_threads`.

    Returns
    -------
    numpy.ndarray
        ``(H - h + 1, W - w + 1)`` float32 in [-1, 1]: at ``[y, x]`` the score of the window whose
        first pixel is (x, y). Where the window or the template is flat it is 0.

    Raises
    ------
    TypeError, ValueError
        Wrong dtype, shape or layout; an empty template, one larger than the picture; a mask
        without a pixel.

    Examples
    --------
    >>> import numpy as np
    >>> picture = np.random.default_rng(1).integers(0, 256, (40, 60), np.uint8)
    >>> scores = match_template(picture, picture[10:20, 30:45] // 2)
    >>> [int(i) for i in np.unravel_index(scores.argmax(), scores.shape)]
    [10, 30]
    """
    for name, array in (("image", image), ("template", template)):
        check_image(name, array)
        if array.dtype != np.uint8 or array.ndim != 2:
            raise TypeError(
                f"{name}: expected a grey picture (height, width) of uint8, "
                f"got {array.dtype} of shape {array.shape}"
            )
    weights = None
    if mask is not None:
        weights = np.asarray(mask)
        if weights.dtype != np.bool_ or weights.shape != template.shape:
            raise ValueError(
                f"mask: expected bool of shape {template.shape} as the template, "
                f"got {weights.dtype} of shape {weights.shape}"
            )
    if max(template.shape) > _core.largest_template:
        return _by_fft(image, template, weights)
    rows, columns = (max(0, a - b + 1) for a, b in zip(image.shape, template.shape, strict=True))
    scores = np.empty((rows, columns), np.float32)
    counted = None if weights is None else np.ascontiguousarray(weights, np.uint8)
    _core.match_template(image, template, counted, scores, thread_count(threads))
    return scores


def _by_fft(image: ImageU8, template: ImageU8, mask: NDArray[np.bool_] | None) -> ImageF32:
    """Do the same for templates of any size; the sums are rounded to the integers that they are."""
    from scipy import fft

    if any(a < b for a, b in zip(image.shape, template.shape, strict=True)):
        raise ValueError(
            f"template: expected one no larger than the image {image.shape}, got {template.shape}"
        )
    counted = np.ones(template.shape, bool) if mask is None else mask
    if not counted.any():
        raise ValueError("mask: expected at least one pixel that counts")
    weights = np.where(counted, template, 0).astype(np.int64)
    size = [fft.next_fast_len(side, real=True) for side in image.shape]
    rows, columns = (a - b + 1 for a, b in zip(image.shape, template.shape, strict=True))

    def spectrum(values: NDArray[Any]) -> NDArray[Any]:
        result: NDArray[Any] = fft.rfft2(values.astype(np.float64), size)
        return result

    def sums(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.int64]:
        """Correlate; what wraps round lies outside the windows."""
        found = fft.irfft2(a * b.conj(), size)[:rows, :columns]
        whole: NDArray[np.int64] = np.rint(found).astype(np.int64)
        return whole

    pixels, ones = spectrum(image), spectrum(counted)
    products = sums(pixels, spectrum(weights))
    total, squares = sums(pixels, ones), sums(spectrum(image.astype(np.int64) ** 2), ones)
    area, of_template = int(counted.sum()), int(weights.sum())
    variance = (area * squares - total * total).astype(np.float64)
    spread = float(np.sqrt(float(area * int((weights**2).sum()) - of_template**2)))
    shared = (area * products - total * of_template).astype(np.float64)
    both = np.sqrt(variance) * spread
    scores = np.divide(shared, both, out=np.zeros_like(both), where=both > 0)
    return np.clip(scores, -1, 1).astype(np.float32)
