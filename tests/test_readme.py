"""The README's Python runs as it stands, and the files it points to are there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import av
import numpy as np
import pytest
from cvfast.cli.app import main
from cvfast.io.provenance import read_provenance
from PIL import Image
from skimage import data

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


@pytest.fixture(autouse=True)
def in_a_folder_with_a_portrait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(data.astronaut()).save("portrait.jpg")


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_python_blocks_run(number: int) -> None:
    exec(compile(BLOCKS[number], f"README.md block {number}", "exec"), {})  # noqa: S102


def test_the_first_block_leaves_a_marked_picture() -> None:
    exec(compile(BLOCKS[0], "README.md", "exec"), {})  # noqa: S102

    mark = read_provenance("big.jpg")
    assert mark is not None
    assert mark.actions == ("big_eyes=0.4",)


def test_shell_lines_run() -> None:
    lines = re.findall(r"^cvfast (retouch .*)$", README, re.MULTILINE)

    assert lines[0] == "retouch portrait.jpg -o big-eyes.jpg --big-eyes 0.4"
    assert "talk.mp4" in lines[1]
    _write_clip("talk.mp4")
    for line in lines:
        words = shlex.split(line)
        assert main(words) == 0
        assert read_provenance(words[words.index("-o") + 1]) is not None


def _write_clip(path: str) -> None:
    pixels = data.astronaut()[:256, 96:352]
    with av.open(path, "w") as out:
        video = out.add_stream("libx264", rate=25, options={"crf": "12", "preset": "ultrafast"})
        video.height, video.width = pixels.shape[:2]
        video.pix_fmt = "yuv420p"
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            out.mux(video.encode(frame))
        out.mux(video.encode(None))


def test_links_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]

    links = {
        page.parent / link
        for page in pages
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
        if "://" not in link
    }

    assert ROOT / "docs/images/big-eyes.jpg" in links
    assert [link for link in links if not link.exists()] == []


@pytest.mark.parametrize("name", ["big-eyes", "eye-color", "retouch-set"])
def test_altered_pictures_say_so(name: str) -> None:
    mark = read_provenance(ROOT / f"docs/images/{name}.jpg")
    assert mark is not None
    assert mark.source_type == "algorithmicallyEnhanced"
