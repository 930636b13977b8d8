"""``cvfast swap compare``: how alike source and target are, before hours of training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common, Overwrite
from cvfast.cli.swap_faces import say_skipped

__all__ = ["EXAMPLES", "USAGE", "swap_compare"]

EXAMPLES = (
    "cvfast swap compare work",
    "cvfast swap compare work -o alike.png",
)
USAGE = "WORKSPACE [-o PLOT.png] [OPTIONS]"


def swap_compare(
    folder: Annotated[Path, Parameter(name="WORKSPACE", help="With the faces of both sides.")],
    /,
    *,
    output: Annotated[
        Path | None, Parameter(name=["--output", "-o"], help="The plot, a PNG.")
    ] = None,
    overwrite: Overwrite = False,
    common: Common | None = None,
) -> int:
    """Compare source and target in pose, expression, size and light; nothing is changed.

    Said is which of the target's faces have none like them in the source, and what helps. A swap
    shows only what its source has shown it: all angles, similar expressions, similar sizes, and
    3,000 to 8,000 faces make good ones.
    """
    from cvfast.cli.likenessplot import draw_likeness
    from cvfast.io.atomic import check_target
    from cvfast.io.figures import new_figure
    from cvfast.swap.likeness import compare_faces
    from cvfast.swap.workspace import Workspace

    report = (common or Common()).report("swap")
    workspace = Workspace.open(folder)
    if output is not None:
        new_figure(1, 1)  # says what is missing before any work
        check_target(output, overwrite=overwrite)
    with report.bars(), report.bar("faces") as progress:
        alike = compare_faces(
            workspace.faces("source"), workspace.faces("target"), progress=progress
        )
    for facts in (alike.source, alike.target):
        say_skipped(report, facts.folder, facts.skipped)
    if output is not None:
        draw_likeness(output, alike)
    lines = [
        f"{folder}: {len(alike.source)} faces of the source, {len(alike.target)} of the target"
    ]
    shares = ", ".join(f"{name} {share:.0%}" for name, share in alike.covered.items())
    lines.append(f"  of the target's faces the source has the like in: {shares}")
    lines.append(f"  the source's faces are {alike.size_ratio:.2f} times the target's in size")
    lines += [f"  {line}" for line in alike.advice]
    if output is not None:
        lines.append(f"  plot: {output}")
    report.result(
        "\n".join(lines), kind="compare", workspace=str(folder), source=len(alike.source),
        target=len(alike.target), covered={k: round(v, 4) for k, v in alike.covered.items()},
        size_ratio=round(alike.size_ratio, 4), advice=list(alike.advice),
        several=[s for s in ("source", "target") if getattr(alike, s).several],
        plot=None if output is None else str(output),
    )  # fmt: skip
    return 0
