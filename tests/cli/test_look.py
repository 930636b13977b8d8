from __future__ import annotations

import av
import numpy as np
import pytest
from cvfast.io.images import read_image
from cvfast.io.provenance import read_provenance
from cvfast.io.video import read_frames


def test_detect(run, samples):
    result = run("detect", samples / "face.png")
    assert result.code == 0
    assert "1 face" in result.out
    assert result.err == ""


def test_detect_as_json(run, samples):
    result = run("detect", samples / "face.png", samples / "plain.jpg", "--json", "-q")
    assert [record["schema"] for record in result.records] == [1, 1]
    first, second = result.records
    assert first["size"] == [192, 192]
    x0, y0, x1, y1 = first["faces"][0]["box"]
    assert 0 < x0 < 96 < x1 < 192
    assert 0 < y0 < 110 < y1 < 192
    assert first["faces"][0]["score"] > 0.5
    assert np.array(first["faces"][0]["keypoints"]).shape == (6, 2)
    assert second["faces"] == []


def test_detect_in_a_clip_tells_every_frame(run, samples):
    result = run("detect", samples / "face.mp4", "--json")
    frames = list(read_frames(samples / "face.mp4"))
    assert [record["pts"] for record in result.records] == [frame.pts for frame in frames]
    assert [record["frame"] for record in result.records] == list(range(8))
    assert {record["time_base"] for record in result.records} == {str(frames[0].time_base)}
    assert all(len(record["faces"]) == 1 for record in result.records)


@pytest.mark.parametrize("verb", ["detect", "landmarks"])
def test_drawings(run, samples, tmp_path, face, verb):
    result = run(verb, samples / "face.png", samples / "face.mp4", "-o", tmp_path)
    assert result.code == 0
    drawn = read_image(tmp_path / "face.png").pixels
    assert (drawn != face).any(axis=2).sum() > 200
    assert read_provenance(tmp_path / "face.png") is None
    assert len(list(read_frames(tmp_path / "face.mp4"))) == 8


@pytest.mark.parametrize(("verb", "model"), [("detect", "blazefase"), ("landmarks", "mehs")])
def test_a_wrong_model(run, samples, verb, model):
    result = run(verb, samples / "face.png", "--model", model)
    assert result.code == 2
    assert "did you mean" in result.err


@pytest.mark.parametrize("verb", ["detect", "landmarks"])
@pytest.mark.parametrize(("strict", "code"), [((), 0), (("--strict",), 3)])
def test_no_face(run, samples, verb, strict, code):
    result = run(verb, samples / "plain.jpg", *strict)
    assert result.code == code
    assert "no face" in result.out


@pytest.mark.parametrize("words", [("--min-score", "2"), ("--max-faces", "-1")])
def test_detect_options_are_checked(run, samples, words):
    result = run("detect", samples / "face.png", *words)
    assert result.code == 2
    assert words[0] in result.err


def test_dlib_models(run, samples):
    assert run("detect", samples / "face.png", "--model", "hog", "--json").records[0]["faces"]
    result = run("landmarks", samples / "face.png", "--model", "dlib5", "--json")
    assert len(result.records[0]["faces"][0]["points"]) == 5
    named = "dlib68:shape_predictor_68_face_landmarks.dat"
    result = run("landmarks", samples / "face.png", "--model", named, "--json")
    assert len(result.records[0]["faces"][0]["points"]) == 68
    assert "may not be used commercially" in result.err


def test_landmarks_as_json(run, samples):
    (record,) = run("landmarks", samples / "face.png", "--json").records
    (face,) = record["faces"]
    assert (face["scheme"], np.array(face["points"]).shape) == ("mesh478", (478, 3))
    assert abs(face["pose"]["yaw"]) < 0.3
    assert 0.2 < face["openness"]["left"] < 0.5


@pytest.mark.parametrize(("scheme", "count"), [("dlib68", 68), ("five", 5)])
def test_landmark_schemes(run, samples, scheme, count):
    (record,) = run("landmarks", samples / "face.png", "--scheme", scheme, "--json").records
    assert len(record["faces"][0]["points"]) == count


def test_a_wrong_scheme(run, samples):
    result = run("landmarks", samples / "face.png", "--scheme", "dlib86")
    assert result.code == 2
    assert "did you mean 'dlib68'" in result.err


def test_provenance(run, samples, tmp_path):
    for name in ("face.jpg", "face.mp4"):
        assert run("retouch", samples / name, "-o", tmp_path, "--big-eyes", "0.4").code == 0
    result = run("provenance", tmp_path, samples / "face.jpg")
    assert result.code == 0
    assert result.out.count("algorithmicallyEnhanced") == 2
    assert "no mark" in result.out
    marks = [record["mark"] for record in run("provenance", tmp_path, "--json").records]
    assert [mark["actions"] for mark in marks] == [["big_eyes=0.4"]] * 2
    assert run("provenance", samples / "gone.jpg").code == 4


def test_points_of_a_turned_clip_are_those_that_a_viewer_sees(run, tmp_path, face):
    path = tmp_path / "turned.mp4"
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=25)
        video.height, video.width, video.pix_fmt = 160, 192, "yuv420p"
        video.set_display_rotation(-90)
        turned = np.ascontiguousarray(np.rot90(face[:, 16:176]))
        frame = av.VideoFrame.from_ndarray(turned, format="rgb24")
        frame.pts = 0
        out.mux(video.encode(frame))
        out.mux(video.encode(None))
    words = ("--scheme", "five", "--json", "-o", tmp_path / "drawn.mp4")
    (record,) = run("landmarks", path, *words).records
    assert record["size"] == [160, 192]
    right_eye, left_eye, nose, *_ = record["faces"][0]["points"]
    assert right_eye[0] < nose[0] < left_eye[0]
    assert max(right_eye[1], left_eye[1]) < nose[1]
    (drawn,) = read_frames(tmp_path / "drawn.mp4")
    upright = np.rot90(drawn.rgb(), -drawn.rotation).astype(int)
    x, y = round(nose[0]), round(nose[1])
    red, _, blue = np.median(upright[y - 1 : y + 2, x - 1 : x + 2], axis=(0, 1))
    assert red > blue + 40  # a dot of orange
