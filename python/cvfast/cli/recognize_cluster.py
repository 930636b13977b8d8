"""``cvfast recognize cluster``: pictures without names sorted into people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from cvfast.cli.batch import Batch
from cvfast.cli.common import Common, MaxPixels, Recursive
from cvfast.cli.recognizing import ModelFlags, ThresholdDistance, count, far_record
from cvfast.cli.report import Report

if TYPE_CHECKING:
    from cvfast.faces.embedding import Embedder
    from cvfast.recognition.sorting import FoundFace

__all__ = ["EXAMPLES", "USAGE", "recognize_cluster"]

EXAMPLES = (
    "cvfast recognize cluster holiday/",
    "cvfast recognize cluster holiday/ --copy people    # then rename people/person-001 ...",
    "cvfast recognize cluster holiday/ --recursive --json > people.jsonl",
)
USAGE = "IN... [--copy DIR] [OPTIONS]"


def recognize_cluster(
    inputs: Annotated[list[str], Parameter(name="IN", help="Folders, files or patterns.")],
    /,
    *,
    threshold: ThresholdDistance = None,
    copy: Annotated[
        str | None,
        Parameter(
            help="Make this folder: copies, a subfolder a person, for cvfast recognize enroll."
        ),
    ] = None,
    recursive: Recursive = False,
    max_pixels: MaxPixels = 89_478_485,
    flags: ModelFlags | None = None,
    common: Common | None = None,
) -> int:
    """Sort the faces of photos into people: whose faces are alike on average.

    In --json a record a person: its number, and faces with picture, number and box. With --copy a
    picture goes to the person of its largest face. Nothing is stored unless asked for.
    """
    from cvfast.recognition.recognisers import choose_threshold
    from cvfast.recognition.sorting import check_copies, copy_people, sort_people

    report = (common or Common()).report("recognize")
    if copy is not None:
        check_copies(copy)
    embedder = (flags or ModelFlags()).open(report)
    limit = choose_threshold(embedder, distance=threshold)
    batch = Batch(report)
    faces = _find(batch, batch.expand(inputs, recursive=recursive, videos=False), embedder,
                  max_pixels, report)  # fmt: skip
    people = sort_people(faces, embedder, threshold=limit.distance)
    copied = copy_people(people, copy) if copy is not None and people else {}
    for number, person in enumerate(people, start=1):
        name = f"person-{number:03d}"
        where = {"folder": str(Path(copy) / name)} if copy is not None and name in copied else {}
        _tell(report, number, person, **where, **far_record(limit), model=embedder.name)
    if copied:
        report.note(f"{copy}: {count(sum(copied.values()), 'picture')} copied")
    return batch.finish()


def _find(
    batch: Batch, pictures: Sequence[Path], embedder: Embedder, max_pixels: int, report: Report
) -> list[FoundFace]:
    """Find the faces of all pictures; those that cannot be read have failed."""
    from cvfast.recognition.sorting import find_faces

    batch.expect(len(pictures))
    failed: set[Path] = set()

    def fail(path: Path, error: Exception) -> None:
        failed.add(path)
        batch.fail(str(path), error)

    with report.bars(), report.bar("pictures") as progress:
        faces = find_faces(pictures, embedder, max_pixels=max_pixels, fail=fail, progress=progress)
    shown = {face.picture for face in faces}
    for path in pictures:
        if path not in failed:
            batch.take(str(path), found=path in shown)
    return faces


def _tell(report: Report, number: int, person: Sequence[FoundFace], **more: Any) -> None:
    """Say which faces are one person's."""
    lines = [f"  {face.picture}, face {face.number}" for face in person]
    faces = [
        {
            "picture": str(face.picture),
            "face": face.number,
            "box": [round(value, 2) for value in face.box.tolist()],
        }
        for face in person
    ]
    text = "\n".join([f"person {number}: {count(len(person), 'face')}", *lines])
    report.result(text, kind="cluster", person=number, faces=faces, **more)
