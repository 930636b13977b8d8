"""dlib's recognition network read and run without dlib, against dlib."""

from __future__ import annotations

import contextlib
from pathlib import Path

import dlib
import numpy as np
import pytest
from cvfast.errors import ModelError
from cvfast.faces.dlib import packaged_file
from cvfast.models.dlib_net import DlibNet
from cvfast.models.dlib_net_file import parse_dlib_net, read_dlib_net
from hypothesis import example, given, settings
from hypothesis import strategies as st

FILE = packaged_file("dlib_face_recognition_resnet_model_v1.dat")
DATA = FILE.read_bytes()
STEM = 352  # a place among the first layer's filters


@pytest.fixture(scope="module")
def net() -> DlibNet:
    return DlibNet(read_dlib_net(FILE))


def pictures() -> np.ndarray:
    """Noise, blocks, black, white and slopes."""
    rng = np.random.default_rng(6)
    noise = rng.integers(0, 256, (2, 150, 150, 3), dtype=np.uint8)
    blocks = rng.integers(0, 256, (3, 5, 5, 3), dtype=np.uint8).repeat(30, 1).repeat(30, 2)
    flat = np.stack([np.full((150, 150, 3), level, np.uint8) for level in (0, 255)])
    slope = np.broadcast_to(np.arange(150, dtype=np.uint8)[None, :, None], (1, 150, 150, 3))
    return np.concatenate([noise, blocks, flat, slope])


def test_vectors_are_dlibs(net):
    made = net(pictures())
    own = dlib.face_recognition_model_v1(str(FILE)).compute_face_descriptor(list(pictures()))
    assert (made.shape, made.dtype) == ((8, 128), np.float32)
    assert np.abs(made - np.array(own)).max() < 1e-5


def test_a_face_alone_and_none(net):
    together = net(pictures())
    for number in (0, 4):
        alone = net(pictures()[number : number + 1])
        assert np.abs(alone[0] - together[number]).max() < 1e-5
    assert net(pictures()[:0]).shape == (0, 128)


def test_what_the_network_takes(net):
    for wrong in (np.zeros((1, 150, 150, 3), np.float32), np.zeros((1, 112, 112, 3), np.uint8)):
        with pytest.raises(ValueError, match=r"pixels: expected uint8 \(N, 150, 150, 3\)"):
            net(wrong)


def test_threads_change_nothing(net):
    one = net(pictures(), threads=1)
    assert np.array_equal(net(pictures(), threads=2), one)
    assert np.array_equal(net(pictures()[3:4]), one[3:4])


def test_the_file():
    net = read_dlib_net(FILE)
    assert net.mean.tolist() == pytest.approx([122.782, 117.001, 104.298], abs=1e-3)
    assert len(net.blocks) * 2 + 1 == 29
    assert net.sha256.startswith("55533b28a95800a5")


def _structure() -> list[int]:
    """Places of bytes that are no weights: runs of small numbers and names."""
    small = np.isin(np.frombuffer(DATA, np.uint8), [0, 1, 2, 3, 0x30, 0x31, 0x81])
    run = np.convolve(small, np.ones(12), "same") >= 11
    return np.flatnonzero(run).tolist()


PLACES = _structure()


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PLACES), st.integers(1, 255))
@example(0, 1)
def test_other_structure_is_refused(place, flip):
    """A changed byte of the structure is told, unless it says nothing (a flag, a learning rate)."""
    data = bytearray(DATA)
    data[place] ^= flip
    with contextlib.suppress(ValueError):
        found = parse_dlib_net(bytes(data))
        assert all(np.isfinite(part.weights).all() for pair in found.blocks for part in pair)


@settings(max_examples=30, deadline=None)
@given(st.one_of(st.integers(0, len(DATA) - 1), st.integers(0, 400)))
def test_shortened_files_are_refused(length):
    with pytest.raises(ValueError, match=r"byte \d+: "):
        parse_dlib_net(DATA[:length])


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 340))
def test_any_bytes_behind_a_good_beginning_are_refused(tail, kept):
    with pytest.raises(ValueError, match=r"byte \d+: "):
        parse_dlib_net(DATA[:kept] + tail)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "byte 0: cut off"),
        (DATA + b"\0", f"byte {len(DATA)}: expected the end"),
        (DATA[:STEM] + b"\0\0\xc0\x7f" * 3 + DATA[STEM + 12 :], "expected finite weights"),
        (DATA.replace(b"loss_metric_2", b"loss_metric_9"), "byte 4: expected loss_metric_2"),
        (DATA[:316] + b"\x01\x11" + DATA[318:], "expected a number of at most 1,000,000"),
        (DATA.replace(b"con_4", b"con_5", 1), "expected con_4"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, data, message):
    path = tmp_path / "net.dat"
    path.write_bytes(data)
    with pytest.raises(
        ModelError, match=r"net\.dat: expected dlib's face recognition .*" + message
    ):
        read_dlib_net(path)


def test_other_files(tmp_path: Path):
    with pytest.raises(ModelError, match="cannot be read"):
        read_dlib_net(tmp_path)
    with pytest.raises(ModelError, match="expected dlib's face recognition network"):
        read_dlib_net(packaged_file("mmod_human_face_detector.dat"))
    with pytest.raises(ModelError, match="at most 33,554,432 bytes"):
        read_dlib_net(packaged_file("shape_predictor_68_face_landmarks.dat"))
