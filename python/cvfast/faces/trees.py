"""Landmarks by regression trees: cvfast's own, coarse to fine, and dlib's files without dlib."""

from __future__ import annotations

import functools
import math
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import ModelError
from cvfast.faces.dlib import packaged_file
from cvfast.faces.schemes import KEYPOINTS
from cvfast.faces.types import Faces, Landmarks
from cvfast.geometry.boxes import RotatedBox
from cvfast.geometry.sampling import PixelReader, read_crop
from cvfast.models.face_trees import FaceTrees
from cvfast.models.registry import model_path
from cvfast.models.shape_file import read_shape_file

__all__ = ["fit_trees"]

_SCHEMES = {5: "dlib5", 68: "dlib68"}
_MOST_SIDE = 2048  # px of a crop for dlib's files; larger faces are averaged down
_NOTICE = (
    "68-point models trained on the iBUG 300-W faces, as dlib's own, may not be used commercially; "
    "see the data set's licence"
)


def fit_trees(reader: PixelReader, faces: Faces, file: str | None = None) -> list[Landmarks]:
    """Fit landmarks with regression trees (Kazemi and Sullivan, CVPR 2014).

    Parameters
    ----------
    reader
        The picture.
    faces
        Where its faces are.
    file
        None: the bundled model, 68 points. Else a file that ``cvfast train landmarks`` wrote, or a
        shape_predictor of dlib's, by path or by its name in face-recognition-models: of 68 or 5
        points. What dlib's files give are dlib's own answers, whole pixels, without dlib.

    Returns
    -------
    list of Landmarks
        ``dlib68`` or ``dlib5``, one per face. Trees judge nothing: the score is the detection's.

    Raises
    ------
    ModelError
        The file is missing, damaged, or has another number of points.

    Warns
    -----
    UserWarning
        A file of dlib's with 68 points: the licence notice.
    """
    model, is_ours = _model(file)
    if model.count not in _SCHEMES:
        raise ModelError(f"{file}: expected a model of 5 or 68 points, got {model.count}")
    if not is_ours and model.count == 68:
        warnings.warn(f"{Path(str(file)).name}: {_NOTICE}", stacklevel=3)
    results = []
    for box, score, keypoints in zip(faces.boxes, faces.scores, faces.keypoints, strict=True):
        if is_ours:
            points = _fit_ours(reader, model, _region(box, keypoints, model.margin))
        else:
            points = _fit_dlib(reader, model, box)
        found = points.astype(np.float32)
        results.append(Landmarks(found, _SCHEMES[model.count], float(score), box))
    return results


def _fit_ours(reader: PixelReader, model: FaceTrees, region: RotatedBox) -> NDArray[np.float64]:
    side = model.crop_side
    pixels = read_crop(reader, region, (side, side))
    found = model.fit(pixels, [model.crop_frame], threads=1)[0]
    return np.asarray(region.to_picture((found + 0.5) / side), np.float64)


def _region(box: NDArray[np.float32], keypoints: NDArray[np.float32], margin: float) -> RotatedBox:
    """Return the square that the trees look at: turned with the eyes, where a detector found them.

    Keypoints are those of `cvfast.faces.schemes.KEYPOINTS`: the eyes come first.
    """
    upright = RotatedBox.from_box(box)
    side = max((upright.width + upright.height) / 2, 1e-3) * margin
    angle = 0.0
    if len(keypoints) == len(KEYPOINTS):
        across, down = (keypoints[1] - keypoints[0]).tolist()
        angle = math.atan2(down, across) if across or down else 0.0
    return RotatedBox(upright.x, upright.y, side, side, angle)


def _fit_dlib(
    reader: PixelReader, model: FaceTrees, box: NDArray[np.float32]
) -> NDArray[np.float64]:
    """As dlib does with the box rounded to whole pixels: nothing is resampled, outside is black."""
    x0, y0, x1, y1 = (math.floor(float(value) + 0.5) for value in box)
    x1, y1 = max(x1, x0 + 1), max(y1, y0 + 1)
    aside, above = x1 - x0, y1 - y0  # the trees may look so far beyond the box
    corner = np.array([x0 - aside, y0 - above])
    width, height = x1 - x0 + 2 * aside, y1 - y0 + 2 * above
    shrink = max(1.0, max(width, height) / _MOST_SIDE)
    size = (max(2, round(width / shrink)), max(2, round(height / shrink)))
    region = RotatedBox.from_box((*corner, corner[0] + width, corner[1] + height))
    pixels = read_crop(reader, region, size, fill=0)
    scale = np.array(size) / (width, height)
    first = (np.array([aside, above]) + 0.5) * scale - 0.5
    last = (np.array([aside + x1 - x0 - 1, above + y1 - y0 - 1]) + 0.5) * scale - 0.5
    found = model.fit(pixels, [(*first, *last)], threads=1)[0]
    return np.asarray((found + 0.5) / scale - 0.5 + corner, np.float64)


def _model(file: str | None) -> tuple[FaceTrees, bool]:
    if file is None:
        return _bundled(), True
    path = Path(file)
    if path.name == file and not path.exists():
        path = packaged_file(file)
    if not path.is_file():
        raise ModelError(f"{file}: no such file")
    stamp = path.stat()
    model = _read(path, stamp.st_mtime_ns, stamp.st_size)
    return model, model.side > 0


@functools.cache
def _bundled() -> FaceTrees:
    return read_shape_file(model_path("face_trees"))


@functools.lru_cache(maxsize=2)
def _read(path: Path, _changed: int, _size: int) -> FaceTrees:
    return read_shape_file(path)
