"""``cvfast recognize enroll``: people whose faces shall be known."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common, MaxPixels
from cvfast.cli.failure import exit_code
from cvfast.cli.recognizing import (
    Face,
    GalleryFolder,
    ModelFlags,
    count,
    parse_face,
    several_faces,
)
from cvfast.cli.report import Report

if TYPE_CHECKING:
    from cvfast.recognition.enrolling import Outcome

__all__ = ["EXAMPLES", "USAGE", "recognize_enroll"]

EXAMPLES = (
    "cvfast recognize enroll people/ -g gallery",
    "cvfast recognize enroll people/ -g gallery --face 1",
    "cvfast recognize enroll people/ -g gallery --model arcface.onnx --template arcface",
)
USAGE = "DIR -g GALLERY [OPTIONS]"


def recognize_enroll(
    folder: Annotated[
        str, Parameter(name="DIR", help="One subfolder of pictures a person: its name is theirs.")
    ],
    /,
    *,
    gallery: GalleryFolder,
    face: Face = "largest",
    max_pixels: MaxPixels = 89_478_485,
    flags: ModelFlags | None = None,
    common: Common | None = None,
) -> int:
    """Take people's faces into a gallery, or begin one; the same picture is taken once."""
    from cvfast.io.people import people_in
    from cvfast.recognition.enrolling import enroll
    from cvfast.recognition.gallery_file import NOTE, check_place

    report = (common or Common()).report("recognize")
    chosen = parse_face(face)
    check_place(gallery)
    people = people_in(folder)
    embedder = (flags or ModelFlags()).open(report)
    report.note(NOTE)
    tally = _Tally(report, chosen)
    with report.bars(), report.bar("pictures") as progress:
        done = enroll(
            gallery, people, embedder, face=chosen, max_pixels=max_pixels, each=tally.take,
            tell=report.note, progress=progress,
        )  # fmt: skip
    for name in people:
        tally.person(name)
    people_said = count(len(done.people), "person", "people")
    report.result(
        f"{gallery}: {people_said}, {count(len(done.rows), 'face')}",
        kind="enroll", gallery=gallery, people=len(done.people), faces=len(done.rows),
        model=done.model, key=done.key, note=NOTE,
    )  # fmt: skip
    return tally.code(sum(len(paths) for paths in people.values()))


class _Tally:
    """Counts what became of each person's pictures, and tells what went wrong."""

    def __init__(self, report: Report, face: str | int) -> None:
        self._report, self._face = report, face
        self._counts: dict[str, Counter[str]] = {}
        self._errors: list[Exception] = []

    def take(self, outcome: Outcome) -> None:
        counts = self._counts.setdefault(outcome.name, Counter())
        if outcome.error is not None:
            counts["failed"] += 1
            self._errors.append(outcome.error)
            self._report.failure(str(outcome.path), outcome.error)
        elif outcome.known:
            counts["known"] += 1
        else:
            counts["enrolled"] += 1
            if outcome.found > 1:
                self._report.note(several_faces(outcome.path, outcome.found, self._face))

    def person(self, name: str) -> None:
        counts = self._counts.get(name, Counter())
        said = [f"{count(counts['enrolled'], 'picture')} enrolled"]
        said += [f"{counts['known']} known already"] * (counts["known"] > 0)
        said += [f"{counts['failed']} failed"] * (counts["failed"] > 0)
        numbers = {state: counts[state] for state in ("enrolled", "known", "failed")}
        self._report.result(f"{name}: {', '.join(said)}", kind="enroll", person=name, **numbers)

    def code(self, total: int) -> int:
        """Return the exit code: a single picture's own, else 1 if any failed."""
        if not self._errors:
            return 0
        return exit_code(self._errors[0]) if total == 1 else 1
