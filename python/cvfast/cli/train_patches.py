"""``cvfast train patches``: the network behind the detector ``sliding-cnn``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from cyclopts import Parameter

from cvfast.cli.common import Common, Overwrite, refuse_targets
from cvfast.typing import Progress

if TYPE_CHECKING:
    from cvfast.training.patches import PatchPicture

__all__ = ["EXAMPLES", "USAGE", "train_patches"]

EXAMPLES = (
    "cvfast train patches faces/ -o face_patch.onnx",
    "cvfast train patches faces/ scenes/ --backgrounds holidays/ -o face_patch.onnx --resume",
)
USAGE = "DIR... -o OUT.onnx [OPTIONS]"


def train_patches(
    folders: Annotated[
        list[str], Parameter(name="DIR", help="Folders with labels.jsonl (cvfast make faces).")
    ],
    /,
    *,
    output: Annotated[str, Parameter(name=["--output", "-o"], help="The network, .onnx.")],
    backgrounds: Annotated[str | None, Parameter(help="Folder of pictures without a face.")] = None,
    iterations: Annotated[int, Parameter(help="In all; 2600 take about five minutes.")] = 2600,
    seed: Annotated[int, Parameter(help="Of everything random.")] = 0,
    run: Annotated[
        str | None, Parameter(help="Folder for checkpoints and curves (default: OUT.run).")
    ] = None,
    save_every: Annotated[int, Parameter(help="Iterations between checkpoints.")] = 500,
    resume: Annotated[bool, Parameter(negative="", help="Go on with the training there.")] = False,
    device: Annotated[str, Parameter(help="auto, cpu, cuda or mps.")] = "auto",
    overwrite: Overwrite = False,
    common: Common | None = None,
) -> int:
    """Train a network that tells faces from anything else in 24 x 24 pixels.

    Pictures of the split "test" are kept for the figures at the end.
    """
    from cvfast.training.loop import train
    from cvfast.training.patches import Patches, export_patch_net

    if Path(output).suffix.lower() != ".onnx":
        raise ValueError(f"--output: expected a name ending in .onnx, got {output}")
    refuse_targets(output, overwrite)
    report = (common or Common()).report("train")
    folder = Path(run or f"{output}.run")
    with report.bars():
        with report.bar("reading") as progress:
            pictures = _labelled(folders, "train", progress)
            if backgrounds is not None:
                pictures += _backgrounds(backgrounds, progress)
        task = Patches(pictures, iterations=iterations, seed=seed)
        with report.bar("training") as progress:
            done = train(
                task, folder=folder, iterations=iterations, seed=seed, save_every=save_every,
                resume=resume, device=device, progress=progress,
            )  # fmt: skip
        net = task.modules["net"].module
        export_patch_net(net, output, overwrite=overwrite)
        with report.bar("judging") as progress:
            found, false = _judged(net, _labelled(folders, "test", progress))
    last = done.curves.rows[-1][1]["loss"]
    judged = "" if found is None else f", held out: faces found {found:.1%}, false {false:.2%}"
    report.result(
        f"{output}: {done.iterations} iterations, loss {last:.4f}{judged}; curves in {folder}",
        output=output, iterations=done.iterations, loss=last, found=found, false=false,
        run=str(folder),
    )  # fmt: skip
    return 0


def _labelled(folders: list[str], split: str, progress: Progress) -> list[PatchPicture]:
    """Read the pictures of a split; those of no split are for training."""
    from cvfast.training.labels import read_labels
    from cvfast.training.patches import PatchPicture

    chosen = [p for f in folders for p in read_labels(f) if (p.split or "train") == split]
    pictures = []
    for number, picture in enumerate(chosen, start=1):
        boxes = np.array([face.box for face in picture.faces], np.float32).reshape(-1, 4)
        pictures.append(PatchPicture(_grey(picture.path), boxes))
        progress(number, len(chosen))
    return pictures


def _backgrounds(folder: str, progress: Progress) -> list[PatchPicture]:
    from cvfast.io.files import expand_inputs
    from cvfast.training.patches import PatchPicture

    paths = expand_inputs([folder], recursive=True, videos=False)
    pictures = []
    for number, path in enumerate(paths, start=1):
        pictures.append(PatchPicture(_grey(path), np.zeros((0, 4), np.float32)))
        progress(number, len(paths))
    return pictures


def _grey(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    from cvfast.geometry.sampling import luma_of
    from cvfast.io.images import read_image

    return luma_of(read_image(path).pixels)


def _judged(net: object, pictures: list[PatchPicture]) -> tuple[float | None, float | None]:
    """Shares of held-out faces found and of windows without one that are taken for a face."""
    import torch

    from cvfast.training.patches import held_out, patch_logits

    if not any(len(picture.boxes) for picture in pictures):
        return None, None
    patches, faces = held_out(pictures)
    with torch.no_grad():
        accepted = patch_logits(net, torch.from_numpy(patches)).numpy() > 0
    return float(accepted[faces].mean()), float(accepted[~faces].mean())
