"""What the kinds of `recognize` share: their options, the model, the gallery."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

from cyclopts import Parameter

from cvfast.cli.report import Report

if TYPE_CHECKING:
    from cvfast.faces.embedding import Embedder, Threshold
    from cvfast.recognition.gallery import Gallery

__all__ = [
    "Face",
    "GalleryFolder",
    "ModelFlags",
    "ThresholdDistance",
    "count",
    "far_record",
    "far_text",
    "open_gallery",
    "parse_face",
    "several_faces",
]

GalleryFolder: TypeAlias = Annotated[
    str, Parameter(name=["--gallery", "-g"], help="The gallery: a folder of its own.")
]
Face: TypeAlias = Annotated[
    str, Parameter(help="Of several faces: largest, or a number in the order of cvfast detect.")
]
ThresholdDistance: TypeAlias = Annotated[
    float | None,
    Parameter(help="Distance up to which two faces are one person's; by default the model's."),
]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ModelFlags:
    """The model, and how an ONNX file wants its faces."""

    model: Annotated[
        str | None,
        Parameter(
            help="dlib, deepface[:FILE], eigenfaces:FILE, fisherfaces:FILE, lbph:FILE, FILE.onnx, "
            "or FILE.dat; by default the gallery's, or dlib where installed, else deepface."
        ),
    ] = None
    template: Annotated[
        str | None, Parameter(help="FILE.onnx: where it wants eyes, nose and mouth (arcface, ...).")
    ] = None
    colours: Annotated[str | None, Parameter(help="FILE.onnx: rgb or bgr.")] = None

    def open(self, report: Report, default: str | None = None) -> Embedder:
        """Open the model that is named, or the one to use by default."""
        from cvfast.recognition.recognisers import (
            MADE_FACES_ONLY,
            default_recogniser,
            open_recogniser,
        )

        spec = self.model or default or default_recogniser()
        if spec == "deepface":
            report.note(MADE_FACES_ONLY)
        return open_recogniser(spec, template=self.template, colours=self.colours)

    def open_for(self, report: Report, gallery: Gallery, folder: str) -> Embedder:
        """Open the model that made a gallery.

        Raises
        ------
        ValueError
            It is a file, which nobody named.
        ModelError
            Another was named.
        """
        if self.model is None and gallery.model not in ("dlib", "deepface"):
            raise ValueError(
                f"--model: expected the model that made {folder} ({gallery.model}), got none. The "
                "gallery does not keep where its file is"
            )
        embedder = self.open(report, gallery.model)
        gallery.check(embedder, place=Path(folder))
        return embedder


def open_gallery(report: Report, folder: str) -> Gallery:
    """Read a gallery, and say so if others can read it."""
    from cvfast.recognition.gallery_file import loose_rights, read_gallery

    gallery = read_gallery(folder)
    if loose_rights(folder):
        report.note(f"{folder}: others than you can read this gallery: chmod -R go= {folder}")
    if not gallery.rows:
        report.note(f"{folder}: the gallery is empty, so every face is unknown")
    return gallery


def parse_face(text: str, name: str = "--face") -> str | int:
    """Return which face is meant.

    Raises
    ------
    ValueError
        Neither ``largest`` nor a number.
    """
    if text == "largest":
        return text
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{name}: expected largest or a number from 0 on, got {text}")
    return int(text)


def several_faces(path: object, found: int, face: str | int) -> str:
    """Say that a picture has several faces, and which of them was taken."""
    took = "the largest; --face N takes another" if face == "largest" else f"number {face}"
    return f"{path}: {found} faces found, took {took}"


def far_text(threshold: Threshold) -> str:
    """Say what is known of a threshold's false accepts."""
    if threshold.false_accepts is None:
        return f"false accepts not measured; {threshold.source}"
    return f"set for {threshold.false_accepts:.3g} false accepts: {threshold.source}"


def far_record(threshold: Threshold) -> dict[str, float | str | None]:
    """Return the same for programs."""
    return {
        "threshold": threshold.distance,
        "far": threshold.false_accepts,
        "far_source": threshold.source,
    }


def count(number: int, what: str, many: str = "") -> str:
    """Return a number with its noun."""
    return f"{number} {what if number == 1 else many or what + 's'}"
