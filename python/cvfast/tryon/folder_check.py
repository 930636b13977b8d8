"""What is wrong with a try-on system's folder, file by file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import CvfastError
from cvfast.geometry.sampling import as_rgb
from cvfast.io.images import read_image
from cvfast.people.label_file import read_labels
from cvfast.people.labels import LABEL_SETS
from cvfast.people.pose import Pose
from cvfast.tryon.folder import FolderEntry, TryOnFolder, read_label_map, read_pose
from cvfast.typing import Progress

__all__ = ["Problem", "check_folder"]

_MIDDLE = 0.02  # most of a mask that may be neither dark nor light: edges of a JPEG
_SEEN = 0.5  # least share of a pose's points inside the photo


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a file.

    Parameters
    ----------
    file
        The file, or the place where it should be.
    text
        What was expected, what is there, and what to do.
    """

    file: Path
    text: str


def check_folder(folder: TryOnFolder, *, progress: Progress | None = None) -> list[Problem]:
    """Read every file that the pairs name and tell what is wrong with it.

    Parameters
    ----------
    folder
        From `cvfast.tryon.folder.open_folder`.
    progress
        Called with (pairs done, pairs).

    Returns
    -------
    list of Problem
        In the order of the pairs, each file once: missing or broken files, label maps of another
        size or set, masks that are no masks, poses with another number of points, outside of the
        photo or with x and y swapped, photos of different sizes.

    Examples
    --------
    >>> import tempfile
    >>> from cvfast.synth.tryon_sets import write_tryon_set
    >>> from cvfast.tryon.folder import open_folder
    >>> with tempfile.TemporaryDirectory() as name:
    ...     _ = write_tryon_set(name + "/data", 1, size=(48, 64), test_share=0)
    ...     check_folder(open_folder(name + "/data"))
    []
    """
    checks = _Checks(folder)
    problems: list[Problem] = []
    for number, entry in enumerate(folder.entries):
        problems += checks.of(entry)
        if progress is not None:
            progress(number + 1, len(folder.entries))
    return problems


class _Checks:
    """The checks of a folder; each file is looked at once."""

    def __init__(self, folder: TryOnFolder) -> None:
        self._folder = folder
        self._sizes: dict[Path, tuple[int, int] | None] = {}
        self._checked: set[Path | tuple[Path, Path]] = set()
        self._first: tuple[Path, tuple[int, int]] | None = None

    def of(self, entry: FolderEntry) -> Iterator[Problem]:
        files = entry.files
        for role in ("image", "garment", "body", "garment_mask", "person_mask"):
            if role in files and self._is_new(files[role]):
                yield from self._picture(files[role], role)
        size = self._sizes.get(files["image"])
        for other, whole in (("garment_mask", "garment"), ("person_mask", "image"),
                             ("body", "image"), ("garment", "image")):  # fmt: skip
            if other in files and whole in files:
                yield from self._same_size(files[other], files[whole])
        for role in ("labels", "pose"):
            if role in files and self._is_new(files[role]):
                try:
                    yield from self._labels_or_pose(role, files[role], size)
                except CvfastError as error:
                    yield _problem(files[role], error)

    def _is_new(self, file: Path | tuple[Path, Path]) -> bool:
        new = file not in self._checked
        self._checked.add(file)
        return new

    def _picture(self, file: Path, role: str) -> Iterator[Problem]:
        self._sizes[file] = None
        try:
            pixels = as_rgb(read_image(file).pixels)
        except CvfastError as error:
            yield _problem(file, error)
            return
        size = pixels.shape[1], pixels.shape[0]
        self._sizes[file] = size
        if role.endswith("mask"):
            yield from _mask_problems(file, pixels)
        if role == "image":
            if self._first is None:
                self._first = file, size
            first, wanted = self._first
            if size != wanted:
                yield Problem(
                    file,
                    f"expected {wanted[0]} x {wanted[1]} pixels as {first.name} has, "
                    f"got {size[0]} x {size[1]}; all photos need one size",
                )

    def _same_size(self, file: Path, whole: Path) -> Iterator[Problem]:
        have, want = self._sizes.get(file), self._sizes.get(whole)
        if have and want and have != want and self._is_new((file, whole)):
            yield Problem(
                file,
                f"expected {want[0]} x {want[1]} pixels as {whole.parent.name}/{whole.name} has, "
                f"got {have[0]} x {have[1]}",
            )

    def _labels_or_pose(
        self, role: str, file: Path, size: tuple[int, int] | None
    ) -> Iterator[Problem]:
        if not file.is_file():
            yield Problem(file, "no such file")
        elif role == "pose":
            yield from _pose_problems(file, read_pose(file), size)
        elif size is None and file.suffix == ".png":
            read_labels(file, self._folder.labels)
        elif size is not None:
            ids = read_label_map(file, self._folder.labels, size)
            yield from _label_problems(file, ids, self._folder.labels)


def _problem(file: Path, error: CvfastError) -> Problem:
    return Problem(file, str(error).removeprefix(f"{file}: "))


def _mask_problems(file: Path, pixels: NDArray[np.uint8]) -> Iterator[Problem]:
    grey = pixels[..., 0]
    if (pixels != grey[..., None]).any():
        yield Problem(file, "expected a grey mask, black and white, got a picture in colour")
        return
    middle = float(((grey > 64) & (grey < 192)).mean())
    light = float((grey >= 128).mean())
    if middle > _MIDDLE:
        yield Problem(
            file, f"expected a mask of black and white, got {middle:.0%} grey; binarise it at 128"
        )
    elif light in (0.0, 1.0):
        shade = "white" if light else "black"
        yield Problem(file, f"expected a mask with a garment in it, got a {shade} picture")


def _pose_problems(file: Path, pose: Pose, size: tuple[int, int] | None) -> Iterator[Problem]:
    if pose.scheme != "coco18":
        yield Problem(
            file,
            f"expected the 18 points of COCO, got {len(pose)} ({pose.scheme}); cvfast converts "
            "them: read_openpose and write_openpose",
        )
    there = pose.points[pose.confidence > 0]
    if not len(there):
        yield Problem(file, "expected a person's points, got none but missing ones")
    elif size is not None:
        inside = _inside(there, size)
        if inside < _SEEN and _inside(there[:, ::-1], size) > max(inside, _SEEN):
            yield Problem(file, "its points lie in the photo with x and y swapped; swap them")
        elif inside < _SEEN:
            yield Problem(
                file,
                f"{inside:.0%} of its points lie in the photo of {size[0]} x {size[1]} pixels; "
                "was the pose found in a photo of another size?",
            )


def _inside(points: NDArray[np.float64], size: tuple[int, int]) -> float:
    return float(((points >= -0.5) & (points < np.array(size) - 0.5)).all(axis=1).mean())


def _label_problems(file: Path, ids: NDArray[np.uint8], labels: str) -> Iterator[Problem]:
    present = set(np.unique(ids).tolist())
    names = {name for name, number in LABEL_SETS[labels].items() if number in present}
    if present == {0}:
        yield Problem(file, "expected labels of a person, got background alone")
    elif not names & {"upper", "dress", "coat", "jumpsuit"}:
        yield Problem(file, f"expected upper clothes in it, got {', '.join(sorted(names))}")
