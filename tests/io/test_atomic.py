from __future__ import annotations

import errno
import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from cvfast.errors import OutputError, OutputExistsError
from cvfast.io import atomic, atomic_path, write_bytes
from cvfast.io.atomic import leftovers

Names = Callable[[Path], list[str]]
CALLS = ["open", "close", "fsync", "link", "replace", "unlink", "chmod", "stat"]


def test_writes_a_new_file_and_leaves_nothing_else(tmp_path: Path, names: Names) -> None:
    with atomic_path(tmp_path / "a.mp4") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".mp4"
        assert temporary.name.startswith(".a.")
        assert not (tmp_path / "a.mp4").exists()
        temporary.write_bytes(b"new")
    assert (tmp_path / "a.mp4").read_bytes() == b"new"
    assert names(tmp_path) == ["a.mp4"]


def test_an_existing_file_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(OutputExistsError, match="exists already"), atomic_path(tmp_path / "a"):
        pytest.fail("the block must not run")
    assert (tmp_path / "a").read_bytes() == b"old"


def race(target: Path) -> None:
    with atomic_path(target) as temporary:
        temporary.write_bytes(b"mine")
        target.write_bytes(b"theirs")


def half(target: Path, error: type[BaseException]) -> None:
    with atomic_path(target, overwrite=True) as temporary:
        temporary.write_bytes(b"half")
        raise error


def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path, names: Names) -> None:
    with pytest.raises(OutputExistsError):
        race(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"theirs"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("theirs", [False, True])
def test_file_systems_without_hard_links(
    tmp_path: Path, names: Names, monkeypatch: pytest.MonkeyPatch, theirs: bool
) -> None:
    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", no_links)
    if theirs:
        with pytest.raises(OutputExistsError):
            race(tmp_path / "a")
    else:
        write_bytes(tmp_path / "a", b"mine")
    assert (tmp_path / "a").read_bytes() == (b"theirs" if theirs else b"mine")
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, SystemExit])
@pytest.mark.parametrize("old", [None, b"old"])
def test_an_interrupted_block_changes_nothing(
    tmp_path: Path, names: Names, error: type[BaseException], old: bytes | None
) -> None:
    target = tmp_path / "a.png"
    if old:
        target.write_bytes(old)
    with pytest.raises(error):
        half(target, error)
    assert names(tmp_path) == (["a.png"] if old else [])
    assert not old or target.read_bytes() == old


@pytest.mark.parametrize("overwrite", [False, True])
def test_permissions_are_those_of_open(tmp_path: Path, overwrite: bool) -> None:
    mask = os.umask(0o027)
    try:
        (tmp_path / "reference").write_bytes(b"")
        write_bytes(tmp_path / "a", b"x", overwrite=overwrite)
    finally:
        os.umask(mask)
    mode = stat.S_IMODE((tmp_path / "a").stat().st_mode)
    assert mode == stat.S_IMODE((tmp_path / "reference").stat().st_mode) == 0o640


def test_a_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "a").chmod(0o604)
    write_bytes(tmp_path / "a", b"new", overwrite=True)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o604
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_symbolic_link_stays_and_its_file_is_replaced(tmp_path: Path, names: Names) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "far" / "file")
    with pytest.raises(OutputExistsError):
        write_bytes(tmp_path / "link", b"new")
    write_bytes(tmp_path / "link", b"new", overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "far" / "file").read_bytes() == b"new"
    assert names(tmp_path / "far") == ["file"]


def test_places_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OutputError, match=r"no such folder: .*nowhere\. Create it"):
        write_bytes(tmp_path / "nowhere" / "a", b"")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="no such folder"):
        write_bytes(tmp_path / "file" / "a", b"")
    with pytest.raises(OutputError, match="expected a file to write, got a folder"):
        write_bytes(tmp_path, b"", overwrite=True)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match="device or pipe"):
        write_bytes(tmp_path / "pipe", b"", overwrite=True)
    with pytest.raises(OutputError, match="cannot be written"):
        write_bytes(tmp_path / ("a" * 300), b"")
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # the tests may run as root
    with pytest.raises(OutputError, match="no permission to write in the folder"):
        write_bytes(tmp_path / "a", b"")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).is_dir())
    with pytest.raises(OutputError, match="write-protected"):
        write_bytes(tmp_path / "file", b"", overwrite=True)


def test_long_names_are_fine(tmp_path: Path) -> None:
    name = "a" * 250 + ".png"
    write_bytes(tmp_path / name, b"x")
    assert (tmp_path / name).read_bytes() == b"x"


@pytest.fixture
def full_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file system of 64 KiB where one can be mounted, else a folder whose files refuse data."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:

        def full(self: Path, data: bytes) -> int:
            self.touch()
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(Path, "write_bytes", full)
    yield folder
    if mounted:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_said_so_and_nothing_is_left(full_folder: Path, names: Names) -> None:
    with pytest.raises(OutputError, match="no space left on the device while writing it; nothing"):
        write_bytes(full_folder / "a", bytes(1 << 20))
    assert names(full_folder) == []


def test_a_full_disk_met_by_ffmpeg_is_said_so(tmp_path: Path, names: Names) -> None:
    class FfmpegError(Exception):
        errno = errno.ENOSPC

    with pytest.raises(OutputError, match="no space left"), atomic_path(tmp_path / "a"):
        raise FfmpegError
    assert names(tmp_path) == []


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EPERM])
@pytest.mark.parametrize("call", CALLS)
def test_any_failing_system_call_leaves_the_old_or_the_new_file(
    tmp_path: Path,
    names: Names,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    code: int,
    overwrite: bool,
) -> None:
    target = tmp_path / "a"
    real = getattr(os, call)
    for nth in range(8):
        target.unlink(missing_ok=True)
        if overwrite:
            target.write_bytes(b"old")
        calls = iter(range(100))

        def fails(*args: object, _nth: int = nth, _calls: Iterator[int] = calls, **kw: object):
            bad = next(_calls) == _nth
            result = real(*args, **kw) if not bad or call == "close" else None
            if bad:
                raise OSError(code, "planted")
            return result

        with monkeypatch.context() as patch, suppress(OutputError):
            patch.setattr(os, call, fails)
            with atomic.atomic_path(target, overwrite=overwrite) as temporary:
                patch.setattr(os, call, real)  # the caller's own writing is another test
                temporary.write_bytes(b"new")
                patch.setattr(os, call, fails)
        content = target.read_bytes() if target.exists() else None
        assert content in ((b"old", b"new") if overwrite else (None, b"new"))
        assert names(tmp_path) == (["a"] if content else [])


def test_leftovers_of_a_file_are_no_other_files(tmp_path):
    long = "one and the same long beginning of a name "
    names = ["a.jpg", "a.mp4", "a.b.jpg", long + "1.mp4", long + "2.mp4"]
    left = {}
    for name in names:
        with (
            atomic_path(tmp_path / name) as outer,
            atomic_path(outer, overwrite=True) as inner,
        ):
            left[name] = {outer.name, inner.name}
        (tmp_path / name).unlink()
    assert len(set.union(*left.values())) == 2 * len(names)
    for each in left.values():
        for name in each:
            (tmp_path / name).touch()
    for name in names:
        assert {path.name for path in leftovers(tmp_path, of=tmp_path / name)} == left[name]
    assert len(leftovers(tmp_path)) == 2 * len(names)
