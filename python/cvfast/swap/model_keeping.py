"""The model of a training on disk: written with each checkpoint, with backups; what it was."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cvfast.errors import ModelError
from cvfast.io.atomic import make_folder, write_bytes
from cvfast.swap.model_options import ModelOptions
from cvfast.typing import Path as PathLike

if TYPE_CHECKING:
    from cvfast.swap.networks import SwapNetworks

__all__ = [
    "ARCHITECTURE",
    "MODEL",
    "ModelKeeper",
    "Rollbacks",
    "beginning",
    "check_model",
    "pretraining",
]

MODEL = "model.safetensors"
# What a model is; the other options may change from one run to the next.
ARCHITECTURE = (
    "architecture", "resolution", "face_type", "ae_dims", "e_dims", "d_dims", "d_mask_dims",
    "inter_dims",
)  # fmt: skip


class ModelKeeper:
    """Writes the model with each checkpoint, and backups of it now and then."""

    def __init__(
        self, folder: Path, options: ModelOptions, *, seed: int, every: int, backups: int
    ) -> None:
        self._folder, self._options, self._seed = folder, options, seed
        self._every, self._backups = every, backups
        self.kept: int | None = None  # the iteration written last

    def keep(self, networks: SwapNetworks, iteration: int) -> None:
        """Write the model, and a backup where one is due."""
        from cvfast.swap.model_file import write_model

        facts = {"iterations": iteration, "seed": self._seed}
        write_model(self._folder / MODEL, networks, self._options, facts)
        self.kept = iteration
        if self._backups and self._every and iteration % self._every == 0:
            backups = make_folder(self._folder / "backups")
            write_model(backups / f"{iteration:09d}.safetensors", networks, self._options, facts)
            kept = sorted(path for path in backups.glob("*.safetensors") if path.stem.isdigit())
            for old in kept[: -self._backups]:
                old.unlink(missing_ok=True)


class Rollbacks:
    """The times a training was set back, in a file: a resumption goes on as it would have."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._told: list[str] = []
        if path.is_file():
            try:
                self._told = [str(line) for line in json.loads(path.read_bytes())]
            except (ValueError, TypeError) as error:
                raise ModelError(
                    f"{path}: expected a list of texts; delete it ({error})"
                ) from error

    def __len__(self) -> int:
        return len(self._told)

    def add(self, text: str) -> None:
        """Note one more, and why."""
        self._told.append(text)
        write_bytes(self.path, json.dumps(self._told, indent=1).encode(), overwrite=True)


def check_model(path: Path, options: ModelOptions) -> None:
    """Refuse a model of another kind: it is neither trained on nor replaced."""
    from cvfast.swap.model_file import read_options

    if not path.is_file():
        return
    found = read_options(path)
    for name in ARCHITECTURE:
        theirs, ours = getattr(found, name), getattr(options, name)
        if theirs != ours:
            raise ModelError(
                f"{path}: expected a model of {name} {ours}, got one of {theirs}: train with "
                f"--{name.replace('_', '-')} {theirs}, or another model in another workspace"
            )


def beginning(path: PathLike | None, options: ModelOptions) -> SwapNetworks | None:
    """Read the model to begin with; of a pretrained one, what knows its people is forgotten."""
    if path is None:
        return None
    import torch

    from cvfast.swap.model_file import read_model

    check_model(Path(path), options)
    theirs, networks, _ = read_model(path)
    if theirs.pretrain and not options.pretrain:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            networks.begin_anew()
    return networks


def pretraining(options: ModelOptions) -> ModelOptions:
    """Return the options with which faces of anybody are learned: no warp, all angles, no judges.

    Other options are returned as they are.

    Examples
    --------
    >>> pretraining(ModelOptions(pretrain=True, gan_power=0.1)).gan_power
    0.0
    """
    if not options.pretrain:
        return options
    return replace(
        options, random_warp=False, uniform_yaw=True, lr_dropout="n", gan_power=0.0,
        true_face_power=0.0, face_style_power=0.0, background_style_power=0.0,
        color_transfer="none", random_hsv_power=0.0,
    )  # fmt: skip
