"""``cvfast make garments``: flat pictures of made garments, with masks and landmarks."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common
from cvfast.cli.make_scenes import pair

__all__ = ["EXAMPLES", "USAGE", "make_garments"]

EXAMPLES = (
    "cvfast make garments garments/ --count 50",
    "cvfast make garments shirts/ --count 20 --kind shirt --size 384x512",
)
USAGE = "DIR [OPTIONS]"


def make_garments(
    folder: Annotated[str, Parameter(name="DIR", help="New or empty.")],
    /,
    *,
    count: Annotated[int, Parameter(help="How many garments.")] = 20,
    size: Annotated[str, Parameter(help="Width x height in pixels.")] = "768x1024",
    kind: Annotated[
        str | None, Parameter(help="tee, long, tank, shirt, trousers or skirt; tops by default.")
    ] = None,
    seed: Annotated[int, Parameter(help="Other garments.")] = 0,
    common: Common | None = None,
) -> int:
    """Make pictures of garments as shops show them: NAME.jpg, NAME_mask.png, garments.jsonl."""
    from cvfast.synth.tryon_sets import write_garments

    report = (common or Common()).report("make")
    with report.bars(), report.bar("garments", count) as progress:
        labels = write_garments(
            folder,
            count,
            seed,
            size=pair("--size", size, "x", "768x1024"),
            kind=kind,
            progress=progress,
        )
    report.result(
        f"{folder}: {count} garments, landmarks in {labels}",
        kind="garments",
        folder=folder,
        pictures=count,
        labels=str(labels),
    )
    return 0
