"""``cvfast recognize verify``: whether two pictures show the same person."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common, MaxPixels
from cvfast.cli.recognizing import (
    ModelFlags,
    ThresholdDistance,
    far_record,
    far_text,
    parse_face,
)
from cvfast.errors import CvfastError

__all__ = ["EXAMPLES", "USAGE", "recognize_verify"]

EXAMPLES = (
    "cvfast recognize verify a.jpg b.jpg",
    "cvfast recognize verify a.jpg group.jpg --face-b 2 --json",
    "cvfast recognize verify a.jpg b.jpg --model arcface.onnx --template arcface --threshold 1.1",
)
USAGE = "A B [OPTIONS]"


def recognize_verify(
    a: Annotated[str, Parameter(name="A", help="A picture.")],
    b: Annotated[str, Parameter(name="B", help="Another.")],
    /,
    *,
    threshold: ThresholdDistance = None,
    far: Annotated[
        float | None,
        Parameter(help="Highest false-accept rate that will do, where the model was measured."),
    ] = None,
    face_a: Annotated[str, Parameter(help="Of several faces in A: largest, or a number.")] = (
        "largest"
    ),
    face_b: Annotated[str, Parameter(help="The same for B.")] = "largest",
    max_pixels: MaxPixels = 89_478_485,
    flags: ModelFlags | None = None,
    common: Common | None = None,
) -> int:
    """Say whether two pictures show the same person, and how sure that is.

    The exit code is 0 whether they do or not, and 3 where a picture shows no face: then there is
    no answer.
    """
    from cvfast.faces.choosing import choose_face
    from cvfast.io.images import read_image
    from cvfast.recognition.recognisers import choose_threshold

    report = (common or Common()).report("recognize")
    wanted = (a, parse_face(face_a, "--face-a")), (b, parse_face(face_b, "--face-b"))
    embedder = (flags or ModelFlags()).open(report)
    limit = choose_threshold(embedder, distance=threshold, far=far)
    vectors, found = [], []
    for (path, face), option in zip(wanted, ("--face-a", "--face-b"), strict=True):
        try:
            pixels = read_image(path, max_pixels=max_pixels).pixels
            chosen = choose_face(pixels, face=face, name=path)
        except CvfastError as error:
            report.failure(path, error)
            return error.exit_code
        if chosen.found > 1 and face == "largest":
            report.note(
                f"{path}: {chosen.found} faces found, took the largest; {option} N takes another"
            )
        vectors.append(embedder.embed(pixels, [chosen.landmarks]))
        found.append({"input": path, "faces": chosen.found, "face": chosen.number})
    distance = float(embedder.distances(*vectors)[0, 0])
    same = distance <= limit.distance
    said = "the same person" if same else "different people"
    report.result(
        f"{a} and {b}: {said} (distance {distance:.3f}, threshold {limit.distance:g}, "
        f"{far_text(limit)})",
        kind="verify", same=same, distance=round(distance, 4), **far_record(limit),
        model=embedder.name, key=embedder.key, pictures=found,
    )  # fmt: skip
    return 0
