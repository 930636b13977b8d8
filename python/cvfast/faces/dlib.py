"""dlib's detectors (HOG, and a net trained with MMOD) and landmark models, extra ``dlib``."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import MissingDependencyError, ModelError
from cvfast.faces.mesh import logistic
from cvfast.faces.types import Faces, Landmarks
from cvfast.geometry.boxes import RotatedBox
from cvfast.geometry.sampling import PixelReader, read_crop, read_whole
from cvfast.kernels.nms import nms
from cvfast.typing import ImageU8

__all__ = [
    "candidates_hog",
    "candidates_mmod",
    "find_hog",
    "find_mmod",
    "fit_dlib5",
    "fit_dlib68",
    "packaged_file",
]

_INSTALL = "pip install 'cvfast[dlib]'"
_FIVE = "shape_predictor_5_face_landmarks.dat"
# Larger pictures are averaged down for the detector; smaller ones are doubled, so that it sees
# faces from about 40 pixels instead of 80.
_MOST_PIXELS, _DOUBLE_PIXELS = 1 << 21, 1 << 19
# The net takes 11 us and 1 kB a pixel (one core, dlib-bin 20): at most 3 s and 330 MB.
_MMOD_MOST_PIXELS, _MMOD_DOUBLE_PIXELS = 1 << 18, 1 << 16
# dlib's landmark models see the box and half of it on each side; more is not read.
_CROP_MARGIN, _CROP_SIDE = 2.0, 400

_MMOD = "mmod_human_face_detector.dat"
_SAME = 0.3  # IoU: one face

_local = threading.local()


def find_hog(reader: PixelReader, *, min_score: float = 0.5) -> Faces:
    """Find upright frontal faces with dlib's HOG detector.

    dlib's margin m becomes the score 1 / (1 + exp(-4 m)), so its own threshold is 0.5.

    Parameters
    ----------
    reader
        The picture; over two megapixels it is averaged down, under half a megapixel doubled.
    min_score
        Lowest score to report.

    Raises
    ------
    MissingDependencyError
        dlib is not installed.
    """
    faces = _run_hog(reader, min_score)
    return faces[nms(faces.boxes, faces.scores, _SAME)]


def candidates_hog(reader: PixelReader) -> Faces:
    """Return what HOG accepts down to a score of 0.27, a little under its threshold.

    dlib merges overlapping windows itself and shows no others, so these are few.
    """
    return _run_hog(reader, 0.27)


def _run_hog(reader: PixelReader, min_score: float) -> Faces:
    pixels, upsample = _picture(reader, _MOST_PIXELS, _DOUBLE_PIXELS)
    limited = float(np.clip(min_score, 1e-6, 1 - 1e-6))
    threshold = float(np.log(limited / (1 - limited)) / 4)
    rectangles, margins, _ = _hog().run(pixels, upsample, threshold)
    return _settled(reader, pixels, rectangles, logistic(4.0 * np.array(margins)))


def find_mmod(reader: PixelReader, *, min_score: float = 0.5, file: str | None = None) -> Faces:
    """Find faces with dlib's net, trained with max-margin object detection.

    The net's confidence c, a margin about 1 for a clear face and over 0 for all that it reports,
    becomes the score 1 / (1 + exp(-4 (c - 0.5))): 0.5 half way between nothing and a clear face.

    Parameters
    ----------
    reader
        The picture; over 262,144 pixels (512 x 512) it is averaged down, under a quarter of that
        doubled, so that a call takes 3 seconds at most. The net sees faces from about 80 pixels.
    min_score
        Lowest score to report.
    file
        An MMOD detector of your own; None takes the one in face-recognition-models.

    Raises
    ------
    ModelError
        The file is missing or none of dlib's.
    MissingDependencyError
        dlib is not installed.
    """
    faces = candidates_mmod(reader, file=file)
    faces = faces[faces.scores >= np.float32(min_score)]
    return faces[nms(faces.boxes, faces.scores, _SAME)]


def candidates_mmod(reader: PixelReader, *, file: str | None = None) -> Faces:
    """Return all that the net reports, whatever its score; dlib has merged most of it itself."""
    path = packaged_file(_MMOD) if file is None else Path(file)
    pixels, upsample = _picture(reader, _MMOD_MOST_PIXELS, _MMOD_DOUBLE_PIXELS)
    if min(pixels.shape[:2]) < 2:  # its pyramid needs more than one pixel
        return Faces.none(reader.size)
    found = list(_mmod(path)(pixels, upsample))
    margins = np.array([one.confidence for one in found], np.float64)
    return _settled(reader, pixels, [one.rect for one in found], logistic(4.0 * (margins - 0.5)))


def _picture(reader: PixelReader, most: int, double: int) -> tuple[ImageU8, int]:
    """Return the whole picture in at most so many pixels, and how often dlib shall double it."""
    width, height = reader.size
    return read_whole(reader, most), int(width * height <= double)


def _settled(
    reader: PixelReader, pixels: ImageU8, rectangles: Sequence[Any], scores: NDArray[Any]
) -> Faces:
    """Return dlib's rectangles in the picture's own pixels, best first."""
    sides = np.array([(r.left(), r.top(), r.right() + 1, r.bottom() + 1) for r in rectangles])
    seen = pixels.shape[1::-1]
    boxes = sides.reshape(-1, 4) * (np.array(reader.size * 2) / (seen * 2))
    order = np.argsort(-scores, kind="stable")
    return Faces(
        boxes[order].astype(np.float32),
        scores[order].astype(np.float32),
        np.zeros((len(order), 0, 2), np.float32),
        reader.size,
    )


def fit_dlib5(reader: PixelReader, faces: Faces) -> list[Landmarks]:
    """Fit dlib's five points to each face."""
    return _fit(reader, faces, packaged_file(_FIVE), "dlib5")


def fit_dlib68(reader: PixelReader, faces: Faces, file: str) -> list[Landmarks]:
    """Fit a 68-point model file, given by path or by its name in face-recognition-models."""
    path = Path(file) if Path(file).exists() else packaged_file(file)
    warnings.warn(
        f"{path.name}: 68-point models trained on the iBUG 300-W faces, as dlib's own, may not be "
        "used commercially; see the data set's licence",
        stacklevel=3,
    )
    return _fit(reader, faces, path, "dlib68")


def _fit(reader: PixelReader, faces: Faces, path: Path, scheme: str) -> list[Landmarks]:
    predictor = _predictor(path)
    dlib = _dlib()
    results = []
    for box, score in zip(faces.boxes, faces.scores, strict=True):
        region = RotatedBox.from_box(box).scaled(_CROP_MARGIN)
        longest = max(region.width, region.height)
        shrink = min(1.0, _CROP_SIDE / longest)
        size = (max(1, round(region.width * shrink)), max(1, round(region.height * shrink)))
        pixels = read_crop(reader, region, size)
        inset = (1 - 1 / _CROP_MARGIN) / 2
        x0, y0 = round(size[0] * inset), round(size[1] * inset)
        shape = predictor(pixels, dlib.rectangle(x0, y0, size[0] - x0 - 1, size[1] - y0 - 1))
        found = np.array([(p.x, p.y) for p in shape.parts()], np.float64)
        if len(found) != int(scheme.removeprefix("dlib")):
            raise ModelError(f"{path}: expected a model of {scheme[4:]} points, got {len(found)}")
        points = region.to_picture((found + 0.5) / size)
        results.append(Landmarks(points.astype(np.float32), scheme, float(score), box))
    return results


def _dlib() -> Any:
    try:
        return importlib.import_module("dlib")
    except ImportError as error:
        raise MissingDependencyError(f"this model needs dlib ({error}): {_INSTALL}") from error


def packaged_file(name: str) -> Path:
    """Return the file of that name in the package face-recognition-models."""
    # The package is found, not imported: its import needs pkg_resources, which is going away.
    spec = importlib.util.find_spec("face_recognition_models")
    if spec is None:
        raise MissingDependencyError(f"{name}: needs face-recognition-models: {_INSTALL}")
    for folder in spec.submodule_search_locations or []:
        path = Path(folder) / "models" / name
        if path.is_file():
            return path
    raise ModelError(f"{name}: no such file, nor one of that name in face-recognition-models")


def _hog() -> Any:
    # One detector a thread: a dlib detector keeps its feature pyramid between calls.
    if not hasattr(_local, "hog"):
        _local.hog = _dlib().get_frontal_face_detector()
    return _local.hog


def _mmod(path: Path) -> Any:
    # One net a thread, too: it keeps its layers' outputs.
    nets = _local.__dict__.setdefault("mmod", {})
    if path not in nets:
        if not path.is_file():
            raise ModelError(f"{path}: expected dlib's mmod detector, found no such file")
        try:
            nets[path] = _dlib().cnn_face_detection_model_v1(str(path))
        except RuntimeError as error:
            said = f"{path}: dlib cannot read this as an mmod face detector: {error}"
            raise ModelError(said) from error
    return nets[path]


@functools.lru_cache(maxsize=4)
def _predictor(path: Path) -> Any:
    dlib = _dlib()
    try:
        return dlib.shape_predictor(str(path))
    except RuntimeError as error:
        raise ModelError(f"{path}: dlib cannot read this landmark model: {error}") from error
