"""What was wrong with a clip's pictures, and when: counted while reading, told afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction

__all__ = ["Damage"]

_TOLD = 5  # times that a note names; the rest is counted


class Damage:
    """Damaged packets, and which frames they cost.

    A decoder says that something failed, not what: the lost frames are those that were sent to it
    before the failure and that it passed over afterwards (frames come in the order of showing).

    Attributes
    ----------
    count
        Packets that could not be decoded or copied, and frames that the decoder had to patch up.
    """

    def __init__(self) -> None:
        self.count = 0
        self._waiting: set[int] = set()
        self._suspects: set[int] = set()
        self._lost: list[int] = []
        self._patched: list[int] = []
        self._made_up: list[int] = []
        self._disordered: list[int] = []

    def sent(self, pts: int | None) -> None:
        """Note that a packet goes to the decoder."""
        if pts is not None:
            self._waiting.add(pts)

    def failed(self) -> None:
        """Note that the decoder could not decode something it was sent."""
        self.count += 1
        self._suspects |= self._waiting
        self._waiting.clear()

    def came(self, pts: int, *, corrupt: bool) -> None:
        """Note that a frame came out of the decoder; `corrupt`: a part of it is guessed."""
        self._lost += sorted(time for time in self._suspects if time < pts)
        self._suspects = {time for time in self._suspects if time > pts}
        self._waiting = {time for time in self._waiting if time > pts}
        if corrupt:
            self.count += 1
            self._patched.append(pts)

    def made_up(self, pts: int) -> None:
        """Note that a frame without a time was given one."""
        self._made_up.append(pts)

    def disordered(self, pts: int) -> None:
        """Note that a frame was left out: its time is not after the frame before."""
        self._disordered.append(pts)

    def notes(self, seconds: Callable[[int], Fraction | None]) -> list[str]:
        """Tell what happened; `seconds` turns a pts into a time, None if it is not to be told."""
        kinds = [
            ("damaged and left out", [*self._lost, *sorted(self._suspects)]),
            ("damaged and patched up by the decoder", self._patched),
            ("without a time in the file, placed by the frame rate", self._made_up),
            ("left out, not later than the frame before", self._disordered),
        ]
        notes = []
        for what, ticks in kinds:
            times = [time for tick in ticks if (time := seconds(tick)) is not None]
            if times:
                notes.append(f"{_frames(len(times))} {what}: {_listed(times)}")
        return notes


def _frames(count: int) -> str:
    return f"{count} frame" if count == 1 else f"{count} frames"


def _listed(times: Iterable[Fraction]) -> str:
    told = [f"{float(time):.3f}" for time in times]
    more = f" and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
    return f"at {', '.join(told[:_TOLD])} s{more}"
