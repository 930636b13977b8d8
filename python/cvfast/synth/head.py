"""From a face's 478 points to a head on shoulders: vertices, triangles, places in the texture."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from cvfast.synth.atlas import CLOTH, EAR, EYES, MOUTH, NECK, face_place, patch_place
from cvfast.synth.base import Numbers, Reals, base_face, contour

__all__ = ["Topology", "head_places", "head_vertices", "normals", "skull_radius", "topology"]

SKULL_RINGS = 7
NECK_AROUND, NECK_ROWS = 24, 11
EAR_ROWS, EAR_COLUMNS = 7, 5
EYE_SHARES = (0.0, 0.4, 0.75, 1.0, 1.18)
MOUTH_SHARES = (0.0, 0.5, 0.9, 1.06)
CENTER = np.array([0.0, -0.38, 0.1])  # of the skull
BACK = np.array([0.0, -0.38, 1.16])


@dataclass(frozen=True)
class Topology:
    """What all heads share.

    Parameters
    ----------
    edges : ndarray
        (e, 2) edges of the face's triangles, each halved by a vertex of its own.
    triangles : ndarray
        (m, 3) int32 of all vertices, clockwise as seen from outside.
    starts : dict
        The first vertex of each part.
    count : int
        How many vertices there are.
    solid : ndarray
        (s,) numbers of the triangles that cast shadows.
    """

    edges: Numbers
    triangles: Numbers
    starts: dict[str, int]
    count: int
    solid: Numbers


def _grid(start: int, rows: int, columns: int, *, closed: bool) -> Numbers:
    """Triangles of a grid of vertices, row by row; `closed` joins the last column to the first."""
    r, c = np.mgrid[: rows - 1, : columns if closed else columns - 1]
    a, b = r * columns + c, r * columns + (c + 1) % columns
    quads = np.stack([a, b, b + columns, a + columns], axis=-1).reshape(-1, 4) + start
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def _fan_rings(start: int, around: int, rings: int) -> Numbers:
    """Triangles of a centre vertex and rings round it."""
    i = np.arange(around)
    first = np.stack([np.full(around, start), start + 1 + i, start + 1 + (i + 1) % around], axis=1)
    return np.concatenate([first, _grid(start + 1, rings, around, closed=True)])


@functools.cache
def topology() -> Topology:
    """Build what all heads share."""
    faces = base_face().triangles
    pairs = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    edges, which = np.unique(pairs, axis=0, return_inverse=True)
    ab, bc, ca = which.reshape(3, -1) + 468
    a, b, c = faces.T
    small = [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
    parts = [np.concatenate([np.stack(t, axis=1) for t in small])]
    starts = {"face": 0, "skull": 468 + len(edges)}
    oval = contour("oval")
    # The oval's vertices and midpoints make the first ring, so that no gap opens.
    middle = {tuple(edge): 468 + number for number, edge in enumerate(edges.tolist())}
    rim: list[int] = []
    for here, there in zip(oval.tolist(), np.roll(oval, -1).tolist(), strict=True):
        rim += [here, middle[min(here, there), max(here, there)]]
    around = len(rim)
    at = starts["skull"]
    ring0 = np.array(rim)
    numbers = np.concatenate([ring0, at + np.arange(around * SKULL_RINGS)])
    parts.append(numbers[_grid(0, SKULL_RINGS + 1, around, closed=True)][:, ::-1])
    at += around * SKULL_RINGS
    for name, triangles, size in (
        ("ear_right", _grid(0, EAR_ROWS, EAR_COLUMNS, closed=False), EAR_ROWS * EAR_COLUMNS),
        ("ear_left", _grid(0, EAR_ROWS, EAR_COLUMNS, closed=False), EAR_ROWS * EAR_COLUMNS),
        ("neck", _grid(0, NECK_ROWS, NECK_AROUND, closed=True), NECK_ROWS * NECK_AROUND),
        ("eye_right", _fan_rings(0, 16, len(EYE_SHARES) - 1), 1 + 16 * (len(EYE_SHARES) - 1)),
        ("eye_left", _fan_rings(0, 16, len(EYE_SHARES) - 1), 1 + 16 * (len(EYE_SHARES) - 1)),
        ("mouth", _fan_rings(0, 20, len(MOUTH_SHARES) - 1), 1 + 20 * (len(MOUTH_SHARES) - 1)),
    ):
        starts[name] = at
        parts.append(triangles + at)
        at += size
    sizes = np.cumsum([0, *map(len, parts)])
    solid = np.arange(sizes[5])  # face, skull, ears, neck
    return Topology(edges, np.concatenate(parts).astype(np.int32), starts, at, solid)


@functools.cache
def rim_numbers() -> Numbers:
    """Numbers of the vertices on the face's rim."""
    top = topology()
    oval = contour("oval")
    middle = {tuple(edge): 468 + number for number, edge in enumerate(top.edges.tolist())}
    rim: list[int] = []
    for here, there in zip(oval.tolist(), np.roll(oval, -1).tolist(), strict=True):
        rim += [here, middle[min(here, there), max(here, there)]]
    return np.array(rim)


def skull_radius(directions: Reals, width: float) -> Reals:
    """How far the skull reaches from its centre along unit directions, (n,)."""
    scale = np.array([0.86 * width, 1.12, 1.06])
    radius: Reals = 1 / np.sqrt(((directions / scale) ** 2).sum(axis=-1))
    return radius


def _midpoints(points: Reals) -> Reals:
    """Halve the face's edges, bulging as their ends' normals say (Phong tessellation)."""
    face = points[:468]
    n = normals(face, base_face().triangles)
    a, b = topology().edges.T
    middle = (face[a] + face[b]) / 2

    def onto(i: Numbers) -> Reals:
        off: Reals = ((middle - face[i]) * n[i]).sum(axis=1, keepdims=True) * n[i]
        return off

    bulge = (onto(a) + onto(b)) / 2
    longest = 0.12 * np.sqrt(((face[a] - face[b]) ** 2).sum(axis=1, keepdims=True))
    length = np.sqrt((bulge**2).sum(axis=1, keepdims=True)) + 1e-12
    return middle - 0.6 * bulge * np.minimum(1, longest / length)


def _skull(rim: Reals, width: float) -> Reals:
    """Rings from the face's rim over the skull to its back."""
    a, b = rim - CENTER, BACK - CENTER
    ra = np.sqrt((a**2).sum(axis=1, keepdims=True))
    da, db = a / ra, b / np.sqrt((b**2).sum())
    angle = np.arccos(np.clip(da @ db, -1, 1))[:, None]
    extra = ra - skull_radius(da, width)[:, None]
    rings = []
    for k in range(1, SKULL_RINGS + 1):
        t = k / SKULL_RINGS
        d = (np.sin((1 - t) * angle) * da + np.sin(t * angle) * db) / np.sin(angle)
        rings.append(CENTER + d * (skull_radius(d, width)[:, None] + extra * (1 - t) ** 1.5))
    return np.concatenate(rings)


def _ear(points: Reals, side: int, size: float) -> Reals:
    """A bent flap beside the face's rim."""
    at = points[234 if side < 0 else 454]
    v, u = np.mgrid[:EAR_ROWS, :EAR_COLUMNS]
    v, u = v / (EAR_ROWS - 1), u / (EAR_COLUMNS - 1)  # down, out
    outline = np.sin(np.pi * (0.1 + 0.8 * v)) ** 0.6 * (1 - 0.3 * v)
    x = at[0] + side * (-0.02 + 0.2 * size * u * outline)
    y = at[1] - 0.34 * size + 0.62 * size * v
    z = at[2] + 0.06 + 0.16 * u * outline - 0.06 * np.sin(np.pi * u) + 0.1 * (1 - v)
    ear = np.stack([x, y, z], axis=-1)
    return ear[:, ::-1].reshape(-1, 3) if side < 0 else ear.reshape(-1, 3)


def _neck(width: float, build: float) -> Reals:
    """Neck, shoulders and chest, in rings from above to below."""
    y = np.array([0.5, 0.75, 0.97, 1.15, 1.3, 1.43, 1.55, 1.72, 2.1, 3.0, 4.2])
    rx = np.array([0.5, 0.5, 0.5, 0.53, 0.62, 0.9, 1.25, 1.55, 1.75, 1.85, 1.9]) * width
    rz = np.array([0.5, 0.5, 0.5, 0.52, 0.55, 0.6, 0.66, 0.72, 0.8, 0.9, 0.95])
    zc = np.array([0.12, 0.14, 0.17, 0.2, 0.22, 0.24, 0.24, 0.24, 0.2, 0.2, 0.2])
    rx[:4] *= build
    angle = np.arange(NECK_AROUND) * (2 * np.pi / NECK_AROUND)
    x = rx[:, None] * np.sin(angle)
    z = zc[:, None] - rz[:, None] * np.cos(angle)
    return np.stack([x, np.broadcast_to(y[:, None], x.shape), z], axis=-1).reshape(-1, 3)


def _behind(ring: Reals, shares: tuple[float, ...], bulge: float, back: float) -> Reals:
    """A patch behind a hole of the face: its centre, then rings out to under the rim."""
    middle = ring.mean(axis=0)
    rings = [middle[None] + (0, 0, back - bulge)]
    for s in shares[1:]:
        rings.append(middle + s * (ring - middle) + (0, 0, back - bulge * (1 - s * s)))
    return np.concatenate(rings)


def head_vertices(points: Reals, *, width: float, build: float, ears: float) -> Reals:
    """Return all vertices of a head whose face has these points, (n, 3)."""
    face = np.concatenate([points[:468], _midpoints(points)])
    eyes = [
        _behind(points[contour(f"{side}_eye")], EYE_SHARES, 0.05, 0.012)
        for side in ("right", "left")
    ]
    lips = points[contour("inner_lip")]
    return np.concatenate(
        [
            face,
            _skull(face[rim_numbers()], width),
            _ear(points, -1, ears),
            _ear(points, 1, ears),
            _neck(width, build),
            *eyes,
            _behind(lips, MOUTH_SHARES, -0.05, 0.02),
        ]
    )


def head_places(rest: Reals, vertices: Reals) -> Reals:
    """Where each vertex of the head at rest lies in the texture, (n, 2); eyes and mouth are apart.

    Parameters
    ----------
    rest
        (478, 3) the face's points at rest.
    vertices
        (n, 3) the head at rest.
    """
    top = topology()
    at = top.starts
    places = np.zeros((top.count, 2))
    places[: at["ear_right"]] = face_place(vertices[: at["ear_right"]])
    v, u = np.mgrid[:EAR_ROWS, :EAR_COLUMNS]
    ear = np.stack([u / (EAR_COLUMNS - 1), v / (EAR_ROWS - 1)], axis=-1)
    places[at["ear_right"] : at["ear_left"]] = patch_place(EAR, ear[:, ::-1].reshape(-1, 2))
    places[at["ear_left"] : at["neck"]] = patch_place(EAR, ear.reshape(-1, 2))
    row, column = np.mgrid[:NECK_ROWS, :NECK_AROUND]
    across = np.abs((column / NECK_AROUND * 2 + 1) % 2 - 1)
    skin = row < 5
    down = np.where(skin, row / 4, (row - 5) / (NECK_ROWS - 6))
    neck = np.stack([across, down], axis=-1).reshape(-1, 2)
    where = patch_place(NECK, neck)
    where[~skin.reshape(-1)] = patch_place(CLOTH, neck)[~skin.reshape(-1)]
    places[at["neck"] : at["eye_right"]] = where
    return places


def moving_places(points: Reals, rest: Reals, vertices: Reals, places: Reals) -> None:
    """Write where the vertices of eyes and mouth lie in the texture: they slide behind the face."""
    at = topology().starts
    for side, end in (("right", "eye_left"), ("left", "mouth")):
        start, iris = at[f"eye_{side}"], contour(f"{side}_iris")
        center = points[iris[0]]
        radius = np.sqrt(((points[iris[1:], :2] - center[:2]) ** 2).sum(axis=1)).mean()
        away = (vertices[start : at[end], :2] - center[:2]) / radius  # in radii of the iris
        places[start : at[end]] = patch_place(EYES[side], away / 8 + 0.5)
    mouth = vertices[at["mouth"] :]
    upper = rest[13] + (points[4] - rest[4])  # the teeth stay where the nose is
    x = (mouth[:, 0] - upper[0]) / 0.9 + 0.5
    y = (mouth[:, 1] - upper[1] + 0.05) / 0.5
    places[at["mouth"] :] = patch_place(MOUTH, np.stack([x, y], axis=1))


def normals(vertices: Reals, triangles: Numbers) -> Reals:
    """Unit normals of vertices, outwards of triangles that are clockwise as seen, (n, 3)."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    cross = -np.cross(b - a, c - a)
    total = np.empty_like(vertices)
    for axis in range(3):
        total[:, axis] = np.bincount(
            triangles.reshape(-1), np.repeat(cross[:, axis], 3), len(vertices)
        )
    return total / np.sqrt((total**2).sum(axis=1, keepdims=True) + 1e-18)
