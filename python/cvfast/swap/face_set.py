"""A folder of face pictures, read one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from cvfast.errors import MediaError
from cvfast.swap.face_file import FaceRecord, face_files, read_record
from cvfast.typing import Path as PathLike

__all__ = ["FaceSet", "iterate_faces", "read_faces"]


@dataclass(frozen=True, eq=False)
class FaceSet:
    """Face pictures with their records, without their pixels.

    Parameters
    ----------
    folder
        Where they are.
    paths
        Their files, by name.
    records
        One a file, without its mask: masks are large, and `read_record` has one picture's.
    skipped
        Pictures of the folder that are no faces of ours, each with the reason.
    """

    folder: Path
    paths: tuple[Path, ...]
    records: tuple[FaceRecord, ...]
    skipped: tuple[tuple[Path, str], ...] = ()

    def __len__(self) -> int:
        return len(self.paths)

    def __iter__(self) -> Iterator[tuple[Path, FaceRecord]]:
        return iter(zip(self.paths, self.records, strict=True))


def iterate_faces(folder: PathLike) -> Iterator[tuple[Path, FaceRecord | str]]:
    """Yield each picture of a folder with its record, or why it has none.

    Examples
    --------
    >>> list(iterate_faces("no-such-folder"))
    []
    """
    for path in face_files(folder):
        try:
            record = read_record(path)
        except (MediaError, OSError) as error:
            yield path, str(error)
        else:
            yield (
                path,
                "no face record: extract it, or import the set" if record is None else record,
            )


def read_faces(folder: PathLike) -> FaceSet:
    """Read the records of a folder's face pictures; pictures without one are skipped.

    Parameters
    ----------
    folder
        As ``workspace.faces("source")``.

    Raises
    ------
    MediaError
        There is no such folder.

    Examples
    --------
    >>> import tempfile
    >>> len(read_faces(tempfile.gettempdir()))
    0
    """
    root = Path(folder)
    if not root.is_dir():
        raise MediaError(
            f"{root}: expected a folder of face pictures; cvfast swap extract makes it"
        )
    paths: list[Path] = []
    records: list[FaceRecord] = []
    skipped: list[tuple[Path, str]] = []
    for path, record in iterate_faces(root):
        if isinstance(record, str):
            skipped.append((path, record))
        else:
            paths.append(path)
            records.append(replace(record, mask=None))
    return FaceSet(root, tuple(paths), tuple(records), tuple(skipped))
