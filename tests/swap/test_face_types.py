"""The geometry of face pictures against the published table and an independent computation."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from cvfast.geometry.alignment import transform_points
from cvfast.swap.face_types import FACE_TYPES, MEAN_FACE, STEADY, crop_matrix
from cvfast.synth.faces import make_face
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

# The 5 points of the mean face in each kind of picture: eyes' middles, 30, 48, 54.
TABLE = {
    "half": [(0.2255, 0.2160), (0.7548, 0.2160), (0.4901, 0.5156), (0.2541, 0.7802),
             (0.7261, 0.7802)],
    "midfull": [(0.2695, 0.2615), (0.7139, 0.2615), (0.4917, 0.5131), (0.2936, 0.7353),
                (0.6899, 0.7353)],
    "full": [(0.3281, 0.3221), (0.6596, 0.3221), (0.4938, 0.5098), (0.3460, 0.6755),
             (0.6416, 0.6755)],
    "whole": [(0.3712, 0.3996), (0.6195, 0.3996), (0.4954, 0.5402), (0.3847, 0.6643),
              (0.6061, 0.6643)],
    "head": [(0.4079, 0.5725), (0.5855, 0.5725), (0.4967, 0.6730), (0.4175, 0.7618),
             (0.5759, 0.7618)],
}  # fmt: skip
SIDES = {"half": 1.0, "midfull": 1.1909, "full": 1.5966, "whole": 2.1314, "head": 2.9799}
KINDS = st.sampled_from(sorted(FACE_TYPES))


def mean_points(jaw_shift: float = 0.0) -> NDArray[np.float64]:
    """68 points of the mean face; the jaw lies level with the nose's ridge, moved sideways."""
    points = np.zeros((68, 2))
    points[17:] = MEAN_FACE
    ridge = MEAN_FACE[10, 0]
    points[:8, 0], points[9:17, 0] = ridge - 0.55, ridge + 0.55
    points[:17, 0] += jaw_shift
    points[:17, 1] = np.linspace(0.2, 1, 17)
    return points


def five(points: NDArray[np.float64]) -> NDArray[np.float64]:
    eyes = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    return np.array([*eyes, points[30], points[48], points[54]])


def umeyama(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Umeyama's transform with an SVD, as in the paper; returns (2, 3)."""
    a, b = source - source.mean(axis=0), target - target.mean(axis=0)
    u, s, vt = np.linalg.svd(b.T @ a / len(a))
    signs = np.array([1.0, np.sign(np.linalg.det(u @ vt))])
    turn = u @ np.diag(signs) @ vt
    scale = (s * signs).sum() / (a**2).sum() * len(a)
    return np.column_stack([scale * turn, target.mean(axis=0) - scale * turn @ source.mean(axis=0)])


@st.composite
def placed_faces(draw: st.DrawFn) -> NDArray[np.float64]:
    """The mean face, bent a little, turned, scaled and moved."""
    angle = draw(st.floats(-math.pi, math.pi))
    scale = draw(st.floats(20, 3000))
    move = draw(st.tuples(st.floats(-500, 4000), st.floats(-500, 4000)))
    noise = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).normal(0, 0.03, (68, 2))
    cos, sin = math.cos(angle), math.sin(angle)
    return (mean_points() + noise) @ (scale * np.array([[cos, sin], [-sin, cos]])) + move


@pytest.mark.parametrize("kind", TABLE)
def test_mean_face_lies_where_the_table_says(kind: str) -> None:
    points = mean_points() * 230 + (31, 57)
    placed = transform_points(crop_matrix(points, kind, 1), points)
    assert np.abs(five(placed) - TABLE[kind]).max() < 1e-4
    assert FACE_TYPES[kind].side == pytest.approx(SIDES[kind], abs=5e-5)


@pytest.mark.parametrize("angle", [0.7, -2.5])
@pytest.mark.parametrize("kind", sorted(TABLE.keys() - {"head"}))
def test_a_turned_face_lies_there_too(kind: str, angle: float) -> None:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = 120 * mean_points() @ turn.T + (310, 205)
    placed = transform_points(crop_matrix(points, kind, 256), points) / 256
    assert np.abs(five(placed) - TABLE[kind]).max() < 1e-4


def test_only_steady_points_count() -> None:
    """Brows' ends, lips and jaw move a picture not at all; a head's turns by its jaw."""
    points = mean_points() * 100 + (50, 60)
    moved = points.copy()
    moved[[i for i in range(68) if i not in STEADY]] += 15
    for kind in TABLE.keys() - {"head"}:
        assert np.array_equal(crop_matrix(points, kind, 64), crop_matrix(moved, kind, 64))


@given(points=placed_faces(), kind=KINDS, size=st.integers(1, 2048))
@settings(max_examples=60, deadline=None)
def test_matrix_is_umeyama_and_goes_back(points: NDArray[np.float64], kind: str, size: int) -> None:
    matrix = crop_matrix(points, kind, size)
    steady = list(STEADY)
    template = MEAN_FACE[np.array(steady) - 17]
    unit = transform_points(umeyama(points[steady], template), points)
    if kind != "head":  # its sideways shift has a test of its own
        at = unit - (0.5, FACE_TYPES[kind].middle)
        wanted = size * (0.5 + at / SIDES[kind])
        placed = transform_points(matrix, points)
        assert np.abs(placed - wanted).max() < 1e-4 * size * (1 + np.abs(at).max())
    back = transform_points(cv2.invertAffineTransform(matrix), transform_points(matrix, points))
    assert np.abs(back - points).max() < 1e-6 * max(1, np.abs(points).max() / 1000)


@given(points=placed_faces(), one=KINDS, other=KINDS)
@settings(max_examples=30, deadline=None)
def test_a_type_leads_to_another(points: NDArray[np.float64], one: str, other: str) -> None:
    """A picture is re-cut from its own landmarks as from the frame's."""
    in_one = transform_points(crop_matrix(points, one, 512), points)
    recut = transform_points(crop_matrix(in_one, other, 256), in_one)
    direct = transform_points(crop_matrix(points, other, 256), points)
    assert np.abs(recut - direct).max() < 1e-6


def test_sizes_scale_and_faceswap_and_facefusion_agree() -> None:
    points = mean_points() * 400
    small, large = crop_matrix(points, "whole", 224), crop_matrix(points, "whole", 448)
    assert np.abs(small * 2 - large).max() < 1e-9
    # faceswap's legacy picture spans 1.6 of the unit square: 1.597 here.
    assert FACE_TYPES["full"].side == pytest.approx(1 / (1 - 0.375), rel=0.0025)
    # FaceFusion's five points of a whole-face picture, rounded at 224 pixels.
    theirs = np.array([(0.3534, 0.3929), (0.6280, 0.3929), (0.4866, 0.5402), (0.3884, 0.6875),
                       (0.5982, 0.6875)])  # fmt: skip
    ours = five(transform_points(crop_matrix(points, "whole", 1), points))
    assert np.abs(ours - theirs).max() < 0.0245
    assert abs(ours[2, 1] - theirs[2, 1]) < 1e-4


@pytest.mark.parametrize("shift", [-0.3, -0.05, 0.0, 0.1, 0.4])
def test_a_head_moves_to_keep_its_back(shift: float) -> None:
    points = mean_points(shift)
    x = points[:, 0]
    left = np.mean([x[27] - x[0], x[28] - x[1], x[29] - x[2]])
    right = np.mean([x[16] - x[27], x[15] - x[28], x[14] - x[29]])
    yaw = right - left
    expected = yaw * abs(math.tanh(2 * yaw)) / 2
    middle = transform_points(cv2.invertAffineTransform(crop_matrix(points, "head", 1)), [0.5, 0.5])
    assert middle[0] - 0.5 == pytest.approx(expected, abs=1e-6)
    assert middle[1] == pytest.approx(0, abs=1e-6)
    assert np.sign(round(expected, 9)) == np.sign(shift)


def test_made_heads_stay_in_their_pictures() -> None:
    """Head and hair of a turned made person lie well inside, about the middle."""
    for yaw in (-0.8, 0.8):
        made = make_face(5, seed=2, size=384, pose=(yaw, 0, 0), share=0.45,
                         expression="neutral", occlusion="none")  # fmt: skip
        head = np.isin(made.mask, (1, 2, 3, 4, 5, 6)).nonzero()
        corners = np.array([[head[1].min(), head[0].min()], [head[1].max(), head[0].max()]])
        low, high = transform_points(crop_matrix(made.points68, "head", 1), corners)
        assert low[0] > 0
        assert high[0] < 1
        assert abs((low[0] + high[0]) / 2 - 0.5) < 0.1


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"face_type": "huge"}, "face_type: expected one of half"),
        ({"size": 0}, "size: expected at least 1, got 0"),
        ({"landmarks": np.zeros((67, 2))}, r"landmarks: expected shape \(68, 2\)"),
        ({"landmarks": np.zeros((68, 2))}, "at least two different points"),
    ],
)
def test_bad_values_are_named(bad: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        crop_matrix(**({"landmarks": mean_points(), "face_type": "full", "size": 8} | bad))  # type: ignore[arg-type]
