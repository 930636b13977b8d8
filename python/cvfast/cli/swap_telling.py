"""What steps of a swap will take, said the same way for each: ``--dry-run``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

from cyclopts import Parameter

from cvfast.cli.report import Report

if TYPE_CHECKING:
    from cvfast.swap.forecast import Forecast

__all__ = ["DryRun", "say_forecast"]

DryRun: TypeAlias = Annotated[
    bool, Parameter(negative="", help="Say what would be done: time, disk, memory.")
]


def say_forecast(report: Report, told: Forecast) -> int:
    """Say what each step will take, and all of them; return the exit code."""
    for step in told.steps:
        report.result(
            f"{step.name}: {step.text}", kind="dry-run", step=step.name, seconds=step.seconds,
            disk=step.disk, memory=step.memory, done=step.done,
        )  # fmt: skip
    report.note(told.summary)
    return 0
