"""The frames of a clip, one after the other: faces found by time, swapped, pasted, labelled."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.frames import frame_reader
from cvfast.geometry.coordinates import rotate_points
from cvfast.io.frame import Frame
from cvfast.swap.compose import Composer, CutFace, Patch
from cvfast.swap.group_swap import GroupSwapper, Place
from cvfast.swap.label import LABEL, draw_label
from cvfast.swap.merge_faces import TargetFaces
from cvfast.swap.plane_paste import paste_patch
from cvfast.typing import ImageU8

__all__ = ["FrameMerger", "paste"]

_F64 = NDArray[np.float64]


class FrameMerger:
    """Swaps the faces in a clip's frames, in place: as `cvfast.io.video.transcode` asks for it.

    Parameters
    ----------
    composer
        Swaps and composes.
    table
        The faces to swap.
    origin
        The time of the clip's first frame on its own clock, in seconds.
    label
        What is drawn into each frame's corner; empty for nothing.
    mask
        Called with each frame and its mask, ``(h, w)`` uint8, 255 where the face is swapped.

    Attributes
    ----------
    swapped
        Frames in which a face was swapped.
    faces
        Faces swapped in all of them.
    """

    def __init__(
        self,
        composer: Composer,
        table: TargetFaces,
        *,
        origin: Fraction = Fraction(0),
        label: str = LABEL,
        mask: Callable[[Frame, ImageU8], None] | None = None,
    ) -> None:
        self._composer, self._table, self._origin = composer, table, origin
        self._label, self._mask = label, mask
        self._group = GroupSwapper(composer.swapper, composer.settings.morph)
        self.swapped = self.faces = 0

    def prepare(self, frame: Frame) -> list[tuple[CutFace, Place]]:
        """Cut the frame's faces out and have them swapped; the frame stays as it is."""
        now = float((frame.seconds or Fraction(0)) - self._origin)
        source = frame_reader(frame).source
        if source is None or self._composer.settings.mode == "original":
            return []
        faces = [face.frame_face() for face in self._table.at(now)]
        cuts = [self._composer.cut(source, face) for face in faces]
        return [(cut, self._group.add(cut.target)) for cut in cuts]

    def edit(self, frame: Frame, prepared: list[tuple[CutFace, Place]]) -> bool:
        """Paste swapped faces into a frame, in place; return whether it has changed."""
        patches = [self._composer.patch(cut, *self._group.get(place)) for cut, place in prepared]
        covered = paste(frame, patches)
        self.swapped += bool(patches)
        self.faces += len(patches)
        if self._mask is not None:
            self._mask(frame, covered)
        if self._label:
            draw_label(frame, self._label)
        return bool(patches) or bool(self._label)


def paste(frame: Frame, patches: list[Patch]) -> ImageU8:
    """Paste swapped faces into a frame, one after the other.

    Returns
    -------
    ``(h, w)`` uint8, as the frame is stored: 255 where it is a swapped face.
    """
    covered = np.zeros((frame.height, frame.width), np.uint8)
    upright = _upright(frame)
    for patch in patches:
        paste_patch(frame, patch.moved(upright), covered)
    return covered


def _upright(frame: Frame) -> _F64:
    """Return the ``(2, 3)`` transform from points of a stored frame to those of the one shown."""
    unit = np.array([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)])
    if frame.rotation % 4:
        unit = rotate_points(unit, (frame.width, frame.height), frame.rotation)
    origin = unit[0]
    return np.column_stack([unit[1] - origin, unit[2] - origin, origin])
