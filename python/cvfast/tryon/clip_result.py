"""What a try-on in a clip did, and how it is counted frame by frame."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from cvfast.errors import NothingFoundError
from cvfast.io.video import VideoSummary
from cvfast.typing import Path as PathLike

__all__ = ["FrameCounts", "VideoTryOn"]

_USUAL = 0.1  # share of the frames from which on a reason is told


@dataclass(frozen=True)
class VideoTryOn:
    """What `try_on_video` did.

    Parameters
    ----------
    video
        Frames, time, encoder and what could not be kept.
    dressed
        Frames in which the person wears the garment.
    without_person
        Frames in which nobody was found; they are the clip's own.
    scenes
        Times that the person was found anew: at the beginning, after cuts and absences.
    region
        ``"upper"`` or ``"lower"``.
    confidence
        Mean of the dressed frames'.
    reasons
        What lowered it in at least a tenth of them, the most frequent first.
    """

    video: VideoSummary
    dressed: int
    without_person: int
    scenes: int
    region: str
    confidence: float
    reasons: tuple[str, ...]

    def report(self) -> dict[str, Any]:
        """Return all but the paths as JSON values."""
        return {
            "frames": self.video.frames,
            "dressed": self.dressed,
            "without_person": self.without_person,
            "scenes": self.scenes,
            "region": self.region,
            "confidence": round(self.confidence, 4),
            "reasons": list(self.reasons),
            "seconds": round(self.video.seconds, 2),
            "notes": list(self.video.notes),
        }


@dataclass
class FrameCounts:
    """What became of the frames of a clip or a part of it; parts add up.

    Parameters
    ----------
    dressed, without_person, scenes
        As in `VideoTryOn`.
    confidence
        Sum over the dressed frames.
    reasons
        In how many frames each was told.
    """

    dressed: int = 0
    without_person: int = 0
    scenes: int = 0
    confidence: float = 0.0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, other: FrameCounts) -> None:
        """Add another part's."""
        self.dressed += other.dressed
        self.without_person += other.without_person
        self.scenes += other.scenes
        self.confidence += other.confidence
        self.reasons.update(other.reasons)

    def check(self, source: PathLike, least: float = 0.0) -> None:
        """Raise NothingFoundError if no frame was dressed, or they are too unsure."""
        if not self.dressed:
            raise NothingFoundError(f"{source}: no person found in any of its frames")
        if self.confidence < least * self.dressed:
            raise NothingFoundError(
                f"{source}: confidence {self.confidence / self.dressed:.2f} is under {least:g}: "
                + "; ".join(self.usual_reasons)
            )

    @property
    def usual_reasons(self) -> tuple[str, ...]:
        """Reasons told in a tenth of the dressed frames, the most frequent first."""
        few = max(1, round(_USUAL * self.dressed))
        return tuple(reason for reason, count in self.reasons.most_common() if count >= few)

    def summary(self, video: VideoSummary, region: str) -> VideoTryOn:
        """Return what was done, beside what the encoder did."""
        mean = self.confidence / max(1, self.dressed)
        return VideoTryOn(
            video, self.dressed, self.without_person, self.scenes, region, mean, self.usual_reasons
        )
