"""The numbers that made things are drawn from."""

from __future__ import annotations

__all__ = ["check_seed"]


def check_seed(seed: int) -> None:
    """Refuse a number that NumPy's generators do not take, by its name.

    Raises
    ------
    ValueError
        It is negative.

    Examples
    --------
    >>> check_seed(-1)
    Traceback (most recent call last):
    ValueError: seed: expected 0 or more, got -1
    """
    if seed < 0:
        raise ValueError(f"seed: expected 0 or more, got {seed}")
