"""Faces of following frames swapped together: four at a time take half the time of one by one.

A group always has the same size, empty places being black, and a face's place in it depends on how
many came before it alone: so the bytes that come out do not depend on when a group was swapped.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any

import numpy as np

from cvfast.swap.compose import Swapper
from cvfast.typing import ImageF32

__all__ = ["GroupSwapper", "Place"]

_PATIENCE = 0.25  # seconds: who waits longer for a group to fill swaps what is there


@dataclass(eq=False)
class _Group:
    faces: ImageF32
    done: Event = field(default_factory=Event)
    swapped: Any = None
    error: Exception | None = None


@dataclass(frozen=True, eq=False)
class Place:
    """Where a face waits to be swapped."""

    group: _Group
    number: int


class GroupSwapper:
    """Collects faces on one thread, for another that asks for them in the same order.

    Parameters
    ----------
    swapper
        The model.
    morph
        As for its ``swap``.
    size
        Faces of a group.
    """

    def __init__(self, swapper: Swapper, morph: float, *, size: int = 4) -> None:
        side = swapper.resolution
        self._swapper, self._morph = swapper, morph
        self._shape = size, side, side, 3
        self._count, self._lock = 0, Lock()
        self._group = self._new()

    def add(self, face: ImageF32) -> Place:
        """Put a face ``(n, n, 3)`` float32 in line; the last of a group has it swapped."""
        with self._lock:
            place = Place(self._group, self._count % self._shape[0])
            place.group.faces[place.number] = face
            self._count += 1
            if self._count % self._shape[0] == 0:
                self._swap()
        return place

    def get(self, place: Place) -> tuple[Any, int]:
        """Return what a group became, and which of it is the face.

        Raises
        ------
        ModelError
            The model failed.
        """
        group = place.group
        while not group.done.wait(_PATIENCE):
            with self._lock:
                if group is self._group:  # no more may come
                    self._swap()
        if group.error is not None:
            raise group.error
        return group.swapped, place.number

    def _swap(self) -> None:
        group, self._group = self._group, self._new()
        try:
            group.swapped = self._swapper.swap(group.faces, morph=self._morph)
        except Exception as error:  # for the other thread, which waits
            group.error = error
        finally:
            group.done.set()

    def _new(self) -> _Group:
        return _Group(np.zeros(self._shape, np.float32))
