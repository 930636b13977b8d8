"""One person followed through a clip: found once, then looked for where they were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.cuts import CutDetector
from cvfast.faces.smoothing import OneEuro
from cvfast.geometry.boxes import RotatedBox
from cvfast.geometry.sampling import PixelReader
from cvfast.people.blazepose import BodyFit, fit_body, next_region
from cvfast.people.finding import FoundPerson, find_people, person_of_fit
from cvfast.people.pose import Pose

__all__ = ["PersonFollower"]

_LEAST_SCORE = 0.5
_STRAY = 0.1  # of the crop's side: a person who moved or grew by less keeps the crop
_UNIT = 0.2  # of the crop's side: about the width of shoulders
_UNDECIDED = 0.5  # seconds in which sureness of a point follows what the model says


class PersonFollower:
    """Follows one person of a clip, with steady points.

    The landmark model runs on the crop of the frame before, which stays until the person has moved
    out of its middle; points pass through a One-Euro filter. A person who is lost, and whoever
    stands there after a scene cut, is looked for in the whole frame.

    Parameters
    ----------
    index
        Which person, 0 the largest.

    Attributes
    ----------
    cut
        Whether the last frame began a new scene.
    begun
        Whether the person of the last frame was found anew.

    Examples
    --------
    >>> import numpy as np
    >>> from cvfast.geometry.sampling import PixelReader
    >>> follower = PersonFollower()
    >>> follower.update(PixelReader.of(np.zeros((64, 48, 3), np.uint8)), 0.0) is None
    True
    """

    def __init__(self, index: int = 0) -> None:
        if index < 0:
            raise ValueError(f"index: expected 0 or more, got {index}")
        self._index = index
        self._is_cut = CutDetector()
        self._region: RotatedBox | None = None
        self._smooth = OneEuro()
        self._sure: NDArray[np.float64] | None = None
        self._seconds = 0.0
        self.cut = self.begun = False

    def update(self, reader: PixelReader, seconds: float) -> FoundPerson | None:
        """Follow the person into the next frame.

        Parameters
        ----------
        reader
            The frame, all of one size.
        seconds
            Time of the frame.

        Returns
        -------
        FoundPerson or None
            The person; None where nobody is.
        """
        self.cut = self._is_cut(reader)
        person = None if self.cut else self._again(reader)
        self.begun = person is None
        if person is None:
            people = find_people(reader)
            person = people[self._index] if self._index < len(people) else None
            self._smooth, self._sure = OneEuro(beta=20.0, rest=0.05), None
        self._region = None if person is None else person.region
        passed, self._seconds = max(0.0, seconds - self._seconds), seconds
        return None if person is None else self._steady(person, seconds, passed)

    def _again(self, reader: PixelReader) -> FoundPerson | None:
        """Look where the person was in the frame before."""
        if self._region is None:
            return None
        fit = fit_body(reader, self._region)
        wanted = next_region(fit)
        if fit.score >= _LEAST_SCORE and _strayed(fit, wanted):
            fit = fit_body(reader, wanted)
        return person_of_fit(fit, reader.size) if fit.score >= _LEAST_SCORE else None

    def _steady(self, person: FoundPerson, seconds: float, passed: float) -> FoundPerson:
        size = _UNIT * person.region.width
        points = self._smooth(person.pose.points, seconds=seconds, size=size)
        sure = person.pose.confidence
        if self._sure is not None:
            sure = self._sure + min(1.0, passed / _UNDECIDED) * (sure - self._sure)
        self._sure = sure
        return replace(person, pose=Pose(points, sure, person.pose.scheme))


def _strayed(fit: BodyFit, wanted: RotatedBox) -> bool:
    """Whether a person is no longer in the middle of the crop."""
    region = fit.region
    away = max(abs(wanted.x - region.x), abs(wanted.y - region.y), abs(wanted.width - region.width))
    return away > _STRAY * region.width
