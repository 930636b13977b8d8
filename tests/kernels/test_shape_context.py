"""Shape contexts, costs, matchings and systems against NumPy and SciPy, and bad input."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast.kernels.shape_context import (
    assign,
    chi_square_costs,
    match_shapes,
    mean_distance,
    shape_contexts,
    solve,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from benchmarks.peers import numpy_shape_match as twin

SEEDS = st.integers(0, 2**32 - 1)


def blob(seed: int, count: int = 60) -> np.ndarray:
    rng = np.random.default_rng(seed)
    turn = np.arange(count) / count * 2 * np.pi
    radius = 50 + sum(rng.normal(0, 6) * np.cos(k * turn + rng.uniform(0, 6)) for k in range(2, 6))
    return np.column_stack([radius * np.cos(turn), radius * np.sin(turn)]) + rng.uniform(0, 90, 2)


def outline(points: np.ndarray, known: np.ndarray | None = None):
    counts = np.ones(len(points), bool) if known is None else known
    return points, twin.tangents_of(points), counts


@given(SEEDS, st.integers(8, 200), st.booleans())
@settings(max_examples=20, deadline=None)
def test_histograms_are_those_of_the_definition(seed, count, partly):
    rng = np.random.default_rng(seed)
    points = rng.normal(0, 30, (count, 2))
    known = rng.random(count) < 0.8 if partly else np.ones(count, bool)
    known[0] = True
    unit = mean_distance(points, counts=known)
    assert unit == pytest.approx(twin.distances(points)[np.ix_(known, known)].mean())
    if unit == 0:
        return

    ours = shape_contexts(points, unit, counts=known, threads=2)

    theirs = twin.contexts(points, known)
    assert ours.shape == (count, 60)
    # A point on the edge of a bin may round to either side.
    assert (np.abs(ours - theirs).max(axis=1) < 1e-6).mean() > 0.9
    assert ((ours.sum(axis=1) == 0) | (np.abs(ours.sum(axis=1) - 1) < 1e-5)).all()


def test_sectors_and_rings_lie_where_they_should():
    points = [(0, 0), (3, 1), (-1, 3), (-3, -1), (1, -3), (30, 1), (4000, 4000)]
    first = shape_contexts(points, 10.0, angles=4, radii=2, inner=0.5, outer=4.0)[0]
    assert np.flatnonzero(first).tolist() == [0, 1, 2, 3, 4]
    assert np.allclose(first[first > 0], 0.2)


@given(SEEDS, st.integers(1, 70), st.integers(1, 70), st.integers(1, 70))
@settings(max_examples=20, deadline=None)
def test_costs_are_chi_square_distances(seed, rows, columns, bins):
    rng = np.random.default_rng(seed)
    a, b = (rng.random((n, bins)) * (rng.random((n, bins)) < 0.5) for n in (rows, columns))
    costs = chi_square_costs(a, b, threads=2)
    assert costs.dtype == np.float32
    assert np.abs(costs - twin.chi_square(a, b)).max() < 1e-4 * max(1, bins / 10)


def test_tiny_shares_do_not_underflow():
    a = np.full((1, 4), 1e-30, np.float32)
    assert np.isfinite(chi_square_costs(a, a)).all()


@given(SEEDS, st.integers(1, 40), st.integers(1, 40), st.sampled_from(["any", "whole", "equal"]))
@settings(max_examples=60, deadline=None)
def test_matchings_cost_what_scipys_do(seed, rows, columns, how):
    rng = np.random.default_rng(seed)
    costs = rng.normal(0, 10, (rows, columns))
    if how == "whole":
        costs = np.round(costs / 5)  # many ties
    elif how == "equal":
        costs[:] = 3.0
    matches = assign(costs)
    matched = matches >= 0
    assert matched.sum() == min(rows, columns) == len(set(matches[matched]))
    best = costs[linear_sum_assignment(costs)].sum()
    assert costs[matched, matches[matched]].sum() == pytest.approx(best, abs=1e-9)


def test_matchings_of_nothing():
    assert assign(np.empty((0, 3))).shape == (0,)
    assert assign(np.empty((2, 0))).tolist() == [-1, -1]


@given(SEEDS, st.integers(1, 60), st.integers(0, 3))
@settings(max_examples=20, deadline=None)
def test_systems_are_solved(seed, count, columns):
    rng = np.random.default_rng(seed)
    matrix, right = rng.normal(size=(count, count)), rng.normal(size=(count, columns))
    matrix[rng.integers(0, count), 0] = 0  # some need exchanged rows
    if np.linalg.cond(matrix) > 1e8:
        return
    solved = solve(matrix, right)
    assert np.abs(matrix @ solved - right).max(initial=0) < 1e-6


@given(SEEDS)
@settings(max_examples=6, deadline=None)
def test_contours_match_as_the_numpy_twin_says(seed):
    source = blob(seed)
    target = source @ np.array([[1.1, 0.1], [-0.05, 0.9]]) + 7
    known = np.ones(len(source), bool)
    known[10:16] = False
    matches, costs = match_shapes(outline(source), outline(target, known))
    wanted, paid = twin.match_shapes(outline(source), outline(target, known))
    assert (matches == wanted).mean() > 0.9
    assert abs(costs.mean() - paid.mean()) < 0.01
    assert not np.isin(np.arange(10, 16), matches).any()


def test_a_moved_contour_matches_itself():
    source = blob(3, 100)
    matches, costs = match_shapes(outline(source), outline(source * 1.7 + 40))
    assert matches.tolist() == list(range(100))
    assert costs.max() < 0.05


def test_bad_input_is_named():
    points = blob(1)
    with pytest.raises(ValueError, match=r"points\[2\]: expected finite"):
        mean_distance([(0, 0), (1, 1), (np.nan, 0)])
    with pytest.raises(ValueError, match="angles: expected an even number"):
        shape_contexts(points, 1.0, angles=5)
    with pytest.raises(ValueError, match="radii: expected 1 to 16"):
        shape_contexts(points, 1.0, radii=40)
    with pytest.raises(ValueError, match="angles: expected an even number"):
        shape_contexts(np.zeros((20_000, 2)), 1.0, angles=1000, radii=1000)  # not 75 GiB first
    with pytest.raises(ValueError, match="unit: expected more than 0"):
        shape_contexts(points, 0.0)
    with pytest.raises(ValueError, match="counts: expected bool"):
        shape_contexts(points, 1.0, counts=np.ones(3, bool))
    with pytest.raises(TypeError, match="angles: expected an integer"):
        shape_contexts(points, 1.0, angles=3.5)
    with pytest.raises(ValueError, match=r"b: expected 3 bins"):
        chi_square_costs(np.ones((2, 3)), np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"a\[1\]: expected shares"):
        chi_square_costs([[0.5], [-1.0]], [[1.0]])
    with pytest.raises(ValueError, match=r"costs\[1\]: expected numbers"):
        assign([(0.0, 1.0), (np.inf, 2.0)])
    with pytest.raises(ValueError, match="singular"):
        solve(np.ones((3, 3)), np.ones((3, 1)))
    with pytest.raises(ValueError, match="at least 4 known points"):
        match_shapes(outline(points), outline(points, np.zeros(len(points), bool)))
    for known in (None, np.ones(3, bool)):  # None was read beyond its end
        with pytest.raises(ValueError, match=r"target\.known: expected bool of shape \(60,\)"):
            match_shapes(outline(points), (*outline(points)[:2], known))
    with pytest.raises(ValueError, match="iterations: expected 1 to 100"):
        match_shapes(outline(points), outline(points), iterations=0)
