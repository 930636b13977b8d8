"""OpenCV 4's contrib modules, which share the cv2 folder with opencv-python."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray


def set_threads(threads: int) -> None:
    cv2.setNumThreads(threads)


def tps_warp(
    image: NDArray[np.uint8], source: NDArray[np.float64], target: NDArray[np.float64]
) -> Callable[[], NDArray[np.uint8]]:
    """Content at `source` lands on `target`: fitted from target to source, then warped."""
    matches = [cv2.DMatch(i, i, 0) for i in range(len(source))]
    to_points, from_points = target[None].astype(np.float32), source[None].astype(np.float32)

    def call() -> NDArray[np.uint8]:
        spline = cv2.createThinPlateSplineShapeTransformer()
        spline.estimateTransformation(to_points, from_points, matches)
        return spline.warpImage(image)

    return call


def cascade(grey: NDArray[np.uint8], path: NDArray[np.str_]) -> Callable[[], NDArray[np.int32]]:
    """All windows that a cascade accepts, x y w h."""
    classifier = cv2.CascadeClassifier(str(path))

    def call() -> NDArray[np.int32]:
        return np.array(classifier.detectMultiScale(grey, 1.1, 0), np.int32).reshape(-1, 4)

    return call


def eigenfaces(
    faces: NDArray[np.uint8],
    labels: NDArray[np.int32],
    queries: NDArray[np.uint8],
    components: NDArray[np.int64],
) -> Callable[[], NDArray[np.int32]]:
    """Fit, then predict one query after the other: there is no other way."""

    def call() -> NDArray[np.int32]:
        model = cv2.face.EigenFaceRecognizer_create(int(components))
        model.train(list(faces), labels)
        return np.array([model.predict(face)[0] for face in queries], np.int32)

    return call
