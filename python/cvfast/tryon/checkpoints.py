"""Weights of try-on networks on disk: cvfast's own files, and users' copies of published ones.

Published files are pickles (``.pth``). They are read with torch's ``weights_only``, which takes
tensors and runs no code, and nothing is used before every name and shape fits the tables. Ours, and
published ones that somebody converted, are safetensors; in ours the header says what network it is.
"""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvfast.errors import MediaError, ModelError
from cvfast.io.opening import open_regular
from cvfast.models.model_bytes import model_bytes
from cvfast.models.tensors import parse_tensors, write_tensors
from cvfast.tryon.network_tables import TABLES, optional_names
from cvfast.tryon.networks import BUILDERS, build_network, need_torch
from cvfast.typing import Path as PathLike

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["Checkpoint", "load_network", "read_checkpoint", "read_tensors", "write_checkpoint"]

Shapes = Mapping[str, tuple[int, ...]]
FORMAT = "cvfast try-on network 1"
_MOST_BYTES = 1 << 30
_MOST_SETTING = 1024
_TOLD = 4  # names of a list that a message gives


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Weights, and what network they are of.

    Attributes
    ----------
    kind
        ``"gmm"``, ``"tom"``, ``"acgpn-g1"``, ...
    variant
        ``"cp-vton"``, ``"cp-vton+"``, ``"acgpn"``, ...
    settings
        Of the network, as `cvfast.tryon.networks.build_network` takes them.
    tensors
        Weights by name, float32 (counters int64).
    published
        Whether the file has a published form; else cvfast wrote it.
    notes
        What cvfast's file says of its training.
    """

    kind: str
    variant: str
    settings: Mapping[str, Any]
    tensors: Mapping[str, Tensor] = field(repr=False)
    published: bool
    notes: Mapping[str, Any] = field(default_factory=dict)


def read_checkpoint(path: PathLike, kind: str | None = None) -> Checkpoint:
    """Read weights, of whichever known network they are.

    Parameters
    ----------
    path
        ``.pth`` (or any name) of torch, or ``.safetensors``.
    kind
        What it has to be; None: anything known.

    Raises
    ------
    ModelError
        Missing, damaged, with code in it, of another network, or not of any known form; the message
        names what is missing, unknown or of another shape.
    ValueError
        There is no such kind.
    MissingDependencyError
        torch is not installed.
    """
    if kind is not None and kind not in BUILDERS and all(kind != known for known, _ in TABLES):
        raise ValueError(f"kind: expected one of {', '.join(BUILDERS)}, got {kind!r}")
    shown = Path(path)
    tensors, facts = _read(shown)
    found = _ours(tensors, facts, shown) if "format" in facts else _published(tensors, kind, shown)
    if kind is not None and found.kind != kind:
        raise ModelError(f"{shown}: expected weights of {kind}, got those of {found.kind}")
    return found


def load_network(path: PathLike, kind: str | None = None) -> tuple[nn.Module, Checkpoint]:
    """Read weights and build their network, ready to run (``eval``).

    Raises
    ------
    ModelError
        See `read_checkpoint`.
    """
    found = read_checkpoint(path, kind)
    net = build_network(found.kind, found.settings)
    net.load_state_dict(found.tensors, strict=False)  # names and shapes have been checked
    return net.eval(), found


def write_checkpoint(
    path: PathLike,
    net: nn.Module,
    kind: str,
    settings: Mapping[str, Any],
    *,
    notes: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> None:
    """Write a network as one safetensors file that `read_checkpoint` knows.

    Parameters
    ----------
    path
        A name ending in .safetensors.
    net, kind, settings
        The network and what `build_network` made it of.
    notes
        What else to tell, as JSON can hold it: how it was trained.

    Raises
    ------
    ValueError
        Another ending, or weights that are not finite.
    OutputError
        The file cannot be written.
    """
    import numpy as np

    if Path(path).suffix.lower() != ".safetensors":
        raise ValueError(f"path: expected a name ending in .safetensors, got {path}")
    arrays = {}
    for name, tensor in net.state_dict().items():
        array = tensor.detach().cpu().contiguous().numpy()
        if not np.isfinite(array).all():
            raise ValueError(f"net: {name}: expected finite weights")
        arrays[name] = array
    facts = {
        "format": FORMAT,
        "kind": kind,
        "settings": json.dumps(dict(settings), sort_keys=True),
        "notes": json.dumps(dict(notes or {}), sort_keys=True),
    }
    write_tensors(path, arrays, facts, overwrite=overwrite)


def _safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    import torch

    arrays, facts = parse_tensors(model_bytes(path, _MOST_BYTES), path)
    return {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}, facts


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a file of tensors by name, torch's or safetensors, whatever they are.

    Raises
    ------
    ModelError
        Missing, damaged, or with anything else in it.
    """
    return _read(path)[0]


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    need_torch()
    if path.suffix.lower() == ".safetensors":
        return _safetensors(path)
    return _pickled(path), {}


def _pickled(path: Path) -> dict[str, Tensor]:
    """Read torch's file: tensors by name and nothing else."""
    import torch

    try:
        file = open_regular(path)
    except MediaError as error:  # a pipe or a device
        raise ModelError(str(error)) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise ModelError(f"{path}: cannot be read: {reason}") from error
    with file:
        try:
            _check_size(path)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of pickle's versions: the error says enough
                found = torch.load(file, map_location="cpu", weights_only=True)
        except ModelError:
            raise
        except Exception as error:  # whatever a damaged pickle makes torch raise
            # torch's own advice is to load the file as code: the last thing to pass on
            line = str(error).strip().partition("\n")[0]
            for advice in ("In PyTorch 2.6", "This file can still"):
                line = line.partition(advice)[0].strip()
            raise ModelError(
                f"{path}: expected torch's file of weights and no code, got something else or a "
                f"damaged one ({type(error).__name__}: {line[:200]})"
            ) from error
    if not isinstance(found, Mapping) or not all(
        isinstance(name, str) and isinstance(tensor, torch.Tensor) for name, tensor in found.items()
    ):
        raise ModelError(
            f"{path}: expected tensors by name and nothing else, got a {type(found).__name__} "
            "of other things"
        )
    return dict(found)


def _check_size(path: Path) -> None:
    size = path.stat().st_size
    if size <= _MOST_BYTES and zipfile.is_zipfile(path):  # whose parts could be packed tightly
        with zipfile.ZipFile(path) as parts:
            size = sum(part.file_size for part in parts.infolist())
    if size > _MOST_BYTES:
        raise ModelError(f"{path}: expected weights of at most {_MOST_BYTES:,} bytes, got more")


def _published(tensors: dict[str, Tensor], kind: str | None, path: Path) -> Checkpoint:
    """Find the table that fits; else say what the nearest one misses."""
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    faults = {key: _faults(shapes, table) for key, table in TABLES.items()}
    for (found, variant), fault in faults.items():
        if not fault:
            settings = {"variant": variant} if found in ("gmm", "tom") else {}
            return Checkpoint(found, variant, settings, _as_float(tensors, path), published=True)
    asked = [key for key in TABLES if kind in (None, key[0])] or list(TABLES)
    nearest = min(asked, key=lambda key: len(faults[key]))
    name = nearest[0] if nearest[0].startswith(nearest[1]) else f"{nearest[1]}'s {nearest[0]}"
    told = "; ".join(faults[nearest][:_TOLD])
    more = len(faults[nearest]) - _TOLD
    raise ModelError(
        f"{path}: expected weights of {name if kind else f'a known network, {name} the nearest'}, "
        f"got others: {told}{f'; and {more} more' if more > 0 else ''}"
    )


def _faults(
    shapes: Mapping[str, tuple[int, ...]], table: Mapping[str, tuple[int, ...]]
) -> list[str]:
    optional = optional_names(dict(table))
    faults = [
        f"{name} is {shapes[name]}, not {shape}"
        for name, shape in table.items()
        if name in shapes and shapes[name] != shape
    ]
    faults += [
        f"{name} is missing" for name in table if name not in shapes and name not in optional
    ]
    return faults + [f"{name[:100]} is unknown" for name in shapes if name not in table]


def _ours(tensors: dict[str, Tensor], facts: Mapping[str, str], path: Path) -> Checkpoint:
    """Check a file of ours against the network that its header tells of."""
    if facts["format"] != FORMAT:
        raise ModelError(f"{path}: expected {FORMAT!r}, got {facts['format'][:100]!r}")
    try:
        settings, notes = json.loads(facts["settings"]), json.loads(facts["notes"])
        if not isinstance(settings, dict) or not isinstance(notes, dict):
            raise ValueError("expected settings and notes by name")
        kind = facts["kind"]
        table = network_shapes(kind, settings)
    except Exception as error:  # whatever damaged settings make a builder raise
        raise ModelError(f"{path}: expected {FORMAT}, got a damaged one: {error}") from error
    faults = _faults({name: tuple(tensor.shape) for name, tensor in tensors.items()}, table)
    if faults:
        raise ModelError(f"{path}: expected the weights of {kind}, got others: {faults[0]}")
    variant = str(settings.get("variant", kind.partition("-")[0]))
    return Checkpoint(kind, variant, settings, _as_float(tensors, path), False, notes)


def network_shapes(kind: str, settings: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a network's weights by name."""
    import torch

    _check_numbers(settings)
    with torch.device("meta"):  # shapes alone: no file can ask for memory
        state = build_network(kind, settings).state_dict()
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def _check_numbers(settings: Any) -> None:
    values = settings.values() if isinstance(settings, Mapping) else settings
    for value in values:
        if isinstance(value, list | tuple | Mapping):
            _check_numbers(value)
        elif isinstance(value, int | float) and not 0 <= value <= _MOST_SETTING:
            raise ValueError(f"expected settings of 0 to {_MOST_SETTING}, got {value}")


def _as_float(tensors: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Return all as float32, counters as they are; refuse what is not finite."""
    import torch

    out = {}
    for name, tensor in tensors.items():
        if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_meta:
            raise ModelError(f"{path}: {name}: expected plain numbers, got packed ones or none")
        number = tensor if name.endswith(".num_batches_tracked") else tensor.float()
        if tensor.is_complex() or not number.isfinite().all():
            raise ModelError(f"{path}: {name}: expected finite numbers, got others")
        out[name] = number
    return out
