"""One face to retouch, as an effect sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cvfast.faces.types import Landmarks

__all__ = ["Subject"]


@dataclass(frozen=True, eq=False)
class Subject:
    """One face to retouch, in a photo or in one frame of a clip.

    Parameters
    ----------
    landmarks
        In pixels of the canvas (of a clip: the frame as stored, before its rotation tag).
    weight
        Share of every effect, in [0, 1]: a face of a clip fades in once found and out once lost.
    memory
        What effects keep of this face from frame to frame, such as the size of its pupils, under
        keys of their own; empty for a photo.
    seconds
        Time of the frame; None for a photo.
    """

    landmarks: Landmarks
    weight: float = 1.0
    memory: dict[str, Any] = field(default_factory=dict)
    seconds: float | None = None
