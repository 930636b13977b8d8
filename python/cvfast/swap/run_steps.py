"""The steps of a whole swap: what each does, says, and when it need not be done again."""

from __future__ import annotations

from typing import Any

from cvfast.errors import MediaError
from cvfast.swap.face_file import face_files
from cvfast.swap.face_set import read_faces
from cvfast.swap.people import people_of, set_others_aside
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

_MOST_WITHOUT = 0.2  # share of frames without a face above which that is said


def extract_side(
    workspace: Workspace, plan: RunPlan, side: str, *, progress: Progress | None = None
) -> Done:
    """Extract a side's faces, and set those of other people aside."""
    from cvfast.swap.extract import extract

    like = getattr(plan, f"{side}_like")
    options: dict[str, Any] = {"face_type": plan.options.face_type, "size": plan.face_size}
    if like is not None:
        options["like"] = str(like)
    done = extract(workspace, side, progress=progress, **options)
    aside = _choose_person(workspace, plan, side)
    kept = len(read_faces(done.folder))
    warnings = []
    if done.without > _MOST_WITHOUT * done.frames:
        first = ", ".join(map(str, done.first_without))
        warnings.append(
            f"{side}: {done.without} of {done.frames} frames show no face, the first: {first}"
        )
    if aside:
        warnings.append(f"{side}: {aside} faces of others were set aside in {done.folder}_trash")
    facts = {"frames": done.frames, "faces": kept, "without": done.without, "others": aside}
    return Done(
        f"{kept} faces in {done.frames} frames", facts, tuple(warnings), before=done.already
    )


def _choose_person(workspace: Workspace, plan: RunPlan, side: str) -> int:
    """Keep the faces of the person meant; return how many others were set aside now."""
    folder = workspace.faces(side)
    numbers: tuple[int, ...] = getattr(plan, f"{side}_person")
    if numbers:
        return set_others_aside(folder, numbers)
    people, several = people_of(read_faces(folder))
    if several:
        said = "; ".join(
            f"{person.number}: {person.faces} faces round x {person.middle[0]:.0f}, "
            f"y {person.middle[1]:.0f}"
            for person in people[:6]
        )
        raise MediaError(
            f"{workspace.clip(side)}: shows several people at a time ({said}); say whom you mean: "
            f"--{side}-person {people[0].number}, or --{side}-like PICTURE in a new workspace. "
            f"Their faces are in {folder}, a person's number at the end of each name."
        )
    return 0


def check_faces(workspace: Workspace, plan: RunPlan, *, progress: Progress | None = None) -> Done:
    """Look at the source's faces and say what to expect; nothing is moved."""
    from cvfast.swap.cleaning import judge_faces
    from cvfast.swap.expectations import expectation

    notes = StepNotes(workspace.steps)
    # By their names: masks that are put into the files change nothing of what is looked at.
    key = {side: [path.name for path in face_files(workspace.faces(side))] for side in SIDES}
    facts = notes.read("check", key)
    before = facts is not None
    if facts is None:
        judged = judge_faces(workspace.faces("source"), progress=progress)
        doubtful = sum(verdict.rejected for verdict in judged.verdicts)
        reasons = {name: count for name, count in judged.counts.items() if count}
        facts = {"doubtful": doubtful, "reasons": reasons}
        notes.write("check", key, facts)
    warnings = [expectation(len(key[side]), side=side) for side in SIDES]
    if facts["doubtful"]:
        said = ", ".join(f"{count} {name}" for name, count in facts["reasons"].items())
        warnings.append(
            f"source: {facts['doubtful']} faces look doubtful ({said}); look them over: cvfast "
            f"swap clean {workspace.path} --side source"
        )
    text = f"{len(key['source'])} faces of the source, {facts['doubtful']} of them doubtful"
    return Done(text, facts, tuple(line for line in warnings if line), before=before)


def mask_faces(workspace: Workspace, plan: RunPlan, *, progress: Progress | None = None) -> Done:
    """Find what covers the faces, by the generic network."""
    from cvfast.swap.masking import apply_masks

    changed = 0
    for side in SIDES:
        changed += len(apply_masks(workspace.faces(side), progress=progress).changed)
    return Done(f"{changed} faces got a mask", {"changed": changed}, before=not changed)


def train_model(workspace: Workspace, plan: RunPlan, *, progress: Progress | None = None) -> Done:
    """Train the networks."""
    from cvfast.swap.train import How, train_swap

    notes = StepNotes(workspace.steps)
    key = {
        "options": plan.options.as_dict(),
        "iterations": plan.iterations,
        "seed": plan.seed,
        **{side: faces_key(workspace.faces(side)) for side in SIDES},
    }
    facts = notes.read("train", key) if any(workspace.model.glob("*.safetensors")) else None
    before, told = facts is not None, list[str]()
    if facts is None:
        how = How(seed=plan.seed, save_every=plan.save_every, threads=plan.threads)
        done = train_swap(
            workspace, plan.options, iterations=plan.iterations, how=how, progress=progress,
            notice=told.append,
        )  # fmt: skip
        facts = {"iterations": done.iterations, "losses": done.losses}
        notes.write("train", key, facts)
    losses = ", ".join(f"{name} {value:.3f}" for name, value in facts["losses"].items())
    text = f"{facts['iterations']} iterations ({losses}); previews in {workspace.model}/previews"
    return Done(text, facts, tuple(told), before=before)


def merge_frames(workspace: Workspace, plan: RunPlan, *, progress: Progress | None = None) -> Done:
    """Put the new face into the target's frames; a merge with other settings is done anew."""
    from cvfast.swap.merge import merge

    done = merge(workspace, plan.merge, overwrite=True, progress=progress, **plan.coding())
    text = f"{done.swapped} of {done.frames} frames have the new face"
    facts = {"frames": done.frames, "swapped": done.swapped}
    return Done(text, facts, done.notes, before=done.already)


def encode_result(workspace: Workspace, plan: RunPlan, *, progress: Progress | None = None) -> Done:
    """Write the clip, its masks and its papers."""
    from cvfast.swap.encode import encode

    done = encode(workspace, plan.output, overwrite=True, progress=progress)
    text = f"{done.frames} frames -> {done.result}, masks in {done.mask}, facts in {done.sidecar}"
    facts = {"path": str(done.result), "mask": str(done.mask), "sidecar": str(done.sidecar)}
    StepNotes(workspace.steps).write("encode", {"path": facts["path"]}, facts)
    return Done(text, facts, done.notes, before=done.already)
