"""What `retouch` can do and how strongly, and which faces it does it to."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, fields
from typing import TypeAlias

__all__ = ["Choice", "RetouchOptions", "check_choice"]

Choice: TypeAlias = str | int  # "all", "largest" or a face's number


@dataclass(frozen=True, kw_only=True)
class RetouchOptions:
    """One strength in [0, 1] for each effect; 0 leaves the face as it is.

    Parameters
    ----------
    big_eyes
        How much larger the eyes become; see :mod:`cvfast.effects.eyes`.
    slim_face
        How much narrower cheeks and jaw become; see :mod:`cvfast.effects.slim`.

    Raises
    ------
    TypeError, ValueError
        A strength is not a number, or outside [0, 1].

    Examples
    --------
    >>> RetouchOptions(big_eyes=0.4).actions
    ('big_eyes=0.4',)
    """

    big_eyes: float = 0.0
    slim_face: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            try:
                strength = float(value)
            except (TypeError, ValueError):
                raise TypeError(
                    f"{field.name}: expected a number in [0, 1], got {value!r}"
                ) from None
            if not 0 <= strength <= 1 or math.isnan(strength):
                raise ValueError(f"{field.name}: expected a number in [0, 1], got {value}")
            object.__setattr__(self, field.name, strength)

    @property
    def actions(self) -> tuple[str, ...]:
        """What is switched on, as the provenance mark lists it."""
        return tuple(
            f"{field.name}={getattr(self, field.name):g}"
            for field in fields(self)
            if getattr(self, field.name)
        )


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
