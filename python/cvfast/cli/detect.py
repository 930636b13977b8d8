"""``cvfast detect``: where the faces are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from cvfast.cli.common import Common, Drawing, Inputs, MaxPixels, Overwrite, Recursive, Strict
from cvfast.cli.looking import Look, look_at_all
from cvfast.typing import Image

if TYPE_CHECKING:
    from cvfast.faces.types import Faces

__all__ = ["EXAMPLES", "USAGE", "detect"]

EXAMPLES = (
    "cvfast detect group.jpg",
    "cvfast detect group.jpg -o drawn.png",
    "cvfast detect clip.mp4 photos/ --json > faces.jsonl",
)
USAGE = "IN... [-o OUT] [OPTIONS]"


def detect(
    inputs: Inputs,
    /,
    *,
    model: Annotated[
        str, Parameter(help="blazeface, or hog (needs the extra dlib).")
    ] = "blazeface",
    min_score: Annotated[float, Parameter(help="Lowest score to report, 0 to 1.")] = 0.5,
    max_faces: Annotated[int | None, Parameter(help="At most this many, the best ones.")] = None,
    output: Drawing = None,
    overwrite: Overwrite = False,
    recursive: Recursive = False,
    max_pixels: MaxPixels = 89_478_485,
    strict: Strict = False,
    common: Common | None = None,
) -> int:
    """Find faces in photos and in every frame of clips."""
    from cvfast.faces import detectors

    def look(image: Image) -> Look:
        faces = detectors.detect(image, model=model, min_score=min_score, max_faces=max_faces)
        return Look(len(faces) > 0, _text(faces), {"faces": _records(faces)}, faces.draw)

    detectors.check_choice("--model", model, tuple(detectors.DETECTORS))
    if not 0 <= min_score <= 1:
        raise ValueError(f"--min-score: expected a number in [0, 1], got {min_score}")
    if max_faces is not None and max_faces < 0:
        raise ValueError(f"--max-faces: expected at least 0, got {max_faces}")
    return look_at_all(
        inputs,
        look,
        (common or Common()).report("detect"),
        output=output,
        overwrite=overwrite,
        recursive=recursive,
        strict=strict,
        max_pixels=max_pixels,
    )


def _text(faces: Faces) -> str:
    if not len(faces):
        return "no face"
    lines = [f"{len(faces)} face{'s' if len(faces) > 1 else ''}"]
    for box, score in zip(faces.boxes.tolist(), faces.scores.tolist(), strict=True):
        corners = " ".join(f"{value:.1f}" for value in box)
        lines.append(f"  score {score:.2f}, box {corners}")
    return "\n".join(lines)


def _records(faces: Faces) -> list[dict[str, Any]]:
    return [
        {
            "box": [round(value, 2) for value in box],
            "score": round(score, 4),
            "keypoints": [[round(x, 2), round(y, 2)] for x, y in keypoints],
        }
        for box, score, keypoints in zip(
            faces.boxes.tolist(), faces.scores.tolist(), faces.keypoints.tolist(), strict=True
        )
    ]
