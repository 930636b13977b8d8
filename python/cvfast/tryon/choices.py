"""Choices of one kind or another that a clip's frames make alike: no collar that comes and goes."""

from __future__ import annotations

from typing import TypeVar

__all__ = ["Choices"]

_T = TypeVar("_T")


class Choices:
    """Remembers what was chosen; another choice has to be made several times in a row.

    Parameters
    ----------
    patience
        How many times.

    Examples
    --------
    >>> choices = Choices(patience=2)
    >>> [choices.settle("sleeve", name) for name in ("long", "short", "long", "short", "short")]
    ['long', 'long', 'long', 'long', 'short']
    """

    def __init__(self, patience: int = 1) -> None:
        self._patience = patience
        self._made: dict[str, object] = {}
        self._against: dict[str, int] = {}

    def settle(self, name: str, value: _T) -> _T:
        """Return what is chosen for a name, given what would be chosen now."""
        made = self._made.setdefault(name, value)
        if made == value:
            self._against[name] = 0
            return value
        self._against[name] = self._against.get(name, 0) + 1
        if self._against[name] < self._patience:
            return made  # type: ignore[return-value]  # a name's choices are of one type
        self._made[name], self._against[name] = value, 0
        return value

    def reset(self) -> None:
        """Forget all choices."""
        self._made.clear()
        self._against.clear()
