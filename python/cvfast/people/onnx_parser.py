"""Human parsers in ONNX files that people bring."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import ModelError
from cvfast.geometry.boxes import RotatedBox
from cvfast.geometry.sampling import PixelReader, read_input
from cvfast.models.onnx_session import OnnxSession, Shape
from cvfast.people.labels import label_set
from cvfast.typing import Image, ImageF32, ImageU8, Path

__all__ = ["OnnxParser"]

_SIDES = (32, 2048)
_MOST_BYTES = 1 << 30
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


class OnnxParser:
    """A human parser from an ONNX file; may be used from several threads.

    The photo is resized to what the model takes and handed over as float32 ``(levels / 255 - mean)
    / std``. The model has one input, ``(1, 3, H, W)`` or ``(1, H, W, 3)``; of its outputs the first
    with one plane for each label counts, ``(1, labels, h, w)``: each pixel gets the label whose
    plane, resized to the photo, is highest.

    Parameters
    ----------
    path
        The file, which is not trusted: see `cvfast.models.onnx_session`.
    labels
        The set that its planes stand for, from `cvfast.people.labels.LABEL_SETS`.
    size
        Width and height to resize to where the file leaves them open.
    mean, std
        One number for each channel of ``colours``; ImageNet's by default.
    colours
        ``"rgb"`` or ``"bgr"``: the order of the channels.
    threads
        Threads of one call.

    Raises
    ------
    ModelError
        The file is missing, damaged, or no such model.
    MissingDependencyError
        onnxruntime is not installed.
    ValueError
        Unknown set or colour order, or other numbers.

    Examples
    --------
    >>> OnnxParser("gone.onnx", "lip20")
    Traceback (most recent call last):
    ...
    cvfast.errors.ModelError: gone.onnx: model file cannot be read (No such file or directory)
    """

    def __init__(
        self,
        path: Path,
        labels: str,
        *,
        size: tuple[int, int] | None = None,
        mean: Sequence[float] = _IMAGENET[0],
        std: Sequence[float] = _IMAGENET[1],
        colours: str = "rgb",
        threads: int = 1,
    ) -> None:
        ids = label_set(labels)
        self.labels = labels
        self._planes = max(ids.values()) + 1
        _check_options(mean, std, colours)
        self._mean, self._std = np.array(mean, np.float32), np.array(std, np.float32)
        self._bgr = colours == "bgr"
        self._session = OnnxSession(
            path, inputs=None, outputs=None, threads=threads, most_bytes=_MOST_BYTES
        )
        self._first, self._size = _layout(self._session, size)

    def __repr__(self) -> str:
        width, height = self._size
        return f"OnnxParser({self._session.path.name!r}: {self.labels}, {width}x{height})"

    def parse(self, image: Image | PixelReader) -> ImageU8:
        """Return the label map ``(H, W)`` uint8 of a photo, in its own size.

        Raises
        ------
        ModelError
            The model fails, or has no output with a plane for each label.
        """
        reader = PixelReader.of(image)
        planes = self._run(reader)
        return _highest(planes, reader.size)

    def _run(self, reader: PixelReader) -> ImageF32:
        width, height = self._size
        seen = np.empty((1, height, width, 3), np.float32)
        read_input(reader, RotatedBox.from_box((0, 0, *reader.size)), seen)
        if self._bgr:
            seen = seen[..., ::-1]
        seen = (seen - self._mean) / self._std
        if self._first:
            seen = seen.transpose(0, 3, 1, 2)
        made = self._session.run(np.ascontiguousarray(seen))
        for planes in made:
            if planes.ndim == 4 and planes.shape[:2] == (1, self._planes):
                if not np.isfinite(planes).all():
                    raise ModelError(f"{self._session.path}: expected finite numbers, got others")
                found: ImageF32 = planes[0]
                return found
        raise ModelError(
            f"{self._session.path}: expected an output 1x{self._planes}xHxW, one plane for each "
            f"label of {self.labels}, got {[planes.shape for planes in made]}"
        )


def _highest(planes: ImageF32, size: tuple[int, int]) -> ImageU8:
    """Label whose plane is highest, in the photo's size; one plane at a time is resized."""
    from cvfast.io.opencv import load_cv2

    cv2 = load_cv2()
    best = np.full((size[1], size[0]), -np.inf, np.float32)
    labels = np.zeros((size[1], size[0]), np.uint8)
    for number, plane in enumerate(planes):
        level = cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR)
        higher: NDArray[np.bool_] = level > best
        labels[higher] = number
        best[higher] = level[higher]
    return labels


def _layout(session: OnnxSession, size: tuple[int, int] | None) -> tuple[bool, tuple[int, int]]:
    """Whether channels come before rows, and the width and height to resize to."""
    shape: Shape = session.input_shapes[0] if len(session.input_shapes) == 1 else ()
    first = len(shape) == 4 and shape[1] == 3
    if len(shape) != 4 or shape[0] not in (1, None) or not (first or shape[3] == 3):
        raise ModelError(
            f"{session.path}: expected one input 1x3xHxW or 1xHxWx3, got {session.input_shapes}"
        )
    height, width = shape[2:] if first else shape[1:3]
    given = size or (width, height)
    if None in given:
        raise ValueError(f"size: expected width and height, which {session.path} leaves open")
    for name, have, want in (("width", width, given[0]), ("height", height, given[1])):
        if have is not None and have != want:
            raise ModelError(f"{session.path}: expected {name} {want}, got a model for {have}")
    final = int(given[0] or 0), int(given[1] or 0)
    if not all(_SIDES[0] <= side <= _SIDES[1] for side in final):
        raise ValueError(f"size: expected sides of {_SIDES[0]} to {_SIDES[1]}, got {final}")
    return first, final


def _check_options(mean: Sequence[float], std: Sequence[float], colours: str) -> None:
    if colours not in ("rgb", "bgr"):
        raise ValueError(f"colours: expected 'rgb' or 'bgr', got {colours!r}")
    numbers = [*mean, *std]
    if len(mean) != 3 or len(std) != 3 or not all(map(math.isfinite, numbers)) or min(std) <= 0:
        raise ValueError(
            "mean, std: expected three finite numbers each, std above 0, "
            f"got {tuple(mean)}, {tuple(std)}"
        )
