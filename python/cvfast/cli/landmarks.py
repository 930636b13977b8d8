"""``cvfast landmarks``: the points of every face."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import numpy as np
from cyclopts import Parameter

from cvfast.cli.common import Common, Drawing, Inputs, MaxPixels, Overwrite, Recursive, Strict
from cvfast.cli.looking import Look, look_at_all
from cvfast.cli.report import Report
from cvfast.typing import Image, ImageU8

if TYPE_CHECKING:
    from cvfast.faces.types import Landmarks

__all__ = ["EXAMPLES", "USAGE", "landmarks"]

EXAMPLES = (
    "cvfast landmarks portrait.jpg",
    "cvfast landmarks portrait.jpg --scheme dlib68 --json > points.jsonl",
    "cvfast landmarks clip.mp4 -o drawn.mp4",
    "cvfast landmarks clip.mp4 --stability -o plot.png",
)
USAGE = "IN... [-o OUT] [OPTIONS]"

Stability: TypeAlias = Annotated[
    bool,
    Parameter(
        negative="",
        help="Clips: jitter (px) and lag (frames) of the tracked mesh against a fit in every "
        "frame, and their plot (-o, or NAME-stability.png here).",
    ),
]
Model: TypeAlias = Annotated[
    str,
    Parameter(
        help="mesh, trees, trees:FILE (yours or dlib's), dlib5 or dlib68:FILE (these two need the "
        "extra dlib)."
    ),
]
_SCHEMES = ("mesh478", "dlib68", "five", "dlib5")


def landmarks(
    inputs: Inputs,
    /,
    *,
    model: Model = "mesh",
    scheme: Annotated[
        str | None, Parameter(help="mesh478, dlib68, five or dlib5; the model's own by default.")
    ] = None,
    output: Drawing = None,
    overwrite: Overwrite = False,
    recursive: Recursive = False,
    max_pixels: MaxPixels = 89_478_485,
    strict: Strict = False,
    stability: Stability = False,
    common: Common | None = None,
) -> int:
    """Fit landmarks to the faces of photos and of every frame of clips."""
    report = (common or Common()).report("landmarks")
    if stability:
        from cvfast.cli.stability import measure

        if model != "mesh" or scheme not in (None, "mesh478"):
            raise ValueError("--stability: measures the tracked mesh; leave --model, --scheme out")
        return measure(inputs, report, output, overwrite, recursive, strict)
    from cvfast.faces import fitting

    _check_names(model, scheme)
    said: set[str] = set()

    def look(image: Image) -> Look:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = fitting.landmarks(image, model=model)
        _pass_on(caught, said, report)
        found = found if scheme is None else [marks.to(scheme) for marks in found]
        record = {"faces": [_record(marks) for marks in found]}
        return Look(bool(found), _text(found), record, lambda picture: _drawn(picture, found))

    return look_at_all(
        inputs,
        look,
        report,
        output=output,
        overwrite=overwrite,
        recursive=recursive,
        strict=strict,
        max_pixels=max_pixels,
    )


def _check_names(model: str, scheme: str | None) -> None:
    """Tell a wrong name before the first input is read."""
    from cvfast.faces import detectors, fitting
    from cvfast.faces.types import Faces

    if scheme is not None:
        detectors.check_choice("--scheme", scheme, _SCHEMES)
    fitting.landmarks(np.zeros((1, 1, 3), np.uint8), faces=Faces.none((1, 1)), model=model)


def _pass_on(caught: Sequence[warnings.WarningMessage], said: set[str], report: Report) -> None:
    """Say each of the library's warnings once, in the command's own form."""
    for warning in caught:
        text = str(warning.message)
        if text not in said:
            said.add(text)
            report.note(f"note: {text}")


def _drawn(picture: Image, found: Sequence[Landmarks]) -> ImageU8:
    from cvfast.geometry.sampling import as_rgb

    drawn = as_rgb(picture)
    for marks in found:
        drawn = marks.draw(drawn)
    return drawn


def _text(found: Sequence[Landmarks]) -> str:
    if not found:
        return "no face"
    lines = [f"{len(found)} face{'s' if len(found) > 1 else ''}"]
    for marks in found:
        facts = [f"{marks.scheme}, score {marks.score:.2f}"]
        if (pose := _pose(marks)) is not None:
            turned = ", ".join(f"{name} {math.degrees(angle):+.0f}" for name, angle in pose.items())
            facts.append(f"{turned} degrees")
        if (openness := _openness(marks)) is not None:
            eyes = " and ".join(f"{value:.2f}" for value in openness.values())
            facts.append(f"eyes open {eyes}")
        lines.append(f"  {', '.join(facts)}")
    return "\n".join(lines)


def _record(marks: Landmarks) -> dict[str, Any]:
    return {
        "scheme": marks.scheme,
        "score": round(marks.score, 4),
        "box": [round(value, 2) for value in marks.box.tolist()],
        "points": [[round(value, 3) for value in point] for point in marks.points.tolist()],
        "pose": _pose(marks),
        "openness": _openness(marks),
    }


def _pose(marks: Landmarks) -> dict[str, float] | None:
    """Angles in radians, of a mesh with depth only."""
    if marks.scheme != "mesh478" or marks.points.shape[1] != 3:
        return None
    return {name: round(angle, 4) for name, angle in marks.pose._asdict().items()}


def _openness(marks: Landmarks) -> dict[str, float] | None:
    if marks.scheme not in ("mesh478", "dlib68"):
        return None
    return {side: round(value, 4) for side, value in marks.eye_openness._asdict().items()}
