"""What a cascade is trained on and judged by: folders read, cut, mirrored and split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import MediaError
from cvfast.io.image_reader import read_image
from cvfast.training.labels import LabelledPicture, read_labels
from cvfast.training.negatives import Backgrounds
from cvfast.training.samples import (
    crop_boxes,
    grey,
    jittered,
    mirrored,
    read_grey,
    read_patches,
    resized,
    split,
)
from cvfast.typing import ImageU8
from cvfast.typing import Path as PathLike

if TYPE_CHECKING:
    from cvfast.training.cascade import TrainedCascade

__all__ = ["Material", "gather"]

_JUDGED_WINDOWS = 2000


@dataclass(frozen=True)
class Material:
    """Grey pictures for training, and others to judge by.

    Attributes
    ----------
    positives, patches
        (N, height, width) uint8: faces, and windows without a face.
    backgrounds
        Larger pictures without a face.
    held_faces, held_others
        (N, height, width) uint8, of pictures that training does not see.
    """

    positives: ImageU8
    patches: ImageU8
    backgrounds: list[ImageU8]
    held_faces: ImageU8
    held_others: ImageU8

    def judge(self, trained: TrainedCascade) -> dict[str, Any]:
        """Return how many of the held-out faces and other windows pass all stages."""
        return {
            "held_out_faces": len(self.held_faces),
            "found": int(trained.accepts(self.held_faces).sum()),
            "held_out_others": len(self.held_others),
            "false_alarms": int(trained.accepts(self.held_others).sum()),
        }


def gather(
    positives: PathLike,
    negatives: PathLike,
    size: tuple[int, int],
    *,
    boxes: PathLike | None = None,
    mirror: bool = True,
    jitter: int = 0,
    hold_out: float = 0.2,
    seed: int = 0,
    recursive: bool = False,
) -> Material:
    """Read what to train on.

    Parameters
    ----------
    positives
        Folder of pictures, a face each, all of one shape; with `boxes`, of any shape.
    negatives
        Folder of pictures without a face. Those less than twice the window's size are taken whole;
        the others are searched at many scales.
    size
        Width and height of the window.
    boxes
        ``labels.jsonl`` of :mod:`cvfast.training.labels` (a name within the folder, or a path).
    mirror
        Add mirrored faces.
    jitter
        Moved and scaled copies of each face (of whole pictures turned too).
    hold_out
        Share of the pictures kept to judge by, in [0, 0.5].
    seed
        Decides which.
    recursive
        Folders of folders too.

    Raises
    ------
    MediaError
        A folder without pictures, one that cannot be read, faces of different shapes, pictures
        smaller than the window, labels without a face, fewer than two faces.
    ValueError
        `hold_out` or `jitter` out of range.
    """
    if not 0 <= hold_out <= 0.5:
        raise ValueError(f"hold_out: expected a number in [0, 0.5], got {hold_out}")
    if not 0 <= jitter <= 100:
        raise ValueError(f"jitter: expected 0 to 100, got {jitter}")
    rng = np.random.default_rng([seed, 1])
    if boxes is None:
        faces = read_patches(positives, size, recursive=recursive)
        train, held = split(len(faces), hold_out, rng)
        trained, held_faces = jittered(faces[train], size, jitter, rng), faces[held]
    else:
        trained, held_faces = _cut(positives, boxes, size, jitter, hold_out, rng)
    if len(trained) < 2:
        raise MediaError(
            f"{positives}: expected two faces or more to train on, got {len(trained)}. "
            "Add pictures (hundreds make a useful detector)."
        )
    patches, scenes = _sort(*read_grey(negatives, recursive=recursive), size)
    train, held = split(len(patches), hold_out, rng)
    train_scenes, held_scenes = split(len(scenes), hold_out, rng)
    others = Backgrounds([scenes[i] for i in held_scenes], size)
    windows, _ = others.collect(_JUDGED_WINDOWS, rng, lambda w: np.ones(len(w), np.bool_))
    return Material(
        mirrored(trained) if mirror else trained,
        patches[train],
        [scenes[i] for i in train_scenes],
        held_faces,
        np.concatenate([patches[held], windows]),
    )


def _sort(
    files: Sequence[Path], pictures: Sequence[ImageU8], size: tuple[int, int]
) -> tuple[ImageU8, list[ImageU8]]:
    """Return small pictures as patches, and the others."""
    patches, scenes = [np.empty((0, size[1], size[0]), np.uint8)], []
    for file, picture in zip(files, pictures, strict=True):
        height, width = picture.shape
        if width < size[0] or height < size[1]:
            raise MediaError(
                f"{file}: expected room for a window of {size[0]} x {size[1]} pixels, got "
                f"{width} x {height}. Take larger pictures or a smaller --window."
            )
        if width < 2 * size[0] and height < 2 * size[1]:
            patches.append(resized(picture, size)[None])
        else:
            scenes.append(picture)
    return np.concatenate(patches), scenes


def _cut(
    folder: PathLike,
    boxes: PathLike,
    size: tuple[int, int],
    jitter: int,
    hold_out: float,
    rng: np.random.Generator,
) -> tuple[ImageU8, ImageU8]:
    """Return labelled faces to train on and to judge by (those of split "test", if any)."""
    inside = Path(folder) / boxes
    labels = inside if inside.is_file() else Path(boxes)
    pictures = [one for one in read_labels(labels) if one.faces]
    if not pictures:
        raise MediaError(f"{labels}: expected pictures with faces, got none")
    tests = np.array([one.split == "test" for one in pictures])
    if tests.any() and not tests.all() and hold_out > 0:
        train, held = np.flatnonzero(~tests), np.flatnonzero(tests)
    else:
        train, held = split(len(pictures), hold_out, rng)
    root = labels.parent
    return (
        _faces([pictures[i] for i in train], root, size, jitter, rng),
        _faces([pictures[i] for i in held], root, size, 0, rng),
    )


def _faces(
    pictures: Sequence[LabelledPicture],
    root: Path,
    size: tuple[int, int],
    jitter: int,
    rng: np.random.Generator,
) -> ImageU8:
    out = [np.empty((0, size[1], size[0]), np.uint8)]
    for one in pictures:
        picture = grey(read_image(root / one.file).pixels)
        found: NDArray[np.float64] = np.array([face.box for face in one.faces], np.float64)
        out.append(crop_boxes(picture, found, size, jitter=jitter, rng=rng))
    return np.concatenate(out)
