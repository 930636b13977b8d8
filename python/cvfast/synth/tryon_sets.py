"""Sets of made people in the folders that VITON-style networks read, with the truth beside them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from cvfast.errors import OutputExistsError
from cvfast.io.atomic import write_bytes
from cvfast.io.image_writer import write_image
from cvfast.io.provenance import Mark
from cvfast.people.label_file import write_labels
from cvfast.people.labels import convert_labels
from cvfast.people.openpose import write_openpose
from cvfast.synth.base import Reals
from cvfast.synth.garments import make_garment, random_garment
from cvfast.synth.people import MadePerson, make_person, random_person
from cvfast.synth.seeds import check_seed
from cvfast.typing import ImageF32, ImageU8, Progress
from cvfast.typing import Path as PathLike

__all__ = ["LAYOUTS", "fit_theta", "write_garments", "write_tryon_set"]

_SALT = 0x5E7
_GRID = 5
_MARK = Mark("algorithmicMedia", actions=("made",))
_SPLITS = ("train", "test")


def write_tryon_set(
    folder: PathLike,
    count: int,
    seed: int = 0,
    *,
    size: tuple[int, int] = (192, 256),
    layout: str = "cpvton",
    test_share: float = 0.2,
    progress: Progress | None = None,
) -> Path:
    """Write made people in their garments as a folder of CP-VTON's or ACGPN's layout.

    Pictures, garments and masks are JPEG, as there; labels are palette PNG (LIP's 20, ACGPN's 14);
    poses are OpenPose JSON. ``truth/NAME.npz`` beside them holds ``flow`` (h, w, 2) float32, each
    worn pixel's point in the flat picture, ``theta`` (5, 5, 2), the thin-plate spline nearest to
    it (row, column; source x, y in [-1, 1]), and ``parts`` (h, w), cvfast's own labels.
    Pairs lists ``train_pairs.txt`` and ``test_pairs.txt`` hold "person garment" lines: each
    person's own garment; in ``test_pairs_unpaired.txt`` the next one's, none where there is but
    one.

    Parameters
    ----------
    folder
        New or empty.
    count
        How many people.
    seed
        Sets of different seeds share nobody.
    size
        Width and height in pixels.
    layout
        "cpvton" or "acgpn".
    test_share
        Share of the people in the test split.
    progress
        Called with (done, total).

    Returns
    -------
    The list of training pairs.

    Raises
    ------
    ValueError
        No such layout, or a number out of range.
    OutputExistsError
        The folder is not empty.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_tryon_set(folder + "/data", 2, size=(48, 64), test_share=0.5).name
    'train_pairs.txt'
    """
    if layout not in LAYOUTS:
        raise ValueError(f"layout: expected one of {', '.join(LAYOUTS)}, got {layout!r}")
    if not 1 <= count <= 1_000_000:
        raise ValueError(f"count: expected 1 to 1000000, got {count}")
    if not 0 <= test_share <= 1:
        raise ValueError(f"test_share: expected a number in [0, 1], got {test_share}")
    check_seed(seed)
    root = _empty(folder)
    tested = round(count * test_share)
    stems: dict[str, list[str]] = {split: [] for split in _SPLITS}
    for number in range(count):
        split = "test" if number >= count - tested else "train"
        stem = f"{number:06d}"
        own = int(np.random.default_rng([_SALT, seed, number]).integers(2**31))
        person = make_person(random_person(own), size=size)
        LAYOUTS[layout](root, split, stem, person)
        _write_truth(root, stem, person)
        stems[split].append(stem)
        if progress is not None:
            progress(number + 1, count)
    for split, names in stems.items():
        _write_pairs(root / f"{split}_pairs.txt", names, names)
    # One person alone has no other's garment: a pair of their own would pass for an unpaired one.
    others = stems["test"] if len(stems["test"]) > 1 else []
    _write_pairs(root / "test_pairs_unpaired.txt", others, others[1:] + others[:1])
    return root / "train_pairs.txt"


def _empty(folder: PathLike) -> Path:
    """Return a folder that has nothing in it, making it if need be."""
    root = Path(folder)
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise OutputExistsError(f"{root}: expected a new or empty folder")
    root.mkdir(parents=True, exist_ok=True)
    return root


def write_garments(
    folder: PathLike,
    count: int,
    seed: int = 0,
    *,
    size: tuple[int, int] = (768, 1024),
    kind: str | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write flat garments: ``NNNNNN.jpg``, ``NNNNNN_mask.png``, and ``garments.jsonl``.

    Each line of the last holds name, kind, pattern and landmarks of a garment.

    Parameters
    ----------
    folder
        New or empty.
    count, seed, size, kind, progress
        As in `write_tryon_set` and `cvfast.synth.garments.random_garment`.

    Raises
    ------
    ValueError
        No such kind, or a number out of range.
    OutputExistsError
        The folder is not empty.
    """
    if not 1 <= count <= 1_000_000:
        raise ValueError(f"count: expected 1 to 1000000, got {count}")
    check_seed(seed)
    random_garment(0, kind)
    root = _empty(folder)
    lines = []
    for number in range(count):
        own = int(np.random.default_rng([_SALT, seed, number, 1]).integers(2**31))
        made = make_garment(random_garment(own, kind), size=size)
        name = f"{number:06d}"
        _picture(root / f"{name}.jpg", made.image)
        levels = np.rint(made.mask * 255).astype(np.uint8)
        write_image(root / f"{name}_mask.png", levels, mark=_MARK)
        marks = {key: at.round(2).tolist() for key, at in sorted(made.landmarks.items())}
        record = {"name": name, "kind": made.kind, "pattern": made.spec.pattern, "landmarks": marks}
        lines.append(json.dumps(record) + "\n")
        if progress is not None:
            progress(number + 1, count)
    write_bytes(root / "garments.jsonl", "".join(lines).encode())
    return root / "garments.jsonl"


def _write_pairs(path: Path, people: list[str], garments: list[str]) -> None:
    lines = [f"{a}_0.jpg {b}_1.jpg\n" for a, b in zip(people, garments, strict=True)]
    write_bytes(path, "".join(lines).encode())


def _write_truth(root: Path, stem: str, person: MadePerson) -> None:
    data = io.BytesIO()
    height, width = person.labels.shape
    theta = fit_theta(person.flow, (width, height))
    np.savez_compressed(data, flow=person.flow, theta=theta, parts=person.labels)
    path = root / "truth" / f"{stem}_0.npz"
    path.parent.mkdir(exist_ok=True)
    write_bytes(path, data.getvalue())


def _picture(path: Path, image: ImageU8) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, image, quality=95, mark=_MARK)


def _grey(mask: ImageF32) -> ImageU8:
    levels: ImageU8 = np.where(mask > 0.5, np.uint8(255), np.uint8(0))
    return np.repeat(levels[..., None], 3, axis=2)


def _cpvton(root: Path, split: str, stem: str, person: MadePerson) -> None:
    base = root / split
    _picture(base / "image" / f"{stem}_0.jpg", person.image)
    _picture(base / "cloth" / f"{stem}_1.jpg", person.garment.image)
    _picture(base / "cloth-mask" / f"{stem}_1.jpg", _grey(person.garment.mask))
    # CP-VTON+'s name for it; that of the person.
    _picture(base / "image-mask" / f"{stem}_0.jpg", _grey((person.labels > 0).astype(np.float32)))
    for name, labels in (("image-parse", "lip20"),):
        path = base / name / f"{stem}_0.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        ids = convert_labels(person.labels, "cvfast", labels, pose=person.pose)
        write_labels(path, ids, labels)
    path = base / "pose" / f"{stem}_0_keypoints.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_openpose(path, [person.pose])


def _acgpn(root: Path, split: str, stem: str, person: MadePerson) -> None:
    def at(name: str, file: str) -> Path:
        path = root / f"{split}_{name}" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    _picture(at("img", f"{stem}_0.jpg"), person.image)
    _picture(at("color", f"{stem}_1.jpg"), person.garment.image)
    _picture(at("edge", f"{stem}_1.jpg"), _grey(person.garment.mask))
    rng = np.random.default_rng([_SALT, int(stem)])
    height, width = person.labels.shape
    _picture(at("mask", f"{stem}_0.jpg"), _grey(_scratches(rng, (width, height))))
    _picture(at("colormask", f"{stem}_1.jpg"), _grey(_scratches(rng, (width, height))))
    ids = convert_labels(person.labels, "cvfast", "acgpn14", pose=person.pose)
    write_labels(at("label", f"{stem}_0.png"), ids, "acgpn14")
    write_openpose(at("pose", f"{stem}_0_keypoints.json"), [person.pose])


LAYOUTS: dict[str, Callable[[Path, str, str, MadePerson], None]] = {
    "cpvton": _cpvton,
    "acgpn": _acgpn,
}


def _scratches(rng: np.random.Generator, size: tuple[int, int]) -> ImageF32:
    """Draw an irregular mask of strokes and blots, (h, w), in the place of NVIDIA's masks."""
    from cvfast.kernels.mask import polygon_mask

    width, height = size
    polygons = []
    for _ in range(int(rng.integers(3, 9))):
        a, b = rng.uniform((0, 0), size, (2, 2))
        off = np.array([-(b - a)[1], (b - a)[0]]) / (np.hypot(*(b - a)) + 1e-6)
        off *= rng.uniform(0.01, 0.04) * width
        polygons.append(np.array([a + off, b + off, b - off, a - off]))
        turn = np.arange(12) * (np.pi / 6)
        ring = np.column_stack([np.cos(turn), np.sin(turn)]) * rng.uniform(0.02, 0.08) * width
        polygons.append(b + ring)
    return polygon_mask((width, height), polygons)


def fit_theta(flow: ImageF32, size: tuple[int, int], *, smooth: float = 1e-3) -> Reals:
    """Return the 5 x 5 thin-plate spline that is nearest to a flow.

    Parameters
    ----------
    flow
        (h, w, 2) points in the source, NaN where unknown.
    size
        Width and height of the source in pixels.
    smooth
        How much bending weighs against distance: what the flow does not tell is as flat as may be.

    Returns
    -------
    (5, 5, 2) float64: where each control point (row, column; -1 to 1 across the picture) samples
    the source, in [-1, 1]. Identity where nothing is known.

    Notes
    -----
    A thin-plate spline is linear in the values of its control points (Bookstein, *Principal
    Warps*, 1989): the kernel r^2 ln r^2, so that least squares give them.

    Examples
    --------
    >>> y, x = np.mgrid[:32, :24].astype(np.float32)
    >>> theta = fit_theta(np.stack([x, y], axis=-1), (24, 32))
    >>> np.round(theta[0, 4] + 0.0, 3).tolist()
    [1.0, -1.0]
    """
    height, width = flow.shape[:2]
    y, x = np.mgrid[-1 : 1 : _GRID * 1j, -1 : 1 : _GRID * 1j]
    knots = np.stack([x, y], axis=-1).reshape(-1, 2)
    rows, columns = np.nonzero(np.isfinite(flow[..., 0]))
    if len(rows) < 12:
        return knots.reshape(_GRID, _GRID, 2)
    pick = np.arange(0, len(rows), max(1, len(rows) // 1500))
    rows, columns = rows[pick], columns[pick]
    at = np.column_stack([columns, rows]) / (np.array([width, height]) - 1.0) * 2 - 1
    target = flow[rows, columns] / (np.array(size) - 1.0) * 2 - 1
    corner = np.column_stack([np.ones(len(knots)), knots])
    system = np.block([[_kernel(knots, knots), corner], [corner.T, np.zeros((3, 3))]])
    inverse = np.linalg.inv(system)[:, : len(knots)]
    basis = np.column_stack([_kernel(at, knots), np.ones(len(at)), at]) @ inverse
    bending = inverse[: len(knots)]  # energy = theta.T @ bending @ theta
    normal = basis.T @ basis / len(at) + smooth * (bending + bending.T) / 2
    theta = np.linalg.solve(normal + 1e-9 * np.eye(len(knots)), basis.T @ target / len(at))
    return np.asarray(theta.reshape(_GRID, _GRID, 2), np.float64)


def _kernel(a: Reals, b: Reals) -> Reals:
    square = ((a[:, None] - b[None]) ** 2).sum(axis=-1)
    return np.asarray(square * np.log(square + (square == 0)), np.float64)
