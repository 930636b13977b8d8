"""``cvfast demo``: the effect on the packaged portrait and on a talking clip made from it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from cyclopts import Parameter

from cvfast.cli.common import Common
from cvfast.cli.report import Report
from cvfast.effects.options import RetouchOptions
from cvfast.errors import OutputError
from cvfast.typing import ImageU8

if TYPE_CHECKING:
    from cvfast.io.picture import Picture

__all__ = ["EXAMPLES", "USAGE", "demo"]

EXAMPLES = ("cvfast demo", "cvfast demo -o try/ --big-eyes 0.8 --slim-face 0 --eye-color blue")
USAGE = "[-o DIR] [OPTIONS]"

# The part of the portrait that the picture shows, and how much larger.
_CLOSE_UP, _ENLARGED = (120, 8, 332, 208), 3


def demo(
    *,
    output: Annotated[
        str, Parameter(name=["--output", "-o"], help="Folder for the results; made if missing.")
    ] = "cvfast-demo",
    big_eyes: Annotated[float, Parameter(help="0 to 1; 0 is off.")] = 0.4,
    slim_face: Annotated[float, Parameter(help="0 to 1; 0 is off.")] = 0.2,
    eye_color: Annotated[str, Parameter(help="A name or #rrggbb; none is off.")] = "green",
    common: Common | None = None,
) -> int:
    """Retouch a packaged portrait and a clip made from it; needs no network and no camera."""
    color = None if eye_color == "none" else eye_color
    options = RetouchOptions(big_eyes=big_eyes, slim_face=slim_face, eye_color=color)
    if not options.actions:
        raise ValueError(
            "no effect is switched on: expected --big-eyes or --slim-face over 0, or --eye-color"
        )
    report = (common or Common()).report("demo")
    folder = _folder(output)
    with report.bars():
        pictures = _pictures(folder, options)
        clips, facts = _clips(folder, options, report)
    fps = facts["fps"]
    report.result(
        "\n".join(
            [
                f"before and after, picture  {pictures['before_after_picture']}",
                f"before and after, clip     {clips['before_after_clip']}",
                f"the clip, plain            {clips['clip']}",
                f"the clip, retouched        {clips['retouched_clip']}",
                f"{facts['frames']} frames retouched in {facts['seconds']:.1f} s: {fps:.1f} frames "
                "per second, decoding and encoding included",
            ]
        ),
        **pictures,
        **clips,
        **facts,
    )
    report.note(
        f"now your own: cvfast retouch photo.jpg -o new.jpg --big-eyes {options.big_eyes:g}"
    )
    return 0


def _folder(output: str) -> Path:
    """Return the folder, made if missing; files in it that are not the demo's are left alone."""
    folder = Path(output)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{output}: cannot make this folder: {error.strerror}. Choose another with -o."
        ) from error
    return folder


def _portrait() -> Picture:
    from cvfast.cli.talking import portrait_path
    from cvfast.io.images import read_image

    return read_image(portrait_path())


def _pictures(folder: Path, options: RetouchOptions) -> dict[str, str]:
    from PIL import Image

    from cvfast.effects.retouch import retouch
    from cvfast.io.images import write_image
    from cvfast.io.provenance import Mark

    portrait = _portrait()
    mark = Mark(actions=options.actions)
    done = retouch(
        portrait.pixels,
        big_eyes=options.big_eyes,
        slim_face=options.slim_face,
        eye_color=options.eye_color,
    )
    paths = {
        "portrait": folder / "portrait.jpg",
        "retouched_portrait": folder / "portrait-retouched.jpg",
        "before_after_picture": folder / "portrait-before-after.jpg",
    }
    x0, y0, x1, y1 = _CLOSE_UP
    size = (x1 - x0) * _ENLARGED, (y1 - y0) * _ENLARGED
    close = [
        np.array(Image.fromarray(pixels[y0:y1, x0:x1]).resize(size, Image.Resampling.LANCZOS))
        for pixels in (portrait.pixels, done)
    ]
    write_image(paths["portrait"], portrait, overwrite=True)
    write_image(paths["retouched_portrait"], done, like=portrait, mark=mark, overwrite=True)
    write_image(
        paths["before_after_picture"], _beside(close[0], close[1]), mark=mark, overwrite=True
    )
    return {name: str(path) for name, path in paths.items()}


def _clips(
    folder: Path, options: RetouchOptions, report: Report
) -> tuple[dict[str, str], dict[str, float]]:
    from cvfast.cli.talking import FRAMES, RATE, SIDE, TalkingHead, opening
    from cvfast.effects.video import retouch_clip
    from cvfast.io.movie import write_movie
    from cvfast.io.picture import to_uint8
    from cvfast.io.provenance import Mark

    plain, retouched = folder / "clip.mp4", folder / "clip-retouched.mp4"
    beside = folder / "clip-before-after.mp4"
    portrait = to_uint8(_portrait().pixels)
    made = ("talking=warps of a portrait",)
    both = (*made, *options.actions)
    spoken = partial(write_movie, rate=RATE, loudness=opening, overwrite=True)
    with report.bar("making the clip", FRAMES) as progress:

        def talking() -> Iterator[ImageU8]:
            for number, frame in enumerate(TalkingHead(portrait).frames()):
                yield frame
                progress(number + 1, FRAMES)

        spoken(plain, talking(), size=(SIDE, SIDE), mark=Mark(actions=made))
    with report.bar("retouching it", FRAMES) as progress:
        done = retouch_clip(plain, retouched, options, overwrite=True, progress=progress)
    with report.bar("both side by side", FRAMES) as progress:
        spoken(beside, _both(plain, retouched), size=(2 * SIDE, SIDE), mark=Mark(actions=both))
    video = done.video
    facts = {
        "frames": video.frames,
        "seconds": round(video.seconds, 3),
        "fps": round(video.frames / max(video.seconds, 1e-9), 2),
    }
    paths = {"clip": plain, "retouched_clip": retouched, "before_after_clip": beside}
    return {name: str(path) for name, path in paths.items()}, facts


def _both(plain: Path, retouched: Path) -> Iterator[ImageU8]:
    from cvfast.io.video import read_frames

    for before, after in zip(read_frames(plain), read_frames(retouched), strict=True):
        yield _beside(before.rgb(), after.rgb())


def _beside(before: ImageU8, after: ImageU8) -> ImageU8:
    """Put two pictures of one size side by side, each with its name."""
    from PIL import Image, ImageDraw, ImageFont

    both = Image.fromarray(np.concatenate([before, after], axis=1))
    canvas, width = ImageDraw.Draw(both), before.shape[1]
    font = ImageFont.load_default(size=max(14, width // 24))
    for name, left in (("before", 0), ("after", width)):
        place = (left + width // 40, before.shape[0] - width // 40)
        canvas.text(place, name, (255, 255, 255), font, "ls", stroke_width=2, stroke_fill=(0, 0, 0))
    return np.array(both)
