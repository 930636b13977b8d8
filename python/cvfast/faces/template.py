"""Faces by template matching: an average face, compared with every window at every size.

The oldest way. Compared grey level by grey level, the average finds whatever is darker above than
below. So each pixel of both is first set against its nearest neighbours (local contrast), which
leaves the lines of a face and little of the light on it. One average still stands for all faces: a
turned or tilted head is missed.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvfast.errors import LimitError, MediaError, ModelError
from cvfast.faces.mesh import logistic
from cvfast.faces.types import Faces
from cvfast.geometry.boxes import RotatedBox
from cvfast.geometry.pyramid import grey_levels
from cvfast.geometry.sampling import PixelReader, luma_of, read_crop
from cvfast.io.images import read_image, write_image
from cvfast.io.picture import Picture
from cvfast.kernels.match import match_template
from cvfast.kernels.nms import nms
from cvfast.models.registry import model_path
from cvfast.typing import Image, ImageU8

__all__ = [
    "FaceTemplate",
    "candidates_template",
    "find_template",
    "local_contrast",
    "make_template",
    "read_template",
]

# A correlation of CENTRE is a score of 1/2. In 41 made scenes of held-out people the package's
# template then finds 39 of 116 faces of any pose, light and size, 17 of 22 that look ahead, softly
# lit, uncovered and over 26 px, and 9 boxes that are none; of lfw_subset 45 of 100 faces, 0 of 100
# others.
CENTRE, STEEPNESS = 0.4, 20.0
_STEP = 1.15  # from one size of the picture to the next
_NEIGHBOURS, _BLUR, _FAINTEST = 5, 0.5, 6.0  # px, px, grey levels: less contrast is not raised to 1
_LONGEST = 24  # px of a user's template: larger ones are shrunk, and smaller faces found
_MOST_PIXELS = 1 << 24  # of a template's file
_WEAKEST = 0.1  # score of candidates: far more would tell nothing
_MOST_CANDIDATES = 20_000
_OVERLAP = 0.3


@dataclass(frozen=True, eq=False, slots=True)
class FaceTemplate:
    """An average face.

    Parameters
    ----------
    grey
        ``(h, w)`` uint8: what a face's box shows.
    mask
        ``(h, w)`` bool: the pixels that count; None: all.

    Examples
    --------
    >>> import numpy as np
    >>> FaceTemplate(np.zeros((24, 20), np.uint8))
    FaceTemplate(20x24)
    """

    grey: ImageU8
    mask: NDArray[np.bool_] | None = None

    def __repr__(self) -> str:
        return f"FaceTemplate({self.grey.shape[1]}x{self.grey.shape[0]})"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.grey.shape[1], self.grey.shape[0]

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write a PNG; the mask is its alpha channel."""
        alpha = None if self.mask is None else np.where(self.mask, 255, 0).astype(np.uint8)
        write_image(path, Picture(self.grey, alpha=alpha), overwrite=overwrite)


def make_template(
    pictures: Sequence[Image],
    boxes: Sequence[ArrayLike],
    *,
    size: tuple[int, int] = (_LONGEST, _LONGEST),
    oval: bool = False,
    mirrored: bool = True,
) -> FaceTemplate:
    """Average faces to a template.

    Each face is brought to mean 0 and deviation 1 before the mean is taken, so that none counts
    more for its contrast; the mean is spread over the levels of a byte.

    Parameters
    ----------
    pictures
        Grey or RGB pictures, uint8 or float32.
    boxes
        For each picture the faces' boxes ``(N, 4)``, ``x0, y0, x1, y1``, all cut alike, such as
        brows to chin. What they show is what a found box will show.
    size
        Width and height of the template, 8 to 128.
    oval
        Leave out the corners, where the background would be; the search takes four times as long.
    mirrored
        Count each face's mirror image too.

    Raises
    ------
    ValueError
        No face, a box without area, or another size.

    Examples
    --------
    >>> import numpy as np
    >>> picture = np.random.default_rng(1).integers(0, 256, (60, 60), np.uint8)
    >>> make_template([picture], [[(10, 10, 50, 50)]], size=(20, 20))
    FaceTemplate(20x20)
    """
    width, height = size
    if not (8 <= width <= 128 and 8 <= height <= 128):
        raise ValueError(f"size: expected sides of 8 to 128 pixels, got {size}")
    total, count = np.zeros((height, width)), 0
    for picture, found in zip(pictures, boxes, strict=True):
        reader = PixelReader.of(picture)
        for box in np.asarray(found, np.float64).reshape(-1, 4):
            grey = luma_of(read_crop(reader, RotatedBox.from_box(box), size)).astype(np.float64)
            total += (grey - grey.mean()) / max(float(grey.std()), 1.0)
            count += 1
    if count == 0:
        raise ValueError("boxes: expected at least one face, got none")
    mean = total + total[:, ::-1] if mirrored else total
    y, x = np.mgrid[:height, :width]
    inside = ((2 * x + 1) / width - 1) ** 2 + ((2 * y + 1) / height - 1) ** 2 <= 1
    kept = inside if oval else np.ones_like(inside)
    low, high = mean[kept].min(), mean[kept].max()
    levels = np.clip((mean - low) / max(high - low, 1e-9), 0, 1) * 255
    return FaceTemplate(np.rint(levels).astype(np.uint8), kept if oval else None)


def read_template(path: str | Path) -> FaceTemplate:
    """Read a template from a picture; pixels that are mostly transparent do not count.

    Pictures over 24 pixels are shrunk to that, since no smaller face is found than the template.

    Raises
    ------
    ModelError
        It cannot be read, is smaller than 8 pixels or shows nothing.
    """
    try:
        picture = read_image(path, max_pixels=_MOST_PIXELS)
    except (MediaError, LimitError) as error:
        raise ModelError(f"{path}: expected a picture of a face as template: {error}") from error
    height, width = picture.pixels.shape[:2]
    shrunk = max(1.0, max(width, height) / _LONGEST)
    size = round(width / shrunk), round(height / shrunk)
    if min(size) < 8:
        raise ModelError(
            f"{path}: expected a template of at least 8 x 8 pixels, and no side over 4 times the "
            f"other, got {width} x {height}; cut a face out of a photo"
        )
    whole = RotatedBox.from_box((0, 0, width, height))
    grey = luma_of(read_crop(picture.pixels, whole, size))
    mask = None
    if picture.alpha is not None:
        mask = read_crop(picture.alpha, whole, size)[..., 0] > 127
    counted = grey if mask is None else grey[mask]
    if counted.size < 2 or counted.min() == counted.max():
        raise ModelError(f"{path}: expected a template that shows something, got one even grey")
    return FaceTemplate(grey, mask)


def find_template(reader: PixelReader, *, min_score: float = 0.5, file: str | None = None) -> Faces:
    """Find faces that look like a template.

    The score is 1 / (1 + exp(-20 (c - 0.4))) of the correlation c of local contrasts.

    Parameters
    ----------
    reader
        The picture.
    min_score
        Lowest score to report.
    file
        A picture of a face, or an average made by `make_template`; None: the package's own, an
        average of made faces.

    Returns
    -------
    Faces
        Best first, after non-maximum suppression at an IoU of 0.3. Faces under 24 pixels (in
        pictures over two megapixels more) are not seen.

    Raises
    ------
    ModelError
        The template cannot be read.
    """
    found = _search(reader, min_score, file)
    return found[nms(found.boxes, found.scores, _OVERLAP)]


def candidates_template(reader: PixelReader, *, file: str | None = None) -> Faces:
    """Return all windows with a score of 0.1 (a correlation of 0.29) or more, best first."""
    return _search(reader, _WEAKEST, file)


def _search(reader: PixelReader, min_score: float, file: str | None) -> Faces:
    template = _bundled() if file is None else read_template(file)
    limited = float(np.clip(min_score, 1e-6, 1 - 1e-6))
    least = CENTRE + float(np.log(limited / (1 - limited))) / STEEPNESS
    boxes, scores = [np.zeros((0, 4), np.float32)], [np.zeros(0, np.float32)]
    pattern = local_contrast(template.grey)
    for level in grey_levels(reader, template.size, step=_STEP):
        correlation = match_template(local_contrast(level.grey), pattern, mask=template.mask)
        rows, columns = np.nonzero(correlation >= least)
        boxes.append(level.boxes(np.stack([columns, rows], axis=1), template.size))
        found = correlation[rows, columns].astype(np.float64)
        scores.append(logistic(STEEPNESS * (found - CENTRE)).astype(np.float32))
    all_boxes, all_scores = np.concatenate(boxes), np.concatenate(scores)
    order = np.argsort(-all_scores, kind="stable")[:_MOST_CANDIDATES]
    none: Any = np.zeros((len(order), 0, 2), np.float32)
    return Faces(all_boxes[order], all_scores[order], none, reader.size)


def local_contrast(grey: ImageU8) -> ImageU8:
    """Set each pixel against its 5 x 5 neighbours: 128 + 40 (value - mean) / deviation.

    Parameters
    ----------
    grey
        ``(h, w)`` uint8; smoothed a little first, against noise.

    Returns
    -------
    numpy.ndarray
        ``(h, w)`` uint8. Deviations are taken as 6 grey levels more (as variances add), so that
        noise on an even ground stays faint.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = np.arange(0, 240, 10, dtype=np.uint8) * np.ones((24, 1), np.uint8)
    >>> np.unique(local_contrast(ramp)[:, 4:-4]).tolist()
    [128]
    """
    from scipy.ndimage import gaussian_filter, uniform_filter

    smooth = gaussian_filter(grey.astype(np.float32), _BLUR)
    mean = uniform_filter(smooth, _NEIGHBOURS)
    variance = np.maximum(uniform_filter(smooth * smooth, _NEIGHBOURS) - mean * mean, 0)
    levels = 128 + 40 * (smooth - mean) / np.sqrt(variance + _FAINTEST**2)
    evened: ImageU8 = np.rint(np.clip(levels, 0, 255)).astype(np.uint8)
    return evened


@functools.cache
def _bundled() -> FaceTemplate:
    return read_template(model_path("face_template"))
