"""``cvfast swap sort``: face pictures in order, under names that can be taken back."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter

from cvfast.cli.common import Common
from cvfast.cli.swap_faces import FacesOf, faces_folder, say_skipped, say_undone

__all__ = ["EXAMPLES", "USAGE", "swap_sort"]

EXAMPLES = (
    "cvfast swap sort work --side source --by blur",
    "cvfast swap sort work --side source --by best --target 3000",
    "cvfast swap sort work/data_src/aligned --undo",
)
USAGE = "WORKSPACE --side source|target --by METHOD [OPTIONS]"


def swap_sort(
    folder: FacesOf,
    /,
    *,
    side: Annotated[
        Literal["source", "target"] | None, Parameter(help="Whose faces, of a workspace.")
    ] = None,
    by: Annotated[
        str | None,
        Parameter(
            help="blur, motion-blur, yaw, pitch, size, hist, hist-dissim, brightness, hue, black, "
            "original, one-face, absdiff, best, best-fast or distance."
        ),
    ] = None,
    target: Annotated[int, Parameter(help="Faces that best and best-fast keep.")] = 2000,
    reverse: Annotated[bool, Parameter(negative="", help="The other way round.")] = False,
    undo: Annotated[
        bool, Parameter(negative="", help="Take back the newest step of sort or clean.")
    ] = False,
    common: Common | None = None,
) -> int:
    """Rename face pictures so that their names are in order; nothing is deleted.

    Rejected faces go to a folder beside it, aligned_trash. Each step can be undone, one after the
    other; a step that was killed is finished by the next, or undone.
    """
    from cvfast.swap.sorting import METHODS, sort_faces

    report = (common or Common()).report("swap")
    faces = faces_folder(folder, side)
    if undo == (by is not None):
        raise ValueError(f"by: expected --undo, or --by with one of {', '.join(METHODS)}")
    if undo:
        return say_undone(report, faces)
    with report.bars(), report.bar("faces") as progress:
        done = sort_faces(faces, str(by), target=target, reverse=reverse, progress=progress)
    if done.finished is not None:
        report.note(f"{faces}: finished first what was interrupted: {done.finished.what}")
    say_skipped(report, faces, done.skipped)
    renamed = 0 if done.step is None else len(done.step.moves)
    text = f"{faces}: {done.kept} faces by {by} ({METHODS[str(by)].text}), {renamed} renamed"
    text += f"; {done.rejected} rejected to {done.trash}" if done.rejected else ""
    report.result(
        text, kind="sort", folder=str(faces), by=by, kept=done.kept, rejected=done.rejected,
        renamed=renamed, skipped=len(done.skipped), trash=str(done.trash),
    )  # fmt: skip
    return 0
