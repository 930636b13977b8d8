"""What a try-on in a clip did, and how it is counted frame by frame."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from cvfast.errors import NothingFoundError
from cvfast.io.video import VideoSummary
from cvfast.typing import Path as PathLike

__all__ = ["Absence", "FrameCounts", "VideoTryOn"]

_USUAL = 0.1  # share of the frames from which on a reason is told


NOBODY = "nobody found"
_NUMBER = re.compile(r"[0-9]+(?:[.][0-9]+)?")
_SEAM = 0.5  # seconds: absences before and after the end of a part are one


@dataclass(frozen=True)
class Absence:
    """Frames on end that are left as they are.

    Parameters
    ----------
    start, end
        Times in the clip of the first and the last of them, in seconds.
    reason
        Why.
    """

    start: float
    end: float
    reason: str


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
        Frames in which nobody was found, or nothing to dress; they are the clip's own.
    scenes
        Times that the person was found anew: at the beginning, after cuts and absences.
    region
        ``"upper"`` or ``"lower"``.
    confidence
        Mean of the dressed frames'.
    reasons
        What lowered it in at least a tenth of them, the most frequent first.
    absences
        When nobody was found, and why not.
    """

    video: VideoSummary
    dressed: int
    without_person: int
    scenes: int
    region: str
    confidence: float
    reasons: tuple[str, ...]
    absences: tuple[Absence, ...] = ()

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
            "absences": [asdict(one) for one in self.absences],
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
    absences
        When nobody was found.
    """

    dressed: int = 0
    without_person: int = 0
    scenes: int = 0
    confidence: float = 0.0
    reasons: Counter[str] = field(default_factory=Counter)
    absences: list[Absence] = field(default_factory=list)
    _alike: dict[str, str] = field(default_factory=dict, init=False, repr=False)
    _away: bool = field(default=False, init=False, repr=False)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> FrameCounts:
        """Return what `as_dict` told."""
        return cls(
            told["dressed"],
            told["without_person"],
            told["scenes"],
            told["confidence"],
            Counter(told["reasons"]),
            [Absence(**one) for one in told["absences"]],
        )

    def as_dict(self) -> dict[str, Any]:
        """Return all that is counted as JSON values."""
        return {
            "dressed": self.dressed,
            "without_person": self.without_person,
            "scenes": self.scenes,
            "confidence": self.confidence,
            "reasons": dict(self.reasons),
            "absences": [asdict(one) for one in self.absences],
        }

    def here(self, confidence: float, reasons: Iterable[str]) -> None:
        """Count a dressed frame."""
        self.dressed += 1
        self.confidence += confidence
        self._tell(Counter(reasons))
        self._away = False

    def _tell(self, reasons: Mapping[str, int]) -> None:
        """Count reasons that differ in their numbers alone as the first of them."""
        for reason, count in reasons.items():
            first = self._alike.setdefault(_NUMBER.sub("0", reason), reason)
            self.reasons[first] += count

    def away(self, seconds: float, reason: str) -> None:
        """Count a frame without anybody to dress."""
        self.without_person += 1
        last = self.absences[-1] if self._away else None
        if last is not None and last.reason == reason:
            self.absences[-1] = replace(last, end=seconds)
        else:
            self.absences.append(Absence(seconds, seconds, reason))
        self._away = True

    def add(self, other: FrameCounts) -> None:
        """Add another part's."""
        self.dressed += other.dressed
        self.without_person += other.without_person
        self.scenes += other.scenes
        self.confidence += other.confidence
        self._tell(other.reasons)
        later = list(other.absences)
        if self.absences and later:
            first, last = later[0], self.absences[-1]
            if first.reason == last.reason and first.start - last.end < _SEAM:
                self.absences[-1] = replace(last, end=later.pop(0).end)
        self.absences += later

    def check(self, source: PathLike, least: float = 0.0) -> None:
        """Raise NothingFoundError if no frame was dressed, or they are too unsure."""
        if not self.dressed:
            why = sorted({one.reason for one in self.absences} - {NOBODY})
            raise NothingFoundError(
                f"{source}: no person found in any of its frames"
                + "".join(f"; {reason}" for reason in why)
            )
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
            video, self.dressed, self.without_person, self.scenes, region, mean, self.usual_reasons,
            tuple(self.absences),
        )  # fmt: skip
