"""``cvfast tryon --pose, --labels, --parser``: what is known of the person's photo already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Group, Parameter

from cvfast.typing import Image

if TYPE_CHECKING:
    from cvfast.people.pose import Pose
    from cvfast.typing import ImageU8

__all__ = ["KnownFlags"]

_GROUP = Group.create_ordered(
    "What is known",
    help="Pose and parts are found in the photo; where you have better ones, give them.",
)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class KnownFlags:
    """Pose and label map of the person's photo."""

    pose: Annotated[
        str | None, Parameter(group=_GROUP, help="OpenPose JSON with 18, 25, 17 or 33 points.")
    ] = None
    labels: Annotated[
        str | None, Parameter(group=_GROUP, help="A label map of the photo, PNG.")
    ] = None
    parser: Annotated[
        str | None, Parameter(group=_GROUP, help="A human parser in ONNX to run on the photo.")
    ] = None
    label_set: Annotated[
        str,
        Parameter(
            group=_GROUP,
            help="Of --labels or --parser: lip20, lip21 (with CP-VTON+'s neck), cihp20, atr18, "
            "acgpn14, fashn18 or cvfast.",
        ),
    ] = "lip20"

    def check(self) -> None:
        """Refuse what does not go together.

        Raises
        ------
        ValueError
            Both a map and a parser, or an unknown set.
        """
        from cvfast.people import labels

        labels.label_set(self.label_set)
        if self.labels is not None and self.parser is not None:
            raise ValueError("--parser: expected none beside --labels, which are its result")

    def read(self, photo: Image, number: int | None) -> dict[str, Any]:
        """Return what the try-on shall take as known: pose and labels, in the photo's pixels.

        Parameters
        ----------
        photo
            The person's photo.
        number
            Which person of the files, 0 the first; None takes the first.

        Raises
        ------
        MediaError
            A file cannot be read, is of another size, or names nobody of that number.
        ModelError, MissingDependencyError
            As `cvfast.people.onnx_parser.OnnxParser`.
        NothingFoundError
            A label map needs a pose, and nobody is found.
        """
        self.check()
        pose = None if self.pose is None else self._pose(self.pose, number or 0)
        given = self._labels(photo)
        if given is None:
            return {} if pose is None else {"pose": pose}
        return {"pose": pose, "labels": self._completed(photo, given, pose, number)}

    def _pose(self, path: str, number: int) -> Pose:
        from cvfast.errors import MediaError
        from cvfast.people.openpose import read_openpose

        poses = read_openpose(path)
        if not 0 <= number < len(poses):
            raise MediaError(
                f"{path}: expected a person {number} (counted from 0), got {len(poses)} people"
            )
        return poses[number]

    def _labels(self, photo: Image) -> ImageU8 | None:
        if self.labels is not None:
            from cvfast.errors import MediaError
            from cvfast.people.label_file import read_labels

            ids = read_labels(self.labels, self.label_set)
            if ids.shape != photo.shape[:2]:
                raise MediaError(
                    f"{self.labels}: expected {photo.shape[1]} x {photo.shape[0]} pixels as the "
                    f"photo has, got {ids.shape[1]} x {ids.shape[0]}"
                )
            return ids
        if self.parser is None:
            return None
        from cvfast.people.onnx_parser import OnnxParser

        return OnnxParser(self.parser, self.label_set).parse(photo)

    def _completed(
        self, photo: Image, ids: ImageU8, pose: Pose | None, number: int | None
    ) -> ImageU8:
        from cvfast.errors import NothingFoundError
        from cvfast.people.finding import find_people
        from cvfast.people.given_labels import complete_labels
        from cvfast.people.labels import LABEL_SETS
        from cvfast.people.parts import find_parts

        if self.label_set == "cvfast":
            return ids
        person: Any = pose
        if pose is None:
            people = find_people(photo)
            if not 0 <= (number or 0) < len(people):
                raise NothingFoundError(
                    f"person: no person {number or 0} of {len(people)}, from 0 on; give --pose"
                )
            person = people[number or 0]
        own = None
        if "neck" not in LABEL_SETS[self.label_set]:
            own = find_parts(photo, person).labels
        return complete_labels(
            ids, self.label_set, person if pose is not None else person.pose, own=own
        )
