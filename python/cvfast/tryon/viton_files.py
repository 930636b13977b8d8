"""The files of VITON (MATLAB) and SwapNet (sparse arrays), read without trusting them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from cvfast.errors import MediaError
from cvfast.people.labels import check_labels
from cvfast.people.pose import Pose
from cvfast.typing import ImageU8

__all__ = ["read_swapnet_labels", "read_viton_labels", "read_viton_pose"]

_JOINTS = 18
_MOST_SIDE = 4096
_MOST_BYTES = 1 << 28  # unpacked


def read_viton_pose(path: Path) -> Pose:
    """Read VITON's pose: ``candidate`` (N, 3 or more: x, y, score) and ``subset`` (people, 18+).

    A person's row holds the number of each of the 18 COCO points among the candidates, -1 for a
    missing one.

    Raises
    ------
    MediaError
        Not such a file, or nobody is in it.
    """
    data = _mat(path, ("candidate", "subset"))
    candidate = _numbers(path, data, "candidate")
    subset = _numbers(path, data, "subset")
    if not len(subset):
        raise MediaError(f"{path}: expected a person, got none: no pose was found in this photo")
    if subset.shape[1] < _JOINTS or (len(candidate) and candidate.shape[1] < 3):
        raise MediaError(
            f"{path}: expected candidate (N, 3) and subset (people, {_JOINTS}), "
            f"got {candidate.shape} and {subset.shape}"
        )
    chosen = subset[0, :_JOINTS].astype(np.int64)
    if chosen.max() >= len(candidate):
        raise MediaError(f"{path}: subset names candidate {chosen.max()} of {len(candidate)}")
    points, confidence = np.zeros((_JOINTS, 2)), np.zeros(_JOINTS)
    there = chosen >= 0
    if there.any():  # else there may be no candidates, and they have no columns
        points[there] = candidate[chosen[there], :2]
        confidence[there] = np.clip(candidate[chosen[there], 2], 0, 1)
    return Pose(points, confidence, "coco18")


def read_viton_labels(path: Path, size: tuple[int, int]) -> ImageU8:
    """Read VITON's label map of a photo of this width and height.

    ``segment`` is a square (641 x 641), transposed; the photo fills its upper left, scaled so that
    the longer side is the square's. The rest is cut off before the map is resized.

    Raises
    ------
    MediaError
        Not such a file.
    """
    from cvfast.io.opencv import load_cv2

    square = _numbers(path, _mat(path, ("segment",)), "segment").T
    if square.shape[0] != square.shape[1]:
        raise MediaError(f"{path}: expected a square map, got {square.shape}")
    scale = len(square) / max(size)
    width, height = (max(1, round(side * scale)) for side in size)
    ids = _ids(path, square[:height, :width])
    cv2 = load_cv2()
    resized: ImageU8 = cv2.resize(ids, size, interpolation=cv2.INTER_NEAREST)
    return resized


def read_swapnet_labels(path: Path) -> ImageU8:
    """Read SwapNet's clothing map: a scipy sparse matrix of LIP's ids in an .npz.

    Raises
    ------
    MediaError
        Not such a file.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            if sum(part.file_size for part in data.zip.infolist()) > _MOST_BYTES:
                raise ValueError(f"expected at most {_MOST_BYTES:,} bytes unpacked, got more")
            kind, shape = data["format"].item(), tuple(int(side) for side in data["shape"])
            parts = {name: data[name] for name in ("data", "indices", "indptr")}
    except FileNotFoundError as error:
        raise MediaError(f"{path}: no such file") from error
    except Exception as error:  # zipfile's, NumPy's: whatever a damaged file brings about
        raise MediaError(f"{path}: expected a sparse label map (.npz): {error}") from error
    if kind not in (b"csc", b"csr") or len(shape) != 2 or not 0 < max(shape) <= _MOST_SIDE:
        raise MediaError(
            f"{path}: expected a csc or csr matrix of up to {_MOST_SIDE} a side, "
            f"got {kind}, {shape}"
        )
    from scipy import sparse

    make = sparse.csc_array if kind == b"csc" else sparse.csr_array
    try:
        matrix = make((parts["data"], parts["indices"], parts["indptr"]), shape=shape)
        matrix.check_format(full_check=True)
    except ValueError as error:
        raise MediaError(f"{path}: the sparse matrix is damaged: {error}") from error
    return _ids(path, matrix.toarray())


def _mat(path: Path, names: tuple[str, ...]) -> dict[str, Any]:
    from scipy.io import loadmat

    try:
        data: dict[str, Any] = loadmat(path, appendmat=False, variable_names=names)
    except FileNotFoundError as error:
        raise MediaError(f"{path}: no such file") from error
    except Exception as error:  # scipy's readers: whatever a damaged file brings about
        raise MediaError(f"{path}: expected a MATLAB file as VITON's: {error}") from error
    if missing := [name for name in names if name not in data]:
        raise MediaError(f"{path}: expected the variable {missing[0]} as VITON's files have")
    return data


def _numbers(path: Path, data: dict[str, Any], name: str) -> np.ndarray[Any, np.dtype[Any]]:
    array = np.asarray(data[name])
    if array.ndim != 2 or array.dtype.kind not in "uif" or not np.isfinite(array).all():
        raise MediaError(
            f"{path}: {name}: expected a matrix of finite numbers, "
            f"got {array.dtype} of shape {array.shape}"
        )
    return array


def _ids(path: Path, values: np.ndarray[Any, np.dtype[Any]]) -> ImageU8:
    if (
        values.dtype.kind not in "buif"
        or values.size == 0
        or values.min() < 0
        or values.max() > 255
        or (values % 1).any()
    ):
        raise MediaError(f"{path}: expected label ids from 0 to 19")
    ids = np.ascontiguousarray(values, np.uint8)
    try:
        check_labels(ids, "lip20")
    except ValueError as error:
        raise MediaError(f"{path}: {error}") from error
    return ids
