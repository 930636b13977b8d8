"""``cvfast make people``: whole made people in made clothes, with exact labels."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common
from cvfast.cli.make_scenes import pair

__all__ = ["EXAMPLES", "USAGE", "make_people"]

EXAMPLES = (
    "cvfast make people data/ --count 500",
    "cvfast make people data/ --count 500 --layout acgpn --seed 7",
    "cvfast make people looks/ --count 8 --size 768x1024 --test-share 0",
)
USAGE = "DIR [OPTIONS]"


def make_people(
    folder: Annotated[str, Parameter(name="DIR", help="New or empty.")],
    /,
    *,
    count: Annotated[int, Parameter(help="How many people.")] = 100,
    size: Annotated[str, Parameter(help="Width x height in pixels.")] = "192x256",
    layout: Annotated[str, Parameter(help="cpvton or acgpn: whose folders.")] = "cpvton",
    seed: Annotated[int, Parameter(help="Other people.")] = 0,
    test_share: Annotated[float, Parameter(help="Share of the people kept for tests.")] = 0.2,
    common: Common | None = None,
) -> int:
    """Make a set for virtual try-on: people, garments, masks, labels, poses, flow.

    The people are synthetic: drawn from meshes and numbers, nobody's photo is in them.
    """
    from cvfast.synth.tryon_sets import write_tryon_set

    report = (common or Common()).report("make")
    with report.bars(), report.bar("people", count) as progress:
        pairs = write_tryon_set(
            folder,
            count,
            seed,
            size=pair("--size", size, "x", "192x256"),
            layout=layout,
            test_share=test_share,
            progress=progress,
        )
    report.result(
        f"{folder}: {count} people, pairs in {pairs}",
        kind="people",
        folder=folder,
        pictures=count,
        layout=layout,
        pairs=str(pairs),
    )
    return 0
