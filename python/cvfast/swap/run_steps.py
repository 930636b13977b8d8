"""The steps of a whole swap, each with what it says and when it need not be done again."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cvfast.errors import MediaError
from cvfast.swap.face_set import read_faces
from cvfast.swap.people import people_of, set_others_aside, those_like
from cvfast.swap.run import Done, RunPlan
from cvfast.swap.step_notes import StepNotes, faces_key
from cvfast.swap.workspace import SIDES, Workspace
from cvfast.typing import Progress

__all__ = [
    "check_faces",
    "encode_result",
    "extract_side",
    "mask_faces",
    "merge_frames",
    "train_model",
]

_FEW_FRAMES = 0.8  # share of frames with a face below which that is said


def extract_side(
    workspace: Workspace, plan: RunPlan, side: str, *, progress: Progress | None = None
) -> Done:
    """Extract a side's faces, and set those of other people aside."""
    from cvfast.swap.extract import extract

    done = extract(
        workspace,
        side,
        face_type=plan.options.face_type,
        size=plan.face_size,
        progress=progress,
    )
    aside = _choose(workspace, plan, side)
    kept = len(read_faces(done.folder))
    warnings = []
    if done.without > (1 - _FEW_FRAMES) * done.frames:
        warnings.append(
            f"{side}: {done.without} of {done.frames} frames show no face (the first: "
            f"{', '.join(map(str, done.first_without))})"
        )
    if aside:
        warnings.append(f"{side}: {aside} faces of others set aside in {done.folder}_others")
    facts = {"frames": done.frames, "faces": kept, "without": done.without, "others": aside}
    text = f"{kept} faces in {done.frames} frames"
    return Done(text, facts, tuple(warnings), before=done.already)


def _choose(workspace: Workspace, plan: RunPlan, side: str) -> int:
    """Keep the faces of the person meant; return how many others were set aside now."""
    folder = workspace.faces(side)
    numbers: tuple[int, ...] = getattr(plan, f"{side}_person")
    like: Path | None = getattr(plan, f"{side}_like")
    if numbers:
        return set_others_aside(folder, numbers)
    faces = read_faces(folder)
    if like is not None:
        return set_others_aside(folder, those_like(faces, like))
    people, several = people_of(faces)
    if several:
        said = "; ".join(
            f"{person.number}: {person.faces} faces round x {person.middle[0]:.0f}, "
            f"y {person.middle[1]:.0f}"
            for person in people[:6]
        )
        raise MediaError(
            f"{workspace.clip(side)}: shows several people at a time ({said}); say whom you mean: "
            f"--{side}-person {people[0].number}, or --{side}-like PICTURE. Their faces are in "
            f"{folder}, a person's number at the end of each name."
        )
    return 0
