from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cvfast.errors import MediaError, OutputError, OutputExistsError
from cvfast.io.files import Job, expand_inputs, is_video, plan_outputs


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    (folder / "z.jpg.d").mkdir()
    for name in ("b.PNG", "a.jpg", "clip.mp4", "notes.txt", ".a.part.jpg", "deep/c.webp"):
        (folder / name).touch()
    (tmp_path / "out").mkdir()
    return tmp_path


def short(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


def test_folders_globs_and_files(tree: Path) -> None:
    folder = tree / "in"
    assert short(expand_inputs([folder])) == ["a.jpg", "b.PNG", "clip.mp4"]
    assert short(expand_inputs([folder], recursive=True)) == [
        "a.jpg",
        "b.PNG",
        "clip.mp4",
        "c.webp",
    ]
    assert short(expand_inputs([folder], videos=False)) == ["a.jpg", "b.PNG"]
    assert short(expand_inputs([folder], images=False)) == ["clip.mp4"]
    assert short(expand_inputs([f"{folder}/*"])) == ["a.jpg", "b.PNG", "clip.mp4"]
    assert short(expand_inputs([f"{folder}/**/*.webp"])) == ["c.webp"]
    assert short(expand_inputs([folder / "notes.txt"])) == ["notes.txt"]


def test_each_file_once_in_order(tree: Path) -> None:
    folder = tree / "in"
    given = [folder / "b.PNG", f"{folder}/../in/a.jpg", folder, folder / "a.jpg"]
    assert short(expand_inputs(given)) == ["a.jpg", "b.PNG", "clip.mp4"]


def test_a_name_with_glob_characters_is_a_file_first(tree: Path) -> None:
    (tree / "in" / "a[1].jpg").touch()
    assert short(expand_inputs([tree / "in" / "a[1].jpg"])) == ["a[1].jpg"]


def test_inputs_that_mean_nothing(tree: Path) -> None:
    with pytest.raises(MediaError, match=r"missing\.jpg: no such file or folder"):
        expand_inputs([tree / "missing.jpg"])
    with pytest.raises(MediaError, match="expected pictures or clips, found none"):
        expand_inputs([tree / "out"])
    with pytest.raises(MediaError, match=r"\*\.gif: expected pictures or clips, found none"):
        expand_inputs([f"{tree}/*.gif"])
    with pytest.raises(MediaError, match="name of a file or folder, got an empty one"):
        expand_inputs([""])


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
def test_a_pipe_is_not_waited_for(tree: Path) -> None:
    os.mkfifo(tree / "pipe.jpg")
    with pytest.raises(MediaError, match=r"pipe\.jpg: expected a file or folder, got a pipe"):
        expand_inputs([tree / "pipe.jpg"])


def test_kind_by_suffix_then_by_content(tmp_path: Path) -> None:
    assert is_video("a.MOV")
    assert not is_video("a.JPeG")
    (tmp_path / "picture").write_bytes(b"\xff\xd8\xff\xe0" + bytes(12))
    (tmp_path / "clip.bin").write_bytes(b"\0\0\0\x18ftypisom" + bytes(12))
    assert not is_video(tmp_path / "picture")
    assert is_video(tmp_path / "clip.bin")
    with pytest.raises(MediaError, match="cannot be read"):
        is_video(tmp_path / "missing")


def test_one_input_to_a_file_several_to_a_folder(tree: Path) -> None:
    a, clip = tree / "in" / "a.jpg", tree / "in" / "clip.mp4"
    assert plan_outputs([a], tree / "new.png") == [Job(a, tree / "new.png", False)]
    assert plan_outputs([a], tree / "out") == [Job(a, tree / "out" / "a.jpg", False)]
    assert plan_outputs([a, clip], tree / "out") == [
        Job(a, tree / "out" / "a.jpg", False),
        Job(clip, tree / "out" / "clip.mp4", True),
    ]
    (tree / "in" / "p.heic").touch()
    assert plan_outputs([tree / "in" / "p.heic"], tree / "out")[0].target.name == "p.jpg"
    with pytest.raises(ValueError, match="output: expected a folder for 2 inputs"):
        plan_outputs([a, clip], tree / "new.png")
    for out in ("nowhere", "nowhere/a.jpg"):
        with pytest.raises(OutputError, match="no such folder"):
            plan_outputs([a], tree / out)


def test_folders_of_folders_keep_their_shape(tree: Path) -> None:
    paths = expand_inputs([tree / "in"], recursive=True)
    jobs = plan_outputs(paths, tree / "out", roots=[tree / "in"])
    assert [str(job.target.relative_to(tree / "out")) for job in jobs] == [
        "a.jpg",
        "b.PNG",
        "clip.mp4",
        str(Path("deep", "c.webp")),
    ]
    assert (tree / "out" / "deep").is_dir()


def test_collisions_name_both(tree: Path) -> None:
    (tree / "in" / "deep" / "A.jpg").touch()
    pair = [tree / "in" / "a.jpg", tree / "in" / "deep" / "A.jpg"]
    with pytest.raises(ValueError, match=r"in/a\.jpg and .*deep/A\.jpg would both become"):
        plan_outputs(pair, tree / "out")


def test_an_input_is_never_an_output(tree: Path) -> None:
    a = tree / "in" / "a.jpg"
    with pytest.raises(ValueError, match=r"is the input .*a\.jpg"):
        plan_outputs([a], a, overwrite=True)
    with pytest.raises(ValueError, match="originals are never replaced"):
        plan_outputs([a], tree / "in", overwrite=True)
    (tree / "hard.jpg").hardlink_to(a)
    (tree / "soft.jpg").symlink_to(a)
    for link in ("hard.jpg", "soft.jpg"):
        with pytest.raises(ValueError, match="is the input"):
            plan_outputs([a], tree / link, overwrite=True)


def test_nothing_leaves_the_output_folder(tree: Path) -> None:
    (tree / "elsewhere").mkdir()
    (tree / "out" / "deep").symlink_to(tree / "elsewhere")
    source = tree / "in" / "deep" / "c.webp"
    with pytest.raises(ValueError, match="expected a result inside"):
        plan_outputs([source], tree / "out", roots=[tree / "in"])
    with pytest.raises(ValueError, match="expected a result inside"):
        plan_outputs(
            [tree / "in" / "deep" / ".." / ".." / "in" / "a.jpg"],
            tree / "out",
            roots=[tree / "in" / "deep"],
        )


def test_existing_results_need_overwrite(tree: Path) -> None:
    (tree / "out" / "a.jpg").touch()
    with pytest.raises(OutputExistsError, match=r"out/a\.jpg: the file exists already"):
        plan_outputs([tree / "in" / "a.jpg"], tree / "out")
    assert plan_outputs([tree / "in" / "a.jpg"], tree / "out", overwrite=True)


def test_importing_io_loads_nothing_heavy() -> None:
    code = (
        "import sys, cvfast.io, cvfast.io.files, cvfast.io.provenance, cvfast.io.images; "
        "print([n for n in ('PIL', 'av', 'cv2', 'scipy', 'pillow_heif') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
