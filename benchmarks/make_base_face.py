"""Make python/cvfast/synth/data/base.json: a symmetric, frontal face of 478 points.

Its triangles, mirror images and a rounded copy go into faces/data/mean_face.json.

The face mesh model looks at the packaged portrait and at its mirror image; whose points meet whose
tells left from right. Symmetry then gives the head's yaw and roll, and the brow-to-chin line its
pitch. Then the model looks at faces made from that base, and the base gives way to what it sees, so
that the points of made faces mean what the model means by them::

    python benchmarks/make_base_face.py && python benchmarks/make_base_face.py --refine
    python benchmarks/make_base_face.py --refine
"""

import json
import sys
from pathlib import Path

import numpy as np
from cvfast import landmarks
from cvfast.faces.schemes import group
from cvfast.io.images import read_image
from scipy.interpolate import RBFInterpolator
from scipy.optimize import linear_sum_assignment
from scipy.spatial import Delaunay
from scipy.spatial.transform import Rotation

DATA = Path("python/cvfast")
MEAN = DATA / "faces/data/mean_face.json"


def mesh(image):
    return landmarks(np.ascontiguousarray(image), model="mesh")[0].points.astype(np.float64)


def symmetric(points, mirror):
    points = points - points.mean(axis=0)
    other = points[mirror] * (-1, 1, 1)
    turn, _ = Rotation.align_vectors(points, other)
    half = Rotation.from_rotvec(turn.as_rotvec() / 2)
    return (half.inv().apply(points) + half.apply(other)) / 2


def unrolled(points):
    """Lay the face flat, as from a cylinder: its sides then do not overlap."""
    around = np.arctan2(points[:, 0], 0.1 - points[:, 2])
    return np.stack([0.85 * around, points[:, 1]], axis=1)


def neutral(points):
    """Close the portrait's smile: lips to a rest shape, what is round them after them."""
    out = points.copy()
    width, line = 0.36, 0.46
    for name, upper, lower in (("outer_lip", 0.12, 0.14), ("inner_lip", -0.008, 0.012)):
        ring = group("mesh478", name)
        half = len(ring) // 2
        for place, number in enumerate(ring):
            s = points[number, 0] / np.abs(points[ring, 0]).max()
            rise = -upper * (1 - abs(s) ** 1.5) if place <= half else lower * (1 - s * s)
            if name == "outer_lip" and place <= half:
                rise += 0.02 * np.exp(-((s / 0.12) ** 2))
            out[number, :2] = s * width * (1 if name == "outer_lip" else 0.92), line + rise
            out[number, 2] += -0.05 * s * s
    lips = np.concatenate([group("mesh478", name) for name in ("outer_lip", "inner_lip")])
    still = np.nonzero((points[:468, 1] < 0.22) | (points[:468, 1] > 0.93))[0]
    still = np.union1d(
        still, np.concatenate([group("mesh478", "oval"), group("mesh478", "nostrils")])
    )
    known = np.concatenate([lips, still])
    move = RBFInterpolator(
        points[known, :2], (out - points)[known], kernel="thin_plate_spline", smoothing=1e-4
    )
    moved = points.copy()
    moved[:468] += move(points[:468, :2])
    moved[lips] = out[lips]
    return moved


def main():
    image = read_image(DATA / "data/astronaut.jpg").pixels[:300, 60:380]
    seen, flipped = mesh(image), mesh(image[:, ::-1])
    flipped[:, 0] = image.shape[1] - 1 - flipped[:, 0]
    apart = ((seen[:, None] - flipped[None]) ** 2).sum(axis=-1)
    mirror = linear_sum_assignment(apart)[1]
    assert (mirror[mirror] == np.arange(478)).all()
    base = symmetric((seen + flipped[mirror]) / 2, mirror)
    brow, chin = base[10], base[152]
    pitch = np.arctan2(chin[2] - brow[2], chin[1] - brow[1])
    base = Rotation.from_rotvec([-pitch, 0, 0]).apply(base)
    base -= (0, (base[10, 1] + base[152, 1]) / 2, base[[234, 454], 2].mean())
    base *= 2 / (base[152, 1] - base[10, 1])
    base = (base + base[mirror] * (-1, 1, 1)) / 2
    flat = unrolled(base[:468])
    triangles = Delaunay(flat).simplices
    for name in ("right_eye", "left_eye", "inner_lip"):
        inside = np.isin(triangles, group("mesh478", name)).all(axis=1)
        triangles = triangles[~inside]
    outside = np.isin(triangles, group("mesh478", "oval")).all(axis=1)
    triangles = triangles[~outside]
    a, b, c = (flat[triangles[:, k]] for k in range(3))
    area = np.cross(b - a, c - a)
    triangles[area < 0] = triangles[area < 0][:, ::-1]
    record = {
        "points": [[round(v, 5) for v in p] for p in neutral(base).tolist()],
        "smile": [[round(v, 5) for v in p] for p in base.tolist()],
    }
    write(DATA / "synth/data/base.json", record)
    mean = json.loads(MEAN.read_text())
    write(MEAN, mean | {"mirror": mirror.tolist(), "triangles": sorted(triangles.tolist())})


def write(path, record):
    path.write_text(json.dumps(record, separators=(",", ":")) + "\n")


def refine(count=60, size=200, share=0.6):
    """Move the base's points to where the model sees them on made faces, as a median."""
    from cvfast.synth.base import bump
    from cvfast.synth.faces import make_face

    apart = []
    for number in range(count):
        face = make_face(
            number, seed=0, size=size, share=share, pose=(0, 0, 0), expression="neutral",
            light="soft", occlusion="none", spoil=False,
        )  # fmt: skip
        found = landmarks(face.image, model="mesh")
        if found:
            apart.append((found[0].points - face.points478)[:, :2] / (size * share / 2))
    move = np.median(apart, axis=0)
    path = DATA / "synth/data/base.json"
    record = json.loads(path.read_text())
    points, smile = np.array(record["points"]), np.array(record["smile"])
    move = (move + move[json.loads(MEAN.read_text())["mirror"]] * (-1, 1)) / 2
    move[:468] *= (
        1 - 0.8 * bump(points[:468], (0, 0.46), 0.5, 0.16)[:, None]
    )  # the mouth stays shut
    move[468:] = 0
    sys.stdout.write(f"{len(apart)} faces; mean move {np.abs(move).mean():.4f} face units\n")
    for name, old in (("points", points), ("smile", smile)):
        old[:, :2] += 0.9 * move
        record[name] = [[round(v, 5) for v in p] for p in old.tolist()]
    write(path, record)
    mean = json.loads(MEAN.read_text())
    write(MEAN, mean | {"points": [[round(v, 3) for v in p] for p in record["points"]]})


if __name__ == "__main__":
    if "--refine" in sys.argv:
        refine()
    else:
        main()
