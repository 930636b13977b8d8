"""The one way cvfast writes a file: the old file or the complete new one, never a part of it."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cvfast.errors import OutputError, OutputExistsError
from cvfast.typing import Path as PathLike

__all__ = [
    "atomic_path",
    "check_target",
    "flush_folder",
    "leftovers",
    "make_folder",
    "remove_leftovers",
    "write_bytes",
]

_LONGEST = 40  # characters of a file's stem that its temporary files show
_TEMPORARY = re.compile(r"(\..*\.)[0-9a-f]{16}\.part(\.[^.]*|)", re.DOTALL)
# What a full or locked disk answers, whoever wrote (Python, Pillow, FFmpeg).
_DISK = {
    errno.ENOSPC: "no space left on the device",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file is larger than the file system allows",
    errno.EROFS: "the file system is read-only",
}
# What file systems without hard links answer to os.link.
_NO_LINKS = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EMLINK}
# What file systems that cannot flush a folder answer to os.fsync.
_NO_FOLDER_SYNC = {errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EBADF}


@contextmanager
def atomic_path(target: PathLike, *, overwrite: bool = False) -> Iterator[Path]:
    """Hand out a temporary path beside `target` and put it in place when all went well.

    The temporary file exists (empty) from the start, is hidden and has the suffix of `target`. If
    the block ends normally it is flushed to disk and renamed; on any exception, Ctrl-C included, it
    is removed and an existing `target` stays as it was. Permissions are those that ``open`` would
    give. A symbolic link is followed: the file it points to is replaced, the link stays.

    Parameters
    ----------
    target : str or path
        The file to write. Its folder must exist.
    overwrite : bool
        Allow `target` to exist. Without it, a file that appears while the block runs is kept too.

    Yields
    ------
    pathlib.Path
        Where to write.

    Raises
    ------
    OutputExistsError
        `target` exists and `overwrite` is False.
    OutputError
        The folder is missing or not writable, `target` is a folder, or the disk is full.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from cvfast.io.atomic import atomic_path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_path(Path(folder) / "note.txt") as temporary:
    ...         _ = temporary.write_text("whole or not at all")
    ...     [path.name for path in Path(folder).iterdir()]
    ['note.txt']
    """
    shown = Path(target)
    final = Path(os.path.realpath(shown))
    check_target(shown, overwrite=overwrite)
    temporary = final.with_name(f"{_beginning(final)}{secrets.token_hex(8)}.part{final.suffix}")
    try:
        with _explained(shown):
            # 0o666 less the umask, as open() would: tempfile's 0o600 would hide the result.
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        try:
            yield temporary
        except Exception as error:
            code = getattr(error, "errno", None)  # FFmpeg's errors carry one but are no OSError
            if code in _DISK:
                raise OutputError(_message(shown, code)) from error
            raise
        with _explained(shown):
            _flush(temporary)
            _publish(temporary, final, shown, overwrite)
    finally:
        _discard(temporary)
    with _explained(shown):
        flush_folder(final.parent)


def write_bytes(
    target: PathLike,
    data: bytes,
    *,
    overwrite: bool = False,
    settle: Callable[[Path], None] | None = None,
) -> None:
    """Write `data` to `target` through `atomic_path`.

    Parameters
    ----------
    target : str or path
        The file to write.
    data : bytes
        Its whole content.
    overwrite : bool
        Replace an existing file.
    settle : callable, optional
        Called with the finished file under its temporary name, before it gets its own.

    Raises
    ------
    OutputError
        As for `atomic_path`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from cvfast.io.atomic import write_bytes
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_bytes(Path(folder) / "a.bin", b"abc")
    ...     (Path(folder) / "a.bin").read_bytes()
    b'abc'
    """
    with atomic_path(target, overwrite=overwrite) as temporary:
        temporary.write_bytes(data)
        if settle is not None:
            settle(temporary)


def leftovers(folder: PathLike, *, of: PathLike | None = None) -> list[Path]:
    """List the temporary files that killed processes left in a folder.

    Parameters
    ----------
    folder : str or path
        Where to look.
    of : str or path, optional
        Only those of this file.
    """
    wanted = None if of is None else (_beginning(Path(of)), Path(of).suffix)
    found = []
    for path in Path(folder).iterdir():
        match = _TEMPORARY.fullmatch(path.name)
        if match and (wanted is None or match.groups() == wanted):
            found.append(path)
    return found


def remove_leftovers(folder: PathLike) -> None:
    """Remove the temporary files that killed processes left in a folder, if there is one.

    For folders in which one process writes at a time.
    """
    if Path(folder).is_dir():
        for path in leftovers(folder):
            path.unlink(missing_ok=True)


def _beginning(path: Path) -> str:
    """Return what the names of a file's temporary files begin with, and those of no other's."""
    if match := _TEMPORARY.fullmatch(path.name):  # a temporary file has its own file's
        return match[1]
    # It stays short: a long name plus the random part could pass the limit of 255 bytes.
    stem = path.stem
    if len(stem) > _LONGEST:
        digest = hashlib.blake2b(os.fsencode(stem), digest_size=4).hexdigest()
        stem = f"{stem[: _LONGEST - 9]}-{digest}"
    return f".{stem}."


def check_target(target: PathLike, *, overwrite: bool = False) -> None:
    """Refuse before any work what could not be put in place after it.

    Parameters
    ----------
    target : str or path
        The file that is to be written.
    overwrite : bool
        Allow it to exist.

    Raises
    ------
    OutputExistsError, OutputError
        As for `atomic_path`.
    """
    shown = Path(target)
    with _explained(shown):
        _check(shown, Path(os.path.realpath(shown)), overwrite)


def make_folder(target: PathLike) -> Path:
    """Make a folder, and those above it, unless it is there; return it.

    Raises
    ------
    OutputError
        It cannot be made, or a file of this name is there.
    """
    folder = Path(target)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: the folder cannot be made: {error.strerror}") from error
    return folder


def _check(shown: Path, final: Path, overwrite: bool) -> None:
    folder = final.parent
    if not folder.is_dir():
        raise OutputError(f"{shown}: no such folder: {folder}. Create it first.")
    if final.is_dir():
        raise OutputError(f"{shown}: expected a file to write, got a folder. Add a file name.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(
            f"{shown}: no permission to write in the folder {folder}. Choose another."
        )
    if final.exists():
        if not overwrite:
            raise OutputExistsError(_exists_message(shown))
        if not final.is_file():
            raise OutputError(f"{shown}: expected a regular file to replace, got a device or pipe.")
        if not os.access(final, os.W_OK):
            raise OutputError(f"{shown}: the file is write-protected. Choose another name.")


def _exists_message(shown: Path) -> str:
    return f"{shown}: the file exists already. Allow overwriting (--overwrite) or choose another."


def _message(shown: Path, code: int | None, text: str | None = None) -> str:
    if code in _DISK:
        return f"{shown}: {_DISK[code]} while writing it; nothing was left behind."
    return f"{shown}: cannot be written: {text or 'unknown reason'}."


@contextmanager
def _explained(shown: Path) -> Iterator[None]:
    """Turn an OSError of our own calls into an OutputError."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(_message(shown, error.errno, error.strerror)) from error


def _flush(path: Path) -> None:
    """Bring the file's content to disk."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_folder(folder: Path) -> None:
    """Bring to disk which files a folder has: new names, and removals."""
    if os.name == "nt":  # Windows cannot open a folder
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


def _publish(temporary: Path, final: Path, shown: Path, overwrite: bool) -> None:
    """Give the finished file its name."""
    if overwrite:
        with suppress(FileNotFoundError):  # a file that is replaced keeps its permissions
            temporary.chmod(stat.S_IMODE(final.stat().st_mode))
        temporary.replace(final)
        return
    try:
        # Unlike a rename, a link never replaces a file that someone made in the meantime.
        os.link(temporary, final)
    except FileExistsError as error:
        raise OutputExistsError(_exists_message(shown)) from error
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _reserve_and_rename(temporary, final, shown)


def _reserve_and_rename(temporary: Path, final: Path, shown: Path) -> None:
    """Take the name with an empty file first, where there are no hard links."""
    try:
        os.close(os.open(final, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except FileExistsError as error:
        raise OutputExistsError(_exists_message(shown)) from error
    try:
        temporary.replace(final)
    except BaseException:
        _discard(final)
        raise


def _discard(path: Path) -> None:
    """Remove `path` if it is there; a second try gets past a passing fault."""
    for _ in range(2):
        try:
            path.unlink()
        except FileNotFoundError:
            return
        except OSError:
            continue
        return
