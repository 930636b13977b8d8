"""``cvfast make clip``: made people who talk, to try things on that need a clip of nobody."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common, Overwrite
from cvfast.cli.make_scenes import pair

__all__ = ["EXAMPLES", "USAGE", "make_clip"]

EXAMPLES = (
    "cvfast make clip anna.mp4 --identity 18 --frames 300 --sound",
    "cvfast make clip scene.mp4 --identity 13 --light side --seed 2 --size 1280x720",
    "cvfast make clip two.mp4 --identity 3,18 --occlusion hand --variable-rate",
)
USAGE = "OUT.mp4 [OPTIONS]"


def make_clip(
    output: Annotated[str, Parameter(name="OUT", help="The new .mp4.")],
    /,
    *,
    identity: Annotated[str, Parameter(help="Who: a number, or up to four, as 3,18.")] = "0",
    frames: Annotated[int, Parameter(help="How many.")] = 120,
    seed: Annotated[int, Parameter(help="Another number is another take.")] = 0,
    light: Annotated[
        str, Parameter(help="soft, front, side, top, below, back, hard, coloured or dim.")
    ] = "soft",
    size: Annotated[str, Parameter(help="Width x height in pixels.")] = "640x480",
    rate: Annotated[int, Parameter(help="Frames a second.")] = 25,
    share: Annotated[
        float | None, Parameter(help="Height of a face as a share of the picture's.")
    ] = None,
    occlusion: Annotated[
        str, Parameter(help="What passes before the face: none, hand, bars or thing.")
    ] = "none",
    noise: Annotated[float, Parameter(help="Of the camera, in levels.")] = 1.5,
    still: Annotated[bool, Parameter(negative="", help="Nobody moves.")] = False,
    variable_rate: Annotated[
        bool, Parameter(negative="", help="Uneven times, as from a telephone.")
    ] = False,
    sound: Annotated[bool, Parameter(negative="", help="A hum, as loud as the mouth is open.")] = (
        False
    ),
    overwrite: Overwrite = False,
    common: Common | None = None,
) -> int:
    """Make a clip of a person who does not exist, talking."""
    from cvfast.synth.clips import MadeClip, write_made_clip

    people = identity.split(",")
    if not all(part.isascii() and part.isdigit() for part in people):
        raise ValueError(f"--identity: expected numbers such as 3 or 3,18, got {identity!r}")
    clip = MadeClip(
        identities=tuple(map(int, people)),
        seed=seed,
        frames=frames,
        size=pair("--size", size, "x", "640x480"),
        rate=rate,
        light=light,
        occlusion=occlusion,
        share=share,
        noise=noise,
        variable=variable_rate,
        still=still,
    )
    report = (common or Common()).report("make")
    with report.bars(), report.bar("clip", frames) as progress:
        count = write_made_clip(output, clip, sound=sound, overwrite=overwrite, progress=progress)
    report.result(f"{output}: {count} frames", kind="clip", path=output, frames=count)
    return 0
