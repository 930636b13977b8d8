"""``cvfast train cascade``: a face detector of boosted stages, for OpenCV and for us."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from cvfast.cli.common import Common, Overwrite, Recursive, refuse_targets

if TYPE_CHECKING:
    from cvfast.cli.report import Report
    from cvfast.training.cascade import CascadeSettings, TrainedCascade
    from cvfast.training.material import Material

__all__ = ["EXAMPLES", "USAGE", "train_cascade"]

EXAMPLES = (
    "cvfast train cascade faces/ backgrounds/ -o cascade.xml",
    "cvfast train cascade made/ backgrounds/ --boxes labels.jsonl --features lbp --plots plots/",
    "cvfast train cascade faces/ backgrounds/ --run run/ --resume",
)
USAGE = "POSITIVES NEGATIVES [-o OUT] [OPTIONS]"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Learning:
    """What to train."""

    features: Annotated[str, Parameter(help="haar, haar-core, haar-tilted or lbp.")] = "haar"
    boost: Annotated[str, Parameter(help="gentle or discrete.")] = "gentle"
    window: Annotated[str, Parameter(help="Width x height in pixels.")] = "24x24"
    stages: Annotated[int, Parameter(help="At most so many.")] = 12
    hit_rate: Annotated[float, Parameter(help="What a stage keeps of the faces.")] = 0.995
    false_alarm: Annotated[float, Parameter(help="What it may keep of the rest.")] = 0.5
    max_weak: Annotated[int, Parameter(help="At most so many weak trees a stage.")] = 100
    depth: Annotated[int, Parameter(help="Of the weak trees; 1: stumps.")] = 1
    windows: Annotated[int, Parameter(help="Windows without faces for each stage.")] = 1000
    seed: Annotated[int, Parameter(help="Of the order of windows and the share kept.")] = 0

    def settings(self) -> CascadeSettings:
        """Return them as the library takes them."""
        from cvfast.training.cascade import CascadeSettings

        try:
            return CascadeSettings(
                size=_size(self.window),
                features=self.features,
                boost=self.boost,
                depth=self.depth,
                stages=self.stages,
                hit_rate=self.hit_rate,
                false_alarm=self.false_alarm,
                max_weak=self.max_weak,
                negatives=self.windows,
                seed=self.seed,
            )
        except ValueError as error:  # here NEGATIVES are the pictures
            raise ValueError(str(error).replace("negatives:", "--windows:")) from error


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Pictures:
    """What becomes of the pictures."""

    boxes: Annotated[
        str | None,
        Parameter(help="Labels: cut these boxes out of POSITIVES, which may have any shape."),
    ] = None
    mirror: Annotated[bool, Parameter(help="Add the mirror images of the faces.")] = True
    jitter: Annotated[int, Parameter(help="So many copies of each, moved and scaled.")] = 0
    hold_out: Annotated[float, Parameter(help="Share kept to judge by, 0 to 0.5.")] = 0.2


def train_cascade(
    positives: Annotated[str, Parameter(name="POSITIVES", help="Folder of faces, a face each.")],
    negatives: Annotated[str, Parameter(name="NEGATIVES", help="Folder of pictures without any.")],
    /,
    *,
    output: Annotated[
        str, Parameter(name=["--output", "-o"], help="The cascade, OpenCV's XML.")
    ] = "cascade.xml",
    learning: Learning | None = None,
    pictures: Pictures | None = None,
    run: Annotated[
        str | None, Parameter(help="Folder for finished stages (default: OUT.run).")
    ] = None,
    resume: Annotated[bool, Parameter(negative="", help="Go on from the stages there.")] = False,
    plots: Annotated[
        str | None, Parameter(help="Folder for pictures of the training (extra plot).")
    ] = None,
    threads: Annotated[int | None, Parameter(help="At most so many.")] = None,
    overwrite: Overwrite = False,
    recursive: Recursive = False,
    common: Common | None = None,
) -> int:
    """Train a cascade of boosted stages of Haar or LBP features on your own pictures."""
    from cvfast.models.cascade_file import write_cascade
    from cvfast.training.cascade import train_cascade as train
    from cvfast.training.material import gather

    settings = (learning or Learning()).settings()
    report = (common or Common()).report("train")
    refuse_targets(output, overwrite, plots)
    chosen = asdict(pictures or Pictures())
    _warn(report, positives, negatives, cut=chosen["boxes"] is not None)
    material = gather(
        positives, negatives, settings.size, seed=settings.seed, recursive=recursive, **chosen
    )
    with report.bars(), report.bar("weak trees") as progress:
        trained = train(
            material.positives,
            material.backgrounds,
            settings,
            patches=material.patches,
            folder=run if run is not None else f"{output}.run",
            resume=resume,
            threads=threads,
            progress=progress,
        )
    write_cascade(output, trained.cascade, overwrite=overwrite)
    return _tell(report, output, settings, trained, material, plots)


def _warn(report: Report, positives: str, negatives: str, *, cut: bool) -> None:
    """Say where labels tell that the pictures are not what they are taken for."""
    from cvfast.training.labels import FILE, read_labels

    if not cut and (Path(positives) / FILE).is_file():
        report.note(
            f"{positives}: has {FILE}, but whole pictures are taken as faces; "
            f"--boxes {FILE} cuts the faces out."
        )
    if (Path(negatives) / FILE).is_file():
        pictures = read_labels(negatives)
        count = sum(bool(picture.faces) for picture in pictures)
        if count:
            report.note(
                f"{negatives}: {count} of {len(pictures)} pictures show faces, says its {FILE}; "
                "these are learnt as no faces. `cvfast make scenes DIR --faces 0` makes others."
            )


def _tell(
    report: Report,
    output: str,
    settings: CascadeSettings,
    trained: TrainedCascade,
    material: Material,
    plots: str | None,
) -> int:
    """Draw the plots; print the table, or the record."""
    drawn: list[Path] = []
    if plots is not None:
        from cvfast.training.plots import write_plots

        drawn = write_plots(plots, trained, material)
    judged = material.judge(trained)
    report.result(
        _table(output, trained, judged),
        output=output,
        settings=asdict(settings),
        stages=[asdict(one) for one in trained.reports],
        stopped=trained.stopped,
        held_out=judged,
        plots=[str(path) for path in drawn],
    )
    return 0


def _size(window: str) -> tuple[int, int]:
    width, cross, height = window.lower().partition("x")
    if not (cross and width.isdecimal() and height.isdecimal()):
        raise ValueError(f"--window: expected WIDTHxHEIGHT such as 24x24, got {window!r}")
    return int(width), int(height)


def _table(output: str, trained: TrainedCascade, judged: dict[str, Any]) -> str:
    lines = [
        f"{output}: {len(trained.stages)} stages, {len(trained.cascade.tree_nodes)} weak trees",
        "stage  weak  faces  others    windows seen   hit rate  false alarm",
    ]
    for number, r in enumerate(trained.reports, 1):
        lines.append(
            f"{number:5d} {r.weak:5d} {r.positives:6d} {r.negatives:7d} {r.windows:15,d}"
            f" {r.hit_rate:10.4f} {r.false_alarm:12.4f}"
        )
    lines.append(f"stopped: {trained.stopped}")
    if judged["held_out_faces"]:
        lines.append(
            f"held out: {judged['found']} of {judged['held_out_faces']} faces found, "
            f"{judged['false_alarms']} of {judged['held_out_others']} others"
        )
    return "\n".join(lines)
