"""``cvfast swap export``: a trained model, or a set of faces, for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from cvfast.cli.common import Common, Overwrite

if TYPE_CHECKING:
    from cvfast.cli.report import Report

__all__ = ["EXAMPLES", "USAGE", "swap_export"]

EXAMPLES = (
    "cvfast swap export work -o anna.dfm",
    "cvfast swap export model.safetensors -o anna.dfm --overwrite",
    "cvfast swap export work --side source -o faces --form dfl",
    "cvfast swap export work/data_dst/aligned -o alignments.fsa --form faceswap",
)
USAGE = "WORKSPACE -o OUT.dfm|DIR [OPTIONS]"
_ALIGNMENTS = "alignments.fsa"  # as faceswap names it


def swap_export(
    workspace: Annotated[
        Path,
        Parameter(
            name="WORKSPACE",
            help="A workspace, its model folder, or a model's file; with --form, of faces: a "
            "workspace with --side, or a folder of them.",
        ),
    ],
    /,
    *,
    output: Annotated[
        Path,
        Parameter(
            name=["--output", "-o"],
            help="The file to write, whose name ends in .dfm; of faces a new folder, or an .fsa "
            "file.",
        ),
    ],
    form: Annotated[
        Literal["dfm", "dfl", "faceswap"],
        Parameter(help="dfm: the model; dfl, faceswap: face pictures for that program."),
    ] = "dfm",
    side: Annotated[
        Literal["source", "target"] | None, Parameter(help="Whose faces, of a workspace.")
    ] = None,
    overwrite: Overwrite = False,
    common: Common | None = None,
) -> int:
    """Write a trained model as .dfm (ONNX) for DeepFaceLive and others, or faces for DeepFaceLab.

    Face pictures go out as DeepFaceLab's JPEGs, or as faceswap's alignments (.fsa), from which
    its own tool cuts pictures.
    """
    report = (common or Common()).report("swap")
    if form == "dfm":
        if side is not None:
            raise ValueError("side: expected --form dfl or faceswap with it: a model has no sides")
        return _model(workspace, output, overwrite, report)
    if overwrite:
        raise ValueError("overwrite: expected it with a .dfm alone; name a new folder for faces")
    return _faces(workspace, side, output, form, report)


def _model(workspace: Path, output: Path, overwrite: bool, report: Report) -> int:
    from cvfast.io.atomic import check_target
    from cvfast.swap.dfm import export_dfm
    from cvfast.swap.model_file import read_model
    from cvfast.swap.swapper import find_model

    if output.suffix.lower() != ".dfm":
        raise ValueError(
            f"output: expected a name that ends in .dfm, got {output.name!r}; faces are exported "
            "with --form dfl or faceswap"
        )
    check_target(output, overwrite=overwrite)
    options, networks, facts = read_model(find_model(workspace))
    export_dfm(networks, options, output, facts=facts, overwrite=overwrite)
    size = output.stat().st_size
    report.result(
        f"{output}: {options.architecture}, {options.resolution} px, {options.face_type} face, "
        f"{size / 2**20:.1f} MiB",
        kind="export", output=str(output), architecture=options.architecture,
        resolution=options.resolution, face_type=options.face_type, bytes=size,
    )  # fmt: skip
    return 0


def _faces(given: Path, side: str | None, output: Path, form: str, report: Report) -> int:
    from cvfast.cli.swap_faces import faces_folder, say_skipped
    from cvfast.io.atomic import make_folder
    from cvfast.swap.exchange import export_faces

    folder = faces_folder(given, side)
    if form == "faceswap" and output.suffix.lower() != ".fsa":
        output = make_folder(output) / _ALIGNMENTS
    with report.bar("exporting faces") as progress:
        done = export_faces(folder, output, form=form, progress=progress)
    say_skipped(
        report, folder, [(folder / name, f"{name}: {why}") for name, why in done.skipped]
    )  # fmt: skip
    report.result(
        f"{done.folder}: {done.faces} faces for {form}",
        kind="export", output=str(done.folder), form=form, faces=done.faces,
        skipped=[list(pair) for pair in done.skipped],
    )  # fmt: skip
    return 1 if done.skipped else 0
