"""MediaPipe's FaceMesh with refined irises, following a face through a clip's frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import mediapipe as mp
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]
_MESH = 478


def set_threads(threads: int) -> None:
    cv2.setNumThreads(threads)  # its graph's threads share the cores that the parent leaves it


def face_mesh(
    clip: NDArray[np.str_], kept: NDArray[np.int64], planes: NDArray[np.bool_]
) -> Callable[[], NDArray[np.int64]]:
    """Follow the face through the clip's first `kept` frames, forwards, then backwards, and so on.

    With `planes` the frames are 4:2:0 as a decoder gives them, and each is converted first. The
    call returns how many of the frames had a face.
    """
    mesh = mp.solutions.face_mesh.FaceMesh(max_num_faces=1, refine_landmarks=True)
    frames = [frame for _, frame in zip(range(int(kept)), _pictures(str(clip)), strict=False)]
    if planes:
        frames = [cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420) for frame in frames]

    def call() -> NDArray[np.int64]:
        found = 0
        for frame in frames:
            picture = cv2.cvtColor(frame, cv2.COLOR_YUV2RGB_I420) if planes else frame
            found += mesh.process(picture).multi_face_landmarks is not None
        frames.reverse()
        return np.array(found)

    return call


def followed(clip: NDArray[np.str_]) -> Callable[[], Points]:
    """Return the landmarks of every frame, (frames, 478, 2) in pixels; NaN where none was found."""

    def call() -> Points:
        mesh = mp.solutions.face_mesh.FaceMesh(max_num_faces=1, refine_landmarks=True)
        return np.stack([_points(mesh, picture) for picture in _pictures(str(clip))])

    return call


def _points(mesh: mp.solutions.face_mesh.FaceMesh, picture: NDArray[np.uint8]) -> Points:
    faces = mesh.process(picture).multi_face_landmarks
    if not faces:
        return np.full((_MESH, 2), np.nan, np.float32)
    height, width = picture.shape[:2]
    # From edges at 0 and 1 to pixels with their centres at whole numbers.
    return np.array([(p.x * width - 0.5, p.y * height - 0.5) for p in faces[0].landmark], "float32")


def _pictures(clip: str) -> Iterator[NDArray[np.uint8]]:
    reader = cv2.VideoCapture(clip)
    while True:
        more, picture = reader.read()
        if not more:
            return
        yield cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
