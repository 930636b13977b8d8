"""``cvfast recognize explain``: one page that needs nothing else."""

from __future__ import annotations

import base64
import io
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from cvfast.errors import ModelError
from cvfast.io.images import write_image
from cvfast.models.deepface_file import DeepFaceWeights, weight_shapes, write_deepface
from cvfast.recognition.deepface import DeepFace
from cvfast.synth.faces import make_face
from PIL import Image

SIZE, WIDTH = 80, 0.125


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """Two people with three pictures, one with a name that a page must not take for its own."""
    root = tmp_path_factory.mktemp("people")
    for number in range(6):
        folder = root / ("_ann & <b>$x$", "bob")[number // 3]
        folder.mkdir(exist_ok=True)
        face = make_face(number // 3, seed=number, size=112, pose=(0.1, 0, 0), occlusion="none")
        write_image(folder / f"{number}.png", face.image)
    write_image(root / "bob/nobody.png", np.full((48, 48, 3), 90, np.uint8))
    return root


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    """A DeepFace that nobody trained."""
    rng = np.random.default_rng(0)
    layers = {
        name: (rng.normal(0, 0.1, shape) + 0.01).astype(np.float32)
        for name, shape in weight_shapes(SIZE, WIDTH).items()
    }
    scale = np.ones(len(layers["F7.bias"]), np.float32)
    path = tmp_path_factory.mktemp("net") / "net.safetensors"
    weights = DeepFaceWeights(SIZE, WIDTH, layers, scale, "cosine", None, 0.5, None, "none")
    write_deepface(path, weights)
    return path


class Page(HTMLParser):
    """What a page has in it: its pictures, their words, and the ids of its headings."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags, self.pictures, self.ids, self.words = [], {}, [], []
        self.source = path.read_text("utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        self.ids += [given["id"]] if "id" in given else []
        if tag == "img":
            self.pictures.setdefault(given["alt"], []).append(self.decoded(given.pop("src")))
        for name, value in given.items():
            assert name not in ("src", "href", "srcset", "data", "action")
            assert not name.startswith("on")
            assert "http:" not in value
            assert "https:" not in value

    def handle_data(self, data):
        self.words.append(data)

    @staticmethod
    def decoded(uri):
        kind, data = uri.split(",", 1)
        assert kind == "data:image/png;base64"
        return Image.open(io.BytesIO(base64.b64decode(data, validate=True)))

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def page(people, net, tmp_path_factory):
    from cvfast.cli.app import main

    path = tmp_path_factory.mktemp("page") / "report.html"
    assert main(["recognize", "explain", str(people), "-o", str(path), "--model", str(net)]) == 0
    return Page(path)


def test_the_page_holds_all_that_it_shows(page):
    assert not {"script", "link", "iframe", "object", "embed", "base"} & set(page.tags)
    assert not re.search(r"https?://|url\(|@import", page.source)
    assert "default-src 'none'" in page.source
    assert page.ids == [
        "missing", "steps", "mean", "components", "spectrum", "rebuilt", "map", "near", "layers",
    ]  # fmt: skip


def test_it_shows_each_step_with_its_figures(page):
    for name in ("aligned by the eyes", "grey", "equalised", "masked", "mean of 6"):
        assert [picture.size for picture in page.pictures[name]] == [(64, 64)]
    colors = np.asarray(page.pictures["component 1"][0]).reshape(-1, 3).astype(int)
    lean = colors[:, 0] - colors[:, 2]  # red above 0, blue below, white at it
    assert lean.max() > 60
    assert lean.min() < -60
    assert (lean == 0).sum() > 500  # what is outside of the oval differs in nobody
    assert "component 5" in page.pictures  # of six faces there are five
    assert "component 6" not in page.pictures
    assert len([name for name in page.pictures if name.startswith("k = 5, error 0.")]) >= 1
    assert "This set has 5 components" in page.text
    assert "Of 6 faces whose person has another picture here" in page.text
    assert page.pictures["Map of the faces along the first two components"][0].width > 500


def test_it_shows_what_each_layer_answers_to(page):
    for layer in ("C1 (4 x", "M2 (4 x", "C3 (2 x", "L4 (2 x", "L5 (2 x", "L6 (2 x"):
        assert layer in page.text
    assert page.pictures["seen from the front"][0].size == (152, 152)
    assert len(page.pictures[""]) == 4 + 4 + 2 * 4  # maps
    assert "Distance between people over distance within one, by layer" in page.pictures
    assert re.search(r"pixels 3 x 152 x 152 \d\.\d\d [0-6] of 6", page.text)


def test_names_are_words_and_not_markup(page):
    assert "<b>" not in page.source
    assert any(name.startswith("_ann & <b>$x$, 0.png") for name in page.pictures)


def test_what_is_missing_is_listed_and_told(run, people, net, tmp_path):
    out = tmp_path / "report.html"
    words = ("recognize", "explain", people, "-o", out, "--model", net, "--json", "--strict")
    result = run(*words)
    assert result.code == 3  # a picture without a face; without --strict it is no failure
    (record,) = result.records
    assert (record["kind"], record["faces"], record["people"]) == ("explain", 6, 2)
    assert [Path(path).name for path in record["missing"]] == ["nobody.png"]
    assert list(record["layers"]) == ["pixels", "C1", "M2", "C3", "L4", "L5", "L6", "F7"]
    assert 0 <= record["nearest_same"] <= 1
    assert "nobody.png: no face found" in Page(out).text
    assert "no face in 1" in result.err
    before = out.read_bytes()
    assert "exists already" in run(*words).err
    assert out.read_bytes() == before


def test_files_without_names_and_without_a_net(run, people, tmp_path, monkeypatch):
    def none(path=None):
        raise ModelError("the model is gone.")

    monkeypatch.setattr(DeepFace, "load", none)
    out = tmp_path / "report.html"
    result = run("recognize", "explain", people / "bob/3.png", people / "bob/4.png", "-o", out)
    assert result.code == 0
    assert "report.html: 2 faces, 1 component for 90 %" in result.out
    text = Page(out).text
    assert "the model is gone. Train one with cvfast train deepface" in text
    assert "Put the pictures of each person into a subfolder" in text
    assert "This set has 1 component, one less" in text
    assert run("recognize", "explain", people, "-o", tmp_path / "b.html", "--model", "x").code == 5


def test_one_face_is_not_enough(run, people, net, tmp_path):
    out = tmp_path / "report.html"
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "3.png").write_bytes((people / "bob/3.png").read_bytes())
    result = run("recognize", "explain", alone, "-o", out, "--model", net)
    assert result.code == 3
    assert "at least two pictures with a face to compare, found 1 in 1" in result.err
    result = run("recognize", "explain", tmp_path / "nowhere", "-o", out, "--model", net)
    assert result.code == 4
    assert "nowhere: no such file or folder" in result.err
    twice = alone / "4.png"
    twice.write_bytes((people / "bob/3.png").read_bytes())
    result = run("recognize", "explain", alone, "-o", out, "--model", net)
    assert result.code != 0
    assert "2 times the same picture" in result.err
    assert not out.exists()


def test_without_jinja2_it_says_what_to_install(run, people, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    result = run("recognize", "explain", people, "-o", tmp_path / "report.html")
    assert result.code != 0
    assert "pip install 'cvfast[plot]'" in result.err


def test_a_long_name_leaves_room_for_the_map(tmp_path, recwarn):
    from types import SimpleNamespace

    from cvfast.cli.explainplots import map_plot

    aligned = np.zeros((8, 8), np.uint8)
    faces = [SimpleNamespace(person=name, aligned=aligned) for name in ("x" * 250, "a\nb")]
    map_plot(faces, np.eye(2))
    assert not [str(one.message) for one in recwarn if "layout" in str(one.message)]
