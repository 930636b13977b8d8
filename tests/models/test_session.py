from __future__ import annotations

import multiprocessing
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection

import numpy as np
import pytest
from cvfast.errors import MissingDependencyError, ModelError
from cvfast.models import session as session_module
from cvfast.models.session import Session

SHAPES = {
    "face_detection_short": ((1, 128, 128, 3), [(1, 896, 16), (1, 896, 1)]),
    "face_detection_full": ((1, 192, 192, 3), [(1, 2304, 16), (1, 2304, 1)]),
    "face_mesh": ((1, 192, 192, 3), [(1, 1, 1, 1404), (1, 1, 1, 1)]),
    "iris": ((1, 64, 64, 3), [(1, 213), (1, 15)]),
}


def _batch(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((1, 64, 64, 3), np.float32)


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_and_dtypes(name: str) -> None:
    session = Session(name)
    shape, outputs = SHAPES[name]
    assert session.input_shape == shape
    results = session.run(np.zeros(shape, np.float32))
    assert [result.shape for result in results] == outputs
    assert all(result.dtype == np.float32 for result in results)


def test_results_stay_valid_after_the_next_run() -> None:
    session = Session("iris")
    first = session.run(_batch(1))[0]
    kept = first.copy()
    session.run(_batch(2))
    np.testing.assert_array_equal(first, kept)


def test_inputs_written_in_place_give_the_same() -> None:
    session = Session("iris")
    expected = session.run(_batch(1))

    def write(tensor: np.ndarray) -> None:
        assert tensor.shape == session.input_shape
        assert tensor.dtype == np.float32
        tensor[...] = _batch(1)

    for got, want in zip(session.run_on(write), expected, strict=True):
        np.testing.assert_array_equal(got, want)


def test_an_error_while_writing_leaves_the_session_usable() -> None:
    session = Session("iris")
    expected = session.run(_batch(1))[0]
    with pytest.raises(ZeroDivisionError):
        session.run_on(lambda tensor: tensor.fill(1 / 0))
    np.testing.assert_array_equal(session.run(_batch(1))[0], expected)


def test_threads_share_a_session_and_agree() -> None:
    session = Session("iris")
    expected = [session.run(_batch(seed))[0] for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            results = pool.map(lambda seed: session.run(_batch(seed))[0], range(4))
            for result, want in zip(results, expected, strict=True):
                np.testing.assert_array_equal(result, want)


def _in_child(connection: Connection, session: Session) -> None:
    connection.send(session.run(_batch())[0])
    connection.close()


def test_forked_child_runs_a_session_the_parent_used() -> None:
    session = Session("iris", num_threads=2)
    expected = session.run(_batch())[0]
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_in_child, args=(sender, session))
    child.start()
    try:
        assert receiver.poll(30), "the child hangs"
        np.testing.assert_array_equal(receiver.recv(), expected)
        child.join(30)
        assert child.exitcode == 0
    finally:
        if child.is_alive():
            child.kill()


def test_nothing_is_printed() -> None:
    code = (
        "import os, numpy as np; from cvfast.models.session import Session; "
        "Session('iris').run(np.zeros((1, 64, 64, 3), np.float32)); os.write(2, b'still there')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
    assert (done.stdout, done.stderr) == (b"", b"still there")


@pytest.mark.parametrize(
    "batch",
    [np.zeros((1, 64, 64, 3)), np.zeros((1, 32, 64, 3), np.float32)],
    ids=["dtype", "shape"],
)
def test_wrong_batch_is_refused(batch: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"batch: expected float32 of shape \(1, 64, 64, 3\), got"):
        Session("iris").run(batch)


def test_thread_count_must_be_positive() -> None:
    with pytest.raises(ValueError, match="num_threads: expected at least 1, got 0"):
        Session("iris", num_threads=0)


def test_missing_package_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(MissingDependencyError, match="pip install ai-edge-litert"):
        Session("iris")


def test_unreadable_model_is_named(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"no flatbuffer")
    monkeypatch.setattr(session_module, "model_path", lambda _: broken)
    with pytest.raises(ModelError, match=r"broken.tflite: LiteRT cannot load this model"):
        Session("iris")
