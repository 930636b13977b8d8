"""Layers of a try-on, back to front: bare body, cloth, then arms, hands and hair before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.people.body import Body
from cvfast.tryon.blending import blend, weighted
from cvfast.tryon.limbs import Limb
from cvfast.tryon.target_shape import TargetShape
from cvfast.tryon.worn_shape import PartMasks, up_to
from cvfast.typing import ImageF32

__all__ = ["Front", "Overlay", "compose", "in_front", "neck_shadow", "resized", "soft_edge"]

_Mask: TypeAlias = NDArray[np.bool_]
_SHOULDER = 0.2  # share of an arm that never lies before the trunk
_RIM_BLUR = 2.0  # pixels
_ALWAYS = ("hat", "hair", "glove", "glasses", "face", "left_hand", "right_hand", "held")


@dataclass(frozen=True, eq=False)
class Overlay:
    """Colours that replace those below where ``alpha`` says so.

    Parameters
    ----------
    colour
        (H, W, 3) float32.
    alpha
        (H, W) float32 in [0, 1].
    """

    colour: ImageF32
    alpha: ImageF32

    def over(self, image: ImageF32) -> ImageF32:
        """Return ``image``, (H, W, 3) float32, under this."""
        return blend(image, self.colour, self.alpha)

    def cut(self, box: tuple[slice, slice], size: tuple[int, int]) -> Overlay:
        """Return a part of it, enlarged or reduced to a width and height."""
        return Overlay(resized(self.colour[box], size), resized(self.alpha[box], size))


@dataclass(frozen=True, eq=False)
class Front:
    """What lies in front of the new cloth.

    Parameters
    ----------
    alpha
        (H, W) float32: how much of the front each pixel shows.
    rim
        Colours for its rim, where the old garment shines through in the photo.
    """

    alpha: ImageF32
    rim: Overlay


def resized(plane: ImageF32, size: tuple[int, int]) -> ImageF32:
    """Return a picture or plane in another width and height, bilinearly."""
    if (plane.shape[1], plane.shape[0]) == size:
        return plane
    cv2 = load_cv2()
    result: ImageF32 = cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR)
    return result


def in_front(
    body: ImageF32,
    parts: PartMasks,
    target: TargetShape,
    bare: dict[str, _Mask],
    old: _Mask,
    joints: Body,
    *,
    region: str = "upper",
    edge: float = 0.8,
) -> Front:
    """Return what is painted over the new cloth.

    Parameters
    ----------
    body
        (H, W, 3) float32: the photo with the old garment taken off.
    parts
        The person's parts.
    target
        The new garment's shape.
    bare
        (H, W) bool by side: arm that the old sleeve covered and that is now filled in.
    joints
        The person's.
    old
        (H, W) bool: the old garment, which shines through at the front's rim.
    region
        ``"upper"``: hair, head, hands and arms outside the new sleeves. ``"lower"``: those, the
        upper garment and the shoes.
    edge
        Softness of the front's edge, pixels.
    """
    front = parts.mask(*_ALWAYS)
    for side in ("left", "right"):
        arm = parts.mask(f"{side}_arm") | bare.get(side, np.zeros_like(front))
        arm &= ~target.sleeves.get(side, np.zeros_like(front))
        # What of the arm is above its sleeve's end is under the cloth, shoulder and all.
        covered = max(target.reach.get(side, 0.0), _SHOULDER)
        front |= arm & ~up_to(arm, Limb.arm(joints, side), covered)
    if region == "lower":
        front |= parts.mask("upper", "coat", "dress", "left_sleeve", "right_sleeve", "scarf")
        front |= parts.mask("left_shoe", "right_shoe")
    near = _near(target.mask, 6)
    front &= near
    for mask in bare.values():
        old = old & ~mask
    return Front(soft_edge(front, edge), _clean_rim(body, front, old))


def soft_edge(mask: _Mask, sigma: float) -> ImageF32:
    """Return a mask as alpha with an edge about two ``sigma`` wide, centred on the mask's own."""
    alpha: ImageF32 = load_cv2().GaussianBlur(mask.astype(np.float32), (0, 0), sigma)
    # Steeper, so that thin things stay opaque.
    steep: ImageF32 = np.clip((alpha - 0.5) * 1.4 + 0.5, 0, 1).astype(np.float32)
    return steep


def compose(body: ImageF32, cloth: ImageF32, alpha: ImageF32, front: Front) -> ImageF32:
    """Put the layers together.

    Parameters
    ----------
    body
        (H, W, 3) float32: the photo with the old garment taken off.
    cloth
        (H, W, 3) float32: the new garment, shaded.
    alpha
        (H, W) float32: its opacity.
    front
        What lies before it.

    Returns
    -------
    (H, W, 3) float32; where the cloth has no opacity it is ``body`` to the bit.
    """
    behind = blend(body, cloth, alpha)
    return blend(behind, front.rim.over(body), front.alpha * (alpha > 0))


def neck_shadow(
    body: ImageF32, alpha: ImageF32, filled: _Mask, *, reach: float, strength: float = 0.18
) -> ImageF32:
    """Darken bare skin that was filled in just beside the new cloth, which lies on it.

    Parameters
    ----------
    body
        (H, W, 3) float32.
    alpha
        (H, W) float32: the new cloth's opacity.
    filled
        (H, W) bool: skin that was filled in. Skin that the photo shows keeps its own shadows.
    reach
        Pixels.
    strength
        0 to 1.
    """
    if not filled.any():
        return body
    side = 2 * max(1, round(reach)) + 1
    cast = load_cv2().blur(alpha, (side, side))[filled]
    dim = 1 - strength * np.clip(1.6 * cast, 0, 1)
    out: ImageF32 = body.copy()
    out[filled] *= dim[:, None]
    return out


def _near(mask: _Mask, pixels: int) -> _Mask:
    side = 2 * pixels + 1
    near: _Mask = load_cv2().dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    return near


def _clean_rim(body: ImageF32, front: _Mask, old: _Mask) -> Overlay:
    """Return better colours for the front where it borders on the old garment, two pixels wide."""
    cv2 = load_cv2()
    near_old = cv2.dilate(old.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    rim = front & near_old
    if not rim.any() or rim.sum() == front.sum():
        return Overlay(body, np.zeros(front.shape, np.float32))
    near_front = cv2.dilate(front.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    beside = rim | (near_front & old)
    known = (front & ~rim).astype(np.float32)
    weights = cv2.GaussianBlur(known, (13, 13), _RIM_BLUR)
    filled = cv2.GaussianBlur(weighted(body, known), (13, 13), _RIM_BLUR)
    filled = weighted(filled, 1 / np.maximum(weights, np.float32(1e-6)))
    beside &= weights > 1e-4
    return Overlay(filled, beside.astype(np.float32))
