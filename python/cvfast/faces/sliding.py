"""Faces by a small network that looks at every window: three ways to pay for it.

The network (`cvfast.training.patches`) tells a face from anything else in 24 x 24 pixels. Sliding
it over a picture means tens of thousands of patches, nearly all of whose convolutions overlap; run
as one fully convolutional net, the same numbers come for a fraction of the work. A single-shot
detector such as BlazeFace looks once at one small picture instead.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from cvfast.faces.mesh import logistic
from cvfast.faces.types import Faces
from cvfast.geometry.boxes import overlap_of_smaller
from cvfast.geometry.pyramid import grey_levels
from cvfast.geometry.sampling import PixelReader
from cvfast.kernels.nms import iou, nms
from cvfast.models.onnx_session import OnnxSession
from cvfast.models.patch_net import MARGIN, STRIDE, WINDOW
from cvfast.models.registry import model_path
from cvfast.typing import ImageU8

__all__ = ["Way", "candidates_sliding", "find_sliding", "load_patch_net", "window_scores"]

Way: TypeAlias = Literal["convolution", "windows"]

_MOST_BYTES = 1 << 24
_BATCH = 1024  # patches a call
_ACCEPTED = 0.5  # score from which a window is a candidate
_MOST_CANDIDATES = 20_000
# A face is accepted by several windows that overlap, most errors by one: the score of a face is the
# mean of the best SUPPORT windows within an IoU of NEAR, those that are missing counting 0.
_SUPPORT, _NEAR, _OVERLAP = 6, 0.5, 0.3
_INSIDE = 0.6  # of the smaller of two boxes, shared: an eye or half a face was taken for one


def find_sliding(
    reader: PixelReader,
    *,
    min_score: float = 0.5,
    file: str | None = None,
    way: Way = "convolution",
) -> Faces:
    """Find faces with the patch network at every window of a pyramid.

    Parameters
    ----------
    reader
        The picture.
    min_score
        Lowest score to report: the mean over the six best windows at a face.
    file
        A network trained by ``cvfast train patches``; None: the package's own.
    way
        ``"convolution"``: over each size of the picture at once. ``"windows"``: each window cut
        out and classified, which gives the same and takes many times as long.

    Returns
    -------
    Faces
        Best first, after non-maximum suppression at an IoU of 0.3. Faces whose box is under 20
        pixels (in pictures over two megapixels more) are not seen.

    Raises
    ------
    ModelError
        The file is no such network.
    MissingDependencyError
        The extra ``onnx`` is not installed.
    """
    found = candidates_sliding(reader, file=file, way=way)
    return _supported(found, min_score)


def candidates_sliding(
    reader: PixelReader, *, file: str | None = None, way: Way = "convolution"
) -> Faces:
    """Return all windows with a score of 0.5 or more, as boxes from brows to chin, best first."""
    if way not in ("convolution", "windows"):
        raise ValueError(f"way: expected convolution or windows, got {way!r}")
    net = _bundled() if file is None else load_patch_net(file)
    boxes, scores = [np.zeros((0, 4), np.float32)], [np.zeros(0, np.float32)]
    for level in grey_levels(reader, (WINDOW, WINDOW)):
        found = window_scores(net, level.grey, way)
        rows, columns = np.nonzero(found >= _ACCEPTED)
        corners = STRIDE * np.stack([columns, rows], axis=1)
        boxes.append(level.boxes(corners, (WINDOW, WINDOW)))
        scores.append(found[rows, columns])
    windows, all_scores = np.concatenate(boxes), np.concatenate(scores)
    order = np.argsort(-all_scores, kind="stable")[:_MOST_CANDIDATES]
    return Faces(
        _face_boxes(windows[order]),
        all_scores[order],
        np.zeros((len(order), 0, 2), np.float32),
        reader.size,
    )


def window_scores(net: OnnxSession, grey: ImageU8, way: Way) -> NDArray[np.float32]:
    """Return the score of each window of a picture, at every fourth pixel across and down.

    Parameters
    ----------
    net
        The network, from `load_patch_net`.
    grey
        ``(h, w)`` uint8, no side under 24.
    way
        As for `find_sliding`.

    Returns
    -------
    numpy.ndarray
        ``((h - 24) // 4 + 1, (w - 24) // 4 + 1)`` float32 in [0, 1].
    """
    pixels = grey.astype(np.float32) / np.float32(255)
    if way == "convolution":
        (logits,) = net.run(pixels[None, None])
        return logistic(logits[0, 0]).astype(np.float32)
    windows = sliding_window_view(pixels, (WINDOW, WINDOW))[::STRIDE, ::STRIDE]
    patches = windows.reshape(-1, 1, WINDOW, WINDOW)
    parts = [net.run(patches[i : i + _BATCH])[0] for i in range(0, len(patches), _BATCH)]
    return logistic(np.concatenate(parts).reshape(windows.shape[:2])).astype(np.float32)


def load_patch_net(path: str | Path) -> OnnxSession:
    """Load a patch network: grey patches in, one number each out."""
    return OnnxSession(
        path,
        inputs={"pixels": (None, 1, None, None)},
        outputs={"logits": (None, 1, None, None)},
        most_bytes=_MOST_BYTES,
    )


def _face_boxes(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """From windows to the faces in their middle."""
    centre = (windows[:, :2] + windows[:, 2:]) / 2
    half = (windows[:, 2:] - windows[:, :2]) / (2 * MARGIN)
    return np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)


def _supported(found: Faces, min_score: float) -> Faces:
    """One box a face: the best window's, with the score of all that agree."""
    kept = nms(found.boxes, found.scores, _OVERLAP)
    scores = np.zeros(len(kept), np.float32)
    for place, index in enumerate(kept):
        near = iou(found.boxes[index : index + 1], found.boxes)[0] >= _NEAR
        scores[place] = found.scores[near][:_SUPPORT].sum() / _SUPPORT
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] >= min_score]
    boxes, scores = found.boxes[kept[order]], scores[order]
    alone = [
        place
        for place in range(len(boxes))
        if not (overlap_of_smaller(boxes[place], boxes[:place]) > _INSIDE).any()
    ]
    return Faces(boxes, scores, np.zeros((len(boxes), 0, 2), np.float32), found.size)[alone]


@functools.cache
def _bundled() -> OnnxSession:
    return load_patch_net(model_path("face_patch"))
