"""A swap model on disk: one safetensors file, whose header says what the networks are.

Nothing in it is code. Options, shapes and numbers are checked before any of it is used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cvfast.errors import MissingDependencyError, ModelError
from cvfast.models.model_bytes import model_bytes
from cvfast.models.tensors import parse_tensors, write_tensors
from cvfast.swap.model_options import ModelOptions
from cvfast.typing import Path as PathLike

if TYPE_CHECKING:
    from cvfast.swap.networks import SwapNetworks

__all__ = ["INSTALL", "read_model", "read_options", "write_model"]

INSTALL = "pip install 'cvfast[train]'"
_KEY, _FORMAT, _VERSION = "cvfast.swap", "cvfast swap model", 1
_MOST_BYTES = 4 << 30
_MOST_FACTS = 1 << 18
_TYPES = {"float32": np.float32, "float16": np.float16}


def write_model(
    path: PathLike,
    networks: SwapNetworks,
    options: ModelOptions,
    facts: Mapping[str, Any] | None = None,
    *,
    numbers: str = "float32",
    overwrite: bool = True,
) -> None:
    """Write a model, whole or not at all.

    Parameters
    ----------
    path
        ``model.safetensors``.
    networks, options
        What `cvfast.swap.networks.build_networks` made, and of what.
    facts
        What else is known, as JSON can hold it: iteration, hashes of the face sets.
    numbers
        ``"float32"``, or ``"float16"`` for half the size and three digits.
    overwrite
        Replace an existing file.

    Raises
    ------
    ValueError
        A weight is not finite (or not in float16), or `numbers` is something else.
    OutputError
        The file cannot be written.
    """
    if numbers not in _TYPES:
        raise ValueError(f"numbers: expected one of {', '.join(_TYPES)}, got {numbers!r}")
    arrays = {}
    for name, weight in networks.state_dict().items():
        with np.errstate(over="ignore"):
            array = weight.detach().cpu().float().contiguous().numpy().astype(_TYPES[numbers])
        if not np.isfinite(array).all():
            raise ValueError(f"networks: {name}: expected finite weights in {numbers}")
        arrays[name] = array
    head = {
        "format": _FORMAT,
        "version": _VERSION,
        "options": options.as_dict(),
        "facts": dict(facts or {}),
    }
    text = json.dumps(head, sort_keys=True, allow_nan=False)
    if len(text) > _MOST_FACTS:
        raise ValueError(f"facts: expected at most {_MOST_FACTS} characters, got {len(text)}")
    write_tensors(path, arrays, {_KEY: text}, overwrite=overwrite)


def read_options(path: PathLike) -> ModelOptions:
    """Read what kind of model a file holds, without its weights.

    Raises
    ------
    ModelError
        As for `read_model`, but that weights are not looked at.
    """
    shown = Path(path)
    return _head(parse_tensors(model_bytes(shown, _MOST_BYTES), shown)[1], shown)[0]


def read_model(path: PathLike) -> tuple[ModelOptions, SwapNetworks, dict[str, Any]]:
    """Read what `write_model` wrote.

    Returns
    -------
    options, networks, facts
        The networks in float32, their channels last; ``facts["sha256"]`` is the file's.

    Raises
    ------
    ModelError
        Missing, damaged, of a newer version, or not what its options ask for.
    MissingDependencyError
        torch is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingDependencyError(f"swap models need torch ({error}): {INSTALL}") from error
    from cvfast.swap.networks import build_networks

    shown = Path(path)
    data = model_bytes(shown, _MOST_BYTES)
    arrays, metadata = parse_tensors(data, shown)
    options, facts = _head(metadata, shown)
    with torch.device("meta"):  # shapes without numbers: nothing is set aside before the check
        networks = build_networks(options)
    expected = {name: tuple(w.shape) for name, w in networks.state_dict().items()}
    if set(expected) != set(arrays):
        odd = sorted(set(expected) ^ set(arrays))[:3]
        raise ModelError(
            f"{shown}: expected the weights of {options.architecture}, {odd} are missing or more"
        )
    state = {}
    for name, shape in expected.items():
        array = arrays[name]
        if array.shape != shape or array.dtype not in (np.float32, np.float16):
            raise ModelError(
                f"{shown}: {name}: expected float32 {shape} as its options say, got "
                f"{array.dtype} {array.shape}"
            )
        if not np.isfinite(array).all():
            raise ModelError(f"{shown}: {name}: expected finite weights, got NaN or infinity")
        state[name] = torch.from_numpy(array.astype(np.float32))
    networks.load_state_dict(state, assign=True)
    last: Any = networks
    last = last.to(memory_format=torch.channels_last)
    return options, last, {**facts, "sha256": hashlib.sha256(data).hexdigest()}


def _head(metadata: Mapping[str, str], path: Path) -> tuple[ModelOptions, dict[str, Any]]:
    """Check what the header says."""
    if _KEY not in metadata:
        raise ModelError(f"{path}: expected a swap model of cvfast, got another safetensors file")
    try:
        head = json.loads(metadata[_KEY])
        if head["format"] != _FORMAT or type(head["version"]) is not int:
            raise ModelError(f"{path}: expected a swap model of cvfast, got {head['format']!r}")
        if head["version"] > _VERSION:
            raise ModelError(
                f"{path}: expected a model of version {_VERSION}, got {head['version']}: a newer "
                "cvfast wrote it; update this one"
            )
        options, facts = ModelOptions.from_dict(head["options"]), head["facts"]
        if not isinstance(facts, dict):
            raise TypeError(f"facts: expected an object, got {type(facts).__name__}")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ModelError(f"{path}: the model's header cannot be used: {error!r}") from error
    return options, facts
