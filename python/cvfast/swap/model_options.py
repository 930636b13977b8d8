"""What a swap model is and how it is trained: every choice with its range, and ready-made sets."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cvfast.swap.face_types import FACE_TYPES

__all__ = ["COLOR_TRANSFERS", "OPTIMIZERS", "PRESETS", "ModelOptions"]

OPTIMIZERS = ("adabelief", "rmsprop", "adam")
COLOR_TRANSFERS = ("none", "rct", "lct", "mkl", "idt", "sot")
_ARCHITECTURE = re.compile(r"(df|liae)(?:-([udtc]+))?|amp")
_WHOLE = {  # least and most
    "resolution": (64, 640),
    "ae_dims": (32, 1024),
    "e_dims": (16, 256),
    "d_dims": (16, 256),
    "d_mask_dims": (8, 256),
    "inter_dims": (32, 2048),
    "batch": (1, 1024),
    "unwarped_every": (0, 1000),
    "gan_patch_size": (3, 640),
    "gan_dims": (4, 512),
}
_REAL = {
    "morph_factor": (0.1, 0.5),
    "learning_rate": (1e-7, 1e-1),
    "random_hsv_power": (0.0, 0.3),
    "gan_power": (0.0, 5.0),
    "true_face_power": (0.0, 1.0),
    "face_style_power": (0.0, 100.0),
    "background_style_power": (0.0, 100.0),
}


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """The options of a swap model; the defaults are SAEHD's.

    Parameters
    ----------
    architecture
        ``"df"`` (two decoders), ``"liae"`` (two inner networks, one decoder), or ``"amp"`` (a
        morphing one). The first two take flags, as in ``"liae-udt"``: u normalises the code, d
        doubles the decoder's size by depth-to-space, t is a deeper encoder, c replaces the leaky
        rectifier by x cos(x).
    resolution
        Pixels of the face's sides: a multiple of 16; of 32 with d and ``amp``.
    face_type
        A name in `cvfast.swap.face_types.FACE_TYPES`.
    ae_dims, e_dims, d_dims, d_mask_dims, inter_dims
        Width of the code, of the encoder, of the decoder, of the mask's decoder, and (``amp``
        alone) of the inner networks.
    morph_factor
        Share of the source's channels in its own code while ``amp`` is trained, 0.1 to 0.5.
    masked_training
        Learn what is inside of the face mask alone.
    eyes_mouth_priority
        Weigh errors in eyes and mouth more.
    uniform_yaw
        Draw all yaw angles equally often.
    blur_out_mask
        Blur the picture round the mask.
    optimizer, learning_rate
        ``"adabelief"``, ``"rmsprop"`` or ``"adam"``, and its step.
    lr_dropout
        ``"y"``: only 30 % of the weights move in a step; ``"n"``; ``"cpu"`` is read as ``"y"``.
    clipgrad
        Shorten gradients to a norm of 1.
    batch
        Faces of each side in a step.
    random_warp, random_source_flip, random_target_flip, random_hsv_power
        How pictures are varied.
    unwarped_every
        So many iterations apart a batch is shown again without its warp (Quick96: 3); 0 never.
    gan_power, gan_patch_size, gan_dims
        Weight of the patch discriminator, side of its patches (None: an eighth of the resolution),
        and its width.
    true_face_power
        Weight of the code discriminator, ``df`` alone.
    face_style_power, background_style_power
        Weights of the style terms, 0 to 100.
    color_transfer
        How source faces take on the target's colours: a name in `COLOR_TRANSFERS`.
    pretrain
        Learn faces in general, of anybody.

    Raises
    ------
    ValueError
        Out of range.
    TypeError
        Of another type.

    Examples
    --------
    >>> options = ModelOptions(architecture="df-ud", resolution=64)
    >>> options.family, sorted(options.flags), options.patch_size
    ('df', ['d', 'u'], 8)
    >>> ModelOptions.from_dict(options.as_dict()) == options
    True
    >>> ModelOptions(resolution=100)
    Traceback (most recent call last):
    ...
    ValueError: resolution: expected a multiple of 32 for liae-ud, got 100
    """

    architecture: str = "liae-ud"
    resolution: int = 128
    face_type: str = "full"
    ae_dims: int = 256
    e_dims: int = 64
    d_dims: int = 64
    d_mask_dims: int = 22
    inter_dims: int = 1024
    morph_factor: float = 0.5
    masked_training: bool = True
    eyes_mouth_priority: bool = False
    uniform_yaw: bool = False
    blur_out_mask: bool = False
    optimizer: str = "adabelief"
    learning_rate: float = 5e-5
    lr_dropout: str = "n"
    clipgrad: bool = False
    batch: int = 8
    random_warp: bool = True
    random_source_flip: bool = False
    random_target_flip: bool = True
    random_hsv_power: float = 0.0
    unwarped_every: int = 0
    gan_power: float = 0.0
    gan_patch_size: int | None = None
    gan_dims: int = 16
    true_face_power: float = 0.0
    face_style_power: float = 0.0
    background_style_power: float = 0.0
    color_transfer: str = "none"
    pretrain: bool = False
    family: str = field(init=False, repr=False, compare=False, default="")
    flags: frozenset[str] = field(init=False, repr=False, compare=False, default=frozenset())

    def __post_init__(self) -> None:
        if self.lr_dropout == "cpu":
            object.__setattr__(self, "lr_dropout", "y")
        self._check_types()
        for name, ends in (_WHOLE | _REAL).items():
            value = getattr(self, name)
            if value is not None and not ends[0] <= value <= ends[1]:  # not a number fails too
                raise ValueError(f"{name}: expected {ends[0]} to {ends[1]}, got {value}")
        _one_of("face_type", self.face_type, FACE_TYPES)
        _one_of("optimizer", self.optimizer, OPTIMIZERS)
        _one_of("lr_dropout", self.lr_dropout, ("n", "y", "cpu"))
        _one_of("color_transfer", self.color_transfer, COLOR_TRANSFERS)
        match = _ARCHITECTURE.fullmatch(self.architecture)
        if match is None or len(set(match[2] or "")) < len(match[2] or ""):
            raise ValueError(
                "architecture: expected df, liae (perhaps with some of the flags u, d, t, c, as in "
                f"liae-udt) or amp, got {self.architecture!r}"
            )
        object.__setattr__(self, "family", match[1] or "amp")
        object.__setattr__(self, "flags", frozenset(match[2] or ("" if match[1] else "udt")))
        step = 32 if "d" in self.flags else 16
        if self.resolution % step:
            raise ValueError(
                f"resolution: expected a multiple of {step} for {self.architecture}, "
                f"got {self.resolution}"
            )
        if self.true_face_power and self.family != "df":
            raise ValueError(
                f"true_face_power: expected 0 for {self.architecture} (it is df's alone), "
                f"got {self.true_face_power}"
            )

    def _check_types(self) -> None:
        for part in dataclasses.fields(self):
            value = getattr(self, part.name)
            kind = str(part.type)
            if kind.endswith("| None") and value is None:
                continue
            if part.name in _REAL and type(value) is int:
                object.__setattr__(self, part.name, float(value))
                continue
            expected = kind.removesuffix(" | None")
            if part.init and type(value).__name__ != expected:
                raise TypeError(f"{part.name}: expected {kind}, got {type(value).__name__}")

    @property
    def patch_size(self) -> int:
        """Side of the discriminator's patches."""
        return self.gan_patch_size or max(3, math.floor(self.resolution / 8))

    def as_dict(self) -> dict[str, Any]:
        """Return all options as JSON can hold them."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.init}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ModelOptions:
        """Return options from what `as_dict` gave.

        Raises
        ------
        ValueError, TypeError
            An option of another name, type or range.
        """
        known = {f.name for f in dataclasses.fields(cls) if f.init}
        if unknown := sorted(set(values) - known):
            raise ValueError(f"options: expected some of {', '.join(sorted(known))}, got {unknown}")
        return cls(**values)


def _one_of(name: str, value: str, allowed: Any) -> None:
    if value not in allowed:
        raise ValueError(f"{name}: expected one of {', '.join(allowed)}, got {value!r}")


_TINY = ModelOptions(
    architecture="df-ud", resolution=64, face_type="whole", ae_dims=64, e_dims=32, d_dims=32,
    d_mask_dims=8, learning_rate=2e-4,
)  # fmt: skip

# Ready-made sets: the first two train on a processor, the others at their published sizes.
PRESETS: Mapping[str, ModelOptions] = {
    "tiny": _TINY,
    "tiny-96": dataclasses.replace(_TINY, resolution=96, ae_dims=96, d_mask_dims=12),
    "quick96": ModelOptions(
        architecture="df-ud", resolution=96, face_type="full", ae_dims=128, d_mask_dims=16,
        optimizer="rmsprop", learning_rate=2e-4, lr_dropout="y", batch=4, unwarped_every=3,
    ),
    "saehd": ModelOptions(),
    "saehd-df": ModelOptions(architecture="df-ud"),
    "amp": ModelOptions(
        architecture="amp", resolution=224, face_type="whole", eyes_mouth_priority=True
    ),
}  # fmt: skip
