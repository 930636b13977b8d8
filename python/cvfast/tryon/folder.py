"""Folders of try-on systems: the pairs in them, and the files of each pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import MediaError
from cvfast.geometry.sampling import as_rgb
from cvfast.io.image_reader import MAX_PIXELS
from cvfast.io.images import read_image
from cvfast.people.label_file import read_labels
from cvfast.people.openpose import read_openpose
from cvfast.people.pose import Pose
from cvfast.tryon.layouts import Layout, Part, find_layout
from cvfast.tryon.pairs import Pair, is_paired, read_pairs
from cvfast.typing import ImageU8
from cvfast.typing import Path as PathLike

__all__ = ["FolderEntry", "TryOnFolder", "TryOnSample", "open_folder", "read_entry"]

_PHASES = ("train", "test")


@dataclass(frozen=True, slots=True)
class FolderEntry:
    """A pair, and its files by role; those that are missing have the place where they should be."""

    pair: Pair
    files: dict[str, Path]


@dataclass(frozen=True, slots=True)
class TryOnFolder:
    """A try-on system's folder.

    Parameters
    ----------
    root
        The folder.
    layout
        How it is laid out.
    phase
        ``"train"`` or ``"test"``.
    labels
        Label set of its label maps.
    entries
        One for each pair.
    """

    root: Path
    layout: Layout
    phase: str
    labels: str
    entries: tuple[FolderEntry, ...]

    def __len__(self) -> int:
        return len(self.entries)

    def __repr__(self) -> str:
        return f"TryOnFolder({self.layout.name}, {self.phase}, {len(self)} pairs)"


@dataclass(frozen=True, eq=False, slots=True)
class TryOnSample:
    """What the files of a pair hold; None for what a layout does not have.

    Parameters
    ----------
    image
        ``(H, W, 3)`` uint8, the person's photo.
    garment
        ``(h, w, 3)`` uint8.
    garment_mask
        ``(h, w)`` bool.
    labels
        ``(H, W)`` uint8, ids of `TryOnFolder.labels`.
    pose
        The first person's.
    """

    image: ImageU8
    garment: ImageU8 | None
    garment_mask: NDArray[np.bool_] | None
    labels: ImageU8
    pose: Pose | None


def open_folder(
    root: PathLike,
    *,
    layout: str = "auto",
    phase: str = "train",
    pairs: PathLike | None = None,
) -> TryOnFolder:
    """Look into a try-on system's folder; no picture is read yet.

    Parameters
    ----------
    root
        The folder: ``data`` or ``data/train`` of CP-VTON and VITON-HD, ``Data_preprocessing`` of
        ACGPN, those of VITON and SwapNet.
    layout
        ``"cpvton"`` (CP-VTON+ too), ``"acgpn"``, ``"vitonhd"``, ``"viton"``, ``"swapnet"``, or
        ``"auto"``.
    phase
        ``"train"`` or ``"test"``.
    pairs
        A pair list; None takes the folder's own, or where it has none each person with the garment
        worn.

    Returns
    -------
    TryOnFolder
        Whether all files are there and as they should be, `cvfast.tryon.folder_check` tells.

    Raises
    ------
    ValueError
        Unknown layout or phase.
    MediaError
        The folder is not laid out so, or its pair list is damaged.

    Examples
    --------
    >>> import tempfile
    >>> from cvfast.synth.tryon_sets import write_tryon_set
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = write_tryon_set(folder + "/data", 2, size=(48, 64), test_share=0.5)
    ...     found = open_folder(folder + "/data")
    ...     sample = read_entry(found, found.entries[0])
    >>> found, sample.image.shape, sample.pose.scheme
    (TryOnFolder(cpvton, train, 1 pairs), (64, 48, 3), 'coco18')
    """
    if phase not in _PHASES:
        raise ValueError(f"phase: expected train or test, got {phase!r}")
    place = Path(root)
    kind = find_layout(place, layout, phase)
    chosen = read_pairs(pairs) if pairs is not None else _own_pairs(place, kind, phase)
    entries = tuple(FolderEntry(pair, _files(place, kind, phase, pair)) for pair in chosen)
    maps = kind.parts["labels"]
    return TryOnFolder(place, kind, phase, maps.labels[maps.number(place, phase)], entries)


def read_entry(folder: TryOnFolder, entry: FolderEntry) -> TryOnSample:
    """Read the files of a pair.

    Raises
    ------
    MediaError
        A file is missing or not as expected; the message names it.
    """
    files = entry.files
    image = _rgb(files["image"])
    garment = _rgb(files["garment"]) if "garment" in files else None
    mask = None
    if "garment_mask" in files:
        mask = read_mask(files["garment_mask"])
    labels = read_label_map(files["labels"], folder.labels, (image.shape[1], image.shape[0]))
    pose = read_pose(files["pose"]) if "pose" in files else None
    return TryOnSample(image, garment, mask, labels, pose)


def read_mask(path: PathLike, *, max_pixels: int = MAX_PIXELS) -> NDArray[np.bool_]:
    """Read a mask picture ``(h, w)``: true from grey 128 (of 255, or half of 16 bits) on."""
    pixels = as_rgb(read_image(path, max_pixels=max_pixels).pixels)
    mask: NDArray[np.bool_] = pixels[..., 0] >= 128
    return mask


def read_pose(path: Path) -> Pose:
    """Read the pose of a file's first person, OpenPose JSON or VITON's MATLAB file.

    Raises
    ------
    MediaError
        It cannot be read, or nobody is in it.
    """
    if path.suffix == ".mat":
        from cvfast.tryon.viton_files import read_viton_pose

        return read_viton_pose(path)
    poses = read_openpose(path)
    if not poses:
        raise MediaError(f"{path}: expected a person, got none: no pose was found in this photo")
    return poses[0]


def read_label_map(path: Path, labels: str, size: tuple[int, int]) -> ImageU8:
    """Read a label map, a picture's or that of VITON's and SwapNet's files, of a photo's size.

    Raises
    ------
    MediaError
        It cannot be read, or is of another size.
    """
    if path.suffix == ".mat":
        from cvfast.tryon.viton_files import read_viton_labels

        return read_viton_labels(path, size)
    if path.suffix == ".npz":
        from cvfast.tryon.viton_files import read_swapnet_labels

        ids = read_swapnet_labels(path)
    else:
        ids = read_labels(path, labels)
    if ids.shape != (size[1], size[0]):
        raise MediaError(
            f"{path}: expected {size[0]} x {size[1]} pixels as the photo has, "
            f"got {ids.shape[1]} x {ids.shape[0]}"
        )
    return ids


def _rgb(path: Path) -> ImageU8:
    return as_rgb(read_image(path).pixels)


def _own_pairs(root: Path, layout: Layout, phase: str) -> Sequence[Pair]:
    for place in layout.lists(root, phase):
        if place.is_file():
            return read_pairs(place)
    part = layout.parts["image"]
    folder = part.folder(root, phase)
    person, garment = layout.own_name
    names = sorted(
        file.name
        for file in folder.iterdir()
        if file.suffix.lower() in part.endings and file.stem.endswith(person)
    )
    if not names:
        raise MediaError(f"{folder}: expected photos of people (NAME{person}.jpg), got none")
    pairs = []
    for name in names:
        stem = Path(name).stem
        own = stem[: len(stem) - len(person)] + garment + Path(name).suffix
        pairs.append(Pair(name, own, is_paired(name, own)))
    return pairs


def _files(root: Path, layout: Layout, phase: str, pair: Pair) -> dict[str, Path]:
    files = {}
    for role, part in layout.parts.items():
        name = pair.person if part.of == "person" else pair.garment
        file = _file(part, part.folder(root, phase), name)
        if part.needed or file.is_file():
            files[role] = file
    return files


def _file(part: Part, folder: Path, name: str) -> Path:
    """Find the file of a name; the first possible one where none is there."""
    if Path(name).suffix.lower() in part.endings and (folder / name).is_file():
        return folder / name
    candidates = [folder / f"{Path(name).stem}{ending}" for ending in part.endings]
    return next((file for file in candidates if file.is_file()), candidates[0])
