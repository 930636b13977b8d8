"""How faces are extracted: what is the same for every frame of a side."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from cvfast.swap.face_types import FACE_TYPES

__all__ = ["ExtractSettings"]

SMALLEST, LARGEST = 64, 2048
_TURNS = (0, 90, 180, 270)


@dataclass(frozen=True, kw_only=True)
class ExtractSettings:
    """How faces are extracted.

    Parameters
    ----------
    face_type
        How much of the head a face picture shows, a name in `FACE_TYPES`.
    size
        Sides of a face picture in pixels, 64 to 2048.
    max_faces
        At most so many a frame, the largest; 0 for all.
    rotations
        Degrees by which frames are turned clockwise until a face is found: 0, 90, 180, 270.
    min_face
        Longer side of the smallest face taken, in pixels of the frame.
    every
        Faces of each so-manieth frame alone; all frames are looked at.
    start, end
        Seconds of the clip: start <= t < end.
    quality
        Of the JPEGs, 1 to 100.
    png
        Write PNG instead.
    debug
        Draw what was found into pictures in ``aligned_debug``.
    frames
        Write the frames as pictures too.
    like
        A picture of the one person whose faces are taken; None for everybody's.

    Raises
    ------
    ValueError
        A value out of its range; the message names it.

    Examples
    --------
    >>> ExtractSettings(face_type="head").size
    768
    >>> ExtractSettings(size=9000)
    Traceback (most recent call last):
    ...
    ValueError: size: expected 64 to 2048, got 9000
    """

    face_type: str = "whole"
    size: int = 0
    max_faces: int = 0
    rotations: tuple[int, ...] = (0,)
    min_face: int = 40
    every: int = 1
    start: float | None = None
    end: float | None = None
    quality: int = 90
    png: bool = False
    debug: bool = False
    frames: bool = False
    like: str | None = None

    def __post_init__(self) -> None:
        if self.face_type not in FACE_TYPES:
            known = ", ".join(FACE_TYPES)
            raise ValueError(f"face_type: expected one of {known}, got {self.face_type!r}")
        if self.size == 0:
            object.__setattr__(self, "size", 768 if self.face_type == "head" else 512)
        for name, low, high in (
            ("size", SMALLEST, LARGEST),
            ("max_faces", 0, 1000),
            ("min_face", 1, 1 << 16),
            ("every", 1, 1 << 20),
            ("quality", 1, 100),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name}: expected {low} to {high}, got {value}")
        given = tuple(self.rotations)
        if not given or len(set(given)) < len(given) or not set(given) <= set(_TURNS):
            raise ValueError(f"rotations: expected some of 0, 90, 180, 270, got {given}")
        object.__setattr__(self, "rotations", given)

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON values, as a plan has them."""
        return asdict(self) | {"rotations": list(self.rotations)}

    @property
    def suffix(self) -> str:
        """Return what the names of the face pictures end with."""
        return ".png" if self.png else ".jpg"
