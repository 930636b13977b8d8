"""How a swapped face is put into the target's frames: every setting, its range, and a TOML of them.

The names and ranges are DeepFaceLab's.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cvfast.errors import MediaError

__all__ = [
    "CHOICES",
    "COLOR_TRANSFERS",
    "FITS",
    "MASK_MODES",
    "MODES",
    "OCCLUSIONS",
    "RANGES",
    "SHARPENINGS",
    "MergeSettings",
    "read_settings",
    "settings_text",
]

MODES = (
    "original",
    "overlay",
    "hist-match",
    "seamless",
    "seamless-hist-match",
    "raw-rgb",
    "raw-predict",
)
MASK_MODES = (
    "full",
    "dst",
    "learned-prd",
    "learned-dst",
    "learned-prd*dst",
    "learned-prd+dst",
    "XSeg-prd",
    "XSeg-dst",
    "XSeg-prd*dst",
    "all",
)
COLOR_TRANSFERS = ("none", "rct", "lct", "mkl", "mkl-m", "idt", "idt-m", "sot-m", "mix-m")
SHARPENINGS = ("none", "box", "gaussian")
OCCLUSIONS = ("applied", "xseg", "none")

FITS = ("none", "place", "features")
CHOICES = {
    "mode": MODES,
    "mask_mode": MASK_MODES,
    "color_transfer": COLOR_TRANSFERS,
    "sharpen_mode": SHARPENINGS,
    "occlusions": OCCLUSIONS,
    "fit": FITS,
}
RANGES: dict[str, tuple[float, float]] = {
    "hist_match_threshold": (0, 255),
    "erode": (-400, 400),
    "blur": (0, 400),
    "motion_blur": (0, 100),
    "face_scale": (-50, 50),
    "sharpen": (-100, 100),
    "super_resolution": (0, 100),
    "denoise": (0, 500),
    "bicubic_degrade": (0, 100),
    "color_degrade": (0, 100),
    "morph": (0, 1),
    "seed": (0, 2**32 - 1),
}


@dataclass(frozen=True, kw_only=True)
class MergeSettings:
    """How a swapped face is put into a frame.

    Parameters
    ----------
    mode
        ``original`` (the target as it is), ``overlay``, ``hist-match`` (histograms matched),
        ``seamless`` (Poisson), ``seamless-hist-match``, ``raw-rgb`` (the network's square, nothing
        done to it) or ``raw-predict`` (that square alone, fitted into the frame).
    mask_mode
        What of the face is taken: the ``full`` square, the ``dst`` hull of the target's landmarks,
        what the network learned of the swapped face (``learned-prd``), of the target's
        (``learned-dst``), both (``*``) or either (``+``), the same by XSeg, or ``all`` of them.
    occlusions
        What lies before the face stays before it: by the masks ``applied`` to the target's face
        pictures, by ``xseg`` on each frame, or ``none``.
    hist_match_threshold
        0 to 255; the largest share of a level, see `cvfast.imaging.histogram.match_histogram`.
    masked_hist_match
        Match inside the mask only.
    erode
        -400 to 400 pixels of a mask of four times the network's size; negative ones dilate.
    blur
        0 to 400 of the same pixels, softens the mask's edge.
    motion_blur
        0 to 100 % of how far the face moves from the frame before to the one after.
    face_scale
        -50 to 50 %: makes the swapped face larger.
    color_transfer
        How the swapped face takes the target's colours, see `cvfast.imaging.color_transfer`.
    sharpen_mode, sharpen
        ``box`` or ``gaussian``, -100 to 100; negative ones blur.
    super_resolution
        0 to 100 % of the face as `cvfast.swap.enhance` enlarges it.
    denoise, bicubic_degrade, color_degrade
        0 to 500, 0 to 100, 0 to 100: make the face as poor as the clip: smoothed, shrunk and
        enlarged, with few colours.
    morph
        0 to 1: how much of the source an AMP model gives.
    steady
        Steady the landmarks over time.
    fit
        ``place`` moves and scales the swapped face, by the same in all frames, to where the
        target's features are; ``features`` bends brows, eyes, nose and mouth to the target's in
        each frame; ``none`` leaves them to the network.
    label
        Draw a visible label into a corner of every frame.
    seed
        Of the colour transfers that draw random directions: the same in every frame.

    Raises
    ------
    TypeError, ValueError
        A setting is of another kind or out of range.

    Examples
    --------
    >>> MergeSettings(blur=20).color_transfer
    'rct'
    >>> MergeSettings(blur=900)
    Traceback (most recent call last):
    ValueError: blur: expected 0 to 400, got 900
    """

    mode: str = "overlay"
    mask_mode: str = "learned-prd*dst"
    occlusions: str = "applied"
    hist_match_threshold: int = 238
    masked_hist_match: bool = True
    erode: int = 0
    blur: int = 0
    motion_blur: int = 0
    face_scale: int = 0
    color_transfer: str = "rct"
    sharpen_mode: str = "none"
    sharpen: int = 0
    super_resolution: int = 0
    denoise: int = 0
    bicubic_degrade: int = 0
    color_degrade: int = 0
    morph: float = 1.0
    steady: bool = True
    fit: str = "none"
    label: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                raise ValueError(f"{name}: expected one of {', '.join(choices)}, got {value!r}")
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            kinds = (int, float) if name == "morph" else (int,)
            if isinstance(value, bool) or not isinstance(value, kinds):
                wanted = "a number" if name == "morph" else "a whole number"
                raise TypeError(f"{name}: expected {wanted}, got {type(value).__name__}")
            if not low <= value <= high:
                raise ValueError(f"{name}: expected {low:g} to {high:g}, got {value}")
        for name in ("masked_hist_match", "steady", "label"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name}: expected True or False, got {getattr(self, name)!r}")

    @property
    def needs_xseg(self) -> bool:
        """Whether faces have to be segmented for it."""
        masks = self.mask_mode.startswith("XSeg") or self.mask_mode == "all"
        return masks or self.occlusions == "xseg"

    def actions(self) -> tuple[str, ...]:
        """Return what a file's mark says was done: the settings that are not the usual ones."""
        usual = MergeSettings()
        said = [f"face_swap={self.mode}", f"label={'yes' if self.label else 'no'}"]
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name not in ("mode", "label") and value != getattr(usual, field.name):
                said.append(f"{field.name}={value}")
        return tuple(said)


def settings_text(settings: MergeSettings, facts: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the TOML that reproduces a result.

    Parameters
    ----------
    settings
        The settings, as its table ``[merge]``.
    facts
        Further tables: what the result was made from and by.

    Examples
    --------
    >>> text = settings_text(MergeSettings(blur=8), {"model": {"blake2": "ab"}})
    >>> read_settings(text, "some.toml")[0].blur
    8
    """
    tables = {"merge": dataclasses.asdict(settings), **facts}
    lines = ["# cvfast swap merge WORKSPACE --settings THIS_FILE makes the same result again."]
    for name, table in tables.items():
        lines += ["", f"[{name}]"]
        lines += [f"{key} = {_toml(value)}" for key, value in table.items() if value is not None]
    return "\n".join(lines) + "\n"


def read_settings(text: str, name: str) -> tuple[MergeSettings, dict[str, Any]]:
    """Read `settings_text`'s TOML; ``name`` is the file's, for messages.

    Returns
    -------
    The settings, and the further tables.

    Raises
    ------
    MediaError
        It is no TOML, or has a setting that is unknown or out of range.
    """
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # of a number of many digits too
        raise MediaError(f"{name}: expected settings in TOML: {error}") from error
    given = tables.pop("merge", {})
    if not isinstance(given, dict):
        raise MediaError(f"{name}: expected a table [merge], got {given!r}")
    known = [field.name for field in dataclasses.fields(MergeSettings)]
    for key in given:
        if key not in known:
            raise MediaError(f"{name}: merge.{key}: expected one of {', '.join(known)}")
    try:
        return MergeSettings(**given), tables
    except (TypeError, ValueError) as error:
        raise MediaError(f"{name}: merge.{error}") from error


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if not isinstance(value, str):
        raise TypeError(f"settings: expected numbers, text or lists, got {type(value).__name__}")
    return '"' + "".join(_escaped(char) for char in value) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    return char if char >= " " and char != "\x7f" else f"\\u{ord(char):04x}"
