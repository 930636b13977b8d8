"""``cvfast parts``: hair, face, arms, garment, sleeves, trousers of a person in a photo."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import numpy as np
from cyclopts import Parameter

from cvfast.cli.common import Common, Drawing, Inputs, MaxPixels, Overwrite, Recursive
from cvfast.cli.looking import Look, look_at_all
from cvfast.cli.part_files import PartFiles, PartsLook
from cvfast.typing import Image

if TYPE_CHECKING:
    from cvfast.people.parts import Parts

__all__ = ["EXAMPLES", "USAGE", "parts"]

EXAMPLES = (
    "cvfast parts person.jpg -o parts.png",
    "cvfast parts person.jpg --steps steps",
    "cvfast parts photos/ --labels maps --label-set lip20",
)
USAGE = "PHOTO... [-o OUT] [OPTIONS]"

Labels: TypeAlias = Annotated[
    Path | None, Parameter(help="Write a label map of each photo, NAME.png, to this folder.")
]
LabelSet: TypeAlias = Annotated[
    str, Parameter(help="Of the label maps: cvfast, lip20, cihp20, atr18, acgpn14 or fashn18.")
]
Steps: TypeAlias = Annotated[
    Path | None, Parameter(help="Write a picture of each step, NAME_STEP.png, to this folder.")
]


def parts(
    inputs: Inputs,
    /,
    *,
    person: Annotated[int, Parameter(help="Which person: 0 is the largest.")] = 0,
    labels: Labels = None,
    label_set: LabelSet = "cvfast",
    steps: Steps = None,
    output: Drawing = None,
    overwrite: Overwrite = False,
    recursive: Recursive = False,
    max_pixels: MaxPixels = 89_478_485,
    strict: Annotated[
        bool, Parameter(name="--strict", negative="", help="Exit with 3 if an input has nobody.")
    ] = False,
    common: Common | None = None,
) -> int:
    """Find the parts of a person in photos: which pixels are garment, skin, hair, trousers."""
    from cvfast.people import labels as label_sets

    report = (common or Common()).report("parts")
    label_sets.label_set(label_set)
    if person < 0:
        raise ValueError(f"--person: expected 0 or more, got {person}")
    return look_at_all(
        inputs,
        lambda image: _look(image, person),
        report,
        output=output,
        overwrite=overwrite,
        recursive=recursive,
        strict=strict,
        max_pixels=max_pixels,
        watcher=PartFiles(labels, steps, label_set, overwrite=overwrite),
        nothing="nobody",
    )


def _look(image: Image, number: int) -> Look:
    from cvfast.errors import NothingFoundError
    from cvfast.geometry.sampling import as_rgb
    from cvfast.people.finding import find_people
    from cvfast.people.part_drawing import draw_parts
    from cvfast.people.parts import find_parts

    people = find_people(image)
    if not people:
        return PartsLook(False, "nobody", {"people": 0}, as_rgb)
    if number >= len(people):
        raise NothingFoundError(f"--person: expected 0 to {len(people) - 1}, got {number}")
    chosen = people[number]
    found = find_parts(image, chosen)
    record = _record(found) | {"people": len(people), "person": number}
    return PartsLook(
        True,
        _text(found, number, len(people)),
        record,
        lambda picture: draw_parts(picture, found),
        poses=[chosen.pose],
        parts=found,
    )


def _shares(found: Parts) -> dict[str, float]:
    """Share of the picture that each part covers, the largest first, without background."""
    from cvfast.people.labels import LABEL_SETS

    counts = np.bincount(found.labels.ravel(), minlength=256) / max(1, found.labels.size)
    shares = {name: float(counts[number]) for name, number in LABEL_SETS["cvfast"].items()}
    shares.pop("background")
    ordered = sorted(shares.items(), key=lambda item: -item[1])
    return {name: share for name, share in ordered if share > 0}


def _text(found: Parts, number: int, people: int) -> str:
    lines = [f"person {number} (of {people}), confidence {found.confidence:.2f}"]
    lines += [f"  {reason}" for reason in found.reasons]
    shares = [f"{name.replace('_', ' ')} {share:.1%}" for name, share in _shares(found).items()]
    lines.append(f"  {', '.join(shares)}")
    return "\n".join(lines)


def _record(found: Parts) -> dict[str, Any]:
    return {
        "confidence": round(found.confidence, 4),
        "reasons": list(found.reasons),
        "sleeves": {side: round(reach, 3) for side, reach in found.sleeves.items()},
        "shares": {name: round(share, 5) for name, share in _shares(found).items()},
    }
