"""How the try-on systems lay out their folders: which file of a pair lies where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cvfast.errors import MediaError

__all__ = ["LAYOUTS", "Layout", "Part", "find_layout"]

_PHOTOS = (".jpg", ".png", ".jpeg", ".webp")


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of file.

    Parameters
    ----------
    folders
        Where it may lie, the first that is there counts; ``{phase}`` is train or test.
    of
        Whose name it bears: ``"person"`` or ``"garment"``.
    endings
        What follows the stem.
    labels
        Its label set, for label maps, one for each of the folders.
    needed
        Whether an entry is incomplete without it.
    """

    folders: tuple[str, ...]
    of: str
    endings: tuple[str, ...] = _PHOTOS
    labels: tuple[str, ...] = ()
    needed: bool = True

    def folder(self, root: Path, phase: str) -> Path:
        """Return the first of the folders that is there; the first of all where none is."""
        return root / self.folders[self.number(root, phase)].format(phase=phase)

    def number(self, root: Path, phase: str) -> int:
        """Return which of the folders is there; 0 where none is."""
        there = ((root / folder.format(phase=phase)).is_dir() for folder in self.folders)
        return next((number for number, one in enumerate(there) if one), 0)


@dataclass(frozen=True, slots=True)
class Layout:
    """A system's folders.

    Parameters
    ----------
    name
        As in ``layout=``.
    parts
        By role: image, garment, garment_mask, labels, pose, person_mask, body.
    pairs
        Names of the pair list below the root.
    own_name
        How the garment that a person wears is named: the endings of the stems of the two.
    size
        Width and height that the system was published with.
    """

    name: str
    parts: dict[str, Part]
    pairs: tuple[str, ...]
    own_name: tuple[str, str]
    size: tuple[int, int]

    def lists(self, root: Path, phase: str) -> Iterator[Path]:
        """Places of the pair list."""
        for name in self.pairs:
            for folder in (root, root.parent):
                yield folder / name.format(phase=phase)


_KEYPOINTS = ("_keypoints.json",)
_CPVTON = Layout(
    "cpvton",
    {
        "image": Part(("{phase}/image", "image"), "person"),
        "garment": Part(("{phase}/cloth", "cloth"), "garment"),
        "garment_mask": Part(("{phase}/cloth-mask", "cloth-mask"), "garment"),
        "labels": Part(
            ("{phase}/image-parse-new", "{phase}/image-parse", "image-parse-new", "image-parse"),
            "person",
            (".png",),
            ("lip21", "lip20", "lip21", "lip20"),
        ),
        "pose": Part(("{phase}/pose", "pose"), "person", _KEYPOINTS),
        "person_mask": Part(("{phase}/image-mask", "image-mask"), "person", needed=False),
    },
    ("{phase}_pairs.txt",),
    ("_0", "_1"),
    (192, 256),
)
_ACGPN = Layout(
    "acgpn",
    {
        "image": Part(("{phase}_img",), "person"),
        "garment": Part(("{phase}_color",), "garment"),
        "garment_mask": Part(("{phase}_edge",), "garment"),
        "labels": Part(("{phase}_label",), "person", (".png",), ("acgpn14",)),
        "pose": Part(("{phase}_pose",), "person", _KEYPOINTS),
    },
    ("{phase}_pairs.txt",),
    ("_0", "_1"),
    (192, 256),
)
_VITONHD = Layout(
    "vitonhd",
    {
        "image": Part(("{phase}/image", "image"), "person"),
        "garment": Part(("{phase}/cloth", "cloth"), "garment"),
        "garment_mask": Part(("{phase}/cloth-mask", "cloth-mask"), "garment"),
        "labels": Part(
            ("{phase}/image-parse-v3", "{phase}/image-parse", "image-parse-v3", "image-parse"),
            "person",
            (".png",),
            ("cihp20",) * 4,
        ),
        "pose": Part(
            ("{phase}/openpose-json", "{phase}/openpose_json", "openpose-json", "openpose_json"),
            "person",
            _KEYPOINTS,
        ),
    },
    ("{phase}_pairs.txt",),
    ("", ""),
    (768, 1024),
)
_VITON = Layout(
    "viton",
    {
        "image": Part(("women_top",), "person"),
        "garment": Part(("women_top",), "garment"),
        "labels": Part(("segment",), "person", (".mat",), ("lip20",)),
        "pose": Part(("pose",), "person", (".mat",)),
    },
    ("viton_{phase}_pairs.txt", "{phase}_pairs.txt"),
    ("_0", "_1"),
    (192, 256),
)
_SWAPNET = Layout(
    "swapnet",
    {
        "image": Part(("{phase}/texture", "texture"), "person"),
        "body": Part(("{phase}/body", "body"), "person"),
        "labels": Part(("{phase}/cloth", "cloth"), "person", (".npz",), ("lip20", "lip20")),
    },
    (),
    ("", ""),
    (128, 128),
)

#: The layouts by name; where several fit a folder, the first one counts.
LAYOUTS: dict[str, Layout] = {
    layout.name: layout for layout in (_ACGPN, _VITONHD, _CPVTON, _VITON, _SWAPNET)
}


def find_layout(root: Path, name: str, phase: str) -> Layout:
    """Return a layout by name, or the first of all whose needed folders are there.

    Raises
    ------
    ValueError
        Unknown name.
    MediaError
        No such folder, or it lacks folders; the message says which were looked for.
    """
    if name != "auto" and name not in LAYOUTS:
        raise ValueError(f"layout: expected auto or one of {', '.join(LAYOUTS)}, got {name!r}")
    if not root.is_dir():
        raise MediaError(f"{root}: expected a folder of a try-on system, found none")
    wanted = LAYOUTS.values() if name == "auto" else [LAYOUTS[name]]
    lacking = {layout.name: _lacking(layout, root, phase) for layout in wanted}
    for layout in wanted:
        if not lacking[layout.name]:
            return layout
    nearest = min(lacking, key=lambda one: len(lacking[one]) / len(LAYOUTS[one].parts))
    raise MediaError(
        f"{root}: expected the folders of {nearest}, phase {phase}; missing: "
        f"{', '.join(lacking[nearest])}"
    )


def _lacking(layout: Layout, root: Path, phase: str) -> list[str]:
    return [
        " or ".join(folder.format(phase=phase) for folder in part.folders)
        for part in layout.parts.values()
        if part.needed and not part.folder(root, phase).is_dir()
    ]
