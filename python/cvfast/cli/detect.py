"""``cvfast detect``: where the faces are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from cyclopts import Parameter

from cvfast.cli.common import Common, Drawing, Inputs, MaxPixels, Overwrite, Recursive, Strict
from cvfast.cli.looking import Look, look_at_all

if TYPE_CHECKING:
    from cvfast.cli.trials import Trial
    from cvfast.faces.types import Faces

__all__ = ["EXAMPLES", "USAGE", "Model", "detect"]

EXAMPLES = (
    "cvfast detect group.jpg",
    "cvfast detect group.jpg -o drawn.png",
    "cvfast detect clip.mp4 photos/ --json > faces.jsonl",
    "cvfast detect group.jpg --model cascade,hog,blazeface --compare sheet.png",
    "cvfast detect group.jpg --model cascade:mine.xml --steps steps",
)
USAGE = "IN... [-o OUT] [OPTIONS]"

Model: TypeAlias = Annotated[
    str,
    Parameter(
        help="template[:FILE], cascade[:FILE.xml], sliding-cnn[:FILE] (extra onnx), hog, "
        "mmod[:FILE] (both: extra dlib), blazeface; or several: a,b,c (then no FILE may contain "
        "a comma)."
    ),
]
MinScore: TypeAlias = Annotated[float, Parameter(help="Lowest score to report, 0 to 1.")]
MaxFaces: TypeAlias = Annotated[int | None, Parameter(help="At most this many, the best ones.")]
Compare: TypeAlias = Annotated[
    str | None,
    Parameter(
        help="Photos: one picture of all, once for each model, with counts and times; faces "
        "that a labels.jsonl beside the photo tells of are drawn thin, missed ones red."
    ),
]
StepsFolder: TypeAlias = Annotated[
    str | None,
    Parameter(
        name="--steps",
        help="Photos: save colour, grey, binary (Otsu) and integral picture, and each model's "
        "windows before and after non-maximum suppression, in this folder.",
    ),
]


def detect(
    inputs: Inputs,
    /,
    *,
    model: Model = "blazeface",
    min_score: MinScore = 0.5,
    max_faces: MaxFaces = None,
    output: Drawing = None,
    compare: Compare = None,
    steps: StepsFolder = None,
    overwrite: Overwrite = False,
    recursive: Recursive = False,
    max_pixels: MaxPixels = 89_478_485,
    strict: Strict = False,
    common: Common | None = None,
) -> int:
    """Find faces in photos and in every frame of clips."""
    from cvfast.faces.detectors import parse_models

    report = (common or Common()).report("detect")
    specs = parse_models(model, name="--model")
    _check(min_score, max_faces)
    if output is not None and len(specs) > 1:
        raise ValueError("--output: draws one model's faces; --compare draws those of several")
    from cvfast.cli.detectpictures import DetectPictures
    from cvfast.cli.trials import Trials

    timed = len(specs) > 1 or compare is not None
    trials = Trials(specs, min_score=min_score, max_faces=max_faces, timed=timed)
    pictures = DetectPictures(specs, report, sheet=compare, steps=steps, overwrite=overwrite)
    code = look_at_all(
        inputs,
        lambda image: _look(trials.run(image)),
        report,
        output=output,
        overwrite=overwrite,
        recursive=recursive,
        strict=strict,
        max_pixels=max_pixels,
        watcher=pictures if pictures.wanted else None,
    )
    pictures.finish()
    for name, error in trials.broken.items() if len(specs) > 1 else ():
        report.error(f"cvfast: {name}: {error}")
    return code or int(bool(trials.broken))


def _check(min_score: float, max_faces: int | None) -> None:
    if not 0 <= min_score <= 1:
        raise ValueError(f"--min-score: expected a number in [0, 1], got {min_score}")
    if max_faces is not None and max_faces < 0:
        raise ValueError(f"--max-faces: expected at least 0, got {max_faces}")


def _look(trials: Sequence[Trial]) -> Look:
    """Put what the models found into words, a record and a drawing."""
    first = next(trial.faces for trial in trials if trial.faces is not None)
    found = any(trial.faces for trial in trials)
    if len(trials) == 1:
        record: dict[str, Any] = {"faces": _records(first)}
        return Look(found, _text(first), record, first.draw, trials)
    lines, faces = [f"{len(trials)} models"], []
    models: dict[str, dict[str, Any]] = {}
    for trial in trials:
        if trial.faces is None:
            lines.append(f"  {trial.model}: does not work here")
            models[trial.model] = {"error": str(trial.error)}
            continue
        text = _text(trial.faces, indent="    ")
        lines.append(f"  {trial.model}, {trial.seconds * 1e3:.0f} ms: {text}")
        models[trial.model] = {"count": len(trial.faces), "seconds": round(trial.seconds, 4)}
        faces += [{"model": trial.model, **face} for face in _records(trial.faces)]
    record = {"faces": faces, "models": models}
    return Look(found, "\n".join(lines), record, first.draw, trials)


def _text(faces: Faces, indent: str = "  ") -> str:
    if not len(faces):
        return "no face"
    lines = [f"{len(faces)} face{'s' if len(faces) > 1 else ''}"]
    for box, score in zip(faces.boxes.tolist(), faces.scores.tolist(), strict=True):
        corners = " ".join(f"{value:.1f}" for value in box)
        lines.append(f"{indent}score {score:.2f}, box {corners}")
    return "\n".join(lines)


def _records(faces: Faces) -> list[dict[str, Any]]:
    return [
        {
            "box": [round(value, 2) for value in box],
            "score": round(score, 4),
            "keypoints": [[round(x, 2), round(y, 2)] for x, y in keypoints],
        }
        for box, score, keypoints in zip(
            faces.boxes.tolist(), faces.scores.tolist(), faces.keypoints.tolist(), strict=True
        )
    ]
