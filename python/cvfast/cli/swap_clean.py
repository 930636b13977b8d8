"""``cvfast swap clean``: a verdict on each face, with reasons, and a sheet to look them over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from cvfast.cli.common import Common, Overwrite
from cvfast.cli.report import Report
from cvfast.cli.swap_faces import FacesOf, faces_folder, say_skipped, say_undone

if TYPE_CHECKING:
    from cvfast.faces.embedding import Embedder
    from cvfast.swap.cleaning import Judged
    from cvfast.swap.face_checks import Masks

__all__ = ["EXAMPLES", "USAGE", "swap_clean"]

EXAMPLES = (
    "cvfast swap clean work --side source -o sheet.html",
    "cvfast swap clean work --side source -o sheet.html --threshold sharpness=0.3 --apply",
    "cvfast swap clean work --side source --undo",
)
USAGE = "WORKSPACE --side source|target [-o SHEET.html] [OPTIONS]"


def swap_clean(
    folder: FacesOf,
    /,
    *,
    side: Annotated[
        Literal["source", "target"] | None, Parameter(help="Whose faces, of a workspace.")
    ] = None,
    output: Annotated[
        Path | None, Parameter(name=["--output", "-o"], help="The sheet: one HTML file.")
    ] = None,
    threshold: Annotated[
        tuple[str, ...],
        Parameter(negative="", help="NAME=NUMBER, another than by default; repeatable."),
    ] = (),
    people: Annotated[
        str, Parameter(help="Who tells people apart: dlib, deepface, FILE.onnx, or none.")
    ] = "",
    apply: Annotated[
        bool, Parameter(negative="", help="Move rejected faces to aligned_trash beside.")
    ] = False,
    undo: Annotated[
        bool, Parameter(negative="", help="Take back the newest step of sort or clean.")
    ] = False,
    shown: Annotated[int, Parameter(help="Faces on the sheet at most, the worst.")] = 1000,
    overwrite: Overwrite = False,
    common: Common | None = None,
) -> int:
    """Judge each face: misaligned, occluded, blurred, other person, incomplete, badly lit.

    Without --apply nothing is moved, and nothing is ever deleted: rejected faces go to a folder
    beside, and --undo brings them back. With --json every face's numbers are printed.
    """
    from cvfast.cli.cleanpage import check_page, write_page
    from cvfast.swap.cleaning import judge_faces, move_rejected

    report = (common or Common()).report("swap")
    faces = faces_folder(folder, side)
    if undo:
        return say_undone(report, faces)
    if shown < 1:
        raise ValueError(f"shown: expected at least 1, got {shown}")
    if output is not None:
        check_page(output, overwrite=overwrite)
    limits = dict(_threshold(text) for text in threshold)
    with report.bars(), report.bar("faces") as progress:
        judged = judge_faces(
            faces, embedder=_people(report, people), masks=_masks(report), thresholds=limits,
            progress=progress,
        )  # fmt: skip
    say_skipped(report, faces, judged.skipped)
    if output is not None:
        write_page(output, faces, judged, shown=shown, overwrite=overwrite)
    step = move_rejected(faces, judged.verdicts) if apply else None
    _say(report, faces, judged, moved=0 if step is None else len(step.moves), output=output)
    return 0


def _threshold(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        return name.strip(), float(number)
    except ValueError as error:
        raise ValueError(f"threshold: expected NAME=NUMBER, got {text!r}") from error


def _people(report: Report, spec: str) -> Embedder | None:
    from cvfast.recognition.recognisers import MADE_FACES_ONLY, default_recogniser, open_recogniser

    if spec == "none":
        return None
    spec = spec or default_recogniser()
    if spec == "deepface":
        report.note(MADE_FACES_ONLY.replace("--model", "--people"))
    return open_recogniser(spec)


def _masks(report: Report) -> Masks | None:
    """Return the mask network that comes with cvfast."""
    from cvfast.errors import ModelError
    from cvfast.swap.xseg import XSeg

    try:
        network = XSeg.load()
    except (ModelError, ValueError):  # none comes with this version
        report.note("occluded is told only of faces that have a mask (cvfast swap mask)")
        return None
    return lambda pixels: network.masks(pixels[None])[0]


def _say(report: Report, faces: Path, judged: Judged, *, moved: int, output: Path | None) -> None:
    checks = {check.name: check for check in judged.checks}
    if report.json:
        for verdict in judged.verdicts:
            values = {k: None if v is None else round(v, 4) for k, v in verdict.values.items()}
            report.result(
                "", kind="face", face=verdict.path.name, rejected=verdict.rejected,
                reasons=list(verdict.reasons), badness=_finite(verdict.badness), values=values,
            )  # fmt: skip
    rejected = sum(verdict.rejected for verdict in judged.verdicts)
    lines = [f"{faces}: {len(judged.verdicts)} faces, {rejected} to reject"]
    for reason, count in judged.counts.items():
        said = ", ".join(
            f"{check.name} {'under' if check.below else 'over'} {check.threshold:.3g}"
            for check in checks.values() if check.reason == reason
        )  # fmt: skip
        lines.append(f"  {reason}: {count} ({said})")
    if output is not None:
        lines.append(f"  look them over: {output}")
    if moved:
        lines.append(f"  {moved} moved to {faces.name}_trash; --undo brings them back")
    report.result(
        "\n".join(lines), kind="clean", folder=str(faces), faces=len(judged.verdicts),
        rejected=rejected, counts=judged.counts, moved=moved,
        thresholds={check.name: check.threshold for check in judged.checks},
        skipped=len(judged.skipped), sheet=None if output is None else str(output),
    )  # fmt: skip


def _finite(value: float) -> float:
    return round(min(value, 1e9), 4)
