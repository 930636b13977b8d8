"""``cvfast train deepface``: a net that turns faces into vectors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from cvfast.cli.common import Common, Overwrite, refuse_targets

if TYPE_CHECKING:
    from cvfast.cli.report import Report
    from cvfast.models.deepface_file import DeepFaceWeights
    from cvfast.recognition.deepface_data import PeopleFaces
    from cvfast.recognition.deepface_export import Judged
    from cvfast.training.loop import Trained

__all__ = ["EXAMPLES", "USAGE", "train_deepface"]

EXAMPLES = (
    "cvfast train deepface people/ -o deepface.safetensors",
    "cvfast train deepface family/ -o ours.safetensors --pretrained deepface.safetensors",
    "cvfast train deepface people/ -o full.safetensors --width 1 --size 152 --resume",
)
USAGE = "DIR -o OUT.safetensors [OPTIONS]"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Options:
    """How to train."""

    width: Annotated[
        float | None, Parameter(help="Scales channels and features; 1: the paper's (default 0.5).")
    ] = None
    size: Annotated[
        int | None, Parameter(help="Side of the face in pixels; the paper's: 152 (default 80).")
    ] = None
    iterations: Annotated[int, Parameter(help="In all, 64 faces each.")] = 600
    pretrained: Annotated[
        str | None,
        Parameter(help="A net to begin with: its size and width, a new last layer, lower rates."),
    ] = None
    head: Annotated[
        Literal["cosine", "chi2", "siamese"], Parameter(help="Distance of two vectors.")
    ] = "cosine"
    seed: Annotated[int, Parameter(help="Of everything random.")] = 0
    run: Annotated[
        str | None,
        Parameter(help="Folder for aligned faces, checkpoints and curves (default: OUT.run)."),
    ] = None
    save_every: Annotated[int, Parameter(help="Iterations between checkpoints.")] = 250
    resume: Annotated[bool, Parameter(negative="", help="Go on with the training there.")] = False
    device: Annotated[str, Parameter(help="auto, cpu, cuda or mps.")] = "auto"
    overwrite: Overwrite = False


def train_deepface(
    folder: Annotated[
        str,
        Parameter(
            name="DIR",
            help="A made set (labels.jsonl, cvfast make faces), or a subfolder a person.",
        ),
    ],
    /,
    *,
    output: Annotated[str, Parameter(name=["--output", "-o"], help="The net, .safetensors.")],
    options: Options | None = None,
    common: Common | None = None,
) -> int:
    """Train DeepFace (Taigman et al., 2014): tell people apart, then keep all but the last layer.

    The faces are turned to the front first. People of the split "test", or every fifth of ten and
    more folders, are kept for the figures and the threshold at the end.
    """
    options = options or Options()
    if Path(output).suffix.lower() != ".safetensors":
        raise ValueError(f"--output: expected a name ending in .safetensors, got {output}")
    refuse_targets(output, options.overwrite)
    begin = _beginning(options)
    size, width = (begin.size, begin.width) if begin else _asked(options)
    _need_torch()
    from cvfast.io.atomic import make_folder
    from cvfast.models.deepface_file import write_deepface
    from cvfast.recognition.deepface_data import aligned_faces

    report = (common or Common()).report("train")
    place = make_folder(options.run or f"{output}.run")
    with report.bars():
        with report.bar("aligning") as progress:
            cache = place / "aligned.safetensors"
            told = _LeftOut(report)
            faces = aligned_faces(folder, size, cache=cache, left_out=told, progress=progress)
        if faces.left_out:
            report.note(f"{faces.left_out} pictures were left out")
        net, done = _trained(faces, width, begin, place, options, report)
        weights, judged = _judged(net, faces, options, report)
    weights = _with_threshold(weights, judged, folder)
    notes = {"made_by": f"cvfast train deepface {Path(folder).name}, seed {options.seed}"}
    write_deepface(output, weights, overwrite=options.overwrite, notes=notes)
    last = done.curves.rows[-1][1]["loss"]
    report.result(
        f"{output}: {done.iterations} iterations, loss {last:.4f}{_told(judged)}; curves in "
        f"{place}",
        output=output, iterations=done.iterations, loss=last, run=str(place), head=weights.head,
        threshold=weights.distance, false_accepts=weights.false_accepts, source=weights.source,
        accuracy=judged and judged.accuracy, auc=judged and judged.curve.auc,
        eer=judged and judged.curve.eer, **_counts(faces),
    )  # fmt: skip
    return int(told.unreadable)


class _LeftOut:
    """Tells of pictures that are not trained on, and keeps whether any could not be read."""

    def __init__(self, report: Report) -> None:
        self._report, self.unreadable = report, False

    def __call__(self, path: Path, error: Exception) -> None:
        from cvfast.errors import NothingFoundError

        if isinstance(error, NothingFoundError):
            self._report.note(str(error))
        else:
            self._report.failure(str(path), error)
            self.unreadable = True


def _trained(
    faces: PeopleFaces,
    width: float,
    begin: DeepFaceWeights | None,
    place: Path,
    options: Options,
    report: Report,
) -> tuple[Any, Trained]:
    from cvfast.recognition.deepface_export import torch_weights
    from cvfast.recognition.deepface_training import People
    from cvfast.training.loop import train

    with report.bar("training") as progress:
        task = People(
            *faces.training(), width=width, iterations=options.iterations, seed=options.seed,
            pretrained=torch_weights(begin) if begin else None,
        )  # fmt: skip
        done = train(
            task, folder=place, iterations=options.iterations, seed=options.seed,
            save_every=options.save_every, resume=options.resume, device=options.device,
            progress=progress,
        )  # fmt: skip
    return task.modules["net"].module.cpu(), done


def _judged(
    net: Any, faces: PeopleFaces, options: Options, report: Report
) -> tuple[DeepFaceWeights, Judged | None]:
    from cvfast.recognition.deepface_export import judge, weights_of

    known = faces.training()
    with report.bar("judging") as progress:
        weights = weights_of(net, *known, options.head, seed=options.seed, progress=progress)
        return weights, judge(net, weights, faces)


def _beginning(options: Options) -> DeepFaceWeights | None:
    """Read the net to begin with; its size and width are the new net's too."""
    path = options.pretrained
    if path is None:
        return None
    from cvfast.models.deepface_file import read_deepface

    begin = read_deepface(path)
    given = (("width", options.width, begin.width), ("size", options.size, begin.size))
    for name, value, its in given:
        if value is not None and value != its:
            raise ValueError(f"--{name}: expected {its}, which {path} has, got {value}")
    return begin


def _asked(options: Options) -> tuple[int, float]:
    from cvfast.models.deepface_layers import layer_shapes

    size = 80 if options.size is None else options.size
    width = 0.5 if options.width is None else options.width
    layer_shapes(size, width)
    return size, width


def _need_torch() -> None:
    """Say what is missing before faces are aligned."""
    from cvfast.errors import MissingDependencyError

    try:
        import lightning_fabric  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(
            f"training needs more packages ({error}): pip install 'cvfast[train]'"
        ) from error


def _with_threshold(
    weights: DeepFaceWeights, judged: Judged | None, folder: str
) -> DeepFaceWeights:
    from cvfast.recognition.deepface_export import with_threshold
    from cvfast.training.labels import FILE

    if judged is None:
        return weights
    made = (Path(folder) / FILE).is_file()
    return with_threshold(weights, judged, "SYNTHETIC (made) people" if made else "people")


def _told(judged: Judged | None) -> str:
    if judged is None:
        return ", nobody held out: no threshold was set"
    told = f", {judged.people} people held out: AUC {judged.curve.auc:.3f}"
    told += f", equal error rate {judged.curve.eer:.1%}"
    return told if judged.accuracy is None else f"{told}, verification {judged.accuracy:.1%}"


def _counts(faces: PeopleFaces) -> dict[str, int]:
    people, _ = faces.training()
    return {"faces": len(people), "held_out": int(faces.held_out.sum())}
