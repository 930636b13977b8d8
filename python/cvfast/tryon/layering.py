"""Dressing a person: from a read photo and a read garment to the layers of the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.tryon.choices import Choices
from cvfast.tryon.doubts import Doubts
from cvfast.tryon.fill import mirror_points
from cvfast.tryon.finishing import Look
from cvfast.tryon.fitting import fit_garment
from cvfast.tryon.layers import Overlay, in_front, neck_shadow, soft_edge
from cvfast.tryon.lower_shape import WornLower, read_worn_lower, target_lower
from cvfast.tryon.removal import beneath_lower, beneath_upper, take_off
from cvfast.tryon.same_cloth import light_gain
from cvfast.tryon.scene import Scene
from cvfast.tryon.shading import Shading, read_shading
from cvfast.tryon.steps import Steps
from cvfast.tryon.target_shape import TargetShape, target_upper
from cvfast.tryon.worn_shape import WornUpper, read_worn_upper
from cvfast.typing import ImageF32

if TYPE_CHECKING:
    from cvfast.tryon.garment import Garment

__all__ = ["dress", "painted_on"]

_Mask: TypeAlias = NDArray[np.bool_]
_RIM = 3  # pixels round the old garment whose colours are mixed with it
_HIDING = (
    "hair", "left_arm", "right_arm", "left_hand", "right_hand", "held", "glove", "scarf"
)  # fmt: skip


def dress(
    scene: Scene,
    garment: Garment,
    *,
    region: str,
    keep_sleeves: bool,
    shading: float,
    doubts: Doubts,
    steps: Steps,
    choices: Choices | None = None,
) -> Look:
    """Put a garment on a person.

    Parameters
    ----------
    scene
        The person's photo.
    garment
        The garment.
    region
        ``"upper"`` or ``"lower"``.
    keep_sleeves
        Whether sleeves get the worn ones' length.
    shading
        0 to 1: how much of the worn garment's light goes onto the new one.
    doubts, steps
        Take reasons, times and pictures.
    choices
        Of the clip's frames before; None of a photo.
    """
    frame = scene.image.shape[1], scene.image.shape[0]
    scene, corner = scene.around_clothes(region)
    with steps.timed("target"):
        worn, target = _shapes(scene, garment, region, keep_sleeves, choices)
    for reason in target.reasons:
        doubts.add(0.9, reason)
    steps.show_target(scene, target)
    with steps.timed("warp"):
        hidden = scene.parts.mask(*_HIDING) & target.mask
        seen = scene.parts.mask("upper", "dress", "coat")
        fit = fit_garment(garment, target, scene.body, hidden, seen, corner, doubts)
        alpha = fit.alpha
    with steps.timed("shading"):
        light = read_shading(scene.colours, worn.visible)
        strength = 0.0 if fit.same_photo else shading  # its light is in it already
        flat, same = _relit(garment, scene, worn.visible, strength, fit.same_photo, doubts)
        if same and light.plain:
            light = read_shading(scene.colours, worn.visible, coloured=True)
    if not light.plain and strength:
        doubts.note("the worn garment is patterned: only its broad light is carried over")
    with steps.timed("removal"):
        fill, bare = _undressed(scene, worn, target, alpha, light)
    with steps.timed("layers"):
        body = fill.over(scene.colours)
        front = in_front(body, scene.parts, target, bare, worn.visible, scene.body, region=region)
    factor = np.power(light.factor, np.float32(strength))
    steps.show("without", body)
    steps.show("light", np.clip(factor / 2, 0, 1))
    steps.show("front", front.alpha)
    steps.show("alpha", alpha)
    return Look(fill, fit.grid, fit.sleeves, flat, alpha, factor, front, corner, frame)


def _shapes(
    scene: Scene,
    garment: Garment,
    region: str,
    keep_sleeves: bool,
    choices: Choices | None,
) -> tuple[WornUpper | WornLower, TargetShape]:
    """Return what is worn, and the shape of what is to come."""
    if region == "lower":
        lower = read_worn_lower(scene.parts)
        return lower, target_lower(lower, scene.body, garment.landmarks, garment.kind)
    worn = read_worn_upper(scene.parts, scene.body)
    target = target_upper(
        worn, scene.body, garment.landmarks, garment.sleeve, keep_sleeves=keep_sleeves,
        flat_mask=np.asarray(garment.mask) > 0.5, choices=choices,
    )  # fmt: skip
    return worn, target


def painted_on(image: ImageF32, mask: _Mask) -> ImageF32:
    """Return a garment's picture with its cloth going on beyond its edge, for samples just outside.

    Parameters
    ----------
    image
        (H, W, 3) float32.
    mask
        (H, W) bool: the cloth.
    """
    cv2 = load_cv2()
    rim = 2 * max(1, round(0.004 * max(mask.shape))) + 1  # mixed with the background
    inner = cv2.erode(mask.astype(np.uint8), np.ones((rim, rim), np.uint8)) > 0
    if not inner.any():
        return image
    reach = max(4, round(0.15 * float(np.sqrt(mask.sum()))))
    away = cv2.distanceTransform((~inner).astype(np.uint8), cv2.DIST_L2, 3)
    ring = (away <= reach) & ~inner
    rows, columns, y, x = mirror_points(inner, ring)
    painted = image.copy()
    painted[rows, columns] = image[y, x]
    return painted


def _relit(
    garment: Garment, scene: Scene, worn: _Mask, shading: float, worn_here: bool, doubts: Doubts
) -> tuple[ImageF32, bool]:
    """Return the garment's picture without its own light, its cloth going on beyond its edge.

    Where it is the cloth that is worn, it is brought under the photo's light, and the second value
    says so.
    """
    image = np.asarray(garment.image)
    colours: ImageF32 = image.astype(np.float32)
    if image.dtype == np.uint8:
        colours /= np.float32(255)
    mask = np.asarray(garment.mask) > 0.5
    same = False
    if shading:
        power = np.float32(shading)
        own = read_shading(colours, mask)
        colours = (colours / np.power(own.factor, power)[..., None]).astype(np.float32)
        gain = light_gain(scene.colours, worn, colours, mask)
        colours = colours * np.power(np.array(gain.factors, np.float32), power)
        same = gain.sureness > 0.5
        if same:
            doubts.note("the worn garment has the same colour: it is taken for the same cloth")
    if worn_here:  # its rim is the photo's own
        return colours.astype(np.float32), same
    return painted_on(colours.astype(np.float32), mask), same


def _undressed(
    scene: Scene,
    worn: WornUpper | WornLower,
    target: TargetShape,
    alpha: ImageF32,
    light: Shading,
) -> tuple[Overlay, dict[str, _Mask]]:
    """Take the old garment off where the new one does not cover it."""
    cv2 = load_cv2()
    side = 2 * _RIM + 1
    removed = cv2.dilate(worn.visible.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    kept = scene.parts.mask("hair", "hat", "face", "glasses", "left_hand", "right_hand", "held")
    removed &= ~kept | worn.visible
    gap = removed & (alpha < 1)
    bare: dict[str, _Mask] = {}
    if isinstance(worn, WornUpper):
        for name, sleeve in worn.sleeves.items():  # an arm that lies before the trunk
            gap |= sleeve & ~target.sleeves[name]
        beneath = beneath_upper(gap & worn.visible, worn, scene.body)
        bare = {
            "left": beneath.left_arm & worn.sleeves["left"],
            "right": beneath.right_arm & worn.sleeves["right"],
        }
    else:
        beneath = beneath_lower(gap & worn.visible, scene.body)
    beneath = beneath.with_background(scene.parts.mask("background") & gap)
    colours = take_off(scene.colours, beneath, scene.parts, removed, light)
    skin = beneath.skin & worn.visible
    colours = neck_shadow(colours, alpha, skin, reach=0.02 * scene.body.unit)
    where = beneath.everything
    weight = np.where(where & ~worn.visible, soft_edge(where, 0.6), where.astype(np.float32))
    return Overlay(colours, weight.astype(np.float32)), bare
