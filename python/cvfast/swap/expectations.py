"""What to expect of a set of so many faces."""

from __future__ import annotations

__all__ = ["expectation"]

_LEVELS = (
    (20, "too few to learn a face from: expect a blurred mix that follows neither person"),
    (200, "few: expect a stiff face that is right only in the poses and expressions it shows"),
    (1000, "enough for a trial; good swaps are made of 3,000 to 8,000 faces from all sides"),
)


def expectation(count: int, *, side: str = "source") -> str | None:
    """Say what to expect of a set of faces; None if it is large enough.

    Parameters
    ----------
    count
        Number of faces.
    side
        ``"source"`` or ``"target"``, for the words. A target needs no more faces than it has
        frames, so only very small ones are said.

    Examples
    --------
    >>> expectation(5)
    'source: 5 faces are too few to learn a face from: expect a blurred mix that follows neither \
person'
    >>> expectation(4000) is None
    True
    """
    levels = _LEVELS if side == "source" else _LEVELS[:1]
    for below, words in levels:
        if count < below:
            faces = "1 face is" if count == 1 else f"{count} faces are"
            return f"{side}: {faces} {words}"
    return None
