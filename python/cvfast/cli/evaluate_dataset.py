"""``cvfast evaluate dataset``: what is wrong with a VITON-style folder, file by file."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common

__all__ = ["EXAMPLES", "USAGE", "evaluate_dataset"]

EXAMPLES = (
    "cvfast evaluate dataset data",
    "cvfast evaluate dataset data --layout vitonhd --phase test --pairs my_pairs.txt",
)
USAGE = "FOLDER [OPTIONS]"


def evaluate_dataset(
    folder: Annotated[str, Parameter(name="FOLDER", help="Of a try-on system.")],
    /,
    *,
    layout: Annotated[
        str, Parameter(help="cpvton (CP-VTON+ too), acgpn, vitonhd, viton, swapnet or auto.")
    ] = "auto",
    phase: Annotated[str, Parameter(help="train or test.")] = "train",
    pairs: Annotated[
        str | None, Parameter(help="A pair list; the folder's own by default.")
    ] = None,
    common: Common | None = None,
) -> int:
    """Check every file that the pairs of a VITON-style folder name; exit with 1 if any is wrong."""
    from cvfast.tryon.folder import open_folder
    from cvfast.tryon.folder_check import check_folder

    report = (common or Common()).report("evaluate dataset")
    found = open_folder(folder, layout=layout, phase=phase, pairs=pairs)
    with report.bars(), report.bar("pairs", len(found)) as progress:
        problems = check_folder(found, progress=progress)
    for problem in problems:
        report.result(
            f"{problem.file}: {problem.text}", file=str(problem.file), problem=problem.text
        )
    paired = sum(entry.pair.paired for entry in found.entries)
    report.note(
        f"{found.layout.name}, {phase}: {len(found)} pairs ({paired} paired), labels "
        f"{found.labels}; {len(problems)} problems"
    )
    return int(bool(problems))
