"""``cvfast pose``: where the joints of people are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from cyclopts import Parameter

from cvfast.cli.common import Common, Drawing, Inputs, MaxPixels, Overwrite, Recursive
from cvfast.cli.looking import Look, look_at_all
from cvfast.typing import Image

if TYPE_CHECKING:
    from cvfast.people.finding import FoundPerson

__all__ = ["EXAMPLES", "USAGE", "pose"]

EXAMPLES = (
    "cvfast pose person.jpg",
    "cvfast pose person.jpg -o drawn.png",
    "cvfast pose photos/ --openpose poses",
    "cvfast pose person.jpg --scheme coco18 --json > pose.jsonl",
)
USAGE = "IN... [-o OUT] [OPTIONS]"

Scheme: TypeAlias = Annotated[
    str | None, Parameter(help="blaze33 (what is found), coco18, coco17 or body25.")
]
OpenPose: TypeAlias = Annotated[
    str | None,
    Parameter(
        name="--openpose",
        help="Photos: write NAME_keypoints.json as OpenPose does, COCO-18 unless --scheme says "
        "otherwise, to this folder.",
    ),
]
Strict: TypeAlias = Annotated[
    bool, Parameter(name="--strict", negative="", help="Exit with 3 if an input has nobody.")
]
Most: TypeAlias = Annotated[
    int | None, Parameter(name="--people", help="At most so many, the largest first.")
]


def pose(
    inputs: Inputs,
    /,
    *,
    scheme: Scheme = None,
    openpose: OpenPose = None,
    people: Most = None,
    output: Drawing = None,
    overwrite: Overwrite = False,
    recursive: Recursive = False,
    max_pixels: MaxPixels = 89_478_485,
    strict: Strict = False,
    common: Common | None = None,
) -> int:
    """Find the poses of people in photos and in every frame of clips."""
    from cvfast.cli.pose_files import PoseFiles
    from cvfast.people.drawing import draw_poses
    from cvfast.people.finding import find_people
    from cvfast.people.schemes import scheme_names

    report = (common or Common()).report("pose")
    wanted = scheme or "blaze33"
    scheme_names(wanted)
    if people is not None and people < 1:
        raise ValueError(f"--people: expected at least 1, got {people}")
    files = PoseFiles.into(openpose, scheme or "coco18", overwrite=overwrite)

    def look(image: Image) -> Look:
        found = find_people(image, limit=people)
        record = {"people": [_record(person, wanted) for person in found]}
        poses = [person.pose for person in found]
        return Look(
            bool(found),
            _text(found, wanted),
            record,
            lambda picture: draw_poses(picture, [pose.to(wanted) for pose in poses]),
            poses=poses,
        )

    return look_at_all(
        inputs,
        look,
        report,
        output=output,
        overwrite=overwrite,
        recursive=recursive,
        strict=strict,
        max_pixels=max_pixels,
        watcher=files,
        nothing="nobody",
    )


def _text(found: Sequence[FoundPerson], scheme: str) -> str:
    if not found:
        return "nobody"
    lines = [f"{len(found)} {'people' if len(found) > 1 else 'person'}"]
    for number, person in enumerate(found):  # as --person of other commands counts
        pose = person.pose.to(scheme)
        seen = int((pose.confidence >= 0.5).sum())
        corners = " ".join(f"{value:.0f}" for value in person.box)
        lines.append(
            f"  {number}: score {person.score:.2f}, box {corners}, "
            f"{seen} of {len(pose)} points surely seen"
        )
    return "\n".join(lines)


def _record(person: FoundPerson, scheme: str) -> dict[str, Any]:
    pose = person.pose.to(scheme)
    return {
        "scheme": scheme,
        "score": round(person.score, 4),
        "box": [round(value, 2) for value in person.box.tolist()],
        "points": [[round(value, 3) for value in point] for point in pose.points.tolist()],
        "confidence": [round(value, 4) for value in pose.confidence.tolist()],
    }
