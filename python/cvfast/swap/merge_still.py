"""Single frames with swapped faces: to look at, in many ways side by side, or for a folder of PNGs.

Faces are put into the upright frame's RGB pixels; a clip's own planes are for
`cvfast.swap.frame_merger`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from cvfast.errors import MediaError
from cvfast.faces.frames import frame_reader
from cvfast.geometry.sampling import PixelReader
from cvfast.io.files import expand_inputs
from cvfast.io.frame import Frame
from cvfast.io.images import read_image
from cvfast.kernels.crop import CropSource, SampleGrid
from cvfast.swap.compose import Composer, FrameFace
from cvfast.swap.debug_picture import whole_frame
from cvfast.swap.extract_units import timed_frames
from cvfast.swap.label import label_on
from cvfast.swap.merge_settings import CHOICES, RANGES, MergeSettings
from cvfast.typing import ImageU8

__all__ = [
    "face_box",
    "frame_pixels",
    "grid_of",
    "grid_picture",
    "merge_still",
    "still_frames",
    "vary",
]

_EXAMPLES = {  # numbers worth a look, where none are said
    "erode": (-60, 0, 60, 120),
    "blur": (0, 30, 80, 160),
    "face_scale": (-10, -5, 0, 5, 10),
    "sharpen": (-50, 0, 50, 100),
    "morph": (0.25, 0.5, 0.75, 1.0),
}
_MOST = 64  # tiles of a grid
_TILE, _GAP = 320, 6  # pixels


def merge_still(
    composer: Composer, pixels: ImageU8, faces: Sequence[FrameFace]
) -> tuple[ImageU8, ImageU8]:
    """Swap the faces of one upright frame.

    Parameters
    ----------
    composer
        Swaps and composes; its settings say whether there is a label.
    pixels
        ``(h, w, 3)`` uint8 RGB.
    faces
        Those to swap.

    Returns
    -------
    A new ``(h, w, 3)`` uint8 frame, and ``(h, w)`` uint8: 255 where it is a swapped face.
    """
    height, width = pixels.shape[:2]
    done, covered = pixels.copy(), np.zeros((height, width), np.uint8)
    if composer.settings.mode != "original":
        source = CropSource((width, height), [SampleGrid((np.ascontiguousarray(pixels),))])
        for patch in composer.patches(source, faces):
            x0, y0, x1, y1 = patch.box((width, height))
            if x0 < x1 and y0 < y1:
                mask = patch.paste(done[y0:y1, x0:x1], (x0, y0))
                part = covered[y0:y1, x0:x1]
                np.maximum(part, np.rint(mask * 255).astype(np.uint8), out=part)
    return (label_on(done) if composer.settings.label else done), covered


def frame_pixels(frame: Frame) -> ImageU8:
    """Return a clip's frame upright as ``(h, w, 3)`` uint8 RGB."""
    return whole_frame(frame_reader(frame))


def still_frames(target: Path, start: int = 0, end: int | None = None) -> Iterator[ImageU8]:
    """Yield frames of a clip, or pictures of a folder, upright as RGB.

    Parameters
    ----------
    target
        The clip or folder.
    start, end
        Numbers of the first frame and of the one after the last.
    """
    if target.is_dir():
        for path in expand_inputs([target], videos=False)[start:end]:
            image = read_image(path, first_frame=True).pixels
            yield whole_frame(PixelReader.of(image))
        return
    for frame, _ in itertools.islice(timed_frames(target), start, end):
        yield frame_pixels(frame)


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
        replace(settings, **dict(zip(axes, values, strict=True)))
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
    replace(MergeSettings(), **{name: value})  # checks its range
    return value
