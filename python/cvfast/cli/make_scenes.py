"""``cvfast make scenes``: made pictures of any number of faces, with labels."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common
from cvfast.cli.make_faces import Making

__all__ = ["EXAMPLES", "USAGE", "make_scenes", "pair"]

EXAMPLES = (
    "cvfast make scenes scenes/ --count 100",
    "cvfast make scenes backgrounds/ --count 100 --faces 0",
    "cvfast make scenes crowds/ --count 50 --size 1280x720 --faces 5-20 --seed 3",
)
USAGE = "DIR [OPTIONS]"


def make_scenes(
    folder: Annotated[str, Parameter(name="DIR", help="New or empty, or an unfinished set.")],
    /,
    *,
    count: Annotated[int, Parameter(help="How many pictures.")] = 100,
    size: Annotated[str, Parameter(help="Width x height in pixels.")] = "640x480",
    faces: Annotated[str, Parameter(help="Faces in each: a number, or least-most.")] = "0-6",
    making: Making | None = None,
    common: Common | None = None,
) -> int:
    """Make pictures of scenes: faces near and far before made backgrounds.

    A run that was killed goes on where it was when it is given again.
    """
    least_most = pair("--faces", faces, "-", "0-6")
    width_height = pair("--size", size, "x", "640x480")
    return (making or Making()).make(
        folder, "scenes", count, width_height, common, faces=least_most
    )


def pair(name: str, text: str, between: str, example: str) -> tuple[int, int]:
    """Return the two numbers of an option; one stands for both."""
    parts = text.split(between)
    if len(parts) > 2 or not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError(f"{name}: expected two numbers such as {example}, got {text!r}")
    return int(parts[0]), int(parts[-1])
