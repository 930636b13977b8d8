"""What `retouch` can do and how strongly, and which faces it does it to."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, fields
from typing import Any, TypeAlias, TypedDict

from cvfast.effects.colors import LIP_COLORS, EyeColor, eye_color, parse_color

__all__ = ["COLORS", "Choice", "Effects", "RetouchOptions", "check_choice"]

Choice: TypeAlias = str | int  # "all", "largest" or a face's number
COLORS = ("eye_color", "lip_color")


class Effects(TypedDict, total=False):
    """The fields of `RetouchOptions` as keyword arguments."""

    smooth_skin: float
    blush: float
    lip_color: str | None
    lip_color_strength: float
    white_teeth: float
    white_eyes: float
    eye_color: EyeColor | None
    eye_color_strength: float
    slim_face: float
    small_nose: float
    big_mouth: float
    big_eyes: float


@dataclass(frozen=True, kw_only=True)
class RetouchOptions:
    """One strength in [0, 1] for each effect; 0 leaves the face as it is.

    They act in the order given here: colours first, on the face as it came, then the shapes.

    Parameters
    ----------
    smooth_skin
        Evens the skin and keeps its edges; see :mod:`cvfast.effects.skin`.
    blush
        Colour on the cheeks; see :mod:`cvfast.effects.blush`.
    lip_color, lip_color_strength
        A colour's name or ``"#rrggbb"``, None for none; see :mod:`cvfast.effects.lips`.
    white_teeth
        Takes the yellow out of teeth that show; see :mod:`cvfast.effects.teeth`.
    white_eyes
        Takes redness out of the whites of the eyes; see :mod:`cvfast.effects.eye_whites`.
    eye_color, eye_color_strength
        A colour's name, ``"#rrggbb"``, two of them (``"green,blue"``: the person's right and left
        eye), a photo (file or array) to take it from, or a pair of these; see
        :mod:`cvfast.effects.eye_color`. Kept as text: a photo becomes ``"#rrggbb"``.
    slim_face
        How much narrower cheeks and jaw become; see :mod:`cvfast.effects.slim`.
    small_nose
        How much smaller the nose becomes; see :mod:`cvfast.effects.nose`.
    big_mouth
        How much larger the mouth becomes; see :mod:`cvfast.effects.mouth`.
    big_eyes
        How much larger the eyes become; see :mod:`cvfast.effects.eyes`.

    Raises
    ------
    TypeError, ValueError
        A strength is not a number, or outside [0, 1]; a colour is not known.

    Examples
    --------
    >>> RetouchOptions(big_eyes=0.4).actions
    ('big_eyes=0.4',)
    """

    smooth_skin: float = 0.0
    blush: float = 0.0
    lip_color: str | None = None
    lip_color_strength: float = 0.6
    white_teeth: float = 0.0
    white_eyes: float = 0.0
    eye_color: EyeColor | None = None
    eye_color_strength: float = 1.0
    slim_face: float = 0.0
    small_nose: float = 0.0
    big_mouth: float = 0.0
    big_eyes: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in COLORS:
                self._check_color(field.name, value)
                continue
            try:
                strength = float(value)
            except (TypeError, ValueError):
                raise TypeError(
                    f"{field.name}: expected a number in [0, 1], got {value!r}"
                ) from None
            if not 0 <= strength <= 1 or math.isnan(strength):
                raise ValueError(f"{field.name}: expected a number in [0, 1], got {value}")
            object.__setattr__(self, field.name, strength)

    def _check_color(self, name: str, value: Any) -> None:
        if value is None:
            return
        if name == "eye_color":
            object.__setattr__(self, name, eye_color(value))
        else:
            parse_color(value, names=LIP_COLORS, option=name)

    @property
    def actions(self) -> tuple[str, ...]:
        """What is switched on, as the provenance mark lists it."""
        listed = []
        for field in fields(self):
            value = getattr(self, field.name)
            color = field.name.removesuffix("_strength")
            if field.name in COLORS:
                strength = getattr(self, f"{field.name}_strength")
                if value is not None and strength:
                    listed.append(f"{field.name}={value} {strength:g}")
            elif color not in COLORS and value:
                listed.append(f"{field.name}={value:g}")
        return tuple(listed)


def check_choice(faces: Choice) -> Choice:
    """Return which faces were asked for; raise TypeError or ValueError for anything else."""
    if isinstance(faces, str):
        if faces not in ("all", "largest"):
            raise ValueError(f"faces: expected 'all', 'largest' or a number, got {faces!r}")
        return faces
    try:
        number = operator.index(faces)
    except TypeError:
        raise TypeError(
            f"faces: expected 'all', 'largest' or an integer, got {type(faces).__name__}"
        ) from None
    if number < 0:
        raise ValueError(f"faces: expected a number from 0 on, got {number}")
    return number
