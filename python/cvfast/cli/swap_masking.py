"""What the kinds of ``cvfast swap mask`` share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from cyclopts import Parameter

if TYPE_CHECKING:
    from cvfast.swap.workspace import Workspace
    from cvfast.swap.xseg import XSeg

__all__ = ["BothSides", "Side", "WorkspaceFolder", "chosen_network", "sides_of"]

WorkspaceFolder: TypeAlias = Annotated[Path, Parameter(name="WORKSPACE", help="Of swap init.")]
Side: TypeAlias = Annotated[Literal["source", "target"], Parameter(help="Whose faces.")]
BothSides: TypeAlias = Annotated[
    Literal["source", "target", "both"], Parameter(name="--side", help="Whose faces.")
]


def sides_of(side: str) -> tuple[str, ...]:
    """Return the sides that ``--side`` names."""
    return ("source", "target") if side == "both" else (side,)


def chosen_network(workspace: Workspace, model: Path | None, generic: bool) -> tuple[XSeg, str]:
    """Return a mask network and what it is: the one named, the workspace's own, or cvfast's.

    Raises
    ------
    ValueError
        Both ``--model`` and ``--generic``.
    ModelError
        It cannot be read.
    """
    from cvfast.swap.mask_training import workspace_network
    from cvfast.swap.xseg import XSeg

    if model is not None and generic:
        raise ValueError("--generic: expected it without --model")
    if model is not None:
        return XSeg.load(model), str(model)
    own = workspace_network(workspace)
    if own.is_file() and not generic:
        return XSeg.load(own), str(own)
    return XSeg.load(), "the mask network of cvfast"
