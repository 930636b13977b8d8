"""How far a try-on can be trusted, and why not further."""

from __future__ import annotations

import numpy as np

from cvfast.people.body import Body
from cvfast.people.pose import Pose

__all__ = ["Doubts"]


class Doubts:
    """Collects reasons to doubt a result; each lowers the confidence by a factor.

    Examples
    --------
    >>> doubts = Doubts()
    >>> doubts.add(0.5, "crossed arms")
    >>> doubts.confidence, doubts.reasons
    (0.5, ('crossed arms',))
    """

    def __init__(self) -> None:
        self._factors: list[float] = []
        self._reasons: list[str] = []

    def add(self, factor: float, reason: str) -> None:
        """Lower the confidence by a factor, 0 to 1; a reason told before counts once."""
        if reason not in self._reasons:
            self._factors.append(min(max(factor, 0.0), 1.0))
            self._reasons.append(reason)

    def note(self, reason: str) -> None:
        """Say something that does not lower the confidence."""
        self.add(1.0, reason)

    def take(self, confidence: float, reasons: tuple[str, ...] | list[str], *, of: str) -> None:
        """Take over the confidence and reasons of a step."""
        self._factors.append(min(max(float(confidence), 0.0), 1.0))
        for reason in reasons:
            text = f"{of}: {reason}"
            if text not in self._reasons:
                self._reasons.append(text)

    @property
    def confidence(self) -> float:
        """0 (do not use) to 1 (nothing speaks against it)."""
        return round(float(np.prod(self._factors)), 3) if self._factors else 1.0

    @property
    def reasons(self) -> tuple[str, ...]:
        """In the order in which they came up."""
        return tuple(self._reasons)

    def add_pose(self, pose: Pose, size: tuple[int, int]) -> None:
        """Doubt what a pose says: seen from behind or the side, cut off, arms in front.

        Parameters
        ----------
        pose
            Of the person.
        size
            Width and height of the picture.

        Raises
        ------
        NothingFoundError
            No shoulder is seen.
        """
        body = Body.of(pose)
        if not body.faces_camera():
            self.add(0.3, "seen from behind: the garment's front would be put on the back")
        shoulders = abs(float(body["left_shoulder"][0] - body["right_shoulder"][0]))
        if shoulders < 0.35 * body.torso_length:
            self.add(0.5, "turned to the side: the garment's picture shows its front")
        self._cut_off(body, size)
        for side in ("left", "right"):
            wrist, elbow = f"{side}_wrist", f"{side}_elbow"
            if elbow not in body.seen and wrist not in body.seen:
                self.add(0.85, f"{side} arm not seen: its sleeve is guessed")
        if _arms_crossed(body):
            self.add(0.55, "crossed arms: most of the garment's front is hidden")

    def _cut_off(self, body: Body, size: tuple[int, int]) -> None:
        hips = max(float(body["left_hip"][1]), float(body["right_hip"][1]))
        if hips > size[1] - 1 or not {"left_hip", "right_hip"} & body.seen:
            self.add(0.75, "cut off at the waist: the lower edge of the garment is not seen")
        shoulders = [body[f"{side}_shoulder"] for side in ("left", "right")]
        if any(not (0 <= point[0] < size[0] and 0 <= point[1] < size[1]) for point in shoulders):
            self.add(0.6, "a shoulder is outside the picture")


def _arms_crossed(body: Body) -> bool:
    """Whether both wrists lie on the other side of the chest, above the hips."""
    if not {"left_wrist", "right_wrist"} <= body.seen:
        return False
    across = body["left_shoulder"] - body["right_shoulder"]
    width = max(float(np.hypot(*across)), 1e-6)
    middle = (body["neck"] + body["mid_hip"]) / 2
    places = {}
    for side in ("left", "right"):
        wrist = body[f"{side}_wrist"]
        down = float((wrist - body["neck"]) @ body.down) / max(body.torso_length, 1.0)
        if not 0.1 < down < 0.95:
            return False
        places[side] = float((wrist - middle) @ across) / width**2
    return places["left"] < -0.02 and places["right"] > 0.02
