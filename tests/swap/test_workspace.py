"""Workspaces: made once with consent, opened with care, nothing deleted."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from cvfast.cli.app import main
from cvfast.errors import MediaError, OutputExistsError
from cvfast.io.images import write_image
from cvfast.swap.status import status
from cvfast.swap.workspace import MANIFEST, Workspace

from tests.swap.moving_faces import write_clip


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("clips")
    return write_clip(folder / "a.mp4", 3, frames=2), write_clip(folder / "b.mp4", 9, frames=2)


def test_a_workspace_is_made_and_opened(tmp_path: Path, clips: tuple[Path, Path]) -> None:
    made = Workspace.init(tmp_path / "w", source=clips[0], target=clips[1], consent=True)
    opened = Workspace.open(tmp_path / "w")
    assert opened.manifest == made.manifest
    assert opened.clip("source") == clips[0]
    assert opened.checked_clip("target") == clips[1]
    assert opened.manifest["consent"]["confirmed"] == "the people shown agree to this swap"
    named = {
        "data_src": opened.frames("source"),
        "data_dst": opened.frames("target"),
        "data_src/aligned": opened.faces("source"),
        "data_dst/aligned_debug": opened.debug("target"),
        "data_dst/merged": opened.merged,
        "data_dst/merged_mask": opened.merged_mask,
        "model": opened.model,
        "result.mp4": opened.result,
        "result_mask.mp4": opened.result_mask,
    }
    assert all(opened.path / name == path for name, path in named.items())
    assert [path.name for path in opened.path.iterdir()] == [MANIFEST]
    assert status(opened).next_step.startswith("cvfast swap extract")


def test_without_consent_nothing_is_made(tmp_path: Path, clips: tuple[Path, Path]) -> None:
    with pytest.raises(ValueError, match="--consent"):
        Workspace.init(tmp_path / "w", source=clips[0], target=clips[1], consent=False)
    assert not (tmp_path / "w").exists()


def test_the_command_makes_one_and_may_be_given_again(
    tmp_path: Path, clips: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "w"
    words = ["swap", "init", str(place), "--source", str(clips[0]), "--target", str(clips[1])]
    assert main(words) == 2
    assert "--consent" in capsys.readouterr().err
    assert not place.exists()
    place.mkdir()
    # Of a process that was killed on writing the manifest:
    (place / f".{MANIFEST[:-5]}.{'0' * 16}.part.json").write_bytes(b"{")
    assert main([*words, "--consent"]) == 0
    workspace = Workspace.open(place)
    assert workspace.clip("source") == clips[0]
    assert workspace.manifest["consent"]["confirmed"] == "the people shown agree to this swap"
    assert [path.name for path in place.iterdir()] == [MANIFEST]
    before = (place / MANIFEST).read_bytes()
    assert main(words) == 0  # after a kill, say: nothing is asked again
    assert "there already" in capsys.readouterr().out
    with pytest.raises(OutputExistsError, match="holds something already"):
        Workspace.init(place, source=clips[0], target=clips[1], consent=True)
    words[4], words[6] = words[6], words[4]
    assert main(words) == 2
    assert "another source" in capsys.readouterr().err
    assert (place / MANIFEST).read_bytes() == before


def test_bad_clips_are_refused_at_once(tmp_path: Path, clips: tuple[Path, Path]) -> None:
    def make(source: Path, target: Path) -> None:
        Workspace.init(tmp_path / "w", source=source, target=target, consent=True)

    copy = tmp_path / "copy.mp4"
    shutil.copyfile(clips[0], copy)
    short = tmp_path / "short.mp4"
    short.write_bytes(clips[0].read_bytes()[:500])
    picture = tmp_path / "one.png"
    write_image(picture, np.zeros((8, 8, 3), np.uint8))
    empty = tmp_path / "empty"
    empty.mkdir()
    for target, said in (
        (tmp_path / "none.mp4", "none.mp4: expected a clip or a folder of pictures, found nothing"),
        (short, "short.mp4"),
        (copy, "expected a target that is not the source"),
        (clips[0], "expected a target that is not the source"),
        (picture, "one.png: expected a clip, got a picture"),
        (empty, "expected pictures or clips, found none"),
    ):
        with pytest.raises(MediaError, match=said):
            make(clips[0], target)
    assert not (tmp_path / "w").exists()


def test_what_is_there_already_is_left_alone(tmp_path: Path, clips: tuple[Path, Path]) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "diary.txt").write_text("mine")
    with pytest.raises(OutputExistsError, match="holds something already"):
        Workspace.init(tmp_path / "w", source=clips[0], target=clips[1], consent=True)
    assert [path.name for path in (tmp_path / "w").iterdir()] == ["diary.txt"]


def test_a_clip_that_went_or_changed_is_named(tmp_path: Path, clips: tuple[Path, Path]) -> None:
    source = tmp_path / "a.mp4"
    shutil.copyfile(clips[0], source)
    workspace = Workspace.init(tmp_path / "w", source=source, target=clips[1], consent=True)
    shutil.copyfile(clips[1], source)
    with pytest.raises(MediaError, match="got another file of this name"):
        workspace.checked_clip("source")
    source.unlink()
    with pytest.raises(MediaError, match="which is gone; put it back"):
        workspace.checked_clip("source")
    assert "(gone)" in "\n".join(status(workspace).lines())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 2}, "a newer cvfast made it; update this one"),
        ({"version": "1"}, "a newer cvfast made it"),
        ({"version": "x"}, "version"),
        ({"source": {}}, "expected a workspace's manifest"),
        ({"consent": {"confirmed": ""}}, "have not been confirmed to agree"),
        ({"consent": None}, "expected a workspace's manifest"),
        ({"target": []}, "expected a workspace's manifest"),
        ({"source": {"path": 7}}, "expected a workspace's manifest"),
    ],
)
def test_damaged_and_newer_manifests(
    tmp_path: Path, clips: tuple[Path, Path], change: dict[str, object], said: str
) -> None:
    made = Workspace.init(tmp_path / "w", source=clips[0], target=clips[1], consent=True)
    (made.path / MANIFEST).write_text(json.dumps(made.manifest | change))
    with pytest.raises(MediaError, match=said):
        Workspace.open(made.path)


@pytest.mark.parametrize("text", [b"", b"[]", b"\xff\xfe", b"{}", b"[" * 100_000])
def test_no_manifest_at_all(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(MediaError, match="swap init"):
        Workspace.open(tmp_path)
    (tmp_path / MANIFEST).write_bytes(text)
    with pytest.raises(MediaError, match="expected a workspace's manifest"):
        Workspace.open(tmp_path)
