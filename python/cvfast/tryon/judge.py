"""Judging a try-on: against the photo where the person wears the garment already, and by itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.metrics.regions import region_scores
from cvfast.tryon.result import TryOn
from cvfast.typing import Image

__all__ = [
    "MOST_PSNR",
    "Judgement",
    "TryOnFunction",
    "judge_cycle",
    "judge_idempotence",
    "judge_result",
    "judge_self",
]

MOST_PSNR = 100.0  # dB, told of equal pictures too: files and JSON hold no infinity
#: A person's photo and a garment's: what is judged.
TryOnFunction: TypeAlias = Callable[[Image, Image], TryOn]


@dataclass(frozen=True)
class Judgement:
    """How far a picture is from the one that it should be.

    Parameters
    ----------
    test
        ``"self"``, ``"cycle"`` or ``"idempotence"``.
    figures
        Those of `judge_result` for paired results.
    image
        The picture judged.
    confidence
        The lowest of the try-ons on the way.
    """

    test: str
    figures: dict[str, float]
    image: Image
    confidence: float


def judge_result(
    photo: Image, result: Image, mask: NDArray[np.bool_], *, paired: bool
) -> dict[str, float]:
    """Return figures of one result.

    Parameters
    ----------
    photo
        The person's photo.
    result
        The photo with the garment on.
    mask
        ``(H, W)`` bool: pixels that were to change.
    paired
        Whether the person of the photo wears that very garment: only then is the photo what the
        result should be, and ``inside_...`` and ``border_...`` are among the figures.

    Returns
    -------
    dict
        ``changed``, the share of the photo in the mask; ``outside_changed``, the number of pixels
        that changed outside of it (0 for a try-on that keeps its word); and for paired ones the
        mean absolute error in grey levels, PSNR (100 dB at most) and SSIM inside, and the error
        along the border.

    Examples
    --------
    >>> photo, mask = np.zeros((32, 32, 3), np.uint8), np.zeros((32, 32), bool)
    >>> judge_result(photo, photo, mask, paired=False)
    {'changed': 0.0, 'outside_changed': 0}
    """
    apart = photo != result
    altered = apart.any(axis=2) if apart.ndim == 3 else apart
    figures = {
        "changed": float(mask.mean()),
        "outside_changed": int((altered & ~mask).sum()),
    }
    if not paired:
        return figures
    scores = region_scores(photo, result, mask)
    inside, border = scores["inside"], scores["border"]
    figures |= {
        "inside_error": inside.error,
        "inside_psnr": min(inside.psnr, MOST_PSNR),
        "inside_ssim": inside.ssim,
        "border_error": border.error,
    }
    return {name: value for name, value in figures.items() if not math.isnan(value)}


def judge_self(photo: Image, *, try_on: TryOnFunction | None = None) -> Judgement:
    """Put the garment that a person wears on that same photo: nothing should change.

    The garment is read from the photo (`--from-person`), taken off and put on again.

    Parameters
    ----------
    photo
        Somebody who wears an upper garment.
    try_on
        Another try-on that takes the garment from the second photo's person.

    Raises
    ------
    CvfastError
        As the try-on raises it.
    """
    wear = try_on or _from_person
    done = wear(photo, photo)
    figures = judge_result(photo, done.image, done.mask, paired=True)
    return Judgement("self", figures, done.image, done.confidence)


def judge_cycle(photo: Image, garment: Image, *, try_on: TryOnFunction | None = None) -> Judgement:
    """Put another garment on, then the first one again, read from the photo: A, B, A.

    Parameters
    ----------
    photo
        Somebody who wears an upper garment.
    garment
        A photo of another garment alone.
    try_on
        Another try-on from two photos for the first step.
    """
    there = (try_on or _classic)(photo, garment)
    back = _from_person(there.image, photo)
    mask = there.mask | back.mask
    figures = judge_result(photo, back.image, mask, paired=True)
    return Judgement("cycle", figures, back.image, min(there.confidence, back.confidence))


def judge_idempotence(
    photo: Image, garment: Image, *, try_on: TryOnFunction | None = None
) -> Judgement:
    """Put a garment on twice: the second time should change nothing.

    Parameters
    ----------
    photo, garment, try_on
        As for `judge_cycle`.
    """
    wear = try_on or _classic
    once = wear(photo, garment)
    twice = wear(once.image, garment)
    mask = once.mask | twice.mask
    figures = judge_result(once.image, twice.image, mask, paired=True)
    return Judgement("idempotence", figures, twice.image, min(once.confidence, twice.confidence))


def _classic(photo: Image, garment: Image, **options: Any) -> TryOn:
    from cvfast.tryon.classic import try_on

    return try_on(photo, garment, **options)


def _from_person(photo: Image, garment: Image) -> TryOn:
    return _classic(photo, garment, from_person=True)
