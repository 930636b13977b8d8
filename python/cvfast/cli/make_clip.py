"""``cvfast make clip``: made people who talk, to try things on that need a clip of nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common, Overwrite
from cvfast.cli.make_scenes import pair

if TYPE_CHECKING:
    from cvfast.synth.clips import MadeClip

__all__ = ["EXAMPLES", "USAGE", "make_clip"]

EXAMPLES = (
    "cvfast make clip anna.mp4 --identity 18 --frames 300 --sound",
    "cvfast make clip scene.mp4 --identity 13 --light side --seed 2 --size 1280x720",
    "cvfast make clip two.mp4 --identity 3,18 --occlusion hand --variable-rate",
)
USAGE = "OUT.mp4 [OPTIONS]"


@Parameter(name="*", group="Scene")
@dataclass(frozen=True, kw_only=True)
class Scene:
    """Who is seen, and how."""

    identity: Annotated[str, Parameter(help="Who: a number, or up to four, as 3,18.")] = "0"
    seed: Annotated[int, Parameter(help="Another number is another take.")] = 0
    light: Annotated[
        str, Parameter(help="soft, front, side, top, below, back, hard, coloured or dim.")
    ] = "soft"
    share: Annotated[
        float | None, Parameter(help="Height of a face as a share of the picture's.")
    ] = None
    occlusion: Annotated[
        str, Parameter(help="What passes before the face: none, hand, bars or thing.")
    ] = "none"
    still: Annotated[bool, Parameter(negative="", help="Nobody moves.")] = False


@Parameter(name="*", group="Camera")
@dataclass(frozen=True, kw_only=True)
class Camera:
    """What takes the clip."""

    frames: Annotated[int, Parameter(help="How many.")] = 120
    size: Annotated[str, Parameter(help="Width x height in pixels.")] = "640x480"
    rate: Annotated[int, Parameter(help="Frames a second.")] = 25
    variable_rate: Annotated[
        bool, Parameter(negative="", help="Uneven times, as from a telephone.")
    ] = False
    noise: Annotated[float, Parameter(help="Of the camera, in levels.")] = 1.5
    sound: Annotated[bool, Parameter(negative="", help="A hum, as loud as the mouth is open.")] = (
        False
    )


def make_clip(
    output: Annotated[str, Parameter(name="OUT", help="The new .mp4.")],
    /,
    *,
    scene: Scene | None = None,
    camera: Camera | None = None,
    overwrite: Overwrite = False,
    common: Common | None = None,
) -> int:
    """Make a clip of a person who does not exist, talking."""
    from cvfast.synth.clips import write_made_clip

    scene, camera = scene or Scene(), camera or Camera()
    clip = _clip(scene, camera)
    report = (common or Common()).report("make")
    with report.bars(), report.bar("clip", clip.frames) as progress:
        count = write_made_clip(
            output, clip, sound=camera.sound, overwrite=overwrite, progress=progress
        )
    report.result(f"{output}: {count} frames", kind="clip", path=output, frames=count)
    return 0


def _clip(scene: Scene, camera: Camera) -> MadeClip:
    from cvfast.synth.clips import MadeClip

    people = scene.identity.split(",")
    if not all(part.isascii() and part.isdigit() for part in people):
        raise ValueError(f"--identity: expected numbers such as 3 or 3,18, got {scene.identity!r}")
    return MadeClip(
        identities=tuple(map(int, people)),
        seed=scene.seed,
        frames=camera.frames,
        size=pair("--size", camera.size, "x", "640x480"),
        rate=camera.rate,
        light=scene.light,
        occlusion=scene.occlusion,
        share=scene.share,
        noise=camera.noise,
        variable=camera.variable_rate,
        still=scene.still,
    )
