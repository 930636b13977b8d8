"""A photo of a person and one of a garment as a try-on network gets them, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.people.pose import Pose
from cvfast.typing import ImageF32, ImageU8

if TYPE_CHECKING:
    from cvfast.tryon.garment import Garment
    from cvfast.tryon.scene import Scene

__all__ = ["Frame", "NetworkLook", "NetworkView", "view_of"]

_Mask: TypeAlias = NDArray[np.bool_]
_FILL = 0.9  # share of its frame that a garment fills, as made ones do
_HEADROOM = 0.06  # of the frame's height, over the head
_KNEES = 1.1  # lengths of the trunk below the hips that a frame shows


@dataclass(frozen=True)
class Frame:
    """A box of a picture, reduced or enlarged to the size of a network.

    Parameters
    ----------
    left, top, scale
        The box's corner in pixels, and pixels of the picture to one of the network's.
    size
        Width and height of the network's pictures. The box may reach beyond the picture.

    Examples
    --------
    >>> frame = Frame(10.0, 20.0, 2.0, (48, 64))
    >>> frame.cut(np.zeros((200, 100, 3), np.uint8), 255).shape
    (64, 48, 3)
    """

    left: float
    top: float
    scale: float
    size: tuple[int, int]

    def cut(self, picture: NDArray[Any], beyond: int, *, labels: bool = False) -> NDArray[Any]:
        """Return what is in the box; `beyond` fills what lies outside of the picture."""
        cv2 = load_cv2()
        width, height = self.size
        levels = picture.astype(np.uint8) if picture.dtype == bool else picture
        whole = max(1, round(self.scale)) if not labels else 1
        # Finer first, then means: what is reduced has to be averaged.
        step, fine = self.scale / whole, (width * whole, height * whole)
        at = np.array(
            [[step, 0, self.left + (step - 1) / 2], [0, step, self.top + (step - 1) / 2]],
            np.float64,
        )
        flags = cv2.WARP_INVERSE_MAP | (cv2.INTER_NEAREST if labels else cv2.INTER_LINEAR)
        border = (float(beyond),) * 4
        cut: NDArray[Any] = cv2.warpAffine(levels, at, fine, flags=flags, borderValue=border)
        if whole > 1:
            cut = cv2.resize(cut, self.size, interpolation=cv2.INTER_AREA)
        return cut > 0 if picture.dtype == bool else cut

    def put(self, plane: ImageF32, shape: tuple[int, ...], beyond: float = 0.0) -> ImageF32:
        """Return a network's plane or picture enlarged into a picture of a shape, its box."""
        cv2 = load_cv2()
        step = 1 / self.scale
        # A pixel x of the picture is (x - left + 1/2) / scale - 1/2 of the network's.
        shift = [(0.5 - self.left) * step - 0.5, (0.5 - self.top) * step - 0.5]
        at = np.array([[step, 0, shift[0]], [0, step, shift[1]]], np.float64)
        flags = cv2.WARP_INVERSE_MAP | cv2.INTER_CUBIC
        border = cv2.BORDER_REPLICATE
        placed: ImageF32 = cv2.warpAffine(
            plane, at, (shape[1], shape[0]), flags=flags, borderMode=border
        )
        outside = ~self._inside(shape)
        placed[outside] = beyond
        return placed

    def points(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return points (..., 2) of the network's picture in pixels of the whole one."""
        corner = np.array([self.left, self.top])
        placed: NDArray[np.float64] = (places + 0.5) * self.scale - 0.5 + corner
        return placed

    def pose(self, pose: Pose) -> Pose:
        """Return a pose of the picture in the box."""
        return pose.moved(1.0, (-self.left, -self.top)).moved(1 / self.scale)

    def _inside(self, shape: tuple[int, ...]) -> _Mask:
        x, y = np.arange(shape[1]) - self.left, np.arange(shape[0]) - self.top
        within = [
            (line >= -0.5) & (line < side * self.scale - 0.5)
            for line, side in zip((x, y), self.size, strict=True)
        ]
        inside: _Mask = within[1][:, None] & within[0]
        return inside


@dataclass(frozen=True, eq=False)
class NetworkView:
    """What a network gets.

    Attributes
    ----------
    image
        (h, w, 3) uint8: the person in the photo.
    labels
        (h, w) uint8: the parts, in cvfast's set.
    pose
        Joints in its pixels.
    garment, garment_mask
        (h, w, 3) uint8 on white, and (h, w) float32: the flat garment.
    wearer
        The view of the person whom the garment is taken from, if there is one.
    """

    image: ImageU8
    labels: ImageU8
    pose: Pose
    garment: ImageU8
    garment_mask: ImageF32
    wearer: NetworkView | None = None


@dataclass(frozen=True, eq=False)
class NetworkLook:
    """What a network makes of it.

    Attributes
    ----------
    rendered
        (h, w, 3) float32 in [0, 1]: the person in the garment.
    alpha
        (h, w) float32: where the garment's own pixels show.
    grid
        (h, w, 2) float32: which pixel of `NetworkView.garment` shows there, from (-1, -1), the
        first one's centre, to (1, 1), the last one's; None: the network warps nothing.
    worn
        (h, w) float32: where the new garment is, rendered or not.
    behind
        (h, w) float32: where it renders what lies behind the person.
    """

    rendered: ImageF32
    alpha: ImageF32
    grid: ImageF32 | None
    worn: ImageF32
    behind: ImageF32


def view_of(
    scene: Scene, garment: Garment, size: tuple[int, int]
) -> tuple[NetworkView, Frame, Frame]:
    """Cut person and garment to a network's size.

    Parameters
    ----------
    scene, garment
        As read for the classical engine.
    size
        Width and height of the network's pictures.

    Returns
    -------
    view, frame, garment_frame
        The pictures, and where they lie in the scene's and in the garment's.
    """
    person = person_frame(scene, size)
    mask = np.asarray(garment.mask, np.float32)
    flat = garment_frame(mask > 0.5, size)
    white = np.where(mask[..., None] > 0.5, garment.image, np.uint8(255)).astype(np.uint8)
    view = NetworkView(
        np.asarray(person.cut(scene.image, 255), np.uint8),
        np.asarray(person.cut(scene.parts.labels, 0, labels=True), np.uint8),
        person.pose(scene.pose),
        np.asarray(flat.cut(white, 255), np.uint8),
        np.asarray(flat.cut(mask, 0), np.float32),
    )
    return view, person, flat


def person_frame(scene: Scene, size: tuple[int, int]) -> Frame:
    """Return the frame of a person: from over the head to the knees, and all of the old garment."""
    labels, body = scene.parts.labels > 0, scene.body
    rows, columns = (np.flatnonzero(labels.any(axis)) for axis in (1, 0))
    worn = scene.parts.mask("upper", "left_sleeve", "right_sleeve")
    sides = np.flatnonzero(worn.any(0)) if worn.any() else columns
    knees = float(body["mid_hip"][1]) + _KNEES * body.torso_length
    top = float(rows[0]) if rows.size else 0.0
    bottom = min(float(rows[-1]) + 1 if rows.size else knees, knees)
    height = max(8.0, bottom - top) * (1 + 2 * _HEADROOM)
    middle = float(body["neck"][0] + body["mid_hip"][0]) / 2
    reach = max(abs(float(side) - middle) for side in (sides[[0, -1]] if sides.size else [middle]))
    scale = max(height / size[1], 2.1 * reach / size[0], 1e-3)
    return Frame(middle + 0.5 - scale * size[0] / 2, top - _HEADROOM * height, scale, size)


def garment_frame(mask: _Mask, size: tuple[int, int]) -> Frame:
    """Return the frame in which a garment lies as the made ones do: in the middle, nearly full."""
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    lines = [line if line.size else np.arange(side) for line, side in
             zip((columns, rows), mask.shape[::-1], strict=True)]  # fmt: skip
    ends = [(float(line[0]), float(line[-1]) + 1) for line in lines]
    scale = max((b - a) / (_FILL * side) for (a, b), side in zip(ends, size, strict=True))
    left, top = ((a + b - scale * side) / 2 for (a, b), side in zip(ends, size, strict=True))
    return Frame(left, top, scale, size)
