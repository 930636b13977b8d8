"""``cvfast average-face``: means of many faces, morphs between them, and why they please."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

from cyclopts import Parameter

from cvfast.cli.average_groups import groups_in, weights_of
from cvfast.cli.batch import Batch
from cvfast.cli.common import Common, MaxPixels, Overwrite, Strict
from cvfast.cli.recognizing import parse_face
from cvfast.cli.report import Report
from cvfast.errors import MediaError, NothingFoundError
from cvfast.io.provenance import Mark

if TYPE_CHECKING:
    from cvfast.recognition.average import AverageFace, KnownFace
    from cvfast.recognition.face_frame import Warp

__all__ = ["EXAMPLES", "USAGE", "average_face"]

EXAMPLES = (
    "cvfast average-face people/ -o mean.png",
    "cvfast average-face people/ -o mean.png --warp tps --weights weights.csv",
    "cvfast average-face groups/ --morph over.mp4 --from women --to men",
    "cvfast average-face people/ --why why.png --json",
)
USAGE = "DIR [-o OUT.png] [--morph OUT.mp4 --from A --to B] [--why OUT.png] [OPTIONS]"

Folder: TypeAlias = Annotated[
    str,
    Parameter(name="DIR", help="Pictures in it are one group; each subfolder is another."),
]
Output: TypeAlias = Annotated[
    str | None,
    Parameter(name=["--output", "-o"], help="The average; of several groups, side by side."),
]
WarpName: TypeAlias = Annotated[
    str,
    Parameter(help="affine (by triangles), tps (smoother), similarity (aligned only), none."),
]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class MorphFlags:
    """A clip that goes over from one face to another."""

    morph: Annotated[str | None, Parameter(help="Write such a clip: a file .mp4.")] = None
    start: Annotated[str | None, Parameter(name="--from", help="A group's name, or a picture.")] = (
        None
    )
    end: Annotated[str | None, Parameter(name="--to", help="A group's name, or a picture.")] = None
    seconds: Annotated[float, Parameter(help="How long the change takes.")] = 3.0


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class WhyFlags:
    """Why the average face looks better."""

    why: Annotated[
        str | None,
        Parameter(help="Draw asymmetry, skin and shape against the number of faces: a picture."),
    ] = None
    draws: Annotated[int, Parameter(help="How many random orders of the faces.")] = 10
    seed: Annotated[int, Parameter(help="Of the random orders.")] = 0


def average_face(
    folder: Folder,
    /,
    *,
    output: Output = None,
    warp: WarpName = "affine",
    size: Annotated[int, Parameter(help="Pixels of each side.")] = 512,
    weights: Annotated[
        str | None,
        Parameter(help="A file: JSON, CSV, or lines with name and weight; others weigh 1."),
    ] = None,
    face: Annotated[
        str, Parameter(help="Where a picture has several: largest, or a number from 0 on.")
    ] = "largest",
    morphing: MorphFlags | None = None,
    asking: WhyFlags | None = None,
    overwrite: Overwrite = False,
    max_pixels: MaxPixels = 89_478_485,
    strict: Strict = False,
    common: Common | None = None,
) -> int:
    """Average the faces of photos: shapes first, then colours, so that features stay sharp."""
    report = (common or Common()).report("average-face")
    over, why = morphing or MorphFlags(), asking or WhyFlags()
    targets = _targets(output, over, why, size=size, warp=warp, overwrite=overwrite)
    groups = groups_in(folder, without=targets)
    counts = weights_of(groups, folder, weights)
    batch = Batch(report, strict=strict)
    job = _Job(report, batch, parse_face(face), size, warp, max_pixels)  # type: ignore[arg-type]
    with report.bars():
        ends = None if over.morph is None else _ends(over, groups, folder)
        all_of_them = output is not None or why.why is not None
        wanted = [name for name in groups if all_of_them or name in (ends or ())]
        found = {name: job.find(groups[name], counts) for name in wanted}
        if wanted and not any(found.values()):
            code = batch.finish()
            if batch.failures:
                return code
            raise NothingFoundError(f"{folder}: no face found in any of the pictures")
        averages = {name: job.average(name, faces) for name, faces in found.items() if faces}
        for name in set(found) - set(averages):
            report.note(f"{name}: no face found in any picture of the group; left out")
        if output is not None:
            _write_average(report, output, averages, groups, overwrite=overwrite, warp=warp)
        if ends is not None:
            first, second = (job.end(name, averages) for name in ends)
            _write_morph(report, over, ends, first, second, overwrite=overwrite)
        if why.why is not None:
            _write_why(report, why, [one for faces in found.values() for one in faces], job,
                       overwrite=overwrite)  # fmt: skip
    return batch.finish()


@dataclass(frozen=True)
class _Job:
    """How faces are found and averaged in this run."""

    report: Report
    batch: Batch
    face: str | int
    size: int
    warp: Warp
    max_pixels: int

    def find(self, paths: list[Path], weights: Mapping[Path, float]) -> list[KnownFace]:
        """Find the faces of a group, telling of each picture that has none or several."""
        from cvfast.recognition.average import find_faces

        used = [path for path in paths if weights[path] > 0]
        found: list[KnownFace] = []
        self.batch.expect(len(used))
        with self.report.bar("finding faces", len(used)) as progress:
            for number, path in enumerate(used):
                faces = find_faces(
                    [path],
                    weights=[weights[path]],
                    face=self.face,
                    max_pixels=self.max_pixels,
                    skip=self._skip,
                )
                for one in faces:
                    self.batch.take(one.name, found=True)
                    if one.shape.found > 1:
                        self.report.note(_several(one, self.face))
                found += faces
                progress(number + 1, len(used))
        return found

    def _skip(self, name: str, error: Exception) -> None:
        if isinstance(error, NothingFoundError):
            self.batch.take(name, found=False)
            self.report.note(f"{error}; left out")
        else:
            self.batch.fail(name, error)

    def average(self, name: str, faces: list[KnownFace]) -> AverageFace:
        """Average a group."""
        from cvfast.recognition.average import average_of

        if len(faces) == 1:
            self.report.note(f"{name}: only one face, which is its own average")
        with self.report.bar(f"averaging {name}", len(faces)) as progress:
            return average_of(
                faces,
                size=self.size,
                warp=self.warp,
                max_pixels=self.max_pixels,
                progress=progress,
            )

    def end(self, name: str | Path, averages: Mapping[str, AverageFace]) -> AverageFace:
        """Return one end of a morph: a group's average, or a picture's face brought into place."""
        from cvfast.recognition.average import average_of, find_faces

        if isinstance(name, str):
            if name not in averages:
                raise NothingFoundError(f"{name}: no face found in any of its pictures")
            return averages[name]
        failed: list[Exception] = []
        faces = find_faces(
            [name],
            face=self.face,
            max_pixels=self.max_pixels,
            skip=lambda _name, error: failed.append(error),
        )
        if failed:
            raise failed[0]
        return average_of(faces, size=self.size, warp=self.warp, max_pixels=self.max_pixels)


def _targets(
    output: str | None, over: MorphFlags, why: WhyFlags, *, size: int, warp: str, overwrite: bool
) -> list[Path]:
    """Refuse before any work what could not be written after it, and return what will be."""
    from cvfast.io.atomic import check_target
    from cvfast.io.figures import new_figure
    from cvfast.io.image_writer import SUFFIXES
    from cvfast.io.movie import check_movie
    from cvfast.recognition.average import check_options

    check_options(size, warp)
    named = {"--output": output, "--morph": over.morph, "--why": why.why}
    wanted = {option: file for option, file in named.items() if file is not None}
    if not wanted:
        raise ValueError("expected at least one of -o OUT.png, --morph OUT.mp4 and --why OUT.png")
    if len({Path(file).resolve() for file in wanted.values()}) < len(wanted):
        raise ValueError(f"expected a file for each of {', '.join(wanted)}, got one twice")
    known = [suffix for suffix in SUFFIXES if suffix != ".bmp"]  # which cannot be marked
    for option, file in wanted.items():
        if option == "--morph":
            check_movie(file, (2, 2))
        elif Path(file).suffix.lower() not in known:
            raise ValueError(f"{option}: expected a name with {', '.join(known)}, got {file}")
        check_target(file, overwrite=overwrite)
    if over.morph is None and (over.start or over.end):
        raise ValueError("--from, --to: expected together with --morph OUT.mp4")
    if not 0 <= over.seconds <= 600:
        raise ValueError(f"--seconds: expected 0 to 600, got {over.seconds:g}")
    if not 1 <= why.draws <= 50:
        raise ValueError(f"--draws: expected 1 to 50, got {why.draws}")
    if why.seed < 0:
        raise ValueError(f"--seed: expected 0 or more, got {why.seed}")
    if why.why is not None:
        new_figure(1, 1)
    return [Path(file) for file in wanted.values()]


def _several(one: KnownFace, face: str | int) -> str:
    took = "the largest; --face N takes another" if face == "largest" else f"number {face}"
    return f"{one.name}: {one.shape.found} faces found, took {took}"


def _ends(
    over: MorphFlags, groups: Mapping[str, list[Path]], folder: str
) -> tuple[str | Path, str | Path]:
    """Say what the morph goes between: names of groups, or pictures."""
    names = list(groups)
    if over.start is None and over.end is None and len(names) == 2:
        return names[0], names[1]
    ends: list[str | Path] = []
    for option, given in (("--from", over.start), ("--to", over.end)):
        if given is None:
            raise ValueError(f"{option}: expected a group ({', '.join(names)}) or a picture")
        files = [path for path in (Path(folder) / given, Path(given)) if path.is_file()]
        if given not in groups and not files:
            raise MediaError(
                f"{option} {given}: expected a group ({', '.join(names)}) or a picture, "
                "found no such file"
            )
        ends.append(given if given in groups else files[0])
    return ends[0], ends[1]


def _write_average(
    report: Report,
    output: str,
    averages: Mapping[str, AverageFace],
    groups: Mapping[str, list[Path]],
    *,
    overwrite: bool,
    warp: str,
) -> None:
    from cvfast.cli.average_drawings import side_by_side
    from cvfast.io.images import write_image

    total = sum(one.count for one in averages.values())
    mark = Mark("compositeCapture", actions=(f"average_face={total} faces, warp {warp}",))
    drawn = side_by_side(averages)
    write_image(output, drawn, mark=mark, overwrite=overwrite)
    for name, average in averages.items():
        pictures = len(groups[name])
        report.result(
            f"{name}: {average.count} of {pictures} pictures averaged",
            group=name,
            count=average.count,
            pictures=pictures,
            warp=warp,
            size=[drawn.shape[1], drawn.shape[0]],
            output=output,
        )


def _write_morph(
    report: Report,
    over: MorphFlags,
    ends: tuple[str | Path, str | Path],
    first: AverageFace,
    second: AverageFace,
    *,
    overwrite: bool,
) -> None:
    from cvfast.recognition.morph import morph_video

    assert over.morph is not None  # noqa: S101 - the caller looked
    with report.bar("morphing") as progress:
        frames = morph_video(
            over.morph, first, second, seconds=over.seconds, overwrite=overwrite, progress=progress
        )
    named = {"from": str(ends[0]), "to": str(ends[1])}
    report.result(
        f"{over.morph}: from {ends[0]} to {ends[1]}, {frames} frames",
        morph=over.morph,
        frames=frames,
        **named,
    )


def _write_why(
    report: Report, why: WhyFlags, faces: list[KnownFace], job: _Job, *, overwrite: bool
) -> None:
    from cvfast.cli.average_drawings import caption, why_picture
    from cvfast.io.images import write_image
    from cvfast.recognition.averageness import averageness

    assert why.why is not None  # noqa: S101 - the caller looked
    if len(faces) < 2:
        raise ValueError(f"--why: expected at least 2 faces, got {len(faces)}")
    with report.bar("measuring", len(faces)) as progress:
        found = averageness(
            faces, draws=why.draws, seed=why.seed, max_pixels=job.max_pixels, progress=progress
        )
    mark = Mark("compositeCapture", actions=(f"average_face={len(faces)} faces, measured",))
    write_image(why.why, why_picture(found), mark=mark, overwrite=overwrite)
    report.result(
        f"{why.why}: {caption(found)}",
        why=why.why,
        seed=why.seed,
        caption=caption(found),
        **found.record(),
    )
