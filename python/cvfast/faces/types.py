"""What detection and landmark fitting return: `Faces` and `Landmarks`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvfast.faces import drawing, schemes
from cvfast.typing import Image, ImageF32, ImageU8

__all__ = ["EyeOpenness", "Faces", "HeadPose", "Landmarks"]


def _frozen(name: str, values: Any, shape: tuple[int | None, ...]) -> ImageF32:
    """Read-only float32 copy, its shape checked; None stands for any length."""
    array = np.array(values, np.float32)
    if array.size == 0 and 0 not in array.shape[len(shape) :]:
        array = array.reshape(
            [side or 0 for side in shape] if array.ndim != len(shape) else array.shape
        )
    if array.ndim != len(shape) or any(
        want is not None and have != want for have, want in zip(array.shape, shape, strict=True)
    ):
        raise ValueError(f"{name}: expected shape {shape}, got {array.shape}")
    array.setflags(write=False)
    return array


@dataclass(frozen=True, eq=False, slots=True)
class Faces:
    """Faces found in one picture, best first.

    Parameters
    ----------
    boxes
        ``(N, 4)`` float32 ``x0, y0, x1, y1``, counting the pixels x0 <= x < x1; they may reach
        outside the picture.
    scores
        ``(N,)`` float32 in [0, 1].
    keypoints
        ``(N, K, 2)`` float32 pixel coordinates, K = 0 where the detector has none. BlazeFace gives
        the six of `cvfast.faces.schemes.KEYPOINTS`; right and left are the person's own.
    size
        Width and height of the picture.

    Examples
    --------
    >>> faces = Faces([[10, 10, 30, 34]], [0.9], [[]], (64, 48))
    >>> faces
    Faces(1 in 64x48, best 0.90)
    >>> len(faces), faces[0].boxes.tolist()
    (1, [[10.0, 10.0, 30.0, 34.0]])
    """

    boxes: ImageF32
    scores: ImageF32
    keypoints: ImageF32
    size: tuple[int, int]

    def __post_init__(self) -> None:
        set_field = object.__setattr__
        boxes = _frozen("boxes", self.boxes, (None, 4))
        keypoints = np.asarray(self.keypoints, np.float32)
        if keypoints.size == 0:
            keypoints = np.zeros((len(boxes), 0, 2), np.float32)
        set_field(self, "boxes", boxes)
        set_field(self, "scores", _frozen("scores", self.scores, (len(boxes),)))
        set_field(self, "keypoints", _frozen("keypoints", keypoints, (len(boxes), None, 2)))
        set_field(self, "size", (int(self.size[0]), int(self.size[1])))

    @classmethod
    def none(cls, size: tuple[int, int]) -> Faces:
        """No face in a picture of this width and height."""
        return cls(np.zeros((0, 4)), np.zeros(0), np.zeros((0, 0, 2)), size)  # type: ignore[arg-type]

    @classmethod
    def from_json(cls, text: str) -> Faces:
        """Read what `to_json` wrote."""
        data = json.loads(text)
        return cls(data["boxes"], data["scores"], data["keypoints"], tuple(data["size"]))

    def to_json(self) -> str:
        """One line of JSON with the four fields; numbers are exact."""
        fields = ("boxes", "scores", "keypoints")
        data: dict[str, Any] = {name: getattr(self, name).tolist() for name in fields}
        return json.dumps(data | {"size": list(self.size)})

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, index: int | slice | NDArray[Any] | list[int]) -> Faces:
        """Pick faces by number, slice, list or mask; the result is again `Faces`."""
        if isinstance(index, int | np.integer):
            number = range(len(self))[index]  # negative and out-of-range as for a list
            index = slice(number, number + 1)
        chosen: Any = index
        return Faces(self.boxes[chosen], self.scores[chosen], self.keypoints[chosen], self.size)

    def __iter__(self) -> Iterator[Faces]:
        return (self[number] for number in range(len(self)))

    def __repr__(self) -> str:
        best = f", best {self.scores.max():.2f}" if len(self) else ""
        return f"Faces({len(self)} in {self.size[0]}x{self.size[1]}{best})"

    def largest(self) -> Faces:
        """Return the face with the largest box; empty where there is none."""
        areas = np.prod(self.boxes[:, 2:] - self.boxes[:, :2], axis=1)
        return self[int(areas.argmax())] if len(self) else self

    def resized(self, size: tuple[int, int]) -> Faces:
        """Return the faces as they lie in the same picture resized to (width, height) ``size``."""
        scale = np.array(size, np.float64) / np.maximum(self.size, 1)
        return Faces(
            (self.boxes * np.tile(scale, 2)).astype(np.float32),
            self.scores,
            ((self.keypoints + 0.5) * scale - 0.5).astype(np.float32),
            size,
        )

    def draw(self, image: Image) -> ImageU8:
        """Copy of ``image`` (RGB uint8) with boxes, scores and keypoints drawn on it."""
        return drawing.draw_faces(image, self.boxes, self.scores, self.keypoints)

    def _repr_png_(self) -> bytes:
        """Boxes on a blank sheet, for notebooks."""
        scale = min(1.0, 512 / max(1, *self.size))
        width, height = (max(1, round(side * scale)) for side in self.size)
        blank = np.full((height, width, 3), 235, np.uint8)
        return drawing.png(
            drawing.draw_faces(blank, self.boxes * scale, self.scores, self.keypoints * scale)
        )


class HeadPose(NamedTuple):
    """Where a head is turned, in radians; all zero when it faces the camera upright.

    Positive yaw turns the face to the picture's right, positive pitch upwards, and positive roll
    clockwise as seen.
    """

    yaw: float
    pitch: float
    roll: float


class EyeOpenness(NamedTuple):
    """Lid opening over eye width, for the person's right and left eye.

    About 0.3 for an open eye, under about 0.1 for a closed one.
    """

    right: float
    left: float


@dataclass(frozen=True, eq=False, slots=True)
class Landmarks:
    """Landmarks of one face.

    Parameters
    ----------
    points
        ``(N, 2)`` or ``(N, 3)`` float32, pixels. The third coordinate is depth in pixels, smaller
        towards the camera.
    scheme
        What the numbers mean: ``"mesh478"``, ``"dlib68"``, ``"five"`` or ``"dlib5"``; see
        `cvfast.faces.schemes`.
    score
        How sure the model is that it sees a face here, in [0, 1].
    box
        ``(4,)`` float32, the face's box.

    Examples
    --------
    >>> import numpy as np
    >>> marks = Landmarks(np.zeros((68, 2)), "dlib68", 0.9, [0, 0, 1, 1])
    >>> marks
    Landmarks(dlib68, score 0.90)
    >>> marks.group("right_eye").shape
    (6, 2)
    """

    points: ImageF32
    scheme: str
    score: float
    box: ImageF32

    def __post_init__(self) -> None:
        count = schemes.point_count(self.scheme)
        points = _frozen("points", self.points, (count, None))
        if points.shape[1] not in (2, 3):
            raise ValueError(f"points: expected shape (N, 2) or (N, 3), got {points.shape}")
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "score", float(self.score))
        object.__setattr__(self, "box", _frozen("box", self.box, (4,)))

    @classmethod
    def from_json(cls, text: str) -> Landmarks:
        """Read what `to_json` wrote."""
        data = json.loads(text)
        return cls(data["points"], data["scheme"], data["score"], data["box"])

    def to_json(self) -> str:
        """One line of JSON with the four fields; numbers are exact."""
        return json.dumps(
            {
                "points": self.points.tolist(),
                "scheme": self.scheme,
                "score": self.score,
                "box": self.box.tolist(),
            }
        )

    def __len__(self) -> int:
        return len(self.points)

    def __repr__(self) -> str:
        return f"Landmarks({self.scheme}, score {self.score:.2f})"

    def group(self, name: str) -> ImageF32:
        """Points ``(n, 2)`` of a named group such as ``"left_eye"``, in order along the feature.

        Raises
        ------
        ValueError
            The scheme has no such group; the message lists those it has.
        """
        return self.points[schemes.group(self.scheme, name), :2]

    def to(self, scheme: str) -> Landmarks:
        """Return the same face in another scheme.

        From ``mesh478`` to all others, and from ``dlib68`` to ``five`` and ``dlib5``, points are
        picked (or means of them). All other ways are approximate, and 2D: from ``dlib68`` to
        ``mesh478`` a mean face is bent through the 68 points, which come back unchanged; from five
        points a mean face is moved, turned and scaled, and knows no expression and no turned head.

        Raises
        ------
        ValueError
            Unknown scheme.
        """
        points = schemes.convert(self.points, self.scheme, scheme)
        return Landmarks(points, scheme, self.score, self.box)

    @property
    def pose(self) -> HeadPose:
        """Yaw, pitch and roll; needs a mesh with depth.

        Raises
        ------
        ValueError
            The points are not a mesh with depth.
        """
        if self.scheme != "mesh478" or self.points.shape[1] != 3:
            raise ValueError(f"pose: expected mesh478 points with depth, got {self!r}")
        points = self.points.astype(np.float64)
        right, left, top, chin = points[[234, 454, 10, 152]]
        across = (left - right) / max(float(np.linalg.norm(left - right)), 1e-9)
        down = chin - top
        down = down - across * float(down @ across)
        down /= max(float(np.linalg.norm(down)), 1e-9)
        forward = np.cross(down, across)  # out of the face, towards the camera: -z
        return HeadPose(
            yaw=math.atan2(forward[0], -forward[2]),
            pitch=math.asin(float(np.clip(-forward[1], -1, 1))),
            roll=math.atan2(across[1], math.hypot(across[0], across[2])),
        )

    @property
    def eye_openness(self) -> EyeOpenness:
        """How far each eye is open, from the lid contours (any scheme that has them).

        Raises
        ------
        ValueError
            The scheme has no eye contours.
        """
        return EyeOpenness(
            *(
                schemes.eye_openness(self.points, schemes.group(self.scheme, name))
                for name in ("right_eye", "left_eye")
            )
        )

    def draw(self, image: Image) -> ImageU8:
        """Copy of ``image`` (RGB uint8) with the points and their groups drawn on it."""
        return drawing.draw_landmarks(image, self.points, self.scheme)

    def _repr_png_(self) -> bytes:
        """Points alone on a blank sheet, for notebooks."""
        xy = self.points[:, :2]
        low = xy.min(axis=0)
        scale = 300 / max(float((xy.max(axis=0) - low).max()), 1e-6)
        blank = np.full((340, 340, 3), 235, np.uint8)
        return drawing.png(drawing.draw_landmarks(blank, (xy - low) * scale + 20, self.scheme))
