"""Checkpoints without pickle: any tree of tensors and plain values as one safetensors file.

The tensors are the file's, all else is JSON in its header; so a checkpoint is one file, put in
place at once. The one before it is kept, and taken where the newest is damaged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cvfast.errors import MissingDependencyError, ModelError
from cvfast.io.atomic import atomic_path, leftovers, make_folder

__all__ = ["newest_checkpoint", "read_tree", "save_checkpoint", "write_tree"]

KEPT = 2
_TREE = "cvfast.tree"
_TENSOR, _TUPLE, _ITEMS = "$tensor", "$tuple", "$items"  # what JSON has no word for
_MOST_BYTES = 16 << 30
INSTALL = "pip install 'cvfast[train]'"


def save_checkpoint(folder: Path, iteration: int, tree: Mapping[str, Any]) -> Path:
    """Write ``<iteration>.safetensors`` to a folder; remove all but the newest two.

    What a killed process left half written goes too.

    Parameters
    ----------
    folder
        Made if it is not there.
    iteration
        How many iterations are done.
    tree
        As `write_tree`.
    """
    make_folder(folder)
    for part in leftovers(folder):
        part.unlink(missing_ok=True)
    path = folder / f"{iteration:09d}.safetensors"
    write_tree(path, tree, overwrite=True)
    for old in _checkpoints(folder)[:-KEPT]:
        old.unlink(missing_ok=True)
    return path


def newest_checkpoint(folder: Path) -> tuple[int, dict[str, Any]] | None:
    """Return the newest checkpoint that can be read, with its iteration; None without any.

    Raises
    ------
    ModelError
        There are some, and none can be read.
    """
    damage: ModelError | None = None
    for path in reversed(_checkpoints(folder)):
        try:
            return int(path.stem), read_tree(path)
        except ModelError as error:
            damage = damage or error
    if damage is not None:
        raise damage
    return None


def write_tree(path: Path, tree: Mapping[str, Any], *, overwrite: bool = False) -> None:
    """Write a tree of dicts, lists, tuples, numbers, strings, None and torch tensors.

    Raises
    ------
    TypeError
        It holds something else.
    OutputError
        The file cannot be written.

    Examples
    --------
    >>> import tempfile, torch
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.safetensors"
    ...     write_tree(path, {"weights": torch.ones(2), "steps": {3: (0.1, None)}})
    ...     read_tree(path)
    {'weights': tensor([1., 1.]), 'steps': {3: (0.1, None)}}
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    tensors: dict[str, Any] = {}
    plain = json.dumps(_packed(tree, "", tensors))
    with atomic_path(path, overwrite=overwrite) as temporary:
        try:
            save_file(tensors, temporary, metadata={_TREE: plain})
        except SafetensorError as error:  # a full disk: said in words, like every other writer's
            number = re.search(r"\(os error (\d+)\)", str(error))
            if number is None:
                raise
            raise OSError(int(number[1]), str(error)) from error


def read_tree(path: Path) -> dict[str, Any]:
    """Read what `write_tree` wrote, to the processor's memory.

    Raises
    ------
    ModelError
        The file is missing, damaged or no such tree.
    """
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise MissingDependencyError(
            f"checkpoints need safetensors ({error}): {INSTALL}"
        ) from error
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ModelError(f"{path}: expected a checkpoint of at most {_MOST_BYTES >> 30} GiB")
        with safe_open(path, framework="pt") as file:
            plain = json.loads((file.metadata() or {})[_TREE])
            tree = _unpacked(plain, {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise ModelError(
            f"{path}: expected a checkpoint of cvfast, which this is not, or it is damaged "
            f"({type(error).__name__}: {error}); delete it to use the one before"
        ) from error
    if not isinstance(tree, dict):
        raise ModelError(f"{path}: expected a checkpoint of cvfast, got a {type(tree).__name__}")
    return tree


def _checkpoints(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.safetensors") if path.stem.isdigit())


def _packed(value: Any, name: str, tensors: dict[str, Any]) -> Any:
    """Return the value as JSON can hold it; tensors go to the dict, under their place's name."""
    import torch

    if isinstance(value, torch.Tensor):
        # A copy: safetensors refuses tensors that share memory.
        tensors[name] = value.detach().cpu().clone().contiguous()
        return {_TENSOR: name}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        parts = [_packed(part, f"{name}.{i}", tensors) for i, part in enumerate(value)]
        return {_TUPLE: parts} if isinstance(value, tuple) else parts
    if isinstance(value, Mapping):
        if all(isinstance(key, str) and not key.startswith("$") for key in value):
            return {k: _packed(v, f"{name}.{k}".strip("."), tensors) for k, v in value.items()}
        return {_ITEMS: [[k, _packed(v, f"{name}.{k}", tensors)] for k, v in value.items()]}
    raise TypeError(
        f"{name}: expected tensors, numbers, strings, lists and dicts, got {type(value).__name__}"
    )


def _unpacked(value: Any, tensors: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_unpacked(part, tensors) for part in value]
    if not isinstance(value, dict):
        return value
    if _TENSOR in value:
        return tensors[value[_TENSOR]]
    if _TUPLE in value:
        return tuple(_unpacked(part, tensors) for part in value[_TUPLE])
    if _ITEMS in value:
        return {key: _unpacked(part, tensors) for key, part in value[_ITEMS]}
    return {key: _unpacked(part, tensors) for key, part in value.items()}
