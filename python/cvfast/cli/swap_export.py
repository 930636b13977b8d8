"""``cvfast swap export``: a trained model for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common, Overwrite

__all__ = ["EXAMPLES", "USAGE", "swap_export"]

EXAMPLES = (
    "cvfast swap export work -o anna.dfm",
    "cvfast swap export model.safetensors -o anna.dfm --overwrite",
)
USAGE = "WORKSPACE -o OUT.dfm [OPTIONS]"


def swap_export(
    workspace: Annotated[
        Path, Parameter(name="WORKSPACE", help="A workspace, its model folder, or a model's file.")
    ],
    /,
    *,
    output: Annotated[
        Path, Parameter(name=["--output", "-o"], help="The file to write; its name ends in .dfm.")
    ],
    overwrite: Overwrite = False,
    common: Common | None = None,
) -> int:
    """Write a trained model as .dfm (ONNX), for DeepFaceLive and other programs."""
    from cvfast.io.atomic import check_target
    from cvfast.swap.dfm import export_dfm
    from cvfast.swap.model_file import read_model
    from cvfast.swap.swapper import find_model

    report = (common or Common()).report("swap")
    if output.suffix.lower() != ".dfm":
        raise ValueError(f"output: expected a name that ends in .dfm, got {output.name!r}")
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
