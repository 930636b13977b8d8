from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import cvfast
import numpy as np
from cvfast import PCA, _core


def sample(n: int, d: int, divisor: int | None = None) -> np.ndarray:
    x = np.random.default_rng(n).integers(0, 256, (n, d), np.uint8)
    return x if divisor is None else (x / np.float32(divisor)).astype(np.float32)


CASES = """
import hashlib, json, sys
import numpy as np
from cvfast import PCA, _core, get_isa

_core.set_serial_threshold(0)
rng = np.random.default_rng(7)
kinds = {"exact": [], "float": []}
digests = {t: {"exact": hashlib.sha256(), "float": hashlib.sha256()} for t in THREADS}
for case in range(200):
    n, d = (int(v) for v in rng.integers(1, 90, 2) * rng.choice([1, 1, 7], 2))
    k = int(rng.integers(1, 70))
    x = rng.integers(0, 256, (n, d + 3), np.uint8)[:, :d]
    if case % 2:
        x = (x / np.float32(255)).astype(np.float32)
    components = rng.standard_normal((k, d)).astype(np.float32)
    weights = rng.standard_normal((k, n)).astype(np.float32)
    first = {}
    for t in THREADS:
        mean = _core.pca_column_means(x, t)
        side = n <= d if case % 4 < 2 else d <= 300
        squares = [np.tril(_core.pca_scatter(x, mean, side, t))]
        scores = _core.Projection(components, mean).transform(x, t)
        floats = [
            scores,
            _core.pca_combine(weights, x, mean, t),
            _core.pca_reconstruct_f32(scores, components, mean, t),
        ]
        exact = [mean]
        (exact if x.dtype == np.uint8 else floats).extend(squares)
        for kind, arrays in (("exact", exact), ("float", floats)):
            for a in arrays:
                digests[t][kind].update(a.tobytes())
        digests[t]["float"].update(
            _core.pca_reconstruct_u8(scores, components, mean, t).tobytes()
        )
    for a in floats:
        flat = a.ravel()
        kinds["float"].append(
            [float(np.abs(flat).max()), *flat[:: max(1, flat.size // 7)].astype(float).tolist()]
        )
hashes = {str(t): {kind: h.hexdigest() for kind, h in digests[t].items()} for t in THREADS}
print(json.dumps({"isa": get_isa(), "hashes": hashes, "floats": kinds["float"]}))
"""


def run_cases(isa: str, threads: tuple[int, ...]) -> dict:
    code = CASES.replace("THREADS", repr(threads))
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        env=os.environ | {"CVFAST_ISA": isa},
    )
    return json.loads(done.stdout)


def test_same_bytes_for_every_thread_count_and_close_ones_for_every_isa() -> None:
    isas = cvfast.available_isas()
    runs = [run_cases(isa, (1, 2, 3, 7, 64) if isa == isas[-1] else (1, 3)) for isa in isas]
    for isa, run in zip(isas, runs, strict=True):
        assert run["isa"] == isa
        assert len({json.dumps(h, sort_keys=True) for h in run["hashes"].values()}) == 1
        # Exact sums are the same bytes everywhere.
        assert run["hashes"]["1"]["exact"] == runs[0]["hashes"]["1"]["exact"]
        for got, expected in zip(run["floats"], runs[0]["floats"], strict=True):
            assert np.abs(np.subtract(got, expected)).max() <= 1e-6 * expected[0]


def test_whole_fits_are_the_same_for_every_thread_count() -> None:
    _core.set_serial_threshold(0)
    try:
        for x in (sample(90, 700), sample(260, 500, 255), sample(500, 260, 255)):
            digests = set()
            for threads in (1, 2, 3, 7, 64):
                pca = PCA(5).fit(x, threads=threads)
                parts = (pca.transform(x, threads=threads), pca.components_, pca.singular_values_)
                digests.add(hashlib.sha256(b"".join(a.tobytes() for a in parts)).hexdigest())
            assert len(digests) == 1
    finally:
        _core.set_serial_threshold(500e3)


def test_a_row_has_the_same_bytes_in_any_company() -> None:
    x = sample(40, 1000)
    pca = PCA(21).fit(x)
    scores = pca.transform(x)
    for first, last in ((0, 1), (3, 5), (7, 20), (11, 40)):
        assert pca.transform(x[first:last]).tobytes() == scores[first:last].tobytes()


def test_importing_it_loads_neither_scipy_nor_sklearn() -> None:
    code = (
        "import sys, numpy as np, cvfast; pca = cvfast.PCA(2); repr(pca);"
        "assert not {'scipy', 'sklearn'} & sys.modules.keys(), 'import';"
        "pca.fit(np.eye(5, dtype=np.uint8)).transform(np.eye(5, dtype=np.uint8));"
        "assert 'sklearn' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
