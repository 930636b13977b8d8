"""Who a made face is: all that stays the same from picture to picture, from one number."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from cvfast.synth.base import Reals
from cvfast.synth.shape import MODES, face_shape

__all__ = ["Identity", "Look", "split_of"]

_SALT = 0xFACE
_SKINS = np.array(
    [[250, 222, 204], [240, 200, 172], [222, 174, 140], [196, 144, 106], [150, 102, 72],
     [108, 72, 50], [70, 46, 34]], np.float64
)  # fmt: skip
_HAIR = {
    "black": (28, 24, 22), "dark": (52, 38, 28), "brown": (92, 64, 42), "fair": (186, 150, 100),
    "red": (140, 70, 36), "grey": (150, 148, 146), "white": (214, 212, 208),
}  # fmt: skip
_EYES = ((70, 44, 26), (96, 66, 38), (120, 104, 62), (92, 124, 96), (96, 132, 168), (124, 138, 148))
HAIR_STYLES = ("bald", "cropped", "short", "fringe", "parted", "long", "tied", "afro")


@dataclass(frozen=True)
class Identity:
    """A made person. The same number is the same person in every picture and on every machine.

    Parameters
    ----------
    number : int
        Which one, from 0 on.

    Examples
    --------
    >>> Identity(17).look.hair_style == Identity(17).look.hair_style
    True
    """

    number: int

    def __post_init__(self) -> None:
        if isinstance(self.number, bool) or not isinstance(self.number, int | np.integer):
            raise TypeError(f"identity: expected an int, got {type(self.number).__name__}")
        if not 0 <= self.number < 2**32:
            raise ValueError(f"identity: expected a number from 0 to 2**32 - 1, got {self.number}")

    @property
    def look(self) -> Look:
        """All that can be seen of this person."""
        return _look(int(self.number))


@dataclass(frozen=True)
class Look:
    """What a person looks like; colours are RGB levels from 0 to 255.

    Parameters
    ----------
    points : ndarray
        (478, 3) the face at rest.
    width, build, ears : float
        Of head, neck and ears; 1 is usual.
    tone : float
        Of the skin, from 0 (lightest) to 1 (darkest).
    skin, lips, hair, iris, cloth : ndarray
        (3,) colours.
    hair_style : str
        One of bald, cropped, short, fringe, parted, long, tied, afro.
    hairline, volume : float
        How high the hair begins; how far it stands off.
    beard, stubble, brows, freckles, age, gloss, makeup, mottle : float
        Strengths, 0 to 1.
    glasses : bool
        Whether this person wears glasses, mostly.
    """

    points: Reals
    width: float
    build: float
    ears: float
    tone: float
    skin: Reals
    lips: Reals
    hair: Reals
    iris: Reals
    cloth: Reals
    hair_style: str
    hairline: float
    volume: float
    beard: float
    stubble: float
    brows: float
    freckles: float
    age: float
    gloss: float
    makeup: float
    mottle: float
    glasses: bool


@functools.lru_cache(maxsize=256)
def _look(number: int) -> Look:
    rng = np.random.default_rng([_SALT, number])
    amounts = np.clip(rng.normal(0, 1, len(MODES)), -2.2, 2.2)
    points = face_shape(amounts, rng)
    tone = float(rng.beta(1.1, 1.3))
    skin = np.array([np.interp(tone * 6, np.arange(7), _SKINS[:, k]) for k in range(3)])
    skin *= rng.normal(1, 0.02, 3)
    age = float(rng.beta(1.3, 1.8))
    masculine = rng.random() < 0.5
    lips = skin * (0.86, 0.62, 0.62) + (10, 0, 4)
    makeup = 0.0 if masculine else float(rng.random() * (rng.random() < 0.6))
    lips += makeup * (rng.uniform((150, 20, 30), (220, 90, 110)) - lips) * 0.7
    colors = list(_HAIR)
    light = max(0.0, 1 - 2 * tone)
    chances = np.array([0.3 + tone, 0.35, 0.25 * light + 0.05, 0.3 * light, 0.12 * light,
                        0.4 * age, 0.25 * age])  # fmt: skip
    hair = np.array(_HAIR[colors[rng.choice(7, p=chances / chances.sum())]], np.float64)
    hair = hair * rng.normal(1, 0.08) + rng.normal(0, 4, 3)
    eye = _EYES[int(rng.integers(0, 2 if tone > 0.45 else len(_EYES)))]
    styles = ([0.16, 0.24, 0.26, 0.1, 0.12, 0.04, 0.03, 0.05] if masculine
              else [0.01, 0.05, 0.14, 0.17, 0.17, 0.26, 0.14, 0.06])  # fmt: skip
    bearded = masculine and rng.random() < 0.35
    return Look(
        points=points,
        width=float(np.abs(points[[234, 454], 0]).mean() / 0.841 * rng.normal(1, 0.015)),
        build=float(rng.normal(0.98 if masculine else 0.84, 0.07)),
        ears=float(np.clip(rng.normal(1, 0.12), 0.7, 1.3)),
        tone=tone,
        skin=np.clip(skin, 20, 250),
        lips=np.clip(lips, 20, 240),
        hair=np.clip(hair, 8, 235),
        iris=np.clip(np.array(eye) * rng.normal(1, 0.12), 20, 200),
        cloth=rng.uniform(15, 235, 3) * rng.uniform(0.4, 1),
        hair_style=HAIR_STYLES[rng.choice(8, p=styles)],
        hairline=float(rng.normal(0.12 * age if masculine else 0.0, 0.05)),
        volume=float(rng.uniform(0.4, 1)),
        beard=float(rng.uniform(0.5, 1)) if bearded else 0.0,
        stubble=float(rng.random()) if masculine else 0.0,
        brows=float(rng.uniform(0.45, 1)),
        freckles=float(rng.random() * (rng.random() < 0.2) * light),
        age=age,
        gloss=float(rng.uniform(0.2, 1)),
        makeup=makeup,
        mottle=float(rng.uniform(0.3, 1)),
        glasses=bool(rng.random() < 0.16 + 0.15 * age),
    )


def split_of(identity: int, test_share: float = 0.2) -> str:
    """Return which split an identity belongs to, in every set: "train" or "test".

    Multiples of the golden ratio spread over [0, 1) evenly, so that any run of numbers is divided
    well; a larger share keeps what a smaller one had.

    Examples
    --------
    >>> [split_of(number) for number in range(4)]
    ['test', 'train', 'train', 'train']
    """
    if not 0 <= test_share <= 1:
        raise ValueError(f"test_share: expected a number in [0, 1], got {test_share}")
    return "test" if identity * 0.6180339887498949 % 1 < test_share else "train"
