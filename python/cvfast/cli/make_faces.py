"""``cvfast make faces``: pictures of made faces, with labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common

if TYPE_CHECKING:
    from cvfast.synth.sets import MadeSet

__all__ = ["EXAMPLES", "USAGE", "make_faces", "made"]

EXAMPLES = (
    "cvfast make faces faces/ --count 2000 --size 128",
    "cvfast make faces faces/ --count 500 --masks --seed 7 --jobs 2",
)
USAGE = "DIR [OPTIONS]"


def make_faces(
    folder: Annotated[str, Parameter(name="DIR", help="New or empty, or an unfinished set.")],
    /,
    *,
    count: Annotated[int, Parameter(help="How many pictures.")] = 1000,
    size: Annotated[int, Parameter(help="Pixels of each side.")] = 128,
    seed: Annotated[int, Parameter(help="Other pictures of the same people.")] = 0,
    identities: Annotated[int, Parameter(help="How many people.")] = 200,
    first: Annotated[int, Parameter(help="Number of the first of them.")] = 0,
    test_share: Annotated[float, Parameter(help="Share of the people kept for tests.")] = 0.2,
    masks: Annotated[bool, Parameter(negative="", help="Write masks of parts too.")] = False,
    png: Annotated[bool, Parameter(negative="", help="PNG instead of JPEG.")] = False,
    jobs: Annotated[int, Parameter(help="Processes.")] = 1,
    common: Common | None = None,
) -> int:
    """Make pictures of faces, a face each, with box, 68 points, pose, light and identity.

    A run that was killed goes on where it was when it is given again.
    """
    from cvfast.synth.sets import MadeSet

    settings = MadeSet(
        "faces", count, (size, size), seed, identities, first, test_share, masks,
        suffix=".png" if png else ".jpg",
    )  # fmt: skip
    return made(folder, settings, jobs, common)


def made(folder: str, settings: MadeSet, jobs: int, common: Common | None) -> int:
    """Make a set and say so."""
    from cvfast.synth.sets import make_set

    if not 1 <= jobs <= 256:
        raise ValueError(f"--jobs: expected 1 to 256, got {jobs}")
    report = (common or Common()).report("make")
    with report.bars(), report.bar(settings.kind, settings.count) as progress:
        labels = make_set(folder, settings, jobs=jobs, progress=progress)
    report.result(
        f"{folder}: {settings.count} pictures, labels in {labels}",
        kind=settings.kind,
        folder=folder,
        pictures=settings.count,
        labels=str(labels),
    )
    return 0
