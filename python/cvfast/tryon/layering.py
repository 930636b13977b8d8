"""Dressing a person: from a read photo and a read garment to the layers of the result."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.models.alongside import alongside
from cvfast.tryon.carried_light import carried_light
from cvfast.tryon.choices import Choices
from cvfast.tryon.doubts import Doubts
from cvfast.tryon.finishing import Look
from cvfast.tryon.fitting import fit_garment
from cvfast.tryon.flat_cloth import FlatCloth, colours_of
from cvfast.tryon.layers import Overlay, in_front, neck_shadow, soft_edge
from cvfast.tryon.lower_shape import WornLower, read_worn_lower, target_lower
from cvfast.tryon.registering import registered
from cvfast.tryon.removal import beneath_lower, beneath_upper, take_off
from cvfast.tryon.same_cloth import light_gain
from cvfast.tryon.scene import Scene
from cvfast.tryon.shading import Shading, fine_grain, read_shading
from cvfast.tryon.steps import Steps
from cvfast.tryon.target_shape import TargetShape, target_upper
from cvfast.tryon.worn_shape import WornUpper, read_worn_upper
from cvfast.typing import ImageF32

if TYPE_CHECKING:
    from cvfast.tryon.garment import Garment

__all__ = ["dress"]

_Mask: TypeAlias = NDArray[np.bool_]
_RIM = 3  # pixels round the old garment whose colours are mixed with it
_UNSURE = 0.5  # confidence in a garment's cut-out up to which its opening is not copied
_OFF = 0.04  # of the body's unit: garments of one cut end nowhere further apart
_SAME_CUT = 0.85  # share of what either covers that both do
_HIDING = (
    "hair", "left_arm", "right_arm", "left_hand", "right_hand", "held", "glove", "scarf"
)  # fmt: skip


def dress(
    scene: Scene,
    cloth: FlatCloth,
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
    cloth
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
    garment = cloth.garment
    frame = scene.image.shape[1], scene.image.shape[0]
    scene, corner = scene.around_clothes(region)
    with steps.timed("target"):
        worn, target = _shapes(scene, garment, region, keep_sleeves, choices)
    for reason in target.reasons:
        doubts.add(0.9, reason)
    steps.show_target(scene, target)
    same_cut = (choices or Choices()).settle("cut", _same_cut(worn, target, scene.body.unit))
    coming = alongside(lambda: read_shading(scene.colours, worn.visible))
    with steps.timed("warp"):
        hidden = scene.parts.mask(*_HIDING) & target.mask
        seen = scene.parts.mask("upper", "dress", "coat")
        fit = fit_garment(garment, target, scene.body, hidden, seen, corner, doubts)
    with steps.timed("shading"):
        strength = 0.0 if fit.same_photo else shading  # its light is in it already
        light = coming.result()
        if fit.same_photo:
            flat = colours_of(garment)
        else:
            flat, light = _lit(cloth, light, scene, worn, strength, same_cut, doubts)
    with steps.timed("removal"):
        fill, bare = _undressed(scene, worn, target, fit.alpha, light)
    with steps.timed("layers"):
        body = fill.over(scene.colours)
        front = in_front(body, scene.parts, target, bare, worn.visible, scene.body, region=region)
    factor = np.power(light.factor, np.float32(strength))
    steps.show("without", body)
    steps.show("light", np.clip(factor / 2, 0, 1))
    steps.show("front", front.alpha)
    steps.show("alpha", fit.alpha)
    same_cut |= light.factor.ndim == 3  # read in colours: the cloth is the same one
    grain = fine_grain(scene.colours, light) if strength and same_cut else None
    look = Look(fill, fit.grid, fit.sleeves, flat, fit.alpha, factor, front, corner, frame, grain)
    if fit.same_photo:
        return look
    seen = worn.visible & (fit.alpha == 1) & (front.alpha == 0)
    with steps.timed("registering"):
        return _onto_itself(look, scene.colours, seen, worn.visible, strength, doubts)


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
        flat_mask=np.asarray(garment.mask) > 0.5, keep_neck=garment.confidence <= _UNSURE,
        choices=choices,
    )  # fmt: skip
    return worn, target


def _same_cut(worn: WornUpper | WornLower, target: TargetShape, unit: float) -> bool:
    """Return whether the new garment covers what the old one does, and has its neck opening."""
    whole = worn.visible | worn.trunk if isinstance(worn, WornUpper) else worn.visible
    side = max(3, round(_OFF * unit))
    apart = (whole ^ target.mask).astype(np.uint8)
    thick = load_cv2().erode(apart, np.ones((side, side), np.uint8))
    return not thick.any()


def _onto_itself(
    look: Look, photo: ImageF32, seen: _Mask, worn: _Mask, shading: float, doubts: Doubts
) -> Look:
    """Lay a garment that is worn already onto itself; leave any other as it is."""
    exact = registered(look, photo, seen, shading)
    if exact is None:
        return look
    doubts.note("the worn garment shows the same pattern: the new one is laid onto it")
    # What it covered it covers again, if it is cut alike too.
    shown = (look.alpha > 0.5) & (look.front.alpha < 0.5)
    alike = (shown & worn).sum() > _SAME_CUT * (shown | worn).sum()
    return replace(exact, alpha=soft_edge(worn, 0.8)) if alike else exact


def _lit(
    cloth: FlatCloth,
    light: Shading,
    scene: Scene,
    worn: WornUpper | WornLower,
    strength: float,
    same_cut: bool,
    doubts: Doubts,
) -> tuple[ImageF32, Shading]:
    """Return the garment's picture under the photo's broad light, and the light of its folds."""
    if not light.plain and _deep_folds(cloth, scene, worn):
        deep = read_shading(scene.colours, worn.visible, coloured=True)
        light = deep if deep.plain else light
    if not light.plain and strength:
        doubts.note("the worn garment is patterned: only its broad light is carried over")
    flat, same = _relit(cloth, light, strength, doubts)
    if same and light.plain:
        return _in_coloured_light(cloth, light, scene, worn, strength)
    return flat, carried_light(light, scene.body.unit, same_cut=same_cut)


def _deep_folds(cloth: FlatCloth, scene: Scene, worn: WornUpper | WornLower) -> bool:
    """Return whether what looks patterned has the plain new cloth's colour: it is deep folds."""
    if cloth.colour is None or not worn.visible.any():
        return False
    seen = scene.colours[worn.visible][::53]
    return light_gain(np.median(seen, axis=0).astype(np.float64), cloth.colour).sureness == 1


def _relit(
    cloth: FlatCloth, light: Shading, strength: float, doubts: Doubts
) -> tuple[ImageF32, bool]:
    """Return the garment's picture as the photo's light shows it, less folds.

    Where it is the cloth that is worn, it is brought under that light, and the second value says
    so.
    """
    gain = light_gain(light.colour, cloth.colour)
    same = gain.sureness > 0.5
    if same:
        doubts.note("the worn garment has the same colour: it is taken for the same cloth")
    if not gain.sureness:
        return cloth.unlit, False
    return cloth.unlit * np.power(np.array(gain.factors, np.float32), np.float32(strength)), same


def _in_coloured_light(
    cloth: FlatCloth, light: Shading, scene: Scene, worn: WornUpper | WornLower, strength: float
) -> tuple[ImageF32, Shading]:
    """Read the light in colours, and bring the same cloth to the level that it is relative to."""
    exact = light
    if light.factor.ndim == 2:
        exact = read_shading(scene.colours, worn.visible, coloured=True)
    if exact.level is None or cloth.colour is None:
        return cloth.unlit, light
    change = np.maximum(exact.level, 0.01) / np.maximum(cloth.colour, 0.01)
    return cloth.unlit * np.power(change.astype(np.float32), np.float32(strength)), exact


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
        beneath = beneath_upper(gap & worn.visible, worn, scene.body, scene.parts)
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
