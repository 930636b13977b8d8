"""``cvfast swap import``: face sets of DeepFaceLab and faceswap, read without unpickling."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common

__all__ = ["EXAMPLES", "USAGE", "swap_import"]

EXAMPLES = (
    "cvfast swap import old/data_src/aligned -o work/data_src/aligned",
    "cvfast swap import faceset.pak -o faces",
    "cvfast swap import alignments.fsa --frames frames -o faces",
)
USAGE = "SET -o DIR [OPTIONS]"
_SHOWN = 5  # reasons; --json tells all


def swap_import(
    faces: Path,
    /,
    *,
    output: Annotated[Path, Parameter(name=("--output", "-o"))],
    frames: Path | None = None,
    face_type: str = "whole",
    size: int = 512,
    common: Common | None = None,
) -> int:
    """Read a face set of DeepFaceLab or faceswap; what is hostile in it is refused, never run.

    Parameters
    ----------
    faces
        A folder of face pictures, a faceset.pak, or an .fsa file.
    output
        A new folder, as WORKSPACE/data_src/aligned.
    frames
        With an .fsa file: the folder of its frames' pictures.
    face_type
        With an .fsa file: half, midfull, full, whole or head.
    size
        With an .fsa file: pixels of the face pictures' sides.
    """
    from cvfast.swap.exchange import import_faces

    report = (common or Common()).report("swap")
    with report.bar("importing faces") as progress:
        done = import_faces(
            faces, output, frames=frames, face_type=face_type, size=size, progress=progress
        )
    for name, reason in done.skipped[:_SHOWN]:
        report.note(f"{name}: left out: {reason}")
    if len(done.skipped) > _SHOWN:
        report.note(f"and {len(done.skipped) - _SHOWN} more left out")
    report.result(
        f"{done.folder}: {done.faces} faces",
        kind="import", folder=str(done.folder), faces=done.faces, already=done.already,
        skipped=[list(pair) for pair in done.skipped],
    )  # fmt: skip
    return 1 if done.skipped else 0
