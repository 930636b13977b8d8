"""``cvfast evaluate detect``: how good face detectors are on annotated pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

from cyclopts import Parameter

from cvfast.cli.common import Common, MaxPixels
from cvfast.cli.detect import Model
from cvfast.cli.failure import exit_code
from cvfast.errors import MediaError

if TYPE_CHECKING:
    from cvfast.metrics.annotations import Annotated as Picture
    from cvfast.metrics.jsonlines import Detected

__all__ = ["EXAMPLES", "USAGE", "evaluate_detect"]

EXAMPLES = (
    "cvfast evaluate detect scenes --model cascade,hog,blazeface -o report",
    "cvfast evaluate detect val_bbx_gt.txt --images WIDER_val/images -o report",
    "cvfast evaluate detect FDDB-folds --images FDDB -o report",
    "cvfast evaluate detect scenes --detections theirs.jsonl -o report",
)
USAGE = "ANNOTATIONS [--images DIR] -o REPORT [OPTIONS]"


Notes: TypeAlias = Annotated[
    str,
    Parameter(
        name="ANNOTATIONS",
        help="JSON Lines as cvfast make writes them (or their folder), WIDER FACE's "
        "..._bbx_gt.txt, or FDDB's ...-ellipseList.txt (or a folder of these).",
    ),
]
ReportFolder: TypeAlias = Annotated[
    str,
    Parameter(
        name=["--output", "-o"],
        help="Folder for the report; made if missing. What the models found is kept in it, "
        "so that the same command goes on where it was interrupted.",
    ),
]
Images: TypeAlias = Annotated[
    str | None, Parameter(help="Folder of the pictures; that of the annotations by default.")
]
Theirs: TypeAlias = Annotated[
    list[str] | None,
    Parameter(
        negative="",
        help="JSON Lines of somebody else's detections, judged beside --model or alone.",
    ),
]
Split: TypeAlias = Annotated[
    str | None,
    Parameter(help="JSON Lines: pictures of this split only, such as test; all by default."),
]
MinScore: TypeAlias = Annotated[
    float, Parameter(help="Lowest score to take; a low one shows the whole curve.")
]


def evaluate_detect(
    annotations: Notes,
    /,
    *,
    output: ReportFolder,
    images: Images = None,
    model: Model | None = None,
    detections: Theirs = None,
    split: Split = None,
    min_score: MinScore = 0.05,
    max_pixels: MaxPixels = 89_478_485,
    common: Common | None = None,
) -> int:
    """Judge face detectors: AP at IoU 0.3 to 0.95, FROC, FDDB's scores, what is missed."""
    from cvfast.cli.evaluationreport import write_report
    from cvfast.cli.finding import Finding
    from cvfast.faces.detectors import parse_models
    from cvfast.io.atomic import make_folder
    from cvfast.metrics.detection import judge

    report = (common or Common()).report("evaluate detect")
    if not 0 <= min_score <= 1:
        raise ValueError(f"--min-score: expected a number in [0, 1], got {min_score}")
    wanted = model or ("" if detections else "blazeface")
    specs = parse_models(wanted, name="--model") if wanted else []
    pictures = _pictures(annotations, split)
    theirs = _theirs(detections or (), pictures)
    place = _place(annotations, images) if specs else Path()
    folder = make_folder(output)
    finding = Finding(folder, place, specs, min_score, max_pixels, report)
    good = finding.run(pictures) if specs else pictures
    for name, error in finding.broken.items():
        report.error(f"cvfast: {name}: {error}")
    if not good:
        return exit_code(finding.failures[0])
    judged = {
        str(spec): judge(good, finding.of(spec, good))
        for spec in specs
        if str(spec) not in finding.broken
    }
    judged |= {
        name: judge(good, [found[one.file] for one in good]) for name, found in theirs.items()
    }
    write_report(folder, annotations, good, judged, report)
    if finding.failures:
        report.error(f"{len(good)} of {len(pictures)} pictures judged")
    return int(bool(finding.failures or finding.broken))


def _pictures(annotations: str, split: str | None) -> list[Picture]:
    from cvfast.metrics.annotations import read_annotations

    every = read_annotations(annotations)
    pictures = [one for one in every if split is None or one.split == split]
    if not pictures:
        raise MediaError(f"{annotations}: expected pictures of the split {split!r}, found none")
    return pictures


def _place(annotations: str, images: str | None) -> Path:
    given = Path(annotations)
    place = Path(images) if images else given if given.is_dir() else given.parent
    if not place.is_dir():
        raise MediaError(f"{place}: expected the folder of the pictures, found none (--images)")
    return place


def _theirs(files: Sequence[str], pictures: Sequence[Picture]) -> dict[str, dict[str, Detected]]:
    """Read somebody else's detections; a picture that they leave out has none."""
    import numpy as np

    from cvfast.metrics.jsonlines import Detected, read_detections

    theirs: dict[str, dict[str, Detected]] = {}
    for file in files:
        found = {one.file: one for one in read_detections(file)}
        known = {one.file for one in pictures}
        for name in found:
            if name not in known:
                raise MediaError(f"{file}: expected pictures of the annotations, got {name!r}")
        if file in theirs:
            raise ValueError(f"--detections: expected each file once, got {file} twice")
        nothing = (np.zeros((0, 4)), np.zeros(0))
        theirs[file] = {name: found.get(name, Detected(name, *nothing)) for name in known}
    return theirs
