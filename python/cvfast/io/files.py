"""Which files go in, and where each result goes: settled before any work starts."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cvfast.errors import MediaError, OutputError, OutputExistsError
from cvfast.io.formats import sniff
from cvfast.io.opening import open_regular
from cvfast.typing import Path as PathLike

__all__ = ["Job", "expand_inputs", "is_video", "plan_outputs"]

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".heic", ".heif", ".avif"}
)
VIDEO_SUFFIXES = frozenset(
    {".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts"}
    | {".wmv", ".flv", ".3gp", ".y4m", ".ogv"}
)
# What we do not write, or what cannot be marked as edited (BMP), is edited into another format.
_READ_ONLY = (
    {".heic": ".jpg", ".heif": ".jpg", ".avif": ".jpg", ".bmp": ".png", ".3gp": ".mp4"}
    # Matroska takes whatever audio these hold.
    | dict.fromkeys((".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts"), ".mkv")
    | dict.fromkeys((".wmv", ".flv", ".y4m", ".ogv"), ".mkv")
)


@dataclass(frozen=True)
class Job:
    """One input and where its result goes."""

    source: Path
    target: Path
    video: bool


def is_video(path: PathLike) -> bool:
    """Tell a clip from a picture, by the suffix, or by the content where the suffix says nothing.

    Parameters
    ----------
    path : str or path
        The file. It is opened only if its suffix is neither a picture's nor a clip's.

    Raises
    ------
    MediaError
        The file has to be opened and cannot be read.

    Examples
    --------
    >>> from cvfast.io.files import is_video
    >>> is_video("a.MP4"), is_video("a.jpg")
    (True, False)
    """
    suffix = Path(path).suffix.lower()
    if suffix in VIDEO_SUFFIXES:
        return True
    if suffix in IMAGE_SUFFIXES:
        return False
    try:
        with open_regular(path) as file:
            return sniff(file.read(16)) is None
    except OSError as error:
        raise MediaError(f"{path}: cannot be read: {error.strerror}") from error


def expand_inputs(
    inputs: Iterable[PathLike],
    *,
    recursive: bool = False,
    images: bool = True,
    videos: bool = True,
) -> list[Path]:
    """List the files that `inputs` mean.

    Parameters
    ----------
    inputs : iterable of str or path
        Files (taken whatever their suffix), folders (the pictures and clips in them), and glob
        patterns, for shells that do not expand them.
    recursive : bool
        Look into the folders of folders too.
    images, videos : bool
        What to take from folders and patterns.

    Returns
    -------
    list of pathlib.Path
        Sorted, each file once.

    Raises
    ------
    MediaError
        An input does not exist, or means no file at all.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from cvfast.io.files import expand_inputs
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("b.png", "a.jpg", "notes.txt"):
    ...         (Path(folder) / name).touch()
    ...     [path.name for path in expand_inputs([folder])]
    ['a.jpg', 'b.png']
    """
    wanted = (IMAGE_SUFFIXES if images else frozenset()) | (
        VIDEO_SUFFIXES if videos else frozenset()
    )
    found: dict[str, Path] = {}
    for given in inputs:
        if given == "":  # an unset variable in a script; as a path it is the working folder
            raise MediaError("expected the name of a file or folder, got an empty one")
        paths = list(_meant(Path(given), recursive, wanted))
        if not paths:
            raise MediaError(f"{given}: expected pictures or clips, found none")
        for path in paths:
            # Two spellings of one file are one input.
            found.setdefault(os.path.realpath(path), path)
    return sorted(found.values())


def plan_outputs(
    sources: Sequence[PathLike],
    output: PathLike,
    *,
    roots: Iterable[PathLike] = (),
    overwrite: bool = False,
) -> list[Job]:
    """Decide where each result goes, before any work.

    Parameters
    ----------
    sources : sequence of str or path
        What `expand_inputs` returned.
    output : str or path
        A file for one source, if it has a suffix and is no folder; else a folder, which must exist.
    roots : iterable of str or path
        The folders among the inputs: what lies deeper in one keeps its place below `output`, in
        folders that are made here.
    overwrite : bool
        Allow targets to exist.

    Returns
    -------
    list of Job
        In the order of `sources`. What is not written as such changes its suffix in a folder: HEIC
        and AVIF to ``.jpg``, BMP to ``.png``, AVI, MPEG and the like to ``.mkv``.

    Raises
    ------
    ValueError
        Several sources and one file; two sources with one target; a target that is a source.
    OutputError
        A folder is missing.
    OutputExistsError
        A target exists and `overwrite` is False.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from cvfast.io.files import plan_outputs
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     (Path(folder) / "a.jpg").touch()
    ...     jobs = plan_outputs([Path(folder) / "a.jpg"], Path(folder) / "new.jpg")
    ...     [job.target.name for job in jobs]
    ['new.jpg']
    """
    paths = [Path(source) for source in sources]
    out = Path(output)
    if out.is_dir() or len(paths) != 1 or not out.suffix:
        if out.is_file() or (out.suffix and not out.is_dir()):
            raise ValueError(f"output: expected a folder for {len(paths)} inputs, got {output}")
        if not out.is_dir():
            raise OutputError(f"{output}: no such folder. Create it first.")
        tops = [Path(root) for root in roots]
        jobs = [Job(path, _below(path, out, tops), is_video(path)) for path in paths]
    elif not out.parent.is_dir():
        raise OutputError(f"{output}: no such folder: {out.parent}. Create it first.")
    else:
        jobs = [Job(paths[0], out, is_video(paths[0]))]
    _refuse_clashes(jobs)
    for job in jobs:
        if job.target.exists() and not overwrite:
            raise OutputExistsError(
                f"{job.target}: the file exists already. "
                "Allow overwriting (--overwrite) or choose another."
            )
    for job in jobs:  # nothing was refused: now the folders of folders may be made
        job.target.parent.mkdir(parents=True, exist_ok=True)
    return jobs


def _meant(given: Path, recursive: bool, wanted: frozenset[str]) -> Iterator[Path]:
    """List the files that one input means."""
    if given.is_dir():
        found = given.rglob("*") if recursive else given.iterdir()
        yield from (
            path
            for path in found
            # Hidden files are editors' and our own leftovers.
            if path.suffix.lower() in wanted and path.is_file() and not _hidden(path, given)
        )
    elif given.exists():
        if not given.is_file():  # opening a pipe would wait for ever for somebody to write
            raise MediaError(f"{given}: expected a file or folder, got a pipe or device")
        yield given
    elif glob.has_magic(str(given)):
        for name in glob.glob(str(given), recursive=True):  # noqa: PTH207 - also takes absolute ones
            path = Path(name)
            if path.suffix.lower() in wanted and path.is_file():
                yield path
    else:
        raise MediaError(f"{given}: no such file or folder")


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _below(source: Path, folder: Path, roots: list[Path]) -> Path:
    """Place a result in the output folder, under the same name."""
    name = Path(source.name)
    for root in roots:
        if root.is_dir() and source.is_relative_to(root):
            name = source.relative_to(root)
            break
    target = folder / name.with_suffix(_READ_ONLY.get(name.suffix.lower(), name.suffix))
    if not Path(os.path.realpath(target)).is_relative_to(os.path.realpath(folder)):
        raise ValueError(f"{source}: expected a result inside {folder}, got {target}")
    return target


def _refuse_clashes(jobs: list[Job]) -> None:
    """Refuse two results under one name, and results that replace an input."""
    # Compared by device and number: links and other spellings are the same file.
    sources = {_identity(job.source): job.source for job in jobs}
    taken: dict[str, Path] = {}
    for job in jobs:
        # Names that differ by case only are one file on many systems.
        key = os.path.realpath(job.target).casefold()
        if key in taken:
            raise ValueError(
                f"output: {taken[key]} and {job.source} would both become {job.target}. "
                "Rename one, or run them into different folders."
            )
        taken[key] = job.source
        if job.target.exists() and _identity(job.target) in sources:
            raise ValueError(
                f"output: {job.target} is the input {sources[_identity(job.target)]}. "
                "Choose another name or folder: originals are never replaced."
            )


def _identity(path: Path) -> tuple[int, int]:
    """Tell one file from another."""
    try:
        facts = path.stat()
    except OSError as error:
        raise MediaError(f"{path}: cannot be read: {error.strerror}") from error
    return facts.st_dev, facts.st_ino
