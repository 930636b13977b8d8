from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from cvfast.errors import ModelError
from cvfast.faces.dlib import packaged_file
from cvfast.kernels.trees import ShapeModel, ShapePredictor
from cvfast.models.face_trees import FaceTrees, FineTrees
from cvfast.models.shape_file import read_shape_file, write_shape_file
from cvfast.models.tensors import parse_tensors, tensor_bytes
from hypothesis import given, settings
from hypothesis import strategies as st

FIVE = packaged_file("shape_predictor_5_face_landmarks.dat")


def whole(value: int) -> bytes:
    """A whole number as dlib saves it."""
    size = abs(value)
    data = size.to_bytes(max(1, (size.bit_length() + 7) // 8), "little")
    return bytes([len(data) | (0x80 if value < 0 else 0)]) + data


def real(value: float) -> bytes:
    mantissa, exponent = np.frexp(np.float32(value))
    return whole(int(np.ldexp(mantissa, 24))) + whole(int(exponent) - 24)


def dlib_bytes(model: ShapeModel, *, old: bool = False) -> bytes:
    """A model as dlib saves it; `old`: sides of matrices as positive numbers."""
    sign = 1 if old else -1

    def column(values: np.ndarray) -> bytes:
        head = whole(sign * len(values)) + whole(sign)
        return head + b"".join(real(v) for v in values)

    stages, trees, splits = model.thresholds.shape
    out = whole(1) + column(model.initial.ravel()) + whole(stages)
    for s in range(stages):
        out += whole(trees)
        for t in range(trees):
            out += whole(splits)
            for i in range(splits):
                first, second = model.pixels[s, t, i].tolist()
                out += whole(first) + whole(second) + real(model.thresholds[s, t, i])
            out += whole(splits + 1) + b"".join(column(leaf) for leaf in model.leaves[s, t])
    for rows, one in ((model.anchors, whole), (model.deltas, real)):
        out += whole(stages)
        for s in range(stages):
            out += whole(model.anchors.shape[1]) + b"".join(
                one(v) for v in rows[s].ravel().tolist()
            )
    return out


def any_model(seed: int = 0, points: int = 5) -> ShapeModel:
    rng = np.random.default_rng(seed)
    leaves = rng.integers(-127, 128, (2, 3, 4, 2 * points))
    leaves[..., 0, 0] = 127  # each tree has its whole range
    return ShapeModel(
        rng.uniform(0, 1, (points, 2)),
        rng.integers(0, points, (2, 6)),
        rng.normal(0, 0.2, (2, 6, 2)),
        rng.integers(0, 6, (2, 3, 3, 2)),
        rng.integers(-90, 90, (2, 3, 3)),
        leaves * np.float32(0.001),
    )


def same(one: ShapeModel, other: ShapeModel) -> bool:
    names = one.__dataclass_fields__
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def pictures(count: int):
    """Real faces, grey and coloured, with boxes on them, beside them and over the edge."""
    from PIL import Image

    rng = np.random.default_rng(0)
    faces, astronaut = skimage.data.lfw_subset()[:100], skimage.data.astronaut()
    for number in range(count):
        if number < len(faces):
            small = Image.fromarray((faces[number] * 255).astype(np.uint8))
            picture = np.array(small.resize((90, 90), Image.Resampling.BICUBIC))
            corner, size = rng.integers(-9, 20, 2), rng.integers(45, 80, 2)
        else:
            picture = np.array(Image.fromarray(astronaut).rotate(rng.uniform(-25, 25)))
            corner, size = np.array((160, 60)) + rng.integers(-20, 20, 2), rng.integers(70, 160, 2)
            corner = corner if number % 4 else rng.integers(-60, 480, 2)
        yield picture, tuple(int(v) for v in (*corner, *(corner + size)))


def test_the_answer_is_dlibs_on_200_pictures() -> None:
    import dlib

    peer, ours = dlib.shape_predictor(str(FIVE)), ShapePredictor(read_shape_file(FIVE).coarse)
    for picture, frame in pictures(200):
        expected = [(p.x, p.y) for p in peer(picture, dlib.rectangle(*frame)).parts()]
        found = ours.fit(picture, [frame], rounded=True)[0]
        np.testing.assert_array_equal(found, expected)
        assert np.abs(ours.fit(picture, [frame])[0] - expected).max() <= 0.5


@pytest.mark.parametrize("old", [False, True])
def test_dlibs_format(old: bool, tmp_path: Path) -> None:
    model = any_model()
    path = tmp_path / "a.dat"
    path.write_bytes(dlib_bytes(model, old=old))
    read = read_shape_file(path)
    assert same(read.coarse, model)
    assert (read.fine, read.side, read.count) == ((), 0, 5)


def test_a_file_of_dlibs_that_looks_like_ours(tmp_path: Path) -> None:
    model = any_model()
    model.initial[0, 0] = 0x807B01 / 2**24
    data = dlib_bytes(model)
    assert data[8:9] == b"{"
    path = tmp_path / "a.dat"
    path.write_bytes(data)
    assert same(read_shape_file(path).coarse, model)


def two_steps() -> FaceTrees:
    part = FineTrees("mouth", (3, 1), 1.5, any_model(1, points=2))
    return FaceTrees(any_model(), (part,), side=64, margin=1.5)


def test_our_format_keeps_everything(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    write_shape_file(path, two_steps(), notes={"source": "a test"})
    read, model = read_shape_file(path), two_steps()
    assert same(read.coarse, model.coarse)
    assert same(read.fine[0].model, model.fine[0].model)
    assert (read.fine[0].name, read.fine[0].points, read.fine[0].widen) == ("mouth", (3, 1), 1.5)
    assert (read.side, read.margin, read.crop_side) == (64, 1.5, 96)
    image = np.random.default_rng(0).integers(0, 256, (96, 96), np.uint8)
    steps = dict(read.steps(image, [read.crop_frame]))
    assert list(steps) == ["coarse", "mouth"]
    moved = (steps["mouth"] != steps["coarse"]).any(axis=2)[0]
    assert moved.tolist() == [False, True, False, True, False]


def test_other_readers_know_our_files(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    path = tmp_path / "a.safetensors"
    write_shape_file(path, two_steps())
    arrays, metadata = parse_tensors(path.read_bytes(), path)
    theirs = load_file(path)
    assert set(theirs) == set(arrays)
    assert all(np.array_equal(theirs[name], arrays[name]) for name in theirs)
    assert metadata["format"] == "cvfast face trees 1"


@pytest.mark.parametrize("share", [0.0, 0.00001, 0.2, 0.7, 0.97, 0.999999])
def test_truncated_dlib_files(share: float, tmp_path: Path) -> None:
    path = tmp_path / "cut.dat"
    data = FIVE.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ModelError, match=r"cut.dat: expected a shape_predictor .*byte \d+: "):
        read_shape_file(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (whole(1) + whole(-10), whole(1) + whole(-(2**40)), "initial shape: expected 2 to 8192"),
        (whole(1) + whole(-10), whole(1) + whole(-9), "expected"),
        (whole(1) + whole(-10), whole(3) + whole(-10), "version: expected 1, got 3"),
        (whole(2) + whole(3) + whole(3), whole(2**33) + whole(3) + whole(3), "stages: expected"),
        (whole(2) + whole(3) + whole(3), whole(2) + whole(90000) + whole(3), "too short for 90000"),
        (whole(2) + whole(3) + whole(3), whole(2) + whole(3) + whole(5), "complete and of one"),
    ],
)
def test_hostile_numbers(old: bytes, new: bytes, message: str, tmp_path: Path) -> None:
    data = dlib_bytes(any_model())
    assert old in data
    path = tmp_path / "bad.dat"
    path.write_bytes(data.replace(old, new, 1))
    with pytest.raises(ModelError, match=message):
        read_shape_file(path)


def test_numbers_that_are_none_and_points_that_are_not_there(tmp_path: Path) -> None:
    path = tmp_path / "bad.dat"
    good = any_model()
    wild = dlib_bytes(good)
    at = wild.index(real(float(good.thresholds[0, 0, 0])))
    head = wild[:at] + whole(0)
    for exponent in (32000, 32001, 32002):  # infinity, minus infinity, NaN
        path.write_bytes(head + whole(exponent) + wild[at + len(head) :])
        with pytest.raises(ModelError, match="threshold: expected finite numbers"):
            read_shape_file(path)
    for change, message in (
        ({"pixels": good.pixels + 1}, "pixel of a split: expected 0 to 5, got 6"),
        ({"anchors": good.anchors + 1}, "anchor: expected 0 to 4, got 5"),
    ):
        fields = {name: getattr(good, name) for name in good.__dataclass_fields__}
        path.write_bytes(dlib_bytes(ShapeModel(**{**fields, **change})))
        with pytest.raises(ModelError, match=message):
            read_shape_file(path)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_damaged_files_are_named_errors(data: st.DataObject) -> None:
    """Any bytes changed: a ModelError, or a model that runs."""
    import tempfile

    good = data.draw(st.sampled_from([dlib_bytes(any_model()), OURS]))
    bad = bytearray(good)
    for at in data.draw(st.lists(st.integers(0, len(good) - 1), min_size=1, max_size=4)):
        bad[at] = data.draw(st.integers(0, 255))
    bad = bad[: data.draw(st.integers(0, len(bad)))] if data.draw(st.booleans()) else bad
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any"
        path.write_bytes(bad)
        try:
            model = read_shape_file(path)
        except ModelError as error:
            assert "any: " in str(error)  # noqa: PT017
            return
    found = model.fit(np.zeros((20, 20), np.uint8), [(2, 2, 15, 15)])
    assert found.shape == (1, model.count, 2)


def _ours() -> bytes:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.safetensors"
        write_shape_file(path, two_steps())
        return path.read_bytes()


OURS = _ours()


def header(changes: dict[str, object], metadata: dict[str, str] | None = None) -> bytes:
    (length,) = struct.unpack("<Q", OURS[:8])
    told = json.loads(OURS[8 : 8 + length])
    told["coarse.initial"] |= changes
    told["__metadata__"] |= metadata or {}
    text = json.dumps(told).encode()
    return struct.pack("<Q", len(text)) + text + OURS[8 + length :]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (OURS[:-1], "the file is damaged or cut short"),
        (OURS[:40], "expected a safetensors header"),
        (struct.pack("<Q", 1 << 62) + OURS[8:], "expected a safetensors header"),
        (struct.pack("<Q", 3) + b"{[" + OURS[8:], "header cannot be read"),
        (header({"shape": [1 << 39, 1 << 39]}), "expected .* bytes in a body"),
        (header({"shape": [-5, -2]}), "expected whole numbers"),
        (header({"shape": [10]}), "initial: expected shape"),
        (header({"dtype": "BF16"}), "header cannot be read: expected a dtype of .*, got 'BF16'"),
        (header({"data_offsets": [0, 1 << 30]}), "expected 40 bytes"),
        (header({}, {"format": "another"}), "format: expected 'cvfast face trees 1'"),
        (header({}, {"side": "99999"}), "side, margin: expected"),
        (header({}, {"margin": "nan"}), "side, margin: expected"),
        (header({}, {"fine": "[{}]"}), "expected a shape_predictor .* 'points'"),
        (header({}, {"fine": '[{"name":"mouth","points":[3,9],"widen":1.5}]'}), "of 5, got"),
        (tensor_bytes({}, {"format": "cvfast face trees 1"}), "'side'"),
    ],
)
def test_hostile_files_of_our_format(data: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(data)
    with pytest.raises(ModelError, match=message):
        read_shape_file(path)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.dat", tmp_path):
        with pytest.raises(ModelError, match="cannot be read"):
            read_shape_file(path)


def test_files_over_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "large.dat"
    with path.open("wb") as file:
        file.truncate((512 << 20) + 1)
    with pytest.raises(ModelError, match="at most 536,870,912 bytes"):
        read_shape_file(path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelError, match="expected a file, got a named pipe"):
        read_shape_file(tmp_path / "pipe")
