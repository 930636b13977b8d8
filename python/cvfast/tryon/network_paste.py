"""What a network made, put back into the photo at the photo's own size."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.tryon.fill import textured_fill
from cvfast.tryon.finishing import Look, finish
from cvfast.tryon.flat_cloth import colours_of, painted_on
from cvfast.tryon.layers import Front, Overlay
from cvfast.tryon.network_view import Frame, NetworkLook
from cvfast.tryon.scene import Scene
from cvfast.typing import Image, ImageF32

if TYPE_CHECKING:
    from cvfast.tryon.garment import Garment

__all__ = ["pasted"]

_Mask: TypeAlias = NDArray[np.bool_]
_KEPT = ("hat", "hair", "glasses", "face", "left_hand", "right_hand", "held")
_SLEEVES = ("upper", "left_sleeve", "right_sleeve", "dress", "coat")
_RIM = 3  # pixels round the old garment whose colours are mixed with it
_INNER, _SHARPER = 0.7, 4.0  # what is surely the garment, and how much its edge is sharpened
_SURE = 0.5  # of the new garment, from where on the network may paint beyond the old one


def pasted(
    photo: Image,
    scene: Scene,
    garment: Garment,
    look: NetworkLook,
    frame: Frame,
    garment_frame: Frame,
) -> tuple[Image, _Mask, ImageF32]:
    """Put a network's picture into the photo.

    Only the old garment and the new one change; behind the person, where the new garment leaves
    some of the old one's place free, the background goes on.

    Parameters
    ----------
    photo
        As the user gave it.
    scene, garment
        As read from the photos.
    look
        What the network made.
    frame, garment_frame
        Where its pictures lie in the scene's and in the garment's.

    Returns
    -------
    image, mask, worn
        As `cvfast.tryon.finishing.finish`.
    """
    shape = scene.image.shape
    kept = scene.parts.mask(*_KEPT)
    old = _grown(scene.parts.mask(*_SLEEVES), _RIM) & ~kept
    new = np.where(kept, 0, np.clip(frame.put(look.worn, shape), 0, 1))
    where = _softened(old | (new > _SURE), kept)
    colour = np.clip(frame.put(look.rendered, shape), 0, 1)
    ground = textured_fill(scene.colours, (scene.parts.labels == 0) & ~old, old)
    behind = np.clip(frame.put(look.behind, shape), 0, 1)[..., None]
    colour += behind * (ground - colour)
    # At the garment's edge the network mixes it with white: its inner colours go on there.
    inner = frame.put(painted_on(look.rendered, look.worn > _INNER), shape)
    edge = np.clip((new - _SURE) * _SHARPER + _SURE, 0, 1)[..., None]
    colour += edge * (np.clip(inner, 0, 1) - colour)
    grid, alpha = _cloth(look, garment, frame, garment_frame, shape)
    alpha *= where * ~kept
    nothing = np.zeros(shape[:2], np.float32)
    done = Look(
        fill=Overlay(colour.astype(np.float32), where), grid=grid, sleeves=(),
        cloth=painted_on(colours_of(garment), np.asarray(garment.mask) > 0.5),
        alpha=alpha, light=nothing + 1,
        front=Front(nothing, Overlay(colour.astype(np.float32), nothing)),
        corner=(0, 0), frame=(shape[1], shape[0]),
    )  # fmt: skip
    return finish(photo, done)


def _cloth(
    look: NetworkLook,
    garment: Garment,
    frame: Frame,
    garment_frame: Frame,
    shape: tuple[int, ...],
) -> tuple[ImageF32, ImageF32]:
    """Return each pixel's place in the garment's photo, and how much of it shows."""
    if look.grid is None:
        return np.zeros((*shape[:2], 2), np.float32), np.zeros(shape[:2], np.float32)
    sides = np.array(garment_frame.size, np.float64) - 1
    inside = (look.grid.astype(np.float64) + 1) / 2 * sides
    places = garment_frame.points(inside).astype(np.float32)
    grid = frame.put(places, shape, beyond=-1.0)
    alpha = np.clip(frame.put(look.alpha, shape), 0, 1)
    cv2 = load_cv2()
    mask = np.asarray(garment.mask, np.float32)
    x, y = (np.ascontiguousarray(grid[..., axis]) for axis in (0, 1))
    edge: ImageF32 = cv2.remap(mask, x, y, cv2.INTER_LINEAR, borderValue=(0.0,) * 4)
    return grid, alpha * edge


def _softened(where: _Mask, kept: _Mask) -> ImageF32:
    cv2 = load_cv2()
    soft: ImageF32 = cv2.GaussianBlur(where.astype(np.float32), (0, 0), 1.0)
    soft *= _grown(where, 2)
    soft[kept & ~where] = 0
    return soft


def _grown(mask: _Mask, pixels: int) -> _Mask:
    cv2 = load_cv2()
    side = 2 * pixels + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    grown: _Mask = cv2.dilate(mask.astype(np.uint8), kernel) > 0
    return grown
