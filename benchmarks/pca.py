"""Principal components: transform and inverse of uint8 rows, the fit, and its Gram matrix alone.

Rows are made like aligned faces: 600 random directions whose singular values fall as i^-0.75 (the
variance as i^-1.5), 40 levels of spread round 128, normal noise of 2 levels, rounded to uint8.
float32 inputs are the same numbers. Peers that want float32 or centred data get it before the clock
starts only where their name says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import cv2
import numpy as np
from cvfast import PCA, _core
from numpy.typing import NDArray
from scipy.linalg import blas, eigh
from sklearn.decomposition import PCA as SklearnPCA

from benchmarks.case import Case, Limit, Run, Target

__all__ = ["cases"]

Bytes, Floats = NDArray[np.uint8], NDArray[np.float32]

SMALL, FACES, LARGE = (400, 4096, 100), (13233, 2914, 150), (2000, 16384, 150)
TRANSFORMS = (SMALL, (1, 16384, 150), (32, 16384, 150), (2000, 2914, 150), LARGE)
NUMPY, CENTRED, IN_PLACE = "numpy", "numpy, centred first", "numpy in place"
SK_BYTES, SK_FLOATS = "scikit-learn, uint8", "scikit-learn, float32 ready"
SGEMM, SSYRK, RANDOMIZED = "sgemm alone", "ssyrk alone", "scikit-learn, randomized"
# Peer's time over ours, asked and hoped for, by shape and dtype.
FITS: dict[tuple[tuple[int, int, int], str], tuple[float, float | None] | None] = {
    (SMALL, "uint8"): (5, None),
    (SMALL, "float32"): (2.5, None),
    (LARGE, "uint8"): (6, 7),
    (LARGE, "float32"): (1.5, 1.8),
    (FACES, "uint8"): None,
    (FACES, "float32"): None,
}


def cases(quick: bool, threads: int) -> Iterator[Case]:
    """Yield a case per task and shape."""
    for shape in TRANSFORMS[: 1 if quick else None]:
        yield _transform_case(*shape)
    for shape in TRANSFORMS[: 1 if quick else None]:
        yield _inverse_case(*shape)
    for shape in (SMALL,) if quick else (SMALL, LARGE):
        yield _gram_case(*shape[:2])
    for (shape, dtype), asked in FITS.items():
        if shape == SMALL or (not quick and (shape == LARGE or threads == 1)):
            yield _fit_case(shape, dtype, asked)


def _rows(count: int, columns: int) -> Bytes:
    rng = np.random.default_rng(0)
    rank = min(count, columns, 600)
    sizes = np.arange(1, rank + 1, dtype=np.float32) ** np.float32(-0.75)
    sizes *= 40 / np.sqrt((sizes**2).sum())
    x = (rng.standard_normal((count, rank), np.float32) * sizes) @ rng.standard_normal(
        (rank, columns), np.float32
    )
    x += rng.standard_normal((count, columns), np.float32) * 2 + 128
    return np.clip(np.rint(x), 0, 255).astype(np.uint8)


def _model(count: int, columns: int, kept: int) -> tuple[PCA, Bytes]:
    """Return components from up to 400 rows, and the first `count` rows."""
    x = _rows(max(count, 400), columns)
    return PCA(kept).fit(x[:400]), x[:count].copy()


def _sklearn(model: PCA) -> SklearnPCA:
    """Return scikit-learn's with the same components, in float32 as ours."""
    same = SklearnPCA(len(model.components_))
    same.components_ = model.components_.copy()
    same.mean_ = model.mean_.astype(np.float32)
    same.explained_variance_ = model.explained_variance_.astype(np.float32)
    same.n_features_in_ = model.n_features_in_
    return same


def _transform_case(count: int, columns: int, kept: int) -> Case:
    model, x = _model(count, columns, kept)
    # Everyone has components of his own, as ours has them packed: else those who share them would
    # find them in the cache, which tells where one row is transformed.
    late, centred, ready_ones, others = (model.components_.copy() for _ in range(4))
    mean, sklearn, ready = model.mean_.astype(np.float32), _sklearn(model), x.astype(np.float32)
    offset = mean @ late.T
    runs: dict[str, Run] = {
        "cvfast": lambda: model.transform(x),
        NUMPY: lambda: x.astype(np.float32) @ late.T - offset,
        CENTRED: lambda: (x.astype(np.float32) - mean) @ centred.T,
        SK_BYTES: lambda: sklearn.transform(x),
        SK_FLOATS: lambda: sklearn.transform(ready),
        "cv2.PCAProject": lambda: cv2.PCAProject(x, mean[None], others),
        SGEMM: lambda: ready @ ready_ones.T,
    }

    def agree(outputs: Mapping[str, Any]) -> str:
        exact = (x - model.mean_) @ late.T.astype(np.float64)
        most = np.abs(exact).max()
        ours = np.abs(outputs["cvfast"] - exact).max() / most
        assert ours <= 1e-6, f"cvfast: {ours:.1e} of the largest value off"
        for name in runs.keys() - {"cvfast", SGEMM}:
            off = np.abs(outputs[name] - exact).max() / most
            assert off < 1e-4, f"{name}: {off:.1e} of the largest value off"
        return f"within {ours:.1e} of the largest value of float64"

    large = count >= 2000
    least = 1.15 if (count, columns, kept) == LARGE else 1.0
    targets = (Target(NUMPY, least), Target(CENTRED, least), Target(SK_BYTES, 3))
    name = f"transform uint8, {count} x {columns}, {kept} components"
    return Case("pca", name, runs, agree, targets, (Limit(SGEMM, 1.0 if large else None),))


def _inverse_case(count: int, columns: int, kept: int) -> Case:
    model, x = _model(count, columns, kept)
    components, mean = model.components_, model.mean_.astype(np.float32)
    scores = model.transform(x)

    def in_place() -> Bytes:
        out = scores @ components
        out += mean
        np.rint(out, out=out)
        np.clip(out, 0, 255, out=out)
        return out.astype(np.uint8)

    runs: dict[str, Run] = {
        "cvfast": lambda: model.inverse_transform(scores, dtype=np.uint8),
        NUMPY: lambda: np.clip(np.rint(scores @ components + mean), 0, 255).astype(np.uint8),
        IN_PLACE: in_place,
        SGEMM: lambda: scores @ components,
    }

    def agree(outputs: Mapping[str, Any]) -> str:
        few = slice(0, 200)
        exact = scores[few].astype(np.float64) @ components.astype(np.float64) + model.mean_
        off = np.abs(outputs["cvfast"][few] - np.clip(np.rint(exact), 0, 255)).max()
        assert off <= 1, f"cvfast: {off} levels off"
        for name in (NUMPY, IN_PLACE):
            by = np.abs(outputs[name].astype(np.int16) - outputs["cvfast"]).max()
            assert by <= 1, f"{name}: {by} levels off"
        return f"within {off:.0f} level of float64"

    asked = (count, columns, kept) == LARGE
    targets = (Target(NUMPY, 1.7), Target(IN_PLACE, 1.7)) if asked else ()
    name = f"inverse to uint8, {count} x {columns}, {kept} components"
    return Case("pca", name, runs, agree, targets, (Limit(SGEMM, 1.1 if asked else None),))


def _gram_case(count: int, columns: int) -> Case:
    x = _rows(count, columns)
    ready = x.astype(np.float32)
    mean = _core.pca_column_means(x, 0)
    runs: dict[str, Run] = {
        "cvfast": lambda: _core.pca_scatter(x, mean, True, 0),
        "cvfast, float32": lambda: _core.pca_scatter(ready, mean, True, 0),
        SSYRK: lambda: blas.ssyrk(1.0, ready.T, trans=1, lower=1),
    }

    def agree(outputs: Mapping[str, Any]) -> str:
        centred = x - mean
        exact = np.tril(centred @ centred.T)
        off = np.abs(np.tril(outputs["cvfast"]) - exact).max() / exact.max()
        assert off < 1e-13, f"cvfast: {off:.1e} of the largest value off"
        floats = np.abs(np.tril(outputs["cvfast, float32"]) - exact).max() / exact.max()
        assert floats < 1e-6, f"cvfast, float32: {floats:.1e} of the largest value off"
        return f"exact to {off:.0e}; from float32 within {floats:.0e} of the largest value"

    name = f"centred Gram matrix from uint8, {count} x {columns}"
    return Case("pca", name, runs, agree, limits=(Limit(SSYRK, 0.65),))


def _fit_case(
    shape: tuple[int, int, int], dtype: str, asked: tuple[float, float | None] | None
) -> Case:
    count, columns, kept = shape
    x = _rows(count, columns).astype(dtype, copy=False)

    def sklearn(solver: str) -> Run:
        return lambda: SklearnPCA(kept, svd_solver=solver, random_state=0).fit(x)

    runs: dict[str, Run] = {
        "cvfast": lambda: PCA(kept).fit(x),
        RANDOMIZED: sklearn("randomized"),
    }
    if count > columns:
        runs["scikit-learn, covariance_eigh"] = sklearn("covariance_eigh")

    def agree(outputs: Mapping[str, Any]) -> str:
        values, components = _in_double(x, kept)
        ours = outputs["cvfast"]
        off = np.abs(ours.singular_values_ - values)
        relative, of_most = (off / values).max(), off.max() / values[0]
        assert (relative <= 1e-6) if dtype == "uint8" else (of_most <= 5e-6), f"values {relative}"
        gap = np.abs(np.diff(values)) / values[1:]
        separated = np.append(True, gap > 0.01) & np.append(gap > 0.01, False)
        cosines = np.einsum("ij,ij->i", ours.components_, components)[separated]
        assert cosines.min() > 1 - 1e-6, f"components: cosine {cosines.min()}, signs included"
        theirs = outputs[RANDOMIZED].singular_values_
        assert np.abs(theirs - values).max() < 0.05 * values[0], RANDOMIZED
        return (
            f"singular values within {relative:.0e} relative of float64 (scikit-learn "
            f"{(np.abs(theirs - values) / values).max():.0e}); {len(cosines)} components that are "
            f"1 % apart from the next: 1 - cos up to {1 - cosines.min():.0e}"
        )

    targets = (Target(RANDOMIZED, *asked),) if asked else ()
    return Case("pca", f"fit {dtype}, {count} x {columns}, {kept} components", runs, agree, targets)


def _in_double(x: NDArray[Any], kept: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return singular values and components by LAPACK, signs as scikit-learn's svd_flip."""
    centred = x - x.mean(axis=0, dtype=np.float64)
    wide = len(x) <= x.shape[1]
    square = centred @ centred.T if wide else centred.T @ centred
    side = len(square)
    values, vectors = eigh(square, subset_by_index=[side - kept, side - 1], overwrite_a=True)
    rows = vectors[:, ::-1].T
    if wide:
        rows = rows @ centred
        rows /= np.linalg.norm(rows, axis=1)[:, None]
    largest = np.abs(rows).argmax(axis=1)
    return np.sqrt(values[::-1]), rows * np.sign(rows[np.arange(kept), largest])[:, None]
