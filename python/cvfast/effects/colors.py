"""Colours as people write them: names of eye, lip and blush colours, and ``#rrggbb``."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from cvfast.typing import Image

__all__ = [
    "BLUSH_COLORS",
    "EYE_COLORS",
    "LIP_COLORS",
    "RGB",
    "EyeColor",
    "eye_color",
    "eye_pair",
    "parse_color",
]

RGB: TypeAlias = tuple[float, float, float]  # sRGB, each in [0, 1]
_OneEye: TypeAlias = str | os.PathLike[str] | Image
EyeColor: TypeAlias = _OneEye | tuple[_OneEye, _OneEye]

EYE_COLORS: Mapping[str, str] = MappingProxyType(
    {
        "amber": "#b07a35",
        "aqua": "#649ea2",
        "blue": "#5a84ae",
        "brown": "#6e4527",
        "gray": "#8d9296",
        "green": "#668c5c",
        "grey": "#8d9296",
        "hazel": "#8b7541",
        "honey": "#a9803f",
        "turquoise": "#4f9d95",
        "violet": "#7c6ba6",
    }
)
LIP_COLORS: Mapping[str, str] = MappingProxyType(
    {
        "berry": "#8e2a4f",
        "coral": "#e0604f",
        "nude": "#b9786a",
        "peach": "#e39079",
        "pink": "#d9628a",
        "plum": "#6f2a4a",
        "red": "#b3202c",
        "rose": "#c25b6b",
        "wine": "#72212f",
    }
)
BLUSH_COLORS: Mapping[str, str] = MappingProxyType(
    {
        "coral": "#e0735f",
        "peach": "#e8997c",
        "pink": "#e07a94",
        "rose": "#cf6677",
    }
)
_HEX = re.compile(r"#?([0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)


def parse_color(
    text: str, *, names: Mapping[str, str] = EYE_COLORS, option: str = "eye_color"
) -> RGB:
    """Read a colour.

    Parameters
    ----------
    text
        A name out of ``names``, or ``#rrggbb`` or ``#rgb``; upper and lower case are the same.
    names
        Names and their ``#rrggbb``: `EYE_COLORS`, `LIP_COLORS` or `BLUSH_COLORS`.
    option
        What the error message calls it.

    Returns
    -------
    tuple of float
        sRGB, each in [0, 1].

    Raises
    ------
    TypeError, ValueError
        Not text, or not a colour; the message lists the names and the nearest one.

    Examples
    --------
    >>> parse_color("#ff0000")
    (1.0, 0.0, 0.0)
    >>> parse_color("Green") == parse_color("#668c5c")
    True
    """
    if not isinstance(text, str):
        raise TypeError(f"{option}: expected a colour as text, got {type(text).__name__}")
    word = text.strip().lower()
    match = _HEX.fullmatch(names.get(word, word))
    if match is None:
        raise ValueError(
            f"{option}: expected {', '.join(names)} or #rrggbb, got {text!r}{_near(word, names)}"
        )
    digits = match[1] if len(match[1]) == 6 else "".join(digit * 2 for digit in match[1])
    red, green, blue = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return red, green, blue


def eye_color(value: EyeColor) -> str:
    """Return an eye colour, however it was given, as text that `eye_pair` reads.

    Parameters
    ----------
    value
        A name, ``#rrggbb``, a photo (file or array) to take it from, two of these as a pair, or two
        names or numbers in one text with a comma: the person's right and left eye.

    Raises
    ------
    MediaError
        The photo cannot be read.
    TypeError, ValueError
        Not a colour, or a photo without a face.

    Examples
    --------
    >>> eye_color(("green", "#4a7db5"))
    'green,#4a7db5'
    """
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, (tuple, list)):
        return _one_eye(parts)
    if not 1 <= len(parts) <= 2:
        raise ValueError(f"eye_color: expected one colour or two, got {len(parts)}: {value!r}")
    return ",".join(_one_eye(part) for part in parts)


def _one_eye(value: object) -> str:
    if isinstance(value, str) and not Path(value).suffix:
        parse_color(value)
        return value.strip()
    if not isinstance(value, (str, os.PathLike, np.ndarray)):
        raise TypeError(
            f"eye_color: expected a name, '#rrggbb', a photo or a pair, got {type(value).__name__}"
        )
    from cvfast.effects.eye_reference import reference_color

    return "#" + "".join(f"{round(255 * part):02x}" for part in reference_color(value))


def eye_pair(text: str) -> tuple[RGB, RGB]:
    """Read the colours of the person's right and left eye: one for both, or two with a comma.

    Raises
    ------
    TypeError, ValueError
        As `parse_color`, or more than two colours.

    Examples
    --------
    >>> right, left = eye_pair("green,#5a84ae")
    >>> right == parse_color("green")
    True
    """
    if not isinstance(text, str):
        raise TypeError(f"eye_color: expected a colour as text, got {type(text).__name__}")
    colors = [parse_color(part) for part in text.split(",")]
    if len(colors) > 2:
        raise ValueError(f"eye_color: expected one colour or two, got {len(colors)}: {text!r}")
    return colors[0], colors[-1]


def _near(word: str, names: Mapping[str, str]) -> str:
    """Return a hint at the name that was meant, if one is near."""
    found = difflib.get_close_matches(word, names, n=1)
    return f"; did you mean {found[0]!r}?" if found else ""
