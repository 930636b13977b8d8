"""A garment taken off the person who wears it in a photo, to be put on another."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import NothingFoundError
from cvfast.people.pose import Pose
from cvfast.tryon.doubts import Doubts
from cvfast.tryon.fill import textured_fill
from cvfast.tryon.lower_shape import lower_landmarks, read_worn_lower
from cvfast.tryon.scene import Scene, read_scene
from cvfast.tryon.target_shape import upper_landmarks
from cvfast.tryon.worn_shape import read_worn_upper
from cvfast.typing import Image, ImageF32, ImageU8

if TYPE_CHECKING:
    from cvfast.tryon.garment import Garment

__all__ = ["garment_of_person", "worn_garment"]

_Mask: TypeAlias = NDArray[np.bool_]


def garment_of_person(
    image: Image,
    *,
    region: str = "upper",
    pose: Pose | None = None,
    labels: NDArray[np.uint8] | None = None,
    person_index: int | None = None,
) -> Garment:
    """Cut the garment that somebody wears out of a photo.

    Parameters
    ----------
    image
        As for `cvfast.try_on`.
    region
        ``"upper"`` or ``"lower"``.
    pose, labels, person_index
        As for `cvfast.try_on`, of this photo.

    Returns
    -------
    Garment
        With the cloth painted on below arms and hair that hide it, and landmarks in the person's
        pose.

    Raises
    ------
    NothingFoundError
        Nobody is seen, or no such garment on them.
    """
    doubts = Doubts()
    scene = read_scene(
        image, pose=pose, labels=labels, person_index=person_index, name="garment", doubts=doubts
    )
    return worn_garment(scene, region=region, doubts=doubts)


def worn_garment(scene: Scene, *, region: str, doubts: Doubts) -> Garment:
    """Return the garment that the person of a scene wears, at the scene's size.

    Raises
    ------
    NothingFoundError
        None is seen.
    """
    from cvfast.tryon.garment import Garment

    if region == "lower":
        lower = read_worn_lower(scene.parts)
        seen, whole, kind, sleeve = lower.visible, lower.whole, lower.kind, "none"
        marks = lower_landmarks(whole, scene.body, kind)
    else:
        worn = read_worn_upper(scene.parts, scene.body)
        seen, sleeve = worn.visible, worn.sleeve
        whole = worn.trunk | worn.sleeves["left"] | worn.sleeves["right"]
        marks = upper_landmarks(worn.trunk, worn.sleeves, worn.reach, scene.body)
        kind = {"none": "tank", "short": "tee", "long": "long"}[sleeve]
    if seen.sum() < 64:
        raise NothingFoundError(f"garment: no {region} garment found on the person")
    hidden = whole & ~seen
    share = float(hidden.sum() / whole.sum())
    if share > 0.05:
        doubts.add(1 - share, f"{share:.0%} of the garment is hidden on its wearer")
    image = _uncovered(scene.colours, seen, hidden)
    return Garment(
        image=image,
        mask=whole.astype(np.float32),
        landmarks=marks,
        kind=kind,
        sleeve=sleeve,
        region=region,
        confidence=doubts.confidence,
        reasons=doubts.reasons,
    )


def _uncovered(colours: ImageF32, seen: _Mask, hidden: _Mask) -> ImageU8:
    """Paint the cloth on below what hides it."""
    filled = textured_fill(colours, seen, hidden) if hidden.any() else colours
    levels: ImageU8 = np.clip(filled * 255 + 0.5, 0, 255).astype(np.uint8)
    return levels
