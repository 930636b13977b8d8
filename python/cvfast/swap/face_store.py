"""Face pictures as a training wants them: cut to one face type and size, in bounded memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import LimitError, MediaError, NothingFoundError
from cvfast.geometry.alignment import transform_points
from cvfast.io.images import read_image
from cvfast.io.picture import to_uint8
from cvfast.kernels.crop import CropSource, SampleGrid
from cvfast.swap.face_file import FaceRecord, face_files, read_record
from cvfast.swap.face_types import FACE_TYPES, crop_matrix
from cvfast.swap.hull import eyes_mouth_mask
from cvfast.swap.masks import face_mask
from cvfast.typing import ImageU8
from cvfast.typing import Path as PathLike

__all__ = ["CHANNELS", "FaceStore", "cut_face", "landmark_yaw"]

CHANNELS = 5  # red, green, blue, face mask, eyes and mouth


class FaceStore:
    """The face pictures of a folder, each decoded once as long as memory lasts.

    Safe to read from several threads. What it gives does not depend on what it remembers.

    Parameters
    ----------
    folder
        Of face pictures with records.
    face_type, size
        To which pictures are cut: a name in `FACE_TYPES`, and pixels of the sides.
    memory
        Bytes to remember pictures in; those used longest ago are read again when needed.
    left_out
        Called with each picture that has no record, or cannot give this face type, and the error.

    Attributes
    ----------
    paths
        Of the pictures that can be used, in order of name.
    yaws
        ``(N,)`` float64 radians, positive for faces turned to the picture's right.

    Raises
    ------
    NothingFoundError
        The folder has no face picture that can be used.
    """

    def __init__(
        self,
        folder: PathLike,
        *,
        face_type: str,
        size: int,
        memory: int = 1 << 30,
        left_out: Callable[[Path, Exception], None] | None = None,
    ) -> None:
        self.folder, self.face_type, self.size = Path(folder), face_type, size
        self.paths: list[Path] = []
        yaws = []
        for path in face_files(folder) if self.folder.is_dir() else ():
            try:
                record = _record(path)
                _check_type(record, face_type, path)
            except (MediaError, LimitError) as error:
                if left_out is not None:
                    left_out(path, error)
                continue
            self.paths.append(path)
            yaws.append(landmark_yaw(record.landmarks))
        if not self.paths:
            raise NothingFoundError(
                f"{folder}: expected face pictures of type {face_type} or wider, found none; "
                "extract them: cvfast swap extract"
            )
        self.yaws = np.array(yaws)
        self._most = max(1, memory // (size * size * CHANNELS))
        self._known: OrderedDict[int, ImageU8] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.paths)

    def picture(self, index: int) -> ImageU8:
        """Return a face, its mask, and the mask of its eyes and mouth.

        Returns
        -------
        numpy.ndarray
            ``(size, size, 5)`` uint8; not to be written to.

        Raises
        ------
        MediaError
            The file cannot be read any more.
        """
        with self._lock:
            found = self._known.get(index)
            if found is not None:
                self._known.move_to_end(index)
                return found
        path = self.paths[index]
        pixels: ImageU8 = np.ascontiguousarray(to_uint8(read_image(path).pixels))
        found = cut_face(pixels, _record(path), self.face_type, self.size)
        with self._lock:
            self._known[index] = found
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        return found


def cut_face(pixels: ImageU8, record: FaceRecord, face_type: str, size: int) -> ImageU8:
    """Return a face picture cut to a face type, with its masks beside its colours.

    Parameters
    ----------
    pixels
        ``(h, h, 3)`` uint8: a face picture.
    record
        Its record.
    face_type, size
        What is wanted.

    Returns
    -------
    numpy.ndarray
        ``(size, size, 5)`` uint8: red, green, blue, the face, its eyes and mouth.
    """
    side = pixels.shape[0]
    mask = face_mask(pixels, record, size=side)
    to_cut = _cutting(record, face_type, size, side)
    back = np.linalg.inv(np.vstack([to_cut, (0, 0, 1)]))[:2]
    # Records count from the picture's corner, the kernel from the middle of the first pixel.
    back[:, 2] += back[:, :2] @ (0.5, 0.5) - 0.5
    matrix = tuple(back.ravel().tolist())
    out = np.empty((size, size, CHANNELS), np.uint8)
    out[..., :3] = _cropped(pixels, matrix, size, None)
    grey = np.rint(mask * 255).astype(np.uint8)
    out[..., 3] = _cropped(grey, matrix, size, 0)[..., 0]
    landmarks = transform_points(to_cut, record.landmarks)
    out[..., 4] = np.rint(np.clip(eyes_mouth_mask(landmarks, size), 0, 1) * 255)
    return out


def landmark_yaw(landmarks: NDArray[np.float64]) -> float:
    """Return how far a face is turned, in radians; positive to the picture's right.

    The nose tip is about half a face width in front of the line between the ears, so it leaves
    their middle by the sine of the yaw, while the line narrows by its cosine.

    Examples
    --------
    >>> points = np.zeros((68, 2))
    >>> points[16], points[30] = (2, 0), (1.5, 1)
    >>> round(landmark_yaw(points), 3)
    0.464
    """
    across = landmarks[16] - landmarks[0]
    squared = float(across @ across)
    if squared == 0:
        return 0.0
    beside = float((landmarks[30] - (landmarks[0] + landmarks[16]) / 2) @ across) / squared
    return float(np.arctan(2 * beside))


def _record(path: Path) -> FaceRecord:
    record = read_record(path)
    if record is None:
        raise MediaError(f"{path}: expected a face picture with its record, got a plain picture")
    return record


def _check_type(record: FaceRecord, face_type: str, path: Path) -> None:
    """Refuse a narrower picture: it does not show what a wider one needs."""
    if FACE_TYPES[record.face_type].code < FACE_TYPES[face_type].code:
        raise MediaError(
            f"{path}: expected a face picture of type {face_type} or wider, got "
            f"{record.face_type}; extract again with --face-type {face_type}, or train that type"
        )


def _cutting(record: FaceRecord, face_type: str, size: int, side: int) -> NDArray[np.float64]:
    """Return the transform from a face picture's points to those of the wanted one's."""
    if record.face_type == face_type:
        scale = size / side
        return np.array([[scale, 0, 0], [0, scale, 0]])
    return crop_matrix(record.landmarks, face_type, size)


def _cropped(
    pixels: ImageU8, matrix: tuple[float, ...], size: int, fill: int | None
) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    a, b, c, d, e, f = matrix
    out = np.empty((size, size, 3), np.uint8)
    source = CropSource((width, height), [SampleGrid((pixels,))])
    return source.read((a, b, c, d, e, f), out, fill=fill, threads=1)
