"""What ``cvfast train eigenfaces``, ``fisherfaces`` and ``lbph`` share: faces in, a model out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import numpy as np
from cyclopts import Parameter

from cvfast.cli.common import Overwrite, refuse_targets
from cvfast.cli.report import Report
from cvfast.errors import CvfastError, NothingFoundError
from cvfast.typing import ImageU8, Progress

if TYPE_CHECKING:
    from cvfast.faces.types import Landmarks
    from cvfast.recognition.classic import ClassicEmbedder
    from cvfast.recognition.classifier import FaceClassifier
    from cvfast.recognition.face_sets import KnownFace
    from cvfast.recognition.preprocess import Preprocessing

__all__ = [
    "Components",
    "Folder",
    "Options",
    "Output",
    "TrainingFaces",
    "components",
    "read_training_faces",
    "train_and_write",
]

Folder: TypeAlias = Annotated[
    str,
    Parameter(
        name="DIR",
        help="A subfolder a person, its name the label; or made faces (labels.jsonl, "
        "`cvfast make faces`), of which those of the split test are left out.",
    ),
]
Output: TypeAlias = Annotated[str, Parameter(name=["--output", "-o"], help="The model to write.")]
Components: TypeAlias = Annotated[
    float, Parameter(help="How many to keep; under 1: the share of the variance.")
]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Options:
    """Options of all three."""

    size: Annotated[
        tuple[int, int], Parameter(negative="", help="Width and height of a face made ready.")
    ] = (64, 64)
    equalise: Annotated[bool, Parameter(help="Equalise the histogram.")] = True
    mask: Annotated[bool, Parameter(help="Leave out what is outside an oval.")] = True
    false_accepts: Annotated[
        float, Parameter(help="Share of pairs of different people that the threshold lets pass.")
    ] = 0.01
    seed: Annotated[int, Parameter(help="Of the halves of people that set the threshold.")] = 0
    threads: Annotated[int | None, Parameter(help="At most so many.")] = None
    overwrite: Overwrite = False


@dataclass
class TrainingFaces:
    """Faces made ready, and whose they are.

    Attributes
    ----------
    faces
        (h, w) uint8 each.
    people
        Whose each is.
    failed
        How many pictures had no face, or could not be read.
    """

    faces: list[ImageU8] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    failed: int = 0


def components(given: float) -> float:
    """Return a count of components as an integer, a share as it is.

    Examples
    --------
    >>> components(100.0), components(0.95)
    (100, 0.95)
    """
    return int(given) if given >= 1 and float(given).is_integer() else given


def train_and_write(
    model: FaceClassifier, folder: str, output: str, options: Options, report: Report
) -> int:
    """Read faces, fit the model, set its threshold, write it, and tell.

    Returns
    -------
    0, or 1 where some pictures had to be left out.

    Raises
    ------
    NothingFoundError
        No face in any picture.
    MediaError, OutputError, OutputExistsError, ValueError
        As for reading, writing and fitting.
    """
    from cvfast.recognition.classic import train_classic
    from cvfast.recognition.classic_file import write_classic
    from cvfast.recognition.preprocess import Preprocessing

    refuse_targets(output, options.overwrite)
    preprocessing = Preprocessing(options.size, options.equalise, options.mask)
    with report.bars():
        with report.bar("read faces") as progress:
            read = read_training_faces(folder, preprocessing, report, progress)
        embedder = train_classic(
            model, np.stack(read.faces), read.people, preprocessing,
            false_accepts=options.false_accepts, seed=options.seed, threads=options.threads,
        )  # fmt: skip
    people = len(set(read.people))
    notes = {"source": f"trained by cvfast on {len(read.faces)} faces of {people} people"}
    write_classic(output, embedder, overwrite=options.overwrite, notes=notes)
    _tell(report, output, embedder, read, people)
    return int(read.failed > 0)


def _tell(
    report: Report, output: str, embedder: ClassicEmbedder, read: TrainingFaces, people: int
) -> None:
    limit = embedder.threshold
    passing = "not measured" if limit.false_accepts is None else f"{limit.false_accepts:.2%}"
    report.result(
        f"{output}: {embedder.name}, {embedder.dimension} numbers a face, from "
        f"{len(read.faces)} faces of {people} people; threshold {limit.distance:.4g}, "
        f"false accepts {passing} ({limit.source})",
        output=output, kind=embedder.name, key=embedder.key, dimension=embedder.dimension,
        faces=len(read.faces), people=people, failed=read.failed, threshold=limit.distance,
        false_accepts=limit.false_accepts, threshold_source=limit.source,
        bytes=Path(output).stat().st_size,
    )  # fmt: skip


def read_training_faces(
    folder: str, preprocessing: Preprocessing, report: Report, progress: Progress
) -> TrainingFaces:
    """Read the faces of people, where a picture has no labels the largest; failures are told.

    Raises
    ------
    MediaError
        No such folder, no pictures, or damaged labels.
    NothingFoundError
        No face in any of them.
    """
    from cvfast.recognition.face_sets import read_face_set

    known = [face for face in read_face_set(folder).faces if face.split != "test"]
    read = TrainingFaces()
    for number, face in enumerate(known, start=1):
        try:
            pixels = _pixels(face.path)
            read.faces.append(preprocessing(pixels, face.landmarks or _found(pixels, face, report)))
        except (CvfastError, ValueError) as error:
            read.failed += 1
            report.failure(str(face.path), error)
        else:
            read.people.append(face.person)
        progress(number, len(known))
    if not read.faces:
        raise NothingFoundError(f"{folder}: no face to train on in {len(known)} pictures")
    return read


def _found(pixels: ImageU8, face: KnownFace, report: Report) -> Landmarks:
    from cvfast.faces.choosing import choose_face

    chosen = choose_face(pixels, name=str(face.path))
    if chosen.found > 1:
        report.note(f"{face.path}: {chosen.found} faces found, took the largest")
    return chosen.landmarks


def _pixels(path: Path) -> ImageU8:
    from cvfast.geometry.sampling import as_rgb
    from cvfast.io.images import read_image

    return as_rgb(read_image(path).pixels)
