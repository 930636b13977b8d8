"""What a workspace holds, and which step is next."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cvfast.swap.expectations import expectation
from cvfast.swap.extract import run_place
from cvfast.swap.face_file import face_files
from cvfast.swap.workspace import SIDES, Workspace

__all__ = ["Status", "status"]


@dataclass(frozen=True)
class Status:
    """What a workspace holds.

    Parameters
    ----------
    clips
        The clip of each side, and whether it is where it was.
    faces
        Number of face pictures of each side.
    begun
        Sides whose extraction has begun, whether or not it is done.
    trained
        Whether there is a trained model.
    merged, result
        Whether frames were merged, and the clip is there.
    """

    workspace: Path
    clips: dict[str, tuple[Path, bool]]
    faces: dict[str, int]
    begun: tuple[str, ...]
    trained: bool
    merged: bool
    result: bool

    @property
    def next_step(self) -> str:
        """Return the command that comes next."""
        for side in SIDES:
            if not self.faces[side]:
                return f"cvfast swap extract {self.workspace} --side {side}"
        if not self.trained:
            return f"cvfast swap train {self.workspace}"
        if not (self.merged or self.result):
            return f"cvfast swap merge {self.workspace}"
        return "" if self.result else f"cvfast swap encode {self.workspace}"

    def lines(self) -> list[str]:
        """Say it in words."""
        said = []
        for side in SIDES:
            clip, there = self.clips[side]
            said.append(f"{side}: {clip}{'' if there else ' (gone)'}, {self.faces[side]} faces")
            expected = expectation(self.faces[side], side=side) if self.faces[side] else None
            said += [expected] if expected else []
        said.append(f"model: {'trained' if self.trained else 'none yet'}")
        said.append(f"result: {'there' if self.result else 'none yet'}")
        return [*said, f"next: {self.next_step}" if self.next_step else "done"]


def status(workspace: Workspace) -> Status:
    """Look at a workspace; nothing is changed.

    Examples
    --------
    >>> status(Workspace.open("work")).next_step  # doctest: +SKIP
    'cvfast swap train work'
    """
    merging = workspace.steps / "merge"
    return Status(
        workspace.path,
        {side: (workspace.clip(side), workspace.clip(side).exists()) for side in SIDES},
        {side: len(face_files(workspace.faces(side))) for side in SIDES},
        tuple(side for side in SIDES if run_place(workspace, side).is_dir()),
        (workspace.model / "model.safetensors").is_file(),
        workspace.merged.is_dir() or merging.is_dir(),
        workspace.result.is_file(),
    )
