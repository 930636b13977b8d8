"""Faces of a set made larger, sharper or cleaner: in a folder of their own, never in place."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from cvfast.errors import CvfastError, MediaError, NothingFoundError, OutputExistsError
from cvfast.geometry.sampling import as_rgb
from cvfast.io.atomic import make_folder, remove_leftovers, write_bytes
from cvfast.io.images import read_image
from cvfast.io.opencv import load_cv2
from cvfast.io.provenance import Mark
from cvfast.swap.face_file import FaceRecord, face_files, read_record, write_face
from cvfast.swap.upscaler import Upscaler
from cvfast.typing import ImageU8, Progress
from cvfast.typing import Path as PathLike

__all__ = ["EnhanceSettings", "Enhanced", "Upscaler", "enhance", "enhance_picture"]

MANIFEST = "enhanced.json"
_SIZES = (16, 8192)


@dataclass(frozen=True, kw_only=True)
class EnhanceSettings:
    """What is done to each face picture.

    Parameters
    ----------
    scale
        1, 2 or 4 times the size, by the network; 1 without ``deblur`` and ``denoise`` leaves the
        pixels alone.
    deblur, denoise
        Take away blur, or noise and JPEG's blocks.
    size
        Sides in pixels to which the result is brought at last, 16 to 8192; None keeps it.
    quality
        Of JPEGs, 1 to 100.

    Raises
    ------
    ValueError
        A value out of range, or nothing to do.
    """

    scale: int = 2
    deblur: bool = False
    denoise: bool = False
    size: int | None = None
    quality: int = 95

    def __post_init__(self) -> None:
        if self.scale not in (1, 2, 4):
            raise ValueError(f"scale: expected 1, 2 or 4, got {self.scale}")
        if self.size is not None and not _SIZES[0] <= self.size <= _SIZES[1]:
            raise ValueError(f"size: expected {_SIZES[0]} to {_SIZES[1]}, got {self.size}")
        if not 1 <= self.quality <= 100:
            raise ValueError(f"quality: expected 1 to 100, got {self.quality}")
        if not self.learned and self.size is None:
            raise ValueError("scale: expected 2 or 4, or deblur, denoise or a size beside 1")

    @property
    def learned(self) -> bool:
        """Whether the network is asked."""
        return self.scale != 1 or self.deblur or self.denoise


@dataclass(frozen=True)
class Enhanced:
    """What came of it.

    Parameters
    ----------
    folder
        Where the pictures are.
    written, kept
        Made now, and found there from a run before.
    failed
        Names of pictures that could not be done, each with the reason.
    """

    folder: Path
    written: int
    kept: int
    failed: tuple[tuple[str, str], ...]


def enhance(
    faces: PathLike,
    folder: PathLike,
    settings: EnhanceSettings,
    *,
    upscaler: Upscaler | None = None,
    progress: Progress | None = None,
) -> Enhanced:
    """Enhance the face pictures of a folder into another one.

    The records go along, landmarks and matrix scaled. A run that was interrupted goes on where it
    was when it is called again with the same settings.

    Parameters
    ----------
    faces
        Folder of face pictures.
    folder
        New, empty, or of a run before.
    settings
        What to do.
    upscaler
        The network; None: the one that comes with cvfast.
    progress
        Called with (done, total).

    Raises
    ------
    OutputExistsError
        The folder holds something else, or pictures made with other settings.
    NothingFoundError
        No face picture.
    ValueError
        Both folders are the same.
    """
    source, target = Path(faces), Path(folder)
    if source.resolve() == target.resolve():
        raise ValueError(f"folder: expected another folder than that of the faces, got {target}")
    paths = face_files(source)
    if not paths:
        raise NothingFoundError(f"{source}: expected face pictures, found none; extract them first")
    if settings.learned and upscaler is None:
        upscaler = Upscaler.load()
    _open(target, settings, upscaler)
    mark = _mark(settings, upscaler)
    written, failed = 0, []
    for number, path in enumerate(paths, 1):
        try:
            written += _do(path, target / path.name, settings, upscaler, mark)
        except (MediaError, OSError, ValueError) as error:
            if isinstance(error, CvfastError) and not isinstance(error, ValueError):
                raise  # the disk is full, and the like: no fault of this picture
            failed.append((path.name, str(error)))
        if progress is not None:
            progress(number, len(paths))
    return Enhanced(target, written, len(paths) - written - len(failed), tuple(failed))


def enhance_picture(
    pixels: ImageU8, settings: EnhanceSettings, upscaler: Upscaler | None
) -> ImageU8:
    """Return a picture enhanced.

    Parameters
    ----------
    pixels
        ``(h, w, 3)`` uint8 RGB.
    settings
        What to do.
    upscaler
        The network; None will do where it is not asked.

    Examples
    --------
    >>> import numpy as np
    >>> grey = np.full((32, 32, 3), 90, np.uint8)
    >>> enhance_picture(grey, EnhanceSettings(scale=1, size=48), None).shape
    (48, 48, 3)
    """
    height, width = pixels.shape[:2]
    made = pixels
    if settings.learned and upscaler is not None:
        scale = max(2, settings.scale)
        made = upscaler.upscale(pixels, scale, deblur=settings.deblur, denoise=settings.denoise)
        made = _resized(made, width * settings.scale, height * settings.scale)
    if settings.size is not None:
        share = settings.size / max(made.shape[:2])
        made = _resized(made, round(made.shape[1] * share), round(made.shape[0] * share))
    return made


def _do(
    path: Path, target: Path, settings: EnhanceSettings, upscaler: Upscaler | None, mark: Mark
) -> bool:
    """Do one picture, unless it is there; return whether it was done now."""
    record = read_record(path)
    if record is None:
        raise MediaError(f"{path}: no face record: extract it, or import the set")
    if target.exists() and _same_face(read_record(target), record):
        return False
    pixels = as_rgb(read_image(path).pixels)
    made = enhance_picture(pixels, settings, upscaler)
    scaled = _scaled(record, made.shape[1] / pixels.shape[1], settings)
    write_face(target, made, scaled, quality=settings.quality, overwrite=True, mark=mark)
    return True


def _same_face(there: FaceRecord | None, record: FaceRecord) -> bool:
    """Whether a picture made before is of this face."""
    return there is not None and all(
        getattr(there, name) == getattr(record, name) for name in ("source", "frame", "face")
    )


def _scaled(record: FaceRecord, share: float, settings: EnhanceSettings) -> FaceRecord:
    """Return the record of a picture so many times larger; its points count from the corner."""
    return replace(
        record,
        landmarks=record.landmarks * share,
        matrix=record.matrix * share,
        more={**(record.more or {}), "enhanced": asdict(settings)},
    )


def _resized(image: ImageU8, width: int, height: int) -> ImageU8:
    if image.shape[:2] == (height, width):
        return image
    cv2 = load_cv2()
    smaller = width < image.shape[1]
    way = cv2.INTER_AREA if smaller else cv2.INTER_LANCZOS4
    made: ImageU8 = cv2.resize(image, (width, height), interpolation=way)
    return made


def _mark(settings: EnhanceSettings, upscaler: Upscaler | None) -> Mark:
    actions = [f"{name}={value}" for name, value in asdict(settings).items()]
    if not settings.learned or upscaler is None:
        return Mark(actions=tuple(actions))
    actions.append(f"upscaler={upscaler.fingerprint}")
    return Mark("compositeWithTrainedAlgorithmicMedia", actions=tuple(actions))


def _open(target: Path, settings: EnhanceSettings, upscaler: Upscaler | None) -> None:
    """Make the folder, or see that a run before made it with the same settings."""
    network = upscaler.fingerprint if settings.learned and upscaler is not None else None
    wanted: dict[str, Any] = {"version": 1, **asdict(settings), "upscaler": network}
    remove_leftovers(make_folder(target))
    file = target / MANIFEST
    if file.is_file():
        try:
            found = json.loads(file.read_bytes())
        except ValueError:
            found = None
        if found != wanted:
            raise OutputExistsError(
                f"{target}: holds faces enhanced with other settings ({found}); choose another "
                "folder"
            )
        return
    if any(target.iterdir()):
        raise OutputExistsError(f"{target}: holds something else; choose a new folder")
    write_bytes(file, json.dumps(wanted, indent=1).encode())
