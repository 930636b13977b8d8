"""Cascade files: read and written back alike; whatever is wrong with one is named."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
from cvfast.errors import ModelError
from cvfast.models import cascade_xml
from cvfast.models.cascade_file import Cascade, read_cascade, write_cascade
from cvfast.models.registry import model_path

GOLDEN = Path(__file__).parents[1] / "golden"
TILTED, LBP, TREE = (GOLDEN / f"cascade_{name}.xml" for name in ("tilted", "lbp", "tree"))


def assert_same(a: Cascade, b: Cascade) -> None:
    assert (a.kind, a.size) == (b.kind, b.size)
    for name in Cascade.__slots__[2:]:
        one, other = getattr(a, name), getattr(b, name)
        assert one.dtype == other.dtype
        assert np.array_equal(one, other), name


@pytest.mark.parametrize("path", [TILTED, LBP, TREE], ids=lambda path: path.stem)
def test_what_is_written_is_read_again(path: Path, tmp_path: Path) -> None:
    cascade = read_cascade(path)
    copy = tmp_path / "copy.xml"
    write_cascade(copy, cascade, comment="a copy")
    assert_same(read_cascade(copy), cascade)
    assert "a copy" in copy.read_text()


def test_bundled_file_holds_what_its_header_says() -> None:
    cascade = read_cascade(model_path("cascade_frontal"))
    assert repr(cascade) == "Cascade(haar, 24x24, 25 stages, 2913 trees, 2913 features)"
    assert cascade.stage_trees[:3].tolist() == [9, 16, 27]
    assert cascade.stage_thresholds[0] == np.float32(-5.0425500869750977)
    assert cascade.feature_rects[-1].tolist() == [[9, 1, 6, 22], [12, 1, 3, 11], [9, 12, 3, 11]]
    assert not cascade.feature_tilted.any()


def test_any_float_keeps_its_bits(tmp_path: Path) -> None:
    cascade = read_cascade(TREE)
    bits = np.random.default_rng(2).integers(0, 1 << 32, len(cascade.leaf_values), np.uint32)
    values = bits.view(np.float32)
    cascade.leaf_values[:] = np.where(np.isfinite(values), values, np.float32(1e-45))
    write_cascade(tmp_path / "a.xml", cascade)
    assert_same(read_cascade(tmp_path / "a.xml"), cascade)


def test_comments_may_not_end_themselves(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="comment: expected text without '--'"):
        write_cascade(tmp_path / "a.xml", read_cascade(LBP), comment="a --> b")
    assert list(tmp_path.iterdir()) == []


def first(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


CHANGES = {
    "truncated": (TILTED, r"</stages>.*", "", "expected well-formed XML"),
    "empty": (TILTED, r".*", "", "expected well-formed XML"),
    "other root": (LBP, "opencv_storage", "svg", "expected <opencv_storage>"),
    "old": (LBP, "opencv-cascade-classifier", "opencv-haar-classifier", "version 2.1; convert"),
    "other type": (LBP, "opencv-cascade-classifier", "opencv-ml-svm", "opencv-ml-svm"),
    "hog": (LBP, "<featureType>LBP", "<featureType>HOG", "such as HOG, are not read"),
    "no boosting": (LBP, "BOOST", "SVM", "<stageType>: expected BOOST"),
    "codes": (LBP, "<maxCatCount>256", "<maxCatCount>0", "expected maxCatCount 256"),
    "window": (LBP, "<width>20", "<width>2000", "expected a window of 3 to 1024 pixels, got 2000"),
    "no width": (LBP, "<width>20</width>", "", "an element <width> in it, got none"),
    "no stages": (LBP, "<stages>.*</stages>", "<stages></stages>", "at least one stage"),
    "no trees": (
        LBP,
        "<weakClassifiers>.*</weakClassifiers>",
        "<weakClassifiers></weakClassifiers>",
        "expected one tree or more",
    ),
    "nan": (TILTED, "<stageThreshold>[^<]*", "<stageThreshold>nan", "finite numbers"),
    "opencv's nan": (TILTED, "<stageThreshold>[^<]*", "<stageThreshold>.Nan", "finite numbers"),
    "infinite leaf": (TREE, r"<leafValues>\s*\S+", "<leafValues>inf", "finite numbers"),
    "too large a leaf": (TREE, r"<leafValues>\s*\S+", "<leafValues>1e39", "finite numbers"),
    "two thresholds": (TREE, "<stageThreshold>", "<stageThreshold>1 ", "expected one number"),
    "leaf missing": (TREE, r"<leafValues>\s*\S+", "<leafValues>", "expected 4 leaves, got 3"),
    "node cut": (TREE, r"<internalNodes>\s*\S+", "<internalNodes>", "expected 4 numbers a node"),
    "child too far": (TREE, r"<internalNodes>\s*1", "<internalNodes>9", "leaves or later nodes"),
    "child before": (
        TREE,
        r"<internalNodes>(\s*\S+){4}\s+2",
        "<internalNodes>1 -1 0 .5 1",
        "leaves or later nodes",
    ),
    "half a child": (TREE, r"<internalNodes>\s*1", "<internalNodes>1.5", "later nodes"),
    "feature": (LBP, r"<internalNodes>\s*0 -1 0", "<internalNodes>0 -1 99", "a feature of 0 to"),
    "word": (LBP, r"<internalNodes>\s*0 -1", "<internalNodes>0 x", "integers of 32 bits, got 'x'"),
    "long word": (LBP, r"<rect>\s*\d+", "<rect>99999999999", "integers of 32 bits"),
    "rectangle": (LBP, r"<rect>\s*\d+ \d+ \d+", "<rect>1 1 7", "3 x 3 cells fit 20x20"),
    "no area": (LBP, r"<rect>\s*\d+ \d+ \d+", "<rect>1 1 0", "3 x 3 cells fit 20x20"),
    "negative": (TREE, r"<_>\s*\d+ \d+ \d+ \d+ -1", "<_>-1 1 1 1 -1", "x y w h inside 20x20"),
    "outside": (TREE, r"<_>\s*\d+ \d+ \d+ \d+ -1", "<_>1 1 20 1 -1", "x y w h inside 20x20"),
    "tilted outside": (
        TILTED,
        r"<_>\s*\d+ \d+ \d+ \d+ -1[^<]+",
        "<_>1 1 2 2 -1.",
        "tilted x y w h inside 20x20",
    ),
    "four rectangles": (
        TREE,
        "<rects>",
        "<rects>" + 3 * "<_>1 1 1 1 1.</_>",
        "at most 3 rectangles",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_wrong_is_named(name: str, tmp_path: Path) -> None:
    source, pattern, new, message = CHANGES[name]
    changed = first(pattern).sub(new, source.read_text(), count=0 if name == "other root" else 1)
    file = tmp_path / "bad.xml"
    file.write_text(changed)
    with pytest.raises(ModelError, match=re.escape(message)) as caught:
        read_cascade(file)
    assert str(caught.value).startswith(f"{file}, line ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "no document type and no entities"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "no document type and no entities"),
        ("<a>&lol;</a>", "expected well-formed XML, got: undefined entity"),
        ("<a><?php x ?></a>", "no processing instructions"),
        ("<a>" * 40 + "</a>" * 40, "at most 16 levels"),
        ("<a>" + "<b/>" * 2000 + "</a>", "at most 1000 elements"),
        ('<?xml version="1.0" encoding="no-such"?><a/>', "unknown encoding"),
        ("\0\0\0", "expected well-formed XML"),
    ],
)
def test_xml_that_is_more_than_data_is_refused(
    text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cascade_xml, "MOST_ELEMENTS", 1000)
    file = tmp_path / "bad.xml"
    file.write_bytes(text.encode())
    with pytest.raises(ModelError, match=message):
        read_cascade(file)


def test_huge_and_missing_files_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cascade_xml, "MOST_BYTES", 1 << 20)
    file = tmp_path / "huge.xml"
    file.write_bytes(b"<a>" + b" " * (1 << 20))
    with pytest.raises(ModelError, match="at most 1 MiB of XML"):
        read_cascade(file)
    with pytest.raises(ModelError, match=r"gone\.xml: cannot be read"):
        read_cascade(tmp_path / "gone.xml")
    with pytest.raises(ModelError, match="cannot be read"):
        read_cascade(tmp_path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelError, match="expected a file, got a named pipe"):
        read_cascade(tmp_path / "pipe")
