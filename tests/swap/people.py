"""Face pictures of made people in a folder, as extraction would leave them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from cvfast.geometry.alignment import transform_points
from cvfast.kernels.crop import CropSource, SampleGrid
from cvfast.swap.face_file import FaceRecord, write_face
from cvfast.swap.face_types import crop_matrix
from cvfast.synth.faces import make_face

EXPRESSIONS = ("neutral", "smile", "open", "grin", "closed_eyes", "surprise")


def face_folder(
    folder: Path, identity: int, count: int, *, face_type="whole", size=128, light="soft", turn=0.4
) -> Path:
    """Write `count` pictures of one made person; what is drawn comes from their numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        rng = np.random.default_rng([identity, number])
        pose = tuple(rng.uniform(-1, 1, 3) * (turn, turn / 2, 0.1))
        made = make_face(
            identity, seed=number, size=2 * size, pose=pose, light=light, occlusion="none",
            expression=EXPRESSIONS[rng.integers(len(EXPRESSIONS))], share=0.5, spoil=False,
        )  # fmt: skip
        write_made(folder / f"{number:05d}_0.jpg", made, face_type, size, number)
    return folder


def write_made(path, made, face_type, size, frame) -> None:
    """Cut a face picture out of a made one and write it with its record."""
    points = np.asarray(made.points68, np.float64) + 0.5  # records count from the corner
    matrix = crop_matrix(points, face_type, size)
    back = np.linalg.inv(np.vstack([matrix, (0, 0, 1)]))[:2]
    back[:, 2] += back[:, :2] @ (0.5, 0.5) - 0.5
    out = np.empty((size, size, 3), np.uint8)
    picture = CropSource(made.image.shape[1::-1], [SampleGrid((made.image,))])
    picture.read(tuple(back.ravel().tolist()), out)
    record = FaceRecord(
        face_type=face_type, landmarks=transform_points(matrix, points), source="made", frame=frame,
        seconds=frame / 25, face=0, source_landmarks=points, source_box=np.asarray(made.box),
        matrix=matrix,
    )  # fmt: skip
    write_face(path, out, record, quality=95)
