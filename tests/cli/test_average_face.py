"""`cvfast average-face`: groups, weights, morphs, what is told, and what is left alone."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from cvfast.cli.average_groups import groups_in, read_weights
from cvfast.errors import MediaError
from cvfast.io.images import read_image
from cvfast.io.provenance import read_provenance
from cvfast.io.video import probe
from cvfast.recognition.average import average_face
from cvfast.synth.faces import make_face
from PIL import Image


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """Two groups of two made people; read only."""
    folder = tmp_path_factory.mktemp("people")
    for number in range(4):
        group = folder / ("left", "right")[number // 2]
        group.mkdir(exist_ok=True)
        face = make_face(80 + number, seed=1, pose=(0, 0, 0), occlusion="none", size=200, share=0.5)
        Image.fromarray(face.image).save(group / f"{number}.png")
    return folder


@pytest.fixture
def mixed(people, samples, tmp_path):
    """One good picture, one of two people, one of none and a broken one."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    shutil.copy(people / "left/0.png", folder / "good.png")
    pair = [np.asarray(Image.open(people / f"right/{n}.png")) for n in (2, 3)]
    Image.fromarray(np.concatenate(pair, axis=1)).save(folder / "two.png")
    shutil.copy(samples / "plain.jpg", folder)
    shutil.copy(samples / "cut.jpg", folder)
    return folder


def test_one_group_is_the_library_average(run, people, tmp_path):
    out = tmp_path / "mean.png"
    result = run("average-face", people / "left", "-o", out, "--size", 96, "--json")
    assert result.code == 0
    (record,) = result.records
    assert record["group"] == "left"
    assert (record["count"], record["pictures"], record["size"]) == (2, 2, [96, 96])
    wanted = average_face(sorted((people / "left").iterdir()), size=96)
    np.testing.assert_array_equal(read_image(out).pixels, wanted.image)
    mark = read_provenance(out)
    assert mark.source_type == "compositeCapture"
    assert mark.actions == ("average_face=2 faces, warp affine",)


def test_groups_stand_side_by_side(run, people, tmp_path):
    out = tmp_path / "mean.jpg"
    result = run("average-face", people, "-o", out, "--size", 128)
    assert result.code == 0
    assert result.out.splitlines() == [
        "left: 2 of 2 pictures averaged",
        "right: 2 of 2 pictures averaged",
    ]
    drawn = read_image(out).pixels.astype(int)
    for place, group in ((4, "left"), (136, "right")):
        one = average_face(sorted((people / group).iterdir()), size=128).image
        assert np.abs(drawn[4:132, place : place + 128] - one).mean() < 4  # JPEG's loss
        assert (drawn[134:, place : place + 128] < 100).any()  # the name below


def test_a_folder_with_pictures_and_folders_has_three_groups(people, tmp_path):
    folder = tmp_path / "both"
    shutil.copytree(people, folder)
    shutil.copy(people / "left/0.png", folder / "own.png")
    (folder / "empty").mkdir()
    groups = groups_in(str(folder))
    assert {name: [path.name for path in paths] for name, paths in groups.items()} == {
        "both": ["own.png"],
        "left": ["0.png", "1.png"],
        "right": ["2.png", "3.png"],
    }


def test_each_trouble_is_told_and_the_rest_goes_on(run, mixed, tmp_path):
    result = run("average-face", mixed, "-o", tmp_path / "m.png", "--size", 64)
    assert result.code == 1
    assert result.out == "mixed: 2 of 4 pictures averaged\n"
    assert "plain.jpg: no face found; left out" in result.err
    assert "two.png: 2 faces found, took the largest; --face N takes another" in result.err
    assert "cut.jpg: expected a JPEG" in result.err
    assert "3 of 4 inputs done, 1 failed, no face in 1" in result.err


def test_another_face_is_taken_by_number(run, mixed, tmp_path):
    for name in ("cut.jpg", "plain.jpg", "good.png"):
        (mixed / name).unlink()
    drawn = []
    for face in (0, 1):
        out = tmp_path / f"{face}.png"
        result = run("average-face", mixed, "-o", out, "--face", face, "--size", 64)
        assert result.code == 0
        assert f"2 faces found, took number {face}" in result.err
        assert "only one face, which is its own average" in result.err
        drawn.append(read_image(out).pixels.astype(int))
    assert np.abs(drawn[0] - drawn[1]).mean() > 5
    gone = run("average-face", mixed, "-o", tmp_path / "n.png", "--face", 7)
    assert gone.code == 3
    assert not (tmp_path / "n.png").exists()


def test_no_face_at_all(run, samples, tmp_path):
    folder = tmp_path / "plain"
    folder.mkdir()
    shutil.copy(samples / "plain.jpg", folder)
    result = run("average-face", folder, "-o", tmp_path / "m.png")
    assert result.code == 3
    assert "no face found in any of the pictures" in result.err
    assert not (tmp_path / "m.png").exists()


def test_a_group_of_no_face_is_left_out(run, people, samples, tmp_path):
    folder = tmp_path / "groups"
    for name in ("one", "two"):
        (folder / name).mkdir(parents=True)
    shutil.copy(people / "left/0.png", folder / "one")
    shutil.copy(samples / "plain.jpg", folder / "two")
    result = run("average-face", folder, "-o", tmp_path / "m.png", "--size", 64)
    assert result.code == 0
    assert result.out == "one: 1 of 1 pictures averaged\n"
    assert "two: no face found in any picture of the group; left out" in result.err
    assert read_image(tmp_path / "m.png").pixels.shape == (64, 64, 3)
    (folder / "one/0.png").unlink()
    (folder / "two/plain.jpg").write_bytes((samples / "cut.jpg").read_bytes())
    assert run("average-face", folder, "-o", tmp_path / "n.png").code == 4


def test_strict_minds_a_picture_without_a_face(run, mixed, tmp_path):
    (mixed / "cut.jpg").unlink()
    assert run("average-face", mixed, "-o", tmp_path / "a.png", "--size", 32).code == 0
    assert run("average-face", mixed, "-o", tmp_path / "b.png", "--size", 32, "--strict").code == 3


@pytest.mark.parametrize(
    "text",
    ['{"0.png": 3, "1.png": 0.5}', "0.png 3\n1.png 0.5\n", "name,weight\n0.png,3\n1.png,0.5\n"],
)
def test_weights_in_three_forms(run, people, tmp_path, text):
    file, out = tmp_path / "weights", tmp_path / "mean.png"
    file.write_text(text)
    assert read_weights(str(file)) == {"0.png": 3, "1.png": 0.5}
    assert (
        run("average-face", people / "left", "-o", out, "--size", 64, "--weights", file).code == 0
    )
    wanted = average_face(sorted((people / "left").iterdir()), size=64, weights=[3, 0.5])
    np.testing.assert_array_equal(read_image(out).pixels, wanted.image)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "found none"),
        ("0.png -1", "0.png: -1"),
        ("0.png nan", "0.png: nan"),
        ("0.png much", "much"),
        ("0.png\n", "line 1"),
        ('{"0.png": null}', "0.png: None"),
        ('{"0.png": 1, "0.png": 2}', "0.png twice"),
        ("[1, 2]", "another kind of JSON"),
        ("[" * 10_000, "expected"),
        ("\x00\xff", "expected"),
        ("who.png 1", "it means no picture"),
        ("0.png 0\n1.png 0\n2.png 0\n3.png 0\n", "expected a weight over 0"),
    ],
)
def test_weights_that_make_no_sense(run, people, tmp_path, text, words):
    file = tmp_path / "weights"
    file.write_bytes(text.encode("latin-1"))
    result = run("average-face", people, "-o", tmp_path / "m.png", "--weights", file)
    assert result.code == 4
    assert f"{file}: " in result.err
    assert words in result.err
    assert "Traceback" not in result.err


def test_a_morph_between_two_groups(run, people, tmp_path):
    out = tmp_path / "over.mp4"
    result = run("average-face", people, "--morph", out, "--seconds", 0.2, "--size", 64, "--json")
    assert result.code == 0
    (record,) = result.records
    assert (record["from"], record["to"], record["frames"]) == ("left", "right", 37)
    assert probe(out).frames == 37
    assert read_provenance(out).source_type == "compositeCapture"


def test_a_morph_between_pictures(run, people, tmp_path):
    out = tmp_path / "over.mp4"
    result = run("average-face", people / "left", "--morph", out, "--from", "0.png",
                 "--to", people / "right/3.png", "--seconds", 0.1, "--size", 64)  # fmt: skip
    assert result.code == 0
    assert result.err == ""  # nobody else's picture was looked at
    assert probe(out).width == 64


def test_a_morph_from_nobody(run, mixed, tmp_path):
    out = tmp_path / "over.mp4"
    shown = ("average-face", mixed, "--morph", out, "--size", 64)
    for words, code in (
        (("--from", "good.png"), 2),
        (("--from", "good.png", "--to", "who"), 4),
        (("--from", "good.png", "--to", "plain.jpg"), 3),
        (("--from", "good.png", "--to", "cut.jpg"), 4),
    ):
        assert run(*shown, *words).code == code
        assert not out.exists()


def test_why(run, people, tmp_path):
    pytest.importorskip("matplotlib")
    out = tmp_path / "why.png"
    result = run("average-face", people, "--why", out, "--draws", 2, "--json")
    assert result.code == 0
    (record,) = result.records
    assert record["counts"] == [1, 2, 4]
    assert record["draws"] == 2
    assert set(record["measures"]) == {
        "image_asymmetry", "shape_asymmetry", "skin_contrast", "feature_contrast",
        "distance_to_mean",
    }  # fmt: skip
    assert all(len(one["mean"]) == len(one["std"]) == 3 for one in record["measures"].values())
    assert "Langlois" in record["caption"]
    assert min(read_image(out).pixels.shape[:2]) > 800
    assert read_provenance(out).source_type == "compositeCapture"


def test_usage(run, people, tmp_path):
    out = tmp_path / "m.png"
    for words, said in (
        ((), "expected at least one of -o"),
        (("-o", tmp_path / "m.gif"), "--output: expected a name with"),
        (("-o", tmp_path / "m.bmp"), "--output: expected a name with"),
        (("--morph", tmp_path / "m.avi"), "ends with .mp4"),
        (("-o", out, "--why", out), "got one twice"),
        (("-o", out, "--size", 4), "size: expected 16 to 4096"),
        (("-o", out, "--warp", "bend"), "warp: expected one of"),
        (("-o", out, "--face", "-1"), "--face"),
        (("-o", out, "--from", "left"), "together with --morph"),
        (("--morph", tmp_path / "m.mp4", "--seconds", "nan"), "--seconds: expected"),
        (("--why", out, "--draws", 0), "--draws: expected"),
    ):
        result = run("average-face", people, *words)
        assert result.code == 2, words
        assert said in result.err
    out.write_bytes(b"mine")
    assert run("average-face", people, "-o", out).code == 2
    assert out.read_bytes() == b"mine"
    assert run("average-face", tmp_path / "none", "-o", tmp_path / "n.png").code == 4
    with pytest.raises(MediaError, match="expected pictures"):
        groups_in(str(tmp_path), without=[out])


def test_the_result_of_the_run_before_is_no_input(run, people, tmp_path):
    folder = tmp_path / "left"
    shutil.copytree(people / "left", folder)
    words = (
        "average-face",
        folder,
        "-o",
        folder / "mean.png",
        "--size",
        48,
        "--overwrite",
        "--json",
    )
    counts = [json.loads(run(*words).out)["count"] for _ in range(2)]
    assert counts == [2, 2]
