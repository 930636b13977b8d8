"""``cvfast evaluate recognition``: how well models tell people apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, TypeAlias

from cyclopts import Parameter

from cvfast.cli.common import Common, MaxPixels
from cvfast.cli.failure import exit_code

if TYPE_CHECKING:
    from cvfast.metrics.scores import Scores

__all__ = ["EXAMPLES", "USAGE", "evaluate_recognition"]

EXAMPLES = (
    "cvfast evaluate recognition photos -o report",
    "cvfast evaluate recognition people --split test --model deepface,eigenfaces:e.safetensors "
    "-o report",
    "cvfast evaluate recognition pairs.txt --images lfw --model dlib,arcface.onnx -o report",
    "cvfast evaluate recognition --scores theirs.jsonl -o report",
)
USAGE = "[SOURCE] [--images DIR] -o REPORT [OPTIONS]"

Source: TypeAlias = Annotated[
    str | None,
    Parameter(
        name="SOURCE",
        help="A folder with a subfolder for each person, made faces (a folder with labels.jsonl), "
        "or LFW's pairs.txt. Not needed for --scores alone.",
    ),
]
ReportFolder: TypeAlias = Annotated[
    str,
    Parameter(
        name=["--output", "-o"],
        help="Folder for the report; made if missing. The faces' vectors are kept in it, so that "
        "the same command goes on where it was interrupted; they are biometric data.",
    ),
]
Models: TypeAlias = Annotated[
    str | None,
    Parameter(
        name="--model",
        help="dlib (extra dlib), FILE.onnx (extra onnx), deepface[:FILE], eigenfaces:FILE, "
        "fisherfaces:FILE, lbph:FILE; or several: a,b,c (then no FILE may contain a comma). "
        "Default: dlib where installed, else deepface.",
    ),
]
Images: TypeAlias = Annotated[
    str | None,
    Parameter(help="pairs.txt: folder of the people's folders; that of the file by default."),
]
Split: TypeAlias = Annotated[
    str | None, Parameter(help="Made faces: train or test alone; all by default.")
]
Theirs: TypeAlias = Annotated[
    list[str] | None,
    Parameter(
        name="--scores",
        negative="",
        help='JSON Lines of somebody else\'s distances: {"same": true, "distance": 0.4, "fold": 0},'
        " fold if there are folds.",
    ),
]
AllowLeaks: TypeAlias = Annotated[
    bool,
    Parameter(
        negative="",
        help="Take a pairs.txt in which somebody is in two folds, or a pair comes twice.",
    ),
]
MostPairs: TypeAlias = Annotated[
    int, Parameter(help="Pairs of each kind for the curve, drawn at random; 1e5 tell FAR 1e-4.")
]
Seed: TypeAlias = Annotated[int, Parameter(help="The same seed, the same pairs.")]


def evaluate_recognition(
    source: Source = None,
    /,
    *,
    output: ReportFolder,
    model: Models = None,
    images: Images = None,
    split: Split = None,
    scores: Theirs = None,
    allow_leaks: AllowLeaks = False,
    most_pairs: MostPairs = 100_000,
    seed: Seed = 0,
    max_pixels: MaxPixels = 89_478_485,
    common: Common | None = None,
) -> int:
    """Judge face recognition: ROC, TAR at FAR, EER, accuracy in folds, ranks, strangers."""
    from cvfast.cli.verificationreport import Facts, write_report
    from cvfast.cli.verifying import Verifying
    from cvfast.errors import NothingFoundError
    from cvfast.io.atomic import make_folder
    from cvfast.recognition.face_sets import read_face_set
    from cvfast.recognition.judging import judge_scores

    report = (common or Common()).report("evaluate recognition")
    if source is None and (not scores or model or images or split):
        raise ValueError("SOURCE: expected what to judge on, or --scores alone, got neither")
    if most_pairs < 1 or seed < 0:
        raise ValueError(
            f"--most-pairs, --seed: expected at least 1 and 0, got {most_pairs} and {seed}"
        )
    theirs = _theirs(scores or ())
    if source is None:
        folder = make_folder(output)
        judged = {name: judge_scores(one) for name, one in theirs.items()}
        write_report(folder, Facts("scores"), judged, report)
        return 0
    faces = read_face_set(source, images=images, split=split, allow_leaks=allow_leaks)
    verifying = Verifying(make_folder(output), model, report, max_pixels)
    if not verifying.embedders:
        return exit_code(next(iter(verifying.broken.values())))
    facts, judged = verifying.run(faces, most_pairs, seed)
    if not judged:
        return exit_code(next(iter(facts.missing.values())))
    judged |= {name: judge_scores(one) for name, one in theirs.items()}
    write_report(verifying.folder, facts, judged, report)
    unread = [one for one in facts.missing.values() if not isinstance(one, NothingFoundError)]
    return int(bool(unread or verifying.broken))


def _theirs(files: Sequence[str]) -> dict[str, Scores]:
    from cvfast.metrics.scores import read_scores

    if len(set(files)) != len(files):
        raise ValueError("--scores: expected each file once, got one twice")
    return {file: read_scores(file) for file in files}
