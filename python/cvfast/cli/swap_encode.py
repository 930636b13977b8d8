"""``cvfast swap encode``: merged frames as a clip with the target's times and sound."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common, Overwrite
from cvfast.cli.signing import SigningFlags
from cvfast.cli.swap_telling import DryRun, say_forecast

__all__ = ["EXAMPLES", "USAGE", "swap_encode"]

EXAMPLES = (
    "cvfast swap encode work",
    "cvfast swap encode work --frames",
    "cvfast swap encode work -o scene.mp4 --sign-cert chain.pem --sign-key key.pem",
)
USAGE = "WORKSPACE [-o OUT.mp4] [OPTIONS]"


def swap_encode(
    folder: Path,
    /,
    *,
    output: Annotated[
        Path | None, Parameter(name=["--output", "-o"], help="The clip; else result.mp4 there.")
    ] = None,
    frames: Annotated[
        bool, Parameter(negative="", help="Encode the PNGs of swap merge --frames.")
    ] = False,
    rate: Annotated[int, Parameter(help="Frames a second of a folder of pictures.")] = 25,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    signing: SigningFlags | None = None,
    common: Common | None = None,
) -> int:
    """Make the result of merged frames: the clip, its masks' clip, and what it was made from.

    Parameters
    ----------
    folder
        The workspace.
    """
    from cvfast.swap.encode import encode
    from cvfast.swap.encode_frames import encode_frames
    from cvfast.swap.forecast import forecast
    from cvfast.swap.workspace import Workspace

    report = (common or Common()).report("swap")
    if dry_run:
        return say_forecast(report, forecast(Workspace.open(folder), ["encode"]))
    signer = (signing or SigningFlags()).signer(report)
    workspace = Workspace.open(folder)
    with report.bars(), report.bar("frames") as progress:
        make = partial(encode_frames, rate=rate) if frames else encode
        done = make(workspace, output, signer=signer, overwrite=overwrite, progress=progress)
    for note in done.notes:
        report.note(f"{folder}: {note}")
    report.result(
        f"{done.result}: {done.frames} frames; masks in {done.mask}, what it is in {done.sidecar}",
        kind="encode",
        output=str(done.result),
        mask=str(done.mask),
        sidecar=str(done.sidecar),
        frames=done.frames,
    )
    return 0
