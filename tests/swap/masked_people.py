"""Face files of made people, for the tests of masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from cvfast.swap.face_file import FaceRecord, write_face
from cvfast.swap.workspace import Workspace
from cvfast.synth.faces import MadeFace, make_face
from PIL import Image

SQUARE = {"include": True, "points": [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]}
HOLE = {"include": False, "points": [[0.4, 0.4], [0.6, 0.4], [0.6, 0.6], [0.4, 0.6]]}


def record_of(made: MadeFace, frame: int = 0, **changes: object) -> FaceRecord:
    """Return a record of a picture that is its own face picture."""
    facts: dict[str, object] = {
        "face_type": "whole", "landmarks": made.points68.astype(float) + 0.5,
        "source": "clip.mp4", "frame": frame, "seconds": frame / 25, "face": 0,
        "source_landmarks": made.points68.astype(float) + 0.5, "source_box": made.box.astype(float),
        "matrix": np.eye(2, 3),
    }  # fmt: skip
    return FaceRecord(**{**facts, **changes})  # type: ignore[arg-type]


def write_people(folder: Path, count: int, *, size: int = 96, **changes: object) -> list[Path]:
    """Write a few pictures of one made person, as frames of a clip."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for frame in range(count):
        made = make_face(7, seed=frame, size=size, occlusion="none")
        path = folder / f"{frame:05d}_0.jpg"
        write_face(path, made.image, record_of(made, frame, **changes))
        paths.append(path)
    return paths


def workspace_of(folder: Path, count: int, **changes: object) -> Workspace:
    """Make a workspace whose source has some faces."""
    for side in ("source", "target"):
        (folder / side).mkdir()
        Image.new("RGB", (16, 16)).save(folder / side / "00000.png")
    source, target = folder / "source", folder / "target"
    workspace = Workspace.init(folder / "work", source=source, target=target, consent=True)
    write_people(workspace.faces("source"), count, **changes)
    return workspace
