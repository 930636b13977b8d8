"""One swapped face put into one frame: cut out, swapped, coloured, masked and pasted back.

A face is worked on as a square of its own, a few times the network's size; the frame is read and
written inside the box that the mask covers, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cvfast.geometry.alignment import transform_points
from cvfast.kernels.crop import Affine, CropSource, SampleGrid
from cvfast.swap.face_finish import Upscale, finish_face, recolored
from cvfast.swap.face_types import crop_matrix
from cvfast.swap.feature_fit import INNER, Bend, inner_points
from cvfast.swap.merge_mask import combine_masks, shape_mask
from cvfast.swap.merge_settings import MergeSettings
from cvfast.typing import ImageF32, ImageU8

__all__ = ["Composer", "CutFace", "FrameFace", "Patch", "Swapper"]

_F64 = NDArray[np.float64]
_LARGEST = 512  # pixels: a face's square is not enlarged beyond
_MOST_TIMES = 4
_CORNERS = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])


class Swapper(Protocol):
    """What swaps faces: `cvfast.swap.swapper.Swapper`, or anything like it."""

    @property
    def resolution(self) -> int:
        """Pixels of the sides of the face pictures that it takes and gives."""

    @property
    def face_type(self) -> str:
        """What they show: a name in `cvfast.swap.face_types.FACE_TYPES`."""

    def swap(self, faces: ImageF32, morph: float = 1.0) -> Any:
        """Swap ``(N, n, n, 3)`` float32 RGB: returns ``face``, ``mask`` and ``target_mask``."""


@dataclass(frozen=True, eq=False)
class FrameFace:
    """A face of the target that is to be swapped.

    Parameters
    ----------
    landmarks
        ``(68, 2)`` in pixels of the frame.
    motion
        How far it moves from the frame before to the one after, in pixels of the frame.
    applied
        ``(h, h)`` uint8: an applied mask, and `applied_matrix`, ``(2, 3)``, from the frame's points
        to the mask's; None without.
    """

    landmarks: _F64
    motion: tuple[float, float] = (0.0, 0.0)
    applied: ImageU8 | None = None
    applied_matrix: _F64 | None = None


@dataclass(frozen=True, eq=False)
class Patch:
    """A swapped face, ready to be pasted.

    Parameters
    ----------
    face
        ``(W, W, 3)`` float32 RGB in [0, 1].
    mask
        ``(W, W)`` float32 in [0, 1].
    matrix
        ``(2, 3)``: from the frame's points to pixels of both.
    """

    face: ImageF32
    mask: ImageF32
    matrix: _F64

    def moved(self, before: _F64) -> Patch:
        """Return the patch for a picture whose points a transform leads to the frame's."""
        return replace(self, matrix=_after(self.matrix, before))

    def box(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Return the box of a frame of this width and height that the mask reaches into."""
        rows, columns = (np.flatnonzero(self.mask.any(axis=axis)) for axis in (1, 0))
        if not len(rows):
            return 0, 0, 0, 0
        low = np.array([columns[0], rows[0]]) - 1.0
        high = np.array([columns[-1], rows[-1]]) + 1.0
        corners = transform_points(inverse(self.matrix), low + _CORNERS * (high - low))
        x0, y0 = np.clip(np.floor(corners.min(axis=0)), 0, size).astype(int).tolist()
        x1, y1 = np.clip(np.ceil(corners.max(axis=0)) + 1, 0, size).astype(int).tolist()
        return x0, y0, max(x0, x1), max(y0, y1)

    def paste(self, pixels: ImageU8, origin: tuple[int, int]) -> ImageF32:
        """Blend the face into a box of a frame, in place; pixels without mask stay as they are.

        Parameters
        ----------
        pixels
            ``(h, w, 3)`` uint8 RGB.
        origin
            Where in the frame the box begins.

        Returns
        -------
        ``(h, w)`` float32 in [0, 1]: how much each pixel is the swapped face's.
        """
        height, width = pixels.shape[:2]
        at = self.matrix.copy()
        at[:, 2] += at[:, :2] @ origin
        place = affine(at)
        face = read(self.face, place, (width, height))
        mask = read(self.mask, place, (width, height), fill=0)[..., :1]
        face *= 255
        face -= pixels
        face *= mask
        face += pixels
        np.clip(face, 0, 255, out=face)
        face += 0.5
        pixels[...] = face  # cuts, so half a level more rounds
        return mask[..., 0]


@dataclass(frozen=True, eq=False)
class CutFace:
    """A face as the network takes it.

    Parameters
    ----------
    frame, face
        Where it is from.
    target
        ``(n, n, 3)`` float32 RGB in [0, 1].
    matrix
        ``(2, 3)``: from the frame's points to the network's square, which count from its corner.
    """

    frame: CropSource
    face: FrameFace
    target: ImageF32
    matrix: _F64


@dataclass(frozen=True, eq=False)
class _Work:
    """A face under way: where it is, what the network saw, and what it gave."""

    frame: CropSource
    face: FrameFace
    target: ImageF32
    matrix: _F64
    predicted: ImageF32
    predicted_mask: ImageF32
    target_mask: ImageF32


class Composer:
    """Puts swapped faces into frames.

    Parameters
    ----------
    swapper
        The model.
    settings
        How.
    segment
        Returns masks ``(N, n, n)`` float32 in [0, 1] of face pictures ``(N, n, n, 3)`` float32:
        `cvfast.swap.xseg.XSeg.masks`. Needed where ``settings.needs_xseg``.
    upscale
        Enlarges a picture ``(n, n, 3)`` float32 four times.
    place
        Turns the matrix from a frame's points to the network's square into one to the swapped
        face's: `cvfast.swap.proportions.Proportions.before`.
    """

    def __init__(
        self,
        swapper: Swapper,
        settings: MergeSettings,
        *,
        segment: Callable[[ImageF32], ImageF32] | None = None,
        upscale: Upscale | None = None,
        place: Callable[[_F64], _F64] | None = None,
    ) -> None:
        self.swapper, self.settings = swapper, settings
        self.size = int(swapper.resolution)
        self.factor = max(1, min(_MOST_TIMES, _LARGEST // self.size))
        self._segment, self._upscale, self._place = segment, upscale, place

    def with_settings(self, settings: MergeSettings) -> Composer:
        """Return one that composes in another way, with the same networks."""
        return Composer(
            self.swapper, settings, segment=self._segment, upscale=self._upscale, place=self._place
        )

    def crop(self, frame: CropSource, face: FrameFace, factor: int = 1) -> tuple[ImageF32, _F64]:
        """Cut a face out as the network wants it, or larger.

        Returns
        -------
        ``(factor n, factor n, 3)`` float32 RGB in [0, 1], and the matrix from the frame's points to
        the network's square, which count from its corner.
        """
        matrix = crop_matrix(face.landmarks, self.swapper.face_type, self.size)
        place = affine(inverse(to_pixels(matrix, factor)))
        out = np.empty((self.size * factor, self.size * factor, 3), np.float32)
        return frame.read(place, out, threads=1), matrix

    def patches(self, frame: CropSource, faces: Sequence[FrameFace]) -> list[Patch]:
        """Swap the faces of a frame, in order; none is pasted yet."""
        if not faces:
            return []
        cuts = [self.cut(frame, face) for face in faces]
        targets = np.stack([cut.target for cut in cuts])
        swapped = self.swapper.swap(targets, morph=self.settings.morph)
        return [self.patch(cut, swapped, index) for index, cut in enumerate(cuts)]

    def cut(self, frame: CropSource, face: FrameFace) -> CutFace:
        """Cut a face out, to be swapped; the frame must not change before it is a patch."""
        return CutFace(frame, face, *self.crop(frame, face))

    def patch(self, cut: CutFace, swapped: Any, index: int) -> Patch:
        """Make a patch of what the network gave for a face, one of several."""
        work = _Work(cut.frame, cut.face, cut.target, cut.matrix, *_one(swapped, index))
        return self._patch(work)

    def _patch(self, work: _Work) -> Patch:
        settings, factor = self.settings, self.factor
        bend = self._bend(work)
        if bend is not None:
            work = replace(work, predicted_mask=bend.warp(work.predicted_mask))
        known = {"learned-prd": work.predicted_mask, "learned-dst": work.target_mask}

        def part(name: str) -> ImageF32:
            if name not in known:
                known[name] = self._part(name, work)
            return known[name]

        mask = combine_masks(settings.mask_mode, part, self.size)
        if settings.occlusions == "xseg":
            mask *= part("XSeg-dst")
        elif settings.occlusions == "applied" and work.face.applied is not None:
            mask *= self._applied(work.face, work.matrix)
        shaped = shape_mask(mask, factor, settings)
        face = finish_face(
            recolored(work.predicted, work.target, mask, settings),
            shaped,
            settings,
            target=lambda: self.crop(work.frame, work.face, factor)[0],
            motion=work.matrix[:, :2] @ np.array(work.face.motion) * factor,
            upscale=self._upscale,
            bend=None if bend is None else bend.warp,
        )
        if settings.mode.startswith("raw"):  # the square as it is; the mask is told all the same
            shaped = shape_mask(np.ones_like(mask), factor, MergeSettings())
        return Patch(face, shaped, to_pixels(self._scaled(work.matrix), factor))

    def _bend(self, work: _Work) -> Bend | None:
        """Return what brings the swapped features to the target's; None where they stay."""
        if self.settings.fit != "features":
            return None
        found = inner_points(work.predicted)
        if found is None:
            return None
        return Bend(found, transform_points(work.matrix, work.face.landmarks)[INNER], self.size)

    def _part(self, name: str, work: _Work) -> ImageF32:
        """Return one of the masks that the network does not give."""
        if name == "hull":
            from cvfast.swap.hull import hull_mask

            # The hull's points count from the first pixel's middle.
            points = transform_points(to_pixels(work.matrix), work.face.landmarks)
            return hull_mask(points, self.size)
        if self._segment is None:
            raise ValueError(f"segment: expected what segments faces, for {name}, got None")
        given = work.predicted if name == "XSeg-prd" else work.target
        mask: ImageF32 = self._segment(given[None])[0]
        return mask

    def _applied(self, face: FrameFace, matrix: _F64) -> ImageF32:
        """Return the applied mask as the network's square sees it."""
        if face.applied is None or face.applied_matrix is None:
            return np.ones((self.size, self.size), np.float32)
        place = _after(to_pixels(face.applied_matrix), inverse(to_pixels(matrix)))
        shares: ImageF32 = face.applied.astype(np.float32) / np.float32(255)
        # What lies outside of the picture on which the mask was drawn is not known to be face.
        return read(shares, affine(place), (self.size, self.size), fill=0)[..., 0]

    def _scaled(self, matrix: _F64) -> _F64:
        """Return the matrix with which the square comes back larger or smaller."""
        if self.settings.fit == "place" and self._place is not None:
            matrix = self._place(matrix)
        scale = 1 / (1 + self.settings.face_scale / 100)
        middle = self.size / 2
        scaled = matrix * scale
        scaled[:, 2] += middle * (1 - scale)
        return scaled


def _one(swapped: Any, index: int) -> tuple[ImageF32, ImageF32, ImageF32]:
    """Return a face, its mask and the target's; masks ``(n, n)`` whatever they came as."""
    face = np.ascontiguousarray(swapped.face[index], np.float32)
    size = face.shape[:2]
    masks = (
        np.ascontiguousarray(given[index], np.float32).reshape(size)
        for given in (swapped.mask, swapped.target_mask)
    )
    mask, target_mask = masks
    return face, mask, target_mask


def to_pixels(matrix: _F64, factor: int = 1) -> _F64:
    """Turn a matrix to points that count from a picture's corner into one to its pixels."""
    pixels = matrix * float(factor)
    pixels[:, 2] -= 0.5
    return pixels


def inverse(matrix: _F64) -> _F64:
    """Return the transform back."""
    linear = np.linalg.inv(matrix[:, :2])
    return np.column_stack([linear, -linear @ matrix[:, 2]])


def affine(matrix: _F64) -> Affine:
    """Return a matrix as the resampler takes it."""
    a, b, c, d, e, f = (float(value) for value in matrix.ravel())
    return a, b, c, d, e, f


def read(
    picture: ImageF32, place: Affine, size: tuple[int, int], *, fill: int | None = None
) -> ImageF32:
    """Resample a square; returns ``(height, width, 3)`` float32."""
    side = picture.shape[1], picture.shape[0]
    source = CropSource(side, [SampleGrid((np.ascontiguousarray(picture),))])
    out = np.empty((size[1], size[0], 3), np.float32)
    return source.read(place, out, fill=fill, threads=1)


def _after(outer: _F64, inner: _F64) -> _F64:
    linear = outer[:, :2] @ inner[:, :2]
    return np.column_stack([linear, outer[:, :2] @ inner[:, 2] + outer[:, 2]])
