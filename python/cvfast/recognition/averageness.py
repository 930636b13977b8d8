"""Why the average face looks better: what becomes of single faces' traits as more are averaged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvfast.faces.mean_face import mean_face_mirror
from cvfast.faces.schemes import group
from cvfast.geometry.sampling import luma_of
from cvfast.io.image_reader import MAX_PIXELS
from cvfast.recognition.average import KnownFace
from cvfast.recognition.face_frame import FaceFrame
from cvfast.recognition.face_shapes import align, mean_shape
from cvfast.recognition.face_sum import FaceSum
from cvfast.typing import Image, ImageU8, Progress

__all__ = ["MEASURES", "Averageness", "averageness", "gradient_energy"]

Points = NDArray[np.float64]
MEASURES: Mapping[str, str] = {  # and their units
    "image_asymmetry": "levels",
    "shape_asymmetry": "% of the face's height",
    "skin_contrast": "levels",
    "feature_contrast": "levels",
    "distance_to_mean": "% of the face's height",
}
_SIZE = 160
_FINE = 0.018  # of the frame: detail finer than about this is a blemish, not a cheek
_FACE_POINTS = 468
_HIGH = 2.0  # of a face, hairline to chin, in the units of `mean_shape`


@dataclass(frozen=True, eq=False)
class Averageness:
    """Measures of averages of more and more faces.

    Parameters
    ----------
    counts
        (k,) how many faces are averaged: 1, 2, 4, ... and all.
    values
        For each name of `MEASURES` (draws, k): one row a random draw.
    images
        k averages (160, 160, 3) of the first draw, all in the same symmetric shape.
    """

    counts: NDArray[np.int64]
    values: Mapping[str, Points]
    images: Sequence[ImageU8]

    @property
    def faces(self) -> int:
        """How many faces there are in all."""
        return int(self.counts[-1])

    def record(self) -> dict[str, object]:
        """Return counts, and mean and standard deviation of each measure over the draws."""
        measures = {
            name: {
                "unit": MEASURES[name],
                "mean": np.round(rows.mean(axis=0), 4).tolist(),
                "std": np.round(rows.std(axis=0), 4).tolist(),
            }
            for name, rows in self.values.items()
        }
        draws = len(next(iter(self.values.values())))
        return {"counts": self.counts.tolist(), "draws": draws, "measures": measures}


def gradient_energy(image: Image, inside: NDArray[np.bool_]) -> float:
    """Mean squared gradient of the luma over a region: what blur takes away first.

    Parameters
    ----------
    image
        (h, w, 3) or (h, w), uint8 or float32 in [0, 1].
    inside
        (h, w): the region.

    Returns
    -------
    float
        Squared levels per squared pixel, by central differences.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = np.tile(np.arange(0, 30, 3, dtype=np.uint8), (5, 1))
    >>> gradient_energy(ramp, np.ones(ramp.shape, bool))
    9.0
    """
    down, across = np.gradient(luma_of(image).astype(np.float64))
    energy = np.asarray(down**2 + across**2)
    return float(energy[inside].mean())


def averageness(
    faces: Sequence[KnownFace],
    *,
    draws: int = 10,
    seed: int = 0,
    max_pixels: int = MAX_PIXELS,
    progress: Progress | None = None,
) -> Averageness:
    """Measure averages of 1, 2, 4, 8 ... and all faces, drawn at random several times.

    Every face is warped once, to the symmetric mean of all shapes: what is measured in the pixels
    is of colour alone, and the shape is measured apart. Weights are not heeded.

    - ``image_asymmetry``: root mean square of the picture minus its mirror image, over the face.
    - ``shape_asymmetry``: how far the mean shape's points lie from those of its mirror image, root
      mean square after alignment.
    - ``skin_contrast``: root mean square of what is finer than 2 % of the frame on forehead and
      cheeks: spots, lines, pores.
    - ``feature_contrast``: the same on eyes, brows and lips, to tell smooth skin from mere blur.
    - ``distance_to_mean``: of the shape from the mean of all, root mean square after alignment. For
      independent faces it falls as 1 / sqrt(n), and is 0 at all of them, by its definition.

    Parameters
    ----------
    faces
        Two or more, of `cvfast.recognition.average.find_faces`.
    draws
        Random orders, 1 to 50, in each of which the first 1, 2, 4, ... faces are averaged.
    seed
        Of the orders.
    max_pixels
        Larger files are refused.
    progress
        Called with (faces done, total).

    Raises
    ------
    ValueError
        Fewer than two faces, or an option out of range.
    """
    if len(faces) < 2:
        raise ValueError(f"faces: expected at least 2, got {len(faces)}")
    if not 1 <= draws <= 50:
        raise ValueError(f"draws: expected 1 to 50, got {draws}")
    shapes = [one.shape.points for one in faces]
    overall = mean_shape(shapes)
    frame = FaceFrame.around((overall + _mirrored(overall)) / 2, _SIZE)
    counts = _counts(len(faces))
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(len(faces)) for _ in range(draws)]
    sums = [[FaceSum(_SIZE) for _ in counts] for _ in orders]
    ranks = [np.argsort(order) for order in orders]
    for number, one in enumerate(faces):
        picture, points = one.read(max_pixels)
        pixels, cover = frame.warp(picture, points)
        seen = frame.visibility(points)
        for draw, rank in enumerate(ranks):
            share = int(np.searchsorted(counts, rank[number], side="right"))
            sums[draw][share].add(pixels, cover, 1.0, seen)
        if progress is not None:
            progress(number + 1, len(faces))
    values = {name: np.empty((draws, len(counts))) for name in MEASURES}
    images: list[ImageU8] = []
    regions = _Regions(frame)
    for draw, order in enumerate(orders):
        total = FaceSum(_SIZE)
        for column, count in enumerate(counts):
            total.include(sums[draw][column])
            mean = total.mean()
            if draw == 0:
                images.append(mean)
            shape = mean_shape([shapes[index] for index in order[:count]])
            for name, value in _measured(mean, shape, overall, regions).items():
                values[name][draw, column] = value
    return Averageness(counts, values, images)


class _Regions:
    """Parts of a symmetric frame, each (size, size) bool and symmetric."""

    def __init__(self, frame: FaceFrame) -> None:
        shape, size = frame.shape, frame.size
        middle = shape[group("mesh478", "oval")].mean(axis=0)
        inner = middle + 0.8 * (shape[group("mesh478", "oval")] - middle)
        wide = max(3, round(0.09 * size))
        apart = ("right_brow", "left_brow", "right_eye", "left_eye", "outer_lip")
        near = [shape[group("mesh478", name)] for name in apart]
        nose = shape[[168, 193, 48, 64, 98, 2, 327, 294, 278, 417]]
        features = _drawn(near, 1, size)
        self.face = frame.outline & frame.outline[:, ::-1]
        self.features = features | features[:, ::-1]
        skin = _drawn([inner], 1, size) & ~_drawn([*near, nose], wide, size)
        self.skin = skin & skin[:, ::-1]


def _drawn(polygons: Sequence[Points], width: int, size: int) -> NDArray[np.bool_]:
    """Fill convex hulls of points, each with an edge so wide."""
    from PIL import Image as Pillow
    from PIL import ImageDraw
    from scipy.spatial import ConvexHull

    mask = Pillow.new("1", (size, size))
    pen = ImageDraw.Draw(mask)
    for points in polygons:
        hull = points[ConvexHull(points).vertices]
        corners = [(float(x), float(y)) for x, y in [*hull, hull[0]]]
        pen.polygon(corners, fill=1)
        pen.line(corners, fill=1, width=width, joint="curve")
    return np.asarray(mask, bool)


def _measured(
    picture: ImageU8, shape: Points, overall: Points, regions: _Regions
) -> dict[str, float]:
    from scipy.ndimage import gaussian_filter

    levels = picture.astype(np.float64)
    luma = luma_of(picture).astype(np.float64)
    fine = luma - gaussian_filter(luma, _FINE * len(luma), mode="nearest")
    return {
        "image_asymmetry": _rms((levels - levels[:, ::-1])[regions.face]),
        "shape_asymmetry": _apart(_mirrored(shape), shape),
        "skin_contrast": _rms(fine[regions.skin]),
        "feature_contrast": _rms(fine[regions.features]),
        "distance_to_mean": _apart(shape, overall),
    }


def _mirrored(shape: Points) -> Points:
    """Return the mirror image with each point where its counterpart was, (478, 2)."""
    turned: Points = shape[mean_face_mirror()] * (-1, 1)
    return turned


def _apart(first: Points, second: Points) -> float:
    """Distance of two shapes in percent of a face's height, root mean square over the points."""
    first, second = first[:_FACE_POINTS], second[:_FACE_POINTS]
    gaps = np.linalg.norm(align(first, second) - second, axis=1)
    return 100 * _rms(gaps) / _HIGH


def _rms(values: ArrayLike) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def _counts(faces: int) -> NDArray[np.int64]:
    """1, 2, 4, ... and all."""
    powers = [2**power for power in range(faces.bit_length()) if 2**power < faces]
    return np.array([*powers, faces], np.int64)
