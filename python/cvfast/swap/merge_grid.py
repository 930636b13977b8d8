"""One frame merged under many settings side by side, to choose from."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from cvfast.errors import MediaError
from cvfast.swap.compose import FrameFace
from cvfast.swap.merge_settings import CHOICES, RANGES, MergeSettings
from cvfast.swap.merge_still import merge_still, still_frames
from cvfast.swap.merge_units import MergeJob, composer_of
from cvfast.typing import ImageU8, Progress

__all__ = ["draw_grid", "draw_still", "grid_of", "grid_picture", "vary"]

_EXAMPLES = {  # numbers worth a look, where none are said
    "erode": (-60, 0, 60, 120),
    "blur": (0, 30, 80, 160),
    "face_scale": (-10, -5, 0, 5, 10),
    "sharpen": (-50, 0, 50, 100),
    "morph": (0.25, 0.5, 0.75, 1.0),
}
_MOST = 64  # tiles of a grid
_TILE, _GAP = 320, 6  # pixels


def draw_still(job: MergeJob, number: int) -> ImageU8:
    """Return one frame of the target, merged.

    Parameters
    ----------
    job
        What and how, from `cvfast.swap.merge.merge_job`.
    number
        Of the frame, from 0.

    Raises
    ------
    MediaError
        The target has no such frame.
    """
    pixels, faces = _frame(job, number)
    return merge_still(composer_of(job), pixels, faces)[0]


def draw_grid(
    job: MergeJob,
    number: int,
    axes: Mapping[str, Sequence[object]],
    *,
    progress: Progress | None = None,
) -> ImageU8:
    """Return the face of one frame under each of many settings, side by side.

    Parameters
    ----------
    job, number
        As for `draw_still`.
    axes
        From `vary`.
    progress
        Called with (tiles done, all).

    Raises
    ------
    MediaError
        The target has no such frame, or it shows no face that is swapped.
    """
    pixels, faces = _frame(job, number)
    box = face_box(faces, (pixels.shape[1], pixels.shape[0]))
    every = grid_of(replace(job.settings, label=False), axes)
    needs = replace(job, settings=_needing_most(every))
    composer, tiles = composer_of(needs), []
    for done, settings in enumerate(every, 1):
        tiles.append(merge_still(composer.with_settings(settings), pixels, faces)[0])
        if progress is not None:
            progress(done, len(every))
    return grid_picture(tiles, axes, box)


def _frame(job: MergeJob, number: int) -> tuple[ImageU8, list[FrameFace]]:
    """Return a frame and its faces."""
    if number < 0:
        raise ValueError(f"frame: expected 0 or more, got {number}")
    pixels = next(still_frames(job.clip, number, number + 1), None)
    if pixels is None:
        raise MediaError(f"{job.clip}: expected a frame {number}, got fewer")
    return pixels, [face.frame_face() for face in job.table().of_frame(number)]


def _needing_most(every: Sequence[MergeSettings]) -> MergeSettings:
    """Return settings for which all that any of them needs is opened."""
    settings = every[0]
    if any(one.needs_xseg for one in every):
        settings = replace(settings, occlusions="xseg")
    most = max(one.super_resolution for one in every)
    fit = "place" if any(one.fit == "place" for one in every) else settings.fit
    return replace(settings, super_resolution=most, fit=fit)


def vary(words: Sequence[str]) -> dict[str, tuple[object, ...]]:
    """Read which settings a grid goes through, one or two.

    Parameters
    ----------
    words
        A setting's name, such as ``"mode"`` for all its choices, or with values:
        ``"blur=0,40,80"``.

    Raises
    ------
    ValueError
        An unknown setting, a value out of its range, more than two settings or 64 pictures.

    Examples
    --------
    >>> vary(["blur=0,40", "sharpen-mode"])
    {'blur': (0, 40), 'sharpen_mode': ('none', 'box', 'gaussian')}
    """
    if not 1 <= len(words) <= 2:
        raise ValueError(f"vary: expected one setting or two, got {len(words)}")
    axes = dict(_axis(word) for word in words)
    if (count := int(np.prod([len(values) for values in axes.values()]))) > _MOST:
        raise ValueError(f"vary: expected at most {_MOST} pictures, got {count}; name values")
    return axes


def grid_of(settings: MergeSettings, axes: Mapping[str, Sequence[object]]) -> list[MergeSettings]:
    """Return the settings of each tile, row by row: the first axis goes down."""
    return [
        _changed(settings, dict(zip(axes, values, strict=True)))
        for values in itertools.product(*axes.values())
    ]


def grid_picture(
    tiles: Sequence[ImageU8], axes: Mapping[str, Sequence[object]], box: tuple[int, int, int, int]
) -> ImageU8:
    """Draw merged frames, cut to a box, side by side with what each was made with.

    Returns
    -------
    ``(h, w, 3)`` uint8.
    """
    from PIL import Image, ImageDraw, ImageFont

    values = list(itertools.product(*axes.values()))
    columns = len(values) // len(next(iter(axes.values()))) if len(axes) == 2 else min(
        4, len(values))  # fmt: skip
    x0, y0, x1, y1 = box
    size = _TILE, max(1, round(_TILE * (y1 - y0) / (x1 - x0)))
    font = ImageFont.load_default(size=15)
    rows = -(-len(values) // columns)
    step = size[0] + _GAP, size[1] + 24 + _GAP
    sheet = Image.new("RGB", (columns * step[0] + _GAP, rows * step[1] + _GAP), (250, 250, 250))
    draw = ImageDraw.Draw(sheet)
    for number, (tile, chosen) in enumerate(zip(tiles, values, strict=True)):
        x, y = _GAP + number % columns * step[0], _GAP + number // columns * step[1]
        said = ", ".join(f"{n} {v}" for n, v in zip(axes, chosen, strict=True))
        draw.text((x, y), said, (30, 30, 34), font)
        picture = Image.fromarray(np.ascontiguousarray(tile[y0:y1, x0:x1]))
        sheet.paste(picture.resize(size, Image.Resampling.LANCZOS), (x, y + 24))
    return np.asarray(sheet)


def face_box(faces: Sequence[FrameFace], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the box of a frame of this width and height that shows faces and what is near.

    Raises
    ------
    MediaError
        There is no face.
    """
    if not faces:
        raise MediaError("expected a frame with a face, got one without; choose another --frame")
    points = np.concatenate([face.landmarks for face in faces])
    low, high = points.min(axis=0), points.max(axis=0)
    middle, reach = (low + high) / 2, 0.9 * float((high - low).max())
    x0, y0 = np.clip(middle - reach, 0, size).astype(int).tolist()
    x1, y1 = np.clip(middle + reach, 0, size).astype(int).tolist()
    return x0, y0, x1, y1


def _axis(word: str) -> tuple[str, tuple[object, ...]]:
    name, _, said = word.partition("=")
    name = name.strip().replace("-", "_")
    known = [field.name for field in fields(MergeSettings)]
    if name not in known:
        raise ValueError(f"vary: expected one of {', '.join(known)}, got {name!r}")
    if said:
        return name, tuple(_value(name, part.strip()) for part in said.split(","))
    if name in CHOICES:
        return name, CHOICES[name]
    if name in RANGES:
        low, high = RANGES[name]
        return name, _EXAMPLES.get(name, (int(low), int(low + high) // 2, int(high)))
    return name, (False, True)


def _value(name: str, text: str) -> object:
    if name in CHOICES:
        value: object = text
    elif name in RANGES:
        try:
            value = float(text) if name == "morph" else int(text)
        except ValueError:
            raise ValueError(f"{name}: expected numbers, got {text!r}") from None
    else:
        value = {"true": True, "false": False, "yes": True, "no": False}.get(text.lower(), text)
    _changed(MergeSettings(), {name: value})  # checks its range
    return value


def _changed(settings: MergeSettings, values: dict[str, Any]) -> MergeSettings:
    return replace(settings, **values)
