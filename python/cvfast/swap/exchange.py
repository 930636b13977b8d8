"""Face sets of DeepFaceLab and faceswap made ours, and ours made theirs."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cvfast.errors import CvfastError, MediaError, NothingFoundError, OutputExistsError
from cvfast.io.atomic import check_target, make_folder, remove_leftovers, write_bytes
from cvfast.io.images import read_image
from cvfast.io.opening import open_regular
from cvfast.swap.dfl_faces import dfl_bytes, packed_faces, read_dfl
from cvfast.swap.face_file import FaceRecord, face_files, read_record, with_record, without_record
from cvfast.swap.faceswap_faces import alignments_bytes, read_alignments, read_faceswap
from cvfast.typing import ImageU8, Progress
from cvfast.typing import Path as PathLike

__all__ = ["FORMATS", "Exchanged", "export_faces", "import_faces"]

FORMATS = ("dfl", "faceswap")
_MOST = 256 << 20
_NOTE = "cvfast-import.json"


@dataclass
class Exchanged:
    """What an import or export did.

    Attributes
    ----------
    folder
        Where the faces are now.
    faces
        How many were read.
    already
        How many of them were there before.
    skipped
        Names of those left out, each with the reason.
    """

    folder: Path
    faces: int = 0
    already: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)


def import_faces(
    source: PathLike,
    output: PathLike,
    *,
    frames: PathLike | None = None,
    face_type: str = "whole",
    size: int = 512,
    progress: Progress | None = None,
) -> Exchanged:
    """Read a face set of DeepFaceLab or faceswap into a folder of our face pictures.

    Nothing in those files is carried out: pickles are read instruction by instruction, and what
    builds more than numbers, texts, lists and arrays is refused. A JPEG keeps its pixels byte for
    byte; faceswap's pictures are cut anew as type ``whole``. What is there already stays.

    Parameters
    ----------
    source
        A folder of face pictures (``.jpg`` of DeepFaceLab, ``.png`` of faceswap, or both), a
        ``faceset.pak``, or an ``.fsa`` file of faceswap.
    output
        A new folder, or one of an earlier import of the same set.
    frames
        With an ``.fsa`` file: the folder of pictures, named as it says.
    face_type, size
        With an ``.fsa`` file: of the face pictures to cut.
    progress
        Called with (faces done, all or None).

    Raises
    ------
    MediaError
        The source cannot be read, or an ``.fsa`` file comes without frames.
    NothingFoundError
        None of its pictures is a face picture.
    OutputExistsError, OutputError
        The output holds something else, or cannot be written.

    Examples
    --------
    >>> import_faces("old/data_src/aligned", "work/data_src/aligned")  # doctest: +SKIP
    """
    given = Path(source)
    if not given.exists():
        raise MediaError(f"{given}: no such file or folder")
    pieces, total = _pieces(given, frames, face_type, size)
    folder = _open(Path(output), given)
    done = Exchanged(folder)
    for number, (name, piece) in enumerate(pieces, 1):
        try:
            _take(done, name, piece)
        except MediaError as error:
            done.skipped.append((name, str(error)))
        if progress is not None:
            progress(number, total)
    if not done.faces:
        reason = f" ({done.skipped[0][1]})" if done.skipped else ""
        raise NothingFoundError(
            f"{given}: expected face pictures of DeepFaceLab or faceswap, got none{reason}"
        )
    return done


_Piece = Callable[[], tuple[str, bytes, FaceRecord] | None]


def _pieces(
    given: Path, frames: PathLike | None, face_type: str, size: int
) -> tuple[Iterator[tuple[str, _Piece]], int | None]:
    """Return each face's name and how to read it, and how many there are."""
    if given.is_dir():
        files = face_files(given)
        return ((path.name, lambda path=path: _file(path)) for path in files), len(files)
    if given.suffix.lower() == ".fsa":
        if frames is None:
            raise MediaError(
                f"{given}: holds no pictures; name the folder of its frames: --frames FOLDER"
            )
        return _aligned(given, Path(frames), face_type, size), None
    packed = packed_faces(given)
    return ((f"{name}.jpg", lambda name=name, data=data: _dfl(data, f"{name}.jpg"))
            for name, data in packed), None  # fmt: skip


def _file(path: Path) -> tuple[str, bytes, FaceRecord] | None:
    with open_regular(path) as file:
        data = file.read(_MOST + 1)
    if len(data) > _MOST:
        raise MediaError(f"{path}: expected a face picture of at most 256 MiB, got more")
    if data.startswith(b"\x89PNG"):
        return _faceswap(path, data)
    return _dfl(data, path.name)


def _dfl(data: bytes, name: str) -> tuple[str, bytes, FaceRecord] | None:
    found = read_dfl(data, name)
    if found is None:
        return None
    return f"{Path(name).stem}.jpg", found[0], found[1]


def _faceswap(path: Path, data: bytes) -> tuple[str, bytes, FaceRecord] | None:
    pixels = _pixels(path)
    found = read_faceswap(data, pixels, path.name)
    if found is None:
        return None
    return f"{path.stem}.jpg", _jpeg(found[0]), found[1]


def _pixels(path: Path) -> ImageU8:
    picture = read_image(path)
    pixels = picture.pixels
    if pixels.dtype != "uint8" or pixels.ndim != 3:
        raise MediaError(f"{path}: expected 8 bits a channel in colour")
    return pixels  # type: ignore[return-value]


def _jpeg(pixels: ImageU8) -> bytes:
    import io

    from PIL import Image as Pillow

    buffer = io.BytesIO()
    Pillow.fromarray(pixels).save(buffer, "JPEG", quality=95, subsampling=0)
    return buffer.getvalue()


def _aligned(file: Path, frames: Path, face_type: str, size: int) -> Iterator[tuple[str, _Piece]]:
    order: dict[str, int] = {}
    for frame, number, points, box in read_alignments(file):
        name = Path(frame.replace("\\", "/")).name
        index = order.setdefault(name, len(order))

        def read(
            name: str = name, index: int = index, number: int = number,
            points: Any = points, box: Any = box,
        ) -> tuple[str, bytes, FaceRecord]:  # fmt: skip
            from cvfast.geometry.sampling import PixelReader
            from cvfast.swap.recut import recut

            pixels, record = recut(
                PixelReader.of(_pixels(frames / name)), points,
                face_type=face_type, size=size, source_landmarks=points, source_box=box,
                source=name, frame=index, seconds=0.0, face=number,
            )  # fmt: skip
            return f"{Path(name).stem}_{number}.jpg", _jpeg(pixels), record

        yield f"{name} face {number}", read


def _open(folder: Path, given: Path) -> Path:
    """Make the output folder, or recognise one of an earlier import of the same set."""
    remove_leftovers(make_folder(folder))
    note = folder / _NOTE
    content = json.dumps({"imported": str(given.absolute())}).encode()
    if note.exists():
        if note.read_bytes() != content:
            raise OutputExistsError(f"{folder}: holds an import of another set; choose a new one")
    elif any(folder.iterdir()):
        raise OutputExistsError(f"{folder}: holds something already; choose a new folder")
    else:
        write_bytes(note, content)
    return folder


def _take(done: Exchanged, name: str, piece: _Piece) -> None:
    found = piece()
    if found is None:
        done.skipped.append((name, "no metadata of DeepFaceLab or faceswap in it"))
        return
    file, data, record = found
    target = done.folder / file
    done.faces += 1
    if target.exists():
        done.already += 1
    else:
        write_bytes(target, with_record(data, record))


def export_faces(
    source: PathLike, output: PathLike, *, form: str = "dfl", progress: Progress | None = None
) -> Exchanged:
    """Write a folder of face pictures as what others can read.

    Parameters
    ----------
    source
        A folder of our face pictures.
    output
        ``dfl``: a new or empty folder for JPEGs with DeepFaceLab's metadata; ``faceswap``: the
        ``.fsa`` file from which faceswap's own tool cuts its pictures.
    form
        ``"dfl"`` or ``"faceswap"``.
    progress
        Called with (faces done, all).

    Raises
    ------
    ValueError
        Another form.
    NothingFoundError
        The folder holds no face picture.
    OutputExistsError, OutputError
        The output is there, or cannot be written.
    """
    if form not in FORMATS:
        raise ValueError(f"form: expected one of {', '.join(FORMATS)}, got {form!r}")
    target = Path(output)
    if form == "faceswap":
        check_target(target, overwrite=False)
    elif target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise OutputExistsError(f"{target}: is there already; expected a new or an empty folder")
    done = Exchanged(target)
    files = face_files(source)
    frames: dict[str, list[FaceRecord]] = defaultdict(list)
    for number, path in enumerate(files, 1):
        try:
            record = read_record(path)
        except CvfastError as error:
            record, reason = None, str(error)
        else:
            reason = "no face record"
        if record is None:
            done.skipped.append((path.name, reason))
        else:
            done.faces += 1
            if form == "dfl":
                _write_dfl(path, make_folder(target), record)
            frames[f"{Path(record.source).stem}_{record.frame:06d}.png"].append(
                replace(record, mask=None)
            )
        if progress is not None:
            progress(number, len(files))
    if not done.faces:
        raise NothingFoundError(f"{source}: expected a folder of face pictures, got none")
    if form == "faceswap":
        write_bytes(target, alignments_bytes(frames))
    return done


def _write_dfl(path: Path, folder: Path, record: FaceRecord) -> None:
    data = path.read_bytes()
    jpeg = without_record(data) if data.startswith(b"\xff\xd8") else _jpeg(_pixels(path))
    write_bytes(folder / f"{path.stem}.jpg", dfl_bytes(jpeg, record), overwrite=True)
