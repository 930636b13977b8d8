"""Single frames with swapped faces: to look at, or for a folder of PNGs.

Faces are put into the upright frame's RGB pixels; a clip's own planes are for
`cvfast.swap.frame_merger`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from cvfast.geometry.sampling import PixelReader
from cvfast.io.files import expand_inputs
from cvfast.io.frame import Frame
from cvfast.io.images import read_image
from cvfast.kernels.crop import CropSource, SampleGrid
from cvfast.swap.compose import Composer, FrameFace
from cvfast.swap.debug_picture import whole_frame
from cvfast.swap.extract_units import timed_frames
from cvfast.swap.label import label_on
from cvfast.typing import ImageU8

__all__ = ["frame_pixels", "merge_still", "still_frames"]


def merge_still(
    composer: Composer, pixels: ImageU8, faces: Sequence[FrameFace]
) -> tuple[ImageU8, ImageU8]:
    """Swap the faces of one upright frame.

    Parameters
    ----------
    composer
        Swaps and composes; its settings say whether there is a label.
    pixels
        ``(h, w, 3)`` uint8 RGB.
    faces
        Those to swap.

    Returns
    -------
    A new ``(h, w, 3)`` uint8 frame, and ``(h, w)`` uint8: 255 where it is a swapped face.
    """
    height, width = pixels.shape[:2]
    done, covered = pixels.copy(), np.zeros((height, width), np.uint8)
    if composer.settings.mode != "original":
        source = CropSource((width, height), [SampleGrid((np.ascontiguousarray(pixels),))])
        for patch in composer.patches(source, faces):
            x0, y0, x1, y1 = patch.box((width, height))
            if x0 < x1 and y0 < y1:
                mask = patch.paste(done[y0:y1, x0:x1], (x0, y0))
                part = covered[y0:y1, x0:x1]
                np.maximum(part, np.rint(mask * 255).astype(np.uint8), out=part)
    return (label_on(done) if composer.settings.label else done), covered


def frame_pixels(frame: Frame) -> ImageU8:
    """Return a clip's frame upright as ``(h, w, 3)`` uint8 RGB."""
    return np.ascontiguousarray(np.rot90(frame.rgb(), -frame.rotation))


def still_frames(target: Path, start: int = 0, end: int | None = None) -> Iterator[ImageU8]:
    """Yield frames of a clip, or pictures of a folder, upright as RGB.

    Parameters
    ----------
    target
        The clip or folder.
    start, end
        Numbers of the first frame and of the one after the last.
    """
    if target.is_dir():
        for path in expand_inputs([target], videos=False)[start:end]:
            image = read_image(path, first_frame=True).pixels
            yield whole_frame(PixelReader.of(image))
        return
    for frame, _ in itertools.islice(timed_frames(target), start, end):
        yield frame_pixels(frame)
