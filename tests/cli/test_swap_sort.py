"""``cvfast swap sort``, ``clean`` and ``compare`` as a user runs them."""

from __future__ import annotations

from pathlib import Path

import pytest
from cvfast.io.images import write_image
from cvfast.swap.workspace import Workspace

from tests.swap.made_faces import made, write_made, write_plain


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A workspace with six faces of noise a side."""
    picture = made(1, 1).image
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_image(tmp_path / name / "picture.png", picture)
    workspace = Workspace.init(
        tmp_path / "work", source=tmp_path / "a", target=tmp_path / "b", consent=True
    )
    for side in ("source", "target"):
        write_plain(workspace.faces(side), 6)
    return workspace.path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_sorted_and_undone(work: Path, run) -> None:
    faces = work / "data_src" / "aligned"
    before = names(faces)
    done = run("swap", "sort", work, "--side", "source", "--by", "best", "--target", 4, "--json")
    assert done.code == 0, done.err
    (record,) = done.records
    assert (record["kept"], record["rejected"]) == (4, 2)
    assert len(names(faces.with_name("aligned_trash"))) == 2
    undone = run("swap", "sort", faces, "--undo")
    assert undone.code == 0
    assert "undone: sort by best" in undone.out
    assert names(faces) == before
    again = run("swap", "sort", faces, "--undo")
    assert again.code != 0
    assert "nothing was sorted here" in again.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--side", "source"], "by: expected --undo, or --by with one of blur"),
        (["--by", "blur"], "side: expected --side source or target"),
        (["--side", "source", "--by", "beauty"], "by: expected one of blur"),
        (["--side", "source", "--by", "blur", "--undo"], "by: expected --undo, or --by"),
    ],
)
def test_what_is_wrong_is_said(words: list[str], said: str, work: Path, run) -> None:
    done = run("swap", "sort", work, *words)
    assert done.code == 2
    assert said in done.err


def test_cleaned_and_undone(work: Path, run, tmp_path: Path) -> None:
    faces = work / "data_dst" / "aligned"
    write_made(faces / "dark.jpg", made(1, 1), side=64, pixels=lambda picture: picture // 10)
    before = names(faces)
    sheet = tmp_path / "sheet.html"
    words = ("swap", "clean", work, "--side", "target", "--people", "none")
    done = run(*words, "-o", sheet, "--json")
    assert done.code == 0, done.err
    *each, whole = done.records
    assert len(each) == whole["faces"] == 7
    assert "badly lit" in next(face for face in each if face["face"] == "dark.jpg")["reasons"]
    assert whole["counts"]["badly lit"] >= 1
    assert (whole["moved"], names(faces)) == (0, before)
    assert "badly lit" in sheet.read_text()
    assert run(*words, "-o", sheet).code != 0, "the sheet is there"
    moved = run(*words, "--apply")
    assert moved.code == 0
    assert "--undo brings them back" in moved.out
    assert "dark.jpg" not in names(faces)
    assert run("swap", "clean", work, "--side", "target", "--undo").code == 0
    assert names(faces) == before


def test_compared(work: Path, run, tmp_path: Path) -> None:
    plot = tmp_path / "alike.png"
    done = run("swap", "compare", work, "-o", plot)
    assert done.code == 0, done.err
    assert "6 faces of the source, 6 of the target" in done.out
    assert "pose 100%, expression 100%, light" in done.out
    assert "6 faces are too few to learn a face from" in done.out
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert run("swap", "compare", work, "-o", plot).code != 0, "the plot is there"
    (record,) = run("swap", "compare", work, "--json").records
    assert record["covered"]["pose"] == 1
    assert record["several"] == []
    assert record["plot"] is None
