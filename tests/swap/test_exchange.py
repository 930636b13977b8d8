"""Face sets of others made ours, and ours made theirs."""

from __future__ import annotations

import io
import json
import pickle
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cvfast.cli.app import main
from cvfast.errors import MediaError, NothingFoundError, OutputExistsError
from cvfast.geometry.alignment import similarity_transform, transform_points
from cvfast.geometry.sampling import PixelReader
from cvfast.swap.exchange import export_faces, import_faces
from cvfast.swap.face_file import FaceRecord, read_record, write_face
from cvfast.swap.face_types import MEAN_FACE
from cvfast.swap.recut import recut
from cvfast.synth.faces import MadeFace, make_face
from PIL import Image

from tests.swap.attacks import dfl_values, jpeg, with_app15, with_faceswap


@pytest.fixture(scope="module")
def made() -> MadeFace:
    return make_face(5, seed=3, size=256, pose=(0.2, 0.0, 0.1), occlusion="none", share=0.5)


@pytest.fixture
def faces(made: MadeFace, tmp_path: Path) -> Path:
    """Two face pictures of ours, one with labels and mask."""
    folder = tmp_path / "ours"
    folder.mkdir()
    points = made.points68.astype(np.float64)
    mask = np.zeros((32, 32), np.uint8)
    mask[8:24, 8:24] = 255
    polygon = {"include": True, "points": [[0.25, 0.25], [0.75, 0.25], [0.5, 0.75]]}
    for number in range(2):
        pixels, record = recut(
            PixelReader.of(made.image), points, face_type="whole", size=128,
            source_landmarks=points, source="clip.mp4", frame=12 + number, seconds=0.5, face=0,
            source_box=made.box.astype(np.float64),
        )  # fmt: skip
        if number:
            record = replace(record, mask=mask, polygons=(polygon,))
        write_face(folder / f"{12 + number:05d}_0.jpg", pixels, record)
    return folder


def _app15(path: Path) -> bytes:
    data = path.read_bytes()
    at = data.index(b"\xff\xef")
    return data[at + 4 : at + 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]]


def test_there_and_back(faces: Path, tmp_path: Path) -> None:
    assert export_faces(faces, tmp_path / "dfl").faces == 2
    assert import_faces(tmp_path / "dfl", tmp_path / "back").faces == 2
    for path in sorted(faces.iterdir()):
        old, new = read_record(path), read_record(tmp_path / "back" / path.name)
        assert old is not None
        assert new is not None
        for name in ("landmarks", "source_landmarks", "matrix"):
            assert np.abs(getattr(old, name) - getattr(new, name)).max() < 1e-3, name
        assert new.face_type == "whole"
        assert new.frame == old.frame
        assert (new.mask is None) == (old.mask is None)
        if old.mask is not None:
            assert (new.mask == old.mask).all()
            assert new.polygons[0]["include"] is True
            assert np.allclose(new.polygons[0]["points"], old.polygons[0]["points"], atol=1e-6)
        with Image.open(path) as a, Image.open(tmp_path / "back" / path.name) as b:
            assert (np.array(a) == np.array(b)).all()


def test_deepfacelab_can_load_it(faces: Path, tmp_path: Path) -> None:
    export_faces(faces, tmp_path / "dfl")
    content = _app15(tmp_path / "dfl" / "00013_0.jpg")
    assert b"numpy._core" not in content  # NumPy 1.19 has no such module
    values = pickle.loads(content)  # noqa: S301 - what we wrote ourselves
    assert values["face_type"] == "whole_face"
    assert np.array(values["landmarks"]).shape == (68, 2)
    assert values["seg_ie_polys"]["polys"][0]["type"] == 1
    assert np.allclose(values["seg_ie_polys"]["polys"][0]["pts"][1], [96, 32])
    with Image.open(io.BytesIO(values["xseg_mask"].tobytes())) as mask:
        assert mask.size == (32, 32)


@pytest.mark.parametrize("protocol", range(6))
def test_any_protocol(protocol: int, tmp_path: Path) -> None:
    folder = tmp_path / "dfl"
    folder.mkdir()
    values = dfl_values(
        landmarks=np.arange(136, dtype=np.float32).reshape(68, 2),
        image_to_face_mat=np.asfortranarray(np.arange(6, dtype=">f8").reshape(2, 3)),
        eyebrows_expand_mod=np.float64(0.5),
        seg_ie_polys=[(0, [(16.0, 32.0), (0, 0), (1, 1)])],  # an older form
    )
    (folder / "00012_1.jpg").write_bytes(with_app15(pickle.dumps(values, protocol)))
    import_faces(folder, tmp_path / "out")
    record = read_record(tmp_path / "out" / "00012_1.jpg")
    assert record is not None
    assert record.landmarks[3].tolist() == [6, 7]
    assert record.matrix.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert record.more == {"eyebrows_expand_mod": 0.5}
    assert record.polygons == (
        {"include": False, "points": [[0.25, 0.5], [0, 0], [1 / 64, 1 / 64]]},
    )
    assert (record.frame, record.face) == (12, 1)


def test_a_pack(tmp_path: Path) -> None:
    pictures = [with_app15(pickle.dumps(dfl_values())) for _ in range(3)]
    configs = pickle.dumps([{"filename": f"../{n}.jpg"} for n in range(3)])
    ends = np.cumsum([0, *map(len, pictures)]).tolist()
    pak = tmp_path / "faceset.pak"
    pak.write_bytes(
        struct.pack("<QQ", 1, len(configs))
        + configs
        + struct.pack("<4Q", *ends)
        + b"".join(pictures)
    )
    assert import_faces(pak, tmp_path / "out").faces == 3
    assert sorted(p.name for p in (tmp_path / "out").glob("*.jpg")) == ["0.jpg", "1.jpg", "2.jpg"]
    assert import_faces(pak, tmp_path / "out").already == 3


def test_alignments_there_and_back(faces: Path, made: MadeFace, tmp_path: Path) -> None:
    export_faces(faces, tmp_path / "a.fsa", form="faceswap")
    content = zlib.decompress((tmp_path / "a.fsa").read_bytes())
    values = pickle.loads(content)  # noqa: S301 - what we wrote ourselves
    assert list(values["__data__"]) == ["clip_000012.png", "clip_000013.png"]
    with pytest.raises(MediaError, match="--frames"):
        import_faces(tmp_path / "a.fsa", tmp_path / "out")
    frames = tmp_path / "frames"
    frames.mkdir()
    for name in values["__data__"]:
        Image.fromarray(made.image).save(frames / name)
    done = import_faces(tmp_path / "a.fsa", tmp_path / "out", frames=frames, size=128)
    assert done.faces == 2
    old, new = (read_record(path) for path in (faces / "00012_0.jpg",
                tmp_path / "out" / "clip_000012_0.jpg"))  # fmt: skip
    assert old is not None
    assert new is not None
    assert np.abs(old.landmarks - new.landmarks).max() < 1e-3


def test_a_picture_of_faceswap(made: MadeFace, tmp_path: Path) -> None:
    # faceswap's geometry: all 51 points to the unit square, 8/3 of it shown, shifted a little.
    points = made.points68.astype(np.float64)
    unit = similarity_transform(points[17:], MEAN_FACE + np.array([0.009873, 0]))
    to_png = unit * (192 / (8 / 3))
    to_png[:, 2] += 96 - np.array([0.55, 0.42]) * (192 / (8 / 3))
    inverse = np.linalg.inv(np.vstack([to_png, [0, 0, 1]]))[:2]
    pixels = np.empty((192, 192, 3), np.uint8)
    PixelReader.of(made.image).source.read(tuple(inverse.ravel()), pixels, fill=0, threads=1)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    text = repr({
        "alignments": {"x": 1, "y": 2, "w": 30, "h": 40, "landmarks_xy": points.tolist(),
                       "mask": {"m": {"mask": b"\x00\x01"}}, "identity": {}},
        "source": {"alignments_version": 2.4, "source_filename": "frame_000007.png",
                   "face_index": 1},
    })  # fmt: skip
    folder = tmp_path / "faceswap"
    folder.mkdir()
    (folder / "frame_000007_1.png").write_bytes(with_faceswap(buffer.getvalue(), text.encode()))
    import_faces(folder, tmp_path / "out")
    record = read_record(tmp_path / "out" / "frame_000007_1.jpg")
    assert record is not None
    assert (record.frame, record.face, record.face_type) == (7, 1, "whole")
    # The landmarks lie on the face: the shift was found to a few per cent of the face.
    found = transform_points(record.matrix, points)
    size = np.ptp(found, axis=0).max()
    assert np.abs(found - record.landmarks).max() < 0.06 * size


def test_refusals(faces: Path, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no such"):
        import_faces(tmp_path / "gone", tmp_path / "out")
    with pytest.raises(OutputExistsError, match="holds something"):
        import_faces(faces, faces)
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "a.jpg").write_bytes(jpeg())
    with pytest.raises(NothingFoundError, match="no metadata"):
        import_faces(plain, tmp_path / "out")
    with pytest.raises(ValueError, match="form"):
        export_faces(faces, tmp_path / "x", form="zip")


def test_command_line(faces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export_faces(faces, tmp_path / "dfl")
    (tmp_path / "dfl" / "evil.jpg").write_bytes(with_app15(b"\x80\x02cos\nsystem\n."))
    words = ["swap", "import", str(tmp_path / "dfl"), "-o", str(tmp_path / "out"), "--json"]
    assert main(words) == 1
    out = json.loads(capsys.readouterr().out)
    assert out["faces"] == 2
    assert out["skipped"][0][0] == "evil.jpg"


def test_records_without_a_matrix(tmp_path: Path) -> None:
    values = dfl_values()
    del values["image_to_face_mat"], values["source_rect"], values["source_landmarks"]
    folder = tmp_path / "dfl"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(with_app15(pickle.dumps(values)))
    import_faces(folder, tmp_path / "out")
    record = read_record(tmp_path / "out" / "a.jpg")
    assert isinstance(record, FaceRecord)
    assert record.source_box.tolist() == [0, 0, 64, 64]


def test_export_from_the_command_line(
    faces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both programs' sets are read back; what is there already, is kept."""
    words = ["swap", "export", str(faces), "--form"]
    assert main([*words, "dfl", "-o", str(tmp_path / "dfl"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["faces"] == 2
    assert import_faces(tmp_path / "dfl", tmp_path / "back").faces == 2
    assert main([*words, "dfl", "-o", str(tmp_path / "dfl")]) == 2
    assert main([*words, "faceswap", "-o", str(tmp_path / "set")]) == 0
    content = zlib.decompress((tmp_path / "set" / "alignments.fsa").read_bytes())
    assert b"clip_000012.png" in content
    assert main([*words, "dfl", "-o", str(tmp_path / "x"), "--side", "source"]) == 4
    assert main(["swap", "export", str(faces), "-o", str(tmp_path / "faces")]) == 2
    assert "--form" in capsys.readouterr().err
