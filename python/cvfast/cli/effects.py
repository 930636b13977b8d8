"""The effects as options of a command, the same for every verb that has them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Annotated, TypeAlias

from cyclopts import Group, Parameter

from cvfast.effects.looks import bundled_looks, load_look
from cvfast.effects.options import RetouchOptions

__all__ = ["EffectFlags"]

_EFFECTS = Group.create_ordered("Effects", help="Strengths are from 0 to 1; 0 is off.")
_Strength: TypeAlias = Annotated[float | None, Parameter(group=_EFFECTS)]


def _flag(help_text: str) -> Parameter:
    return Parameter(group=_EFFECTS, help=help_text)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class EffectFlags:
    """What to do to a face; what is not given is off."""

    smooth_skin: Annotated[_Strength, _flag("Even skin, with its edges kept.")] = None
    blush: Annotated[_Strength, _flag("Colour on the cheeks.")] = None
    lip_color: Annotated[str | None, _flag("A name or #rrggbb.")] = None
    lip_color_strength: Annotated[_Strength, _flag("How much of it; 0.6 by default.")] = None
    white_teeth: Annotated[_Strength, _flag("Less yellow teeth.")] = None
    white_eyes: Annotated[_Strength, _flag("Less red whites of the eyes.")] = None
    eye_color: Annotated[
        str | None, _flag("A name, #rrggbb, two of them (green,blue: right, left) or a photo.")
    ] = None
    eye_color_strength: Annotated[_Strength, _flag("How much of it; 1 by default.")] = None
    slim_face: Annotated[_Strength, _flag("Narrower cheeks and jaw.")] = None
    small_nose: Annotated[_Strength, _flag("A smaller nose.")] = None
    big_mouth: Annotated[_Strength, _flag("A larger mouth.")] = None
    big_eyes: Annotated[_Strength, _flag("Larger eyes.")] = None
    look: Annotated[
        str | None,
        _flag(f"All of these from a TOML file, or {', '.join(bundled_looks())}; flags go first."),
    ] = None

    def options(self) -> RetouchOptions:
        """Return them checked.

        Raises
        ------
        ValueError
            A strength, colour or look makes no sense, or no effect is switched on.
        MediaError
            The look's file cannot be read.
        """
        given = {field.name: getattr(self, field.name) for field in fields(RetouchOptions)}
        look = RetouchOptions() if self.look is None else load_look(self.look)
        options = replace(look, **{name: v for name, v in given.items() if v is not None})
        if not options.actions:
            raise ValueError(
                "no effect is switched on: expected at least one, such as --big-eyes or "
                "--slim-face, with a number over 0 up to 1, for example --big-eyes 0.4, "
                "or a look, for example --look natural"
            )
        return options
