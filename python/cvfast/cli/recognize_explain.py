"""``cvfast recognize explain``: what eigenfaces and DeepFace see, as one page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

from cyclopts import Parameter

from cvfast.cli.batch import Batch
from cvfast.cli.common import Common, MaxPixels, Overwrite, Strict
from cvfast.cli.recognizing import Face, count, parse_face, several_faces
from cvfast.cli.report import Report

if TYPE_CHECKING:
    from cvfast.faces.choosing import Chosen
    from cvfast.recognition.explain import EigenStory, Faces, Source
    from cvfast.recognition.explain_layers import LayerNet, LayerProbe
    from cvfast.typing import Image

__all__ = ["EXAMPLES", "USAGE", "recognize_explain"]

EXAMPLES = (
    "cvfast recognize explain people/ -o report.html",
    "cvfast recognize explain people/ -o report.html --model mine.safetensors",
    "cvfast recognize explain a.jpg b.jpg c.jpg -o report.html",
)
USAGE = "IN... -o REPORT.html [OPTIONS]"

PeopleOrPictures: TypeAlias = Annotated[
    list[str],
    Parameter(
        name="IN",
        help="A folder with one subfolder of pictures a person; or folders of pictures, files, "
        "patterns.",
    ),
]
PageFile: TypeAlias = Annotated[
    str, Parameter(name=["--output", "-o"], help="The page: one HTML file without network.")
]
DeepFaceFile: TypeAlias = Annotated[
    str | None,
    Parameter(help="A DeepFace of cvfast train deepface; by default the one that comes along."),
]


def recognize_explain(
    inputs: PeopleOrPictures,
    /,
    *,
    output: PageFile,
    model: DeepFaceFile = None,
    face: Face = "largest",
    overwrite: Overwrite = False,
    max_pixels: MaxPixels = 89_478_485,
    strict: Strict = False,
    common: Common | None = None,
) -> int:
    """Draw what face recognition sees in your pictures, step by step, with its figures.

    Preprocessing, mean face, components, spectrum, reconstructions, map, nearest neighbours, and
    the layers of DeepFace. The page holds pictures of the faces: keep it as you keep the photos.
    """
    from cvfast.cli.explainpage import check_page, write_page
    from cvfast.recognition.explain import explain_eigenfaces, find_shown_faces, named_pictures
    from cvfast.recognition.explain_layers import LayerProbe

    report = (common or Common()).report("recognize")
    chosen = parse_face(face)
    check_page(output, overwrite=overwrite)
    sources = named_pictures(inputs)
    net, missing = _open_net(model)
    probe = None if net is None else LayerProbe(net, sources)

    def each(source: Source, image: Image, found: Chosen) -> None:
        if found.found > 1:
            report.note(several_faces(source[0], found.found, chosen))
        if probe is not None:
            probe.look(source, image, found.landmarks)

    with report.bars(), report.bar("pictures") as progress:
        faces = find_shown_faces(
            sources, face=chosen, max_pixels=max_pixels, each=each, progress=progress
        )
    story = explain_eigenfaces(faces.faces)
    write_page(output, faces, story, probe, missing, overwrite=overwrite)
    _tell(report, output, faces, story, probe)
    return _finish(report, sources, faces, strict=strict)


def _tell(
    report: Report, output: str, faces: Faces, story: EigenStory, probe: LayerProbe | None
) -> None:
    alike = story.alike
    named = f" of {count(len(faces.people), 'named person', 'named people')}"
    report.result(
        f"{output}: {count(len(faces.faces), 'face')}{named if faces.people else ''}, "
        f"{count(story.enough, 'component')} for 90 % of the variance",
        kind="explain", output=output, faces=len(faces.faces), people=len(faces.people),
        missing=[str(path) for path, _ in faces.missing], components=story.enough,
        nearest_same=None if alike is None else alike[0] / alike[1],
        layers=None if probe is None else {a.name: a.ratio for a in probe.answers()},
    )  # fmt: skip


def _open_net(model: str | None) -> tuple[LayerNet | None, str]:
    """Return the net to look at; where none comes along, why."""
    from cvfast.errors import ModelError
    from cvfast.recognition.deepface import DeepFace

    try:
        return DeepFace.load(model), ""
    except ModelError as error:
        if model is not None:
            raise
        return None, str(error)


def _finish(report: Report, sources: list[Source], faces: Faces, *, strict: bool) -> int:
    """Tell what is missing, and return the exit code."""
    from cvfast.errors import NothingFoundError

    batch = Batch(report, strict=strict)
    batch.expect(len(sources))
    for shown in faces.faces:
        batch.take(str(shown.path), found=True)
    for path, error in faces.missing:
        if isinstance(error, NothingFoundError):
            report.note(str(error))
            batch.take(str(path), found=False)
        else:
            batch.fail(str(path), error)
    return batch.finish()
