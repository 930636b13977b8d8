"""How far found parts can be trusted, and why not further."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from cvfast.people.body import Body, BodyMaps
from cvfast.people.part_colours import Materials
from cvfast.typing import ImageF32

__all__ = ["judge_parts"]

_SMALL = 30.0  # pixels between the shoulders
_ALIKE = 0.8  # mean log likelihood ratio under which colours hardly differ
_HEM_GAIN = 0.8  # the same for what is worn above and below the hem
_OVER_TRUNK = 0.03  # share of the trunk


def judge_parts(
    maps: BodyMaps,
    materials: Materials,
    *,
    face_seen: bool,
    shoulders: float,
    hem_gain: float,
) -> tuple[float, tuple[str, ...]]:
    """Judge what was found.

    Parameters
    ----------
    maps
        The person in the reduced crop.
    materials
        What its pixels were found to show.
    face_seen
        Whether the skin was learnt from the face.
    shoulders
        Distance between the shoulders in pixels of the picture.
    hem_gain
        From `cvfast.people.garment_ends.find_hem`.

    Returns
    -------
    confidence
        In [0, 1]: the product of a factor for each reason.
    reasons
        What lowers it.
    """
    found = [
        *_seen(maps.body, maps.shape, face_seen),
        *_covered(maps, materials.belonging),
        *_colours(materials, hem_gain),
    ]
    if shoulders < _SMALL:
        found.append((0.7, f"the person is small: {shoulders:.0f} pixels between the shoulders"))
    confidence = float(np.prod([factor for factor, _ in found]))
    return confidence, tuple(reason for _, reason in found)


def _seen(body: Body, shape: tuple[int, int], face_seen: bool) -> Iterator[tuple[float, str]]:
    """Say what the picture does not show."""
    if not body.faces_camera():
        yield 0.7, "the person seems to be seen from behind"
    elif not face_seen:
        yield 0.85, "no face is seen clearly: the skin's colour is less sure"
    lacking = [n for n in ("left_shoulder", "right_shoulder") if n not in body.seen]
    if lacking:
        yield 0.7, f"the pose lacks the {' and the '.join(lacking).replace('_', ' ')}"
    hips = [body[name] for name in ("left_hip", "right_hip") if name in body.seen]
    if not hips or max(hip[1] for hip in hips) > shape[0] - 1:
        yield 0.8, "the picture ends above the hips: the hem is not seen"
    apart = float(np.hypot(*(body["left_shoulder"] - body["right_shoulder"])))
    if apart < 0.35 * body.unit:
        yield 0.7, "the person stands sideways"


def _covered(maps: BodyMaps, belonging: Mapping[str, ImageF32]) -> Iterator[tuple[float, str]]:
    """Say what lies over the garment."""
    across, along = maps.trunk()
    trunk = (across < 0.35) & (along > 0.15) & (along < 0.9)
    area = max(1, int(trunk.sum()))
    crossing = 0
    for side in ("left", "right"):
        distance, place = maps.arm(side)
        forearm = trunk & (place > 1.05) & (distance < 0.12)
        crossing += int(forearm.sum()) > 2 * _OVER_TRUNK * area
    if crossing:
        which = "both forearms lie" if crossing == 2 else "a forearm lies"
        yield 1 - 0.1 * crossing, f"{which} over the trunk"
    hair = float((belonging["hair"][trunk] > 0.5).sum()) / area
    if hair > _OVER_TRUNK:
        yield 0.9, f"hair covers {hair:.0%} of the trunk"


def _colours(materials: Materials, hem_gain: float) -> Iterator[tuple[float, str]]:
    """Say which colours hardly differ."""
    upper = materials.belonging["upper"] > 0.5
    if not upper.any():
        yield 0.1, "no garment was found on the upper body"
        return
    pairs = (
        ("background", "garment and background have much the same colours", 0.75),
        ("skin", "garment and skin have much the same colours", 0.75),
    )
    for other, reason, factor in pairs:
        if float(np.median(materials.ratio("upper", other)[upper])) < _ALIKE:
            yield factor, reason
    if hem_gain < _HEM_GAIN:
        yield 0.85, "what is worn above and below has much the same colours: the hem is guessed"
