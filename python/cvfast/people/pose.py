"""`Pose`: where the joints of one person are."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.people.schemes import convert_points, scheme_names
from cvfast.typing import Image, ImageU8

__all__ = ["Pose"]


@dataclass(frozen=True, eq=False, slots=True)
class Pose:
    """Body points of one person.

    Parameters
    ----------
    points
        ``(N, 2)`` float64, x and y in pixels; they may lie outside the picture.
    confidence
        ``(N,)`` float64 in [0, 1]; 0 says that the point is missing, and its place is then (0, 0).
    scheme
        What the numbers mean: ``"blaze33"`` (BlazePose), ``"coco18"`` (OpenPose's COCO),
        ``"coco17"`` or ``"body25"`` (OpenPose's default). Left and right are the person's own.

    Raises
    ------
    ValueError
        Unknown scheme, another number of points, values that are not finite, or a confidence
        outside [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> pose = Pose(np.full((33, 2), 5.0), np.ones(33), "blaze33")
    >>> pose.to("coco18")
    Pose(coco18, 18 of 18 points)
    >>> pose.to("coco18").point("neck").tolist()
    [5.0, 5.0]
    """

    points: NDArray[np.float64]
    confidence: NDArray[np.float64]
    scheme: str

    def __post_init__(self) -> None:
        count = len(scheme_names(self.scheme))
        points = np.array(self.points, np.float64)
        confidence = np.array(self.confidence, np.float64)
        for name, array, shape in (
            ("points", points, (count, 2)),
            ("confidence", confidence, (count,)),
        ):
            if array.shape != shape:
                raise ValueError(f"{name}: expected shape {shape}, got {array.shape}")
            if not np.isfinite(array).all():
                raise ValueError(f"{name}: expected finite numbers, got NaN or infinity")
        if confidence.min() < 0 or confidence.max() > 1:
            raise ValueError(
                "confidence: expected values in [0, 1], "
                f"got {confidence.min():g} to {confidence.max():g}"
            )
        points[confidence == 0] = 0
        for name, array in (("points", points), ("confidence", confidence)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @classmethod
    def from_json(cls, text: str) -> Pose:
        """Read what `to_json` wrote."""
        data = json.loads(text)
        return cls(data["points"], data["confidence"], data["scheme"])

    def to_json(self) -> str:
        """One line of JSON with the three fields; numbers are exact."""
        return json.dumps(
            {
                "points": self.points.tolist(),
                "confidence": self.confidence.tolist(),
                "scheme": self.scheme,
            }
        )

    def __len__(self) -> int:
        return len(self.points)

    def __repr__(self) -> str:
        return f"Pose({self.scheme}, {int((self.confidence > 0).sum())} of {len(self)} points)"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the points, in order."""
        return scheme_names(self.scheme)

    def point(self, name: str) -> NDArray[np.float64]:
        """Where a named point is, ``(2,)``; (0, 0) where it is missing.

        Raises
        ------
        ValueError
            The scheme has no such point.
        """
        found: NDArray[np.float64] = self.points[self._index(name)]
        return found

    def sureness(self, name: str) -> float:
        """Confidence of a named point; 0 where it is missing.

        Raises
        ------
        ValueError
            The scheme has no such point.
        """
        return float(self.confidence[self._index(name)])

    def has(self, *names: str, least: float = 1e-9) -> bool:
        """Whether all these points are there with at least this confidence."""
        known = self.names
        return all(name in known and self.sureness(name) >= least for name in names)

    def _index(self, name: str) -> int:
        if name not in self.names:
            raise ValueError(f"name: expected one of {', '.join(self.names)}, got {name!r}")
        return self.names.index(name)

    def to(self, scheme: str) -> Pose:
        """Return the same person in another scheme.

        Points are taken over by name; neck and mid-hip are means of two where they are lacking (as
        OpenPose's own neck is), with the lower confidence. What a scheme lacks is missing.

        Raises
        ------
        ValueError
            Unknown scheme.
        """
        if scheme == self.scheme:
            return self
        return Pose(*convert_points(self.points, self.confidence, self.scheme, scheme), scheme)

    def without_unsure(self, least: float = 0.3) -> Pose:
        """Return the pose with points of lower confidence than ``least`` missing."""
        confidence = np.where(self.confidence < least, 0.0, self.confidence)
        return Pose(self.points, confidence, self.scheme)

    def moved(self, scale: float = 1.0, shift: tuple[float, float] = (0.0, 0.0)) -> Pose:
        """Return the pose in the picture resized by ``scale`` about its corner, then shifted.

        A point in the middle of a pixel stays in the middle of the area that the pixel becomes.
        """
        points = (self.points + 0.5) * scale - 0.5 + np.asarray(shift, np.float64)
        return Pose(points, self.confidence, self.scheme)

    def mirrored(self, width: int) -> Pose:
        """Return the pose in the mirrored picture of this width: left and right change names."""
        swapped = [_other_side(name) for name in self.names]
        order = [self.names.index(name) for name in swapped]
        points = self.points[order] * (-1.0, 1.0) + (width - 1.0, 0.0)
        return Pose(points, self.confidence[order], self.scheme)

    def draw(self, image: Image) -> ImageU8:
        """Copy of ``image`` (RGB uint8) with the points and the bones between them."""
        from cvfast.people.drawing import draw_poses

        return draw_poses(image, [self])

    def _repr_png_(self) -> bytes:
        """Bones on a blank sheet, for notebooks."""
        from cvfast.people.drawing import sheet_png

        return sheet_png(self)


def _other_side(name: str) -> str:
    if "left" in name:
        return name.replace("left", "right")
    return name.replace("right", "left")
