"""``cvfast provenance``: what a file says about how it was altered."""

from __future__ import annotations

from pathlib import Path

from cvfast.cli.batch import Batch
from cvfast.cli.common import Common, Inputs, Recursive
from cvfast.cli.report import Report

__all__ = ["EXAMPLES", "USAGE", "provenance"]

EXAMPLES = ("cvfast provenance new.jpg", "cvfast provenance out/ --json")
USAGE = "IN... [OPTIONS]"


def provenance(
    inputs: Inputs, /, *, recursive: Recursive = False, common: Common | None = None
) -> int:
    """Show the mark that altered photos and clips carry."""
    report = (common or Common()).report("provenance")
    batch = Batch(report)
    paths = batch.expand(inputs, recursive=recursive)
    batch.run(paths, lambda path: path, lambda path: _one(path, report))
    return batch.finish()


def _one(path: Path, report: Report) -> bool:
    from cvfast.io.provenance import read_provenance

    mark = read_provenance(path)
    if mark is None:
        report.result(
            f"{path}: no mark: it does not say that it was altered", input=str(path), mark=None
        )
        return True
    lines = [f"{path}: marked as altered", f"  source type  {mark.source_type}"]
    lines += [f"  software     {mark.software or 'not said'}"]
    lines += [f"  action       {action}" for action in mark.actions]
    report.result(
        "\n".join(lines),
        input=str(path),
        mark={
            "source_type": mark.source_type,
            "source_uri": mark.source_uri,
            "software": mark.software,
            "actions": list(mark.actions),
        },
    )
    return True
