"""``cvfast make scenes``: made pictures of any number of faces, with labels."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common
from cvfast.cli.make_faces import made

__all__ = ["EXAMPLES", "USAGE", "make_scenes"]

EXAMPLES = (
    "cvfast make scenes scenes/ --count 100",
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
    seed: Annotated[int, Parameter(help="Other pictures of the same people.")] = 0,
    identities: Annotated[int, Parameter(help="How many people.")] = 200,
    first: Annotated[int, Parameter(help="Number of the first of them.")] = 0,
    test_share: Annotated[float, Parameter(help="Share of the people kept for tests.")] = 0.2,
    masks: Annotated[bool, Parameter(negative="", help="Write masks of parts too.")] = False,
    png: Annotated[bool, Parameter(negative="", help="PNG instead of JPEG.")] = False,
    jobs: Annotated[int, Parameter(help="Processes.")] = 1,
    common: Common | None = None,
) -> int:
    """Make pictures of scenes: faces near and far before made backgrounds.

    A run that was killed goes on where it was when it is given again.
    """
    from cvfast.synth.sets import MadeSet

    settings = MadeSet(
        "scenes", count, _pair("--size", size, "x", "640x480"), seed, identities, first,
        test_share, masks, _pair("--faces", faces, "-", "0-6"), ".png" if png else ".jpg",
    )  # fmt: skip
    return made(folder, settings, jobs, common)


def _pair(name: str, text: str, between: str, example: str) -> tuple[int, int]:
    parts = text.split(between)
    if len(parts) > 2 or not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError(f"{name}: expected two numbers such as {example}, got {text!r}")
    return int(parts[0]), int(parts[-1])
