"""``cvfast make faces``: pictures of made faces, with labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common

__all__ = ["EXAMPLES", "USAGE", "Making", "make_faces"]

EXAMPLES = (
    "cvfast make faces faces/ --count 2000 --size 128",
    "cvfast make faces faces/ --count 500 --masks --seed 7 --jobs 2",
)
USAGE = "DIR [OPTIONS]"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Making:
    """Options of all kinds of sets."""

    seed: Annotated[int, Parameter(help="Other pictures of the same people.")] = 0
    identities: Annotated[int, Parameter(help="How many people.")] = 200
    first: Annotated[int, Parameter(help="Number of the first of them.")] = 0
    test_share: Annotated[float, Parameter(help="Share of the people kept for tests.")] = 0.2
    masks: Annotated[bool, Parameter(negative="", help="Write masks of parts too.")] = False
    png: Annotated[bool, Parameter(negative="", help="PNG instead of JPEG.")] = False
    jobs: Annotated[int, Parameter(help="Processes.")] = 1

    def make(
        self,
        folder: str,
        kind: str,
        count: int,
        size: tuple[int, int],
        common: Common | None,
        *,
        faces: tuple[int, int] = (0, 6),
    ) -> int:
        """Make a set and say so."""
        from cvfast.synth.sets import MadeSet, make_set

        if not 1 <= self.jobs <= 256:
            raise ValueError(f"--jobs: expected 1 to 256, got {self.jobs}")
        settings = MadeSet(
            kind, count, size, self.seed, self.identities, self.first, self.test_share,
            self.masks, faces, ".png" if self.png else ".jpg",
        )  # fmt: skip
        report = (common or Common()).report("make")
        with report.bars(), report.bar(kind, count) as progress:
            labels = make_set(folder, settings, jobs=self.jobs, progress=progress)
        report.result(
            f"{folder}: {count} pictures, labels in {labels}",
            kind=kind,
            folder=folder,
            pictures=count,
            labels=str(labels),
        )
        return 0


def make_faces(
    folder: Annotated[str, Parameter(name="DIR", help="New or empty, or an unfinished set.")],
    /,
    *,
    count: Annotated[int, Parameter(help="How many pictures.")] = 1000,
    size: Annotated[int, Parameter(help="Pixels of each side.")] = 128,
    making: Making | None = None,
    common: Common | None = None,
) -> int:
    """Make pictures of faces, a face each, with box, 68 points, pose, light and identity.

    A run that was killed goes on where it was when it is given again.
    """
    return (making or Making()).make(folder, "faces", count, (size, size), common)
