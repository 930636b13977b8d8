"""What ``cvfast train eigenfaces``, ``fisherfaces`` and ``lbph`` share: faces in, a model out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

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
        help="A subfolder a person, its name the label; or pictures with labels.jsonl "
        "(`cvfast make faces`), of which those of the split test are left out.",
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
        A name or number for each.
    failed
        How many pictures had no face, or could not be read.
    """

    faces: list[ImageU8] = field(default_factory=list)
    people: list[Any] = field(default_factory=list)
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
    """Read the faces of people: one a picture, the largest; what has none is told and left out.

    Raises
    ------
    MediaError
        No such folder, no pictures, or damaged labels.
    NothingFoundError
        No face in any of them.
    """
    from cvfast.training.labels import FILE

    labelled = (Path(folder) / FILE).exists()
    jobs = _of_labels(folder) if labelled else _of_people(folder, report)
    read = TrainingFaces()
    for number, (path, person, find) in enumerate(jobs, start=1):
        try:
            pixels = _pixels(path)
            face = preprocessing(pixels, find(pixels))
        except (CvfastError, ValueError) as error:
            read.failed += 1
            report.failure(str(path), error)
        else:
            read.faces.append(face)
            read.people.append(person)
        progress(number, len(jobs))
    if not read.faces:
        raise NothingFoundError(f"{folder}: no face to train on in {len(jobs)} pictures")
    return read


_Job: TypeAlias = tuple[Path, Any, Callable[[ImageU8], "Landmarks"]]


def _of_people(folder: str, report: Report) -> list[_Job]:
    from cvfast.faces.choosing import choose_face
    from cvfast.io.people import people_in

    def finder(path: Path) -> Callable[[ImageU8], Landmarks]:
        def find(pixels: ImageU8) -> Landmarks:
            chosen = choose_face(pixels, name=str(path))
            if chosen.found > 1:
                report.note(f"{path}: {chosen.found} faces found, took the largest")
            return chosen.landmarks

        return find

    return [
        (path, name, finder(path)) for name, paths in people_in(folder).items() for path in paths
    ]


def _of_labels(folder: str) -> list[_Job]:
    """Return the largest face of each labelled picture of somebody who is known by a number."""
    from cvfast.faces.choosing import choose_face
    from cvfast.faces.types import Landmarks
    from cvfast.training.labels import LabelledFace, read_labels

    def finder(path: Path, face: LabelledFace) -> Callable[[ImageU8], Landmarks]:
        if face.points is None:
            return lambda pixels: choose_face(pixels, name=str(path)).landmarks
        marks = Landmarks(face.points, "dlib68", 1.0, face.box)
        return lambda _: marks

    jobs: list[_Job] = []
    for picture in read_labels(folder):
        faces = [face for face in picture.faces if face.identity is not None]
        if picture.split == "test" or not faces:
            continue
        largest = max(faces, key=lambda face: float(np.prod(face.box[2:] - face.box[:2])))
        jobs.append((picture.path, largest.identity, finder(picture.path, largest)))
    return jobs


def _pixels(path: Path) -> ImageU8:
    from cvfast.geometry.sampling import as_rgb
    from cvfast.io.images import read_image

    return as_rgb(read_image(path).pixels)
