"""The smallest preset learns: the one slow test of the training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from cvfast.swap.face_store import FaceStore
from cvfast.swap.model_file import read_model
from cvfast.swap.model_options import PRESETS
from cvfast.swap.previews import masked_ssim
from cvfast.swap.train import How, train_faces
from cvfast.swap.training_data import Examples, Side
from cvfast.typing import ImageF32

from tests.swap.people import face_folder

LONG, SHORT = 340, 40  # iterations with long steps, and with short ones to settle
PEOPLE = (8, 13)
LEARNED, HELD_OUT = 36, 12  # faces of each side


def test_tiny_beats_the_mean_face_on_faces_it_has_not_seen(tmp_path: Path) -> None:
    """Loss below half; reconstructions 0.15 nearer in SSIM than the mean of what was learned.

    Faces are turned, scaled and moved as in the training, but not warped.
    """
    learned, held_out = zip(*(_halves(tmp_path, who) for who in PEOPLE), strict=True)
    options = replace(
        PRESETS["tiny"], face_type="full", batch=2, learning_rate=5e-4, random_warp=False
    )
    how = How(threads=1, save_every=LONG, backup_every=0, hold_out=0, workers=0)
    train_faces(learned, tmp_path / "model", options, iterations=LONG, how=how)
    options = replace(options, learning_rate=1e-4)
    done = train_faces(learned, tmp_path / "model", options, iterations=LONG + SHORT, how=how)

    rows = [line.split(",") for line in (tmp_path / "model/losses.csv").read_text().split()[1:]]
    losses = np.array([row[1:] for row in rows], float)
    assert (losses[-20:].mean(axis=0) < losses[:3].mean(axis=0) / 2).all()

    networks = read_model(done.model)[1]
    for side, name in enumerate(("source", "target")):
        seen, unseen = (_moved(folders, side) for folders in (learned, held_out))
        faces = torch.from_numpy(unseen.face).permute(0, 3, 1, 2)
        with torch.no_grad():
            made = networks.pairs(faces, faces)[f"{name}_{name}"].permute(0, 2, 3, 1).numpy()
        mean = np.broadcast_to(seen.face.mean(axis=0), made.shape)
        assert _nearness(made, unseen) > _nearness(mean, unseen) + 0.15


def _halves(folder: Path, who: int) -> tuple[Path, Path]:
    """Return the folders of a person's faces to learn from, and of those held out."""
    made, held = folder / f"{who}", folder / f"{who}-held-out"
    face_folder(made, who, LEARNED + HELD_OUT, light="side", turn=0.5, face_type="full")
    held.mkdir()
    for path in sorted(made.iterdir())[::4]:
        path.rename(held / path.name)
    return made, held


def _moved(folders: tuple[Path, ...], side: int) -> Side:
    """Return two rounds of a person's faces, moved as in the training."""
    options = replace(PRESETS["tiny"], face_type="full", random_warp=False)
    stores = [FaceStore(folder, face_type="full", size=128) for folder in folders]
    batch = Examples(*stores, options, hold_out=0, batch=2 * len(stores[side])).batch(1)
    return (batch.source, batch.target)[side]


def _nearness(made: ImageF32, faces: Side) -> float:
    return float(np.mean([
        masked_ssim(face, np.ascontiguousarray(other), mask[..., 0])
        for face, other, mask in zip(faces.face, made, faces.mask, strict=True)
    ]))  # fmt: skip
