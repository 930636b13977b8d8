"""``cvfast train landmarks``: trees that find 68 points, coarse to fine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from cyclopts import Parameter

from cvfast.cli.common import Common, Overwrite, refuse_targets

if TYPE_CHECKING:
    from cvfast.training.shape import TrainedShape
    from cvfast.training.shape_data import FaceCrops

__all__ = ["EXAMPLES", "USAGE", "train_landmarks"]

EXAMPLES = (
    "cvfast train landmarks faces/ -o points.safetensors",
    "cvfast train landmarks faces/ -o points.safetensors --plots plots/ --json",
)
USAGE = "DIR -o OUT [OPTIONS]"

Coarse: TypeAlias = Annotated[
    tuple[int, int, int],
    Parameter(negative="", help="Coarse trees: stages, trees a stage, depth."),
]
Fine: TypeAlias = Annotated[
    tuple[int, int, int], Parameter(negative="", help="The same for each part.")
]


def train_landmarks(
    data_dir: Annotated[
        str, Parameter(name="DIR", help="Pictures with labels.jsonl, as `cvfast make faces` makes.")
    ],
    /,
    *,
    output: Annotated[str, Parameter(name=["--output", "-o"], help="The model to write.")],
    copies: Annotated[int, Parameter(help="Boxes and starts tried a face.")] = 5,
    side: Annotated[int, Parameter(help="Pixels of a face's box.")] = 128,
    coarse: Coarse = (2, 30, 4),
    fine: Fine = (8, 80, 4),
    seed: Annotated[int, Parameter(help="Of all that is random.")] = 0,
    plots: Annotated[
        str | None,
        Parameter(help="Folder for the error curve and faces (extra plot)."),
    ] = None,
    threads: Annotated[int | None, Parameter(help="At most so many.")] = None,
    overwrite: Overwrite = False,
    common: Common | None = None,
) -> int:
    """Train landmark trees: a coarse ensemble for the face, a fine one for each part.

    Faces of the split "test" are held out: errors are theirs. A killed training goes on where it
    was when it is given again. Use the model with `cvfast landmarks --model trees:OUT`.
    """
    from cvfast.models.shape_file import write_shape_file
    from cvfast.training.shape import Growth, ShapeOptions, train_shape
    from cvfast.training.shape_labels import read_faces

    report = (common or Common()).report("train")
    refuse_targets(output, overwrite, plots)
    options = ShapeOptions(
        side=side, coarse=Growth(*coarse), fine=Growth(*fine, features=300), copies=copies,
        seed=seed,
    )  # fmt: skip
    state = Path(f"{output}.unfinished")
    with report.bars():
        with report.bar("read faces", None) as progress:
            faces, held_out = read_faces(data_dir, options, progress=progress)
        with report.bar("train", None) as progress:
            trained = train_shape(
                faces, held_out, options, checkpoint=state, threads=threads, progress=progress
            )
    notes = {"source": f"trained by cvfast train landmarks on {len(faces)} faces"}
    write_shape_file(output, trained.model, overwrite=overwrite, notes=notes)
    state.unlink(missing_ok=True)
    drawn = [] if plots is None else _draw(plots, trained, held_out, report)
    report.result(
        _text(output, trained, len(faces), len(held_out)),
        **_record(output, trained, len(faces), len(held_out), drawn),
    )
    return 0


def _text(output: str, trained: TrainedShape, faces: int, held_out: int) -> str:
    size = Path(output).stat().st_size / 1e6
    lines = [
        f"{output}: {size:.2f} MB, from {faces} faces; errors on {held_out} held-out ones,",
        "in % of the distance of the outer eye corners:",
        f"{'after':<12}{'all points':>12}{'its points':>12}{'before':>10}",
    ]
    for score in trained.scores:
        before = "" if score.name == "coarse" else f"{100 * score.part_before:10.2f}"
        after = f"{100 * score.nme:12.2f}{100 * score.part_after:12.2f}"
        lines.append(f"{score.name:<12}{after}{before}")
    return "\n".join(lines)


def _record(
    output: str, trained: TrainedShape, faces: int, held_out: int, drawn: list[str]
) -> dict[str, Any]:
    return {
        "model": output,
        "bytes": Path(output).stat().st_size,
        "faces": faces,
        "held_out": held_out,
        "stages": [
            {
                "name": score.name,
                "nme": round(score.nme, 5),
                "part_before": None if score.name == "coarse" else round(score.part_before, 5),
                "part_after": round(score.part_after, 5),
            }
            for score in trained.scores
        ],
        "plots": drawn,
    }


def _draw(folder: str, trained: TrainedShape, held_out: FaceCrops, report: Any) -> list[str]:
    from cvfast.io.atomic import make_folder
    from cvfast.training.shape_plots import plot_curves, plot_faces

    place = make_folder(folder)
    paths = [place / "landmarks-curve.png", place / "landmarks-faces.png"]
    plot_curves(paths[0], trained)
    plot_faces(paths[1], trained.model, held_out)
    for path in paths:
        report.note(f"drawn: {path}")
    return [str(path) for path in paths]
