"""What colour a person's skin has, learnt from the face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.typing import ImageF32, ImageU8

__all__ = ["SkinModel", "learn_skin"]

_F64 = NDArray[np.float64]

# Where nobody's face is seen: light to dark skins of many pictures lie on this line in Lab.
_GENERAL_MEAN = (150.0, 143.0, 148.0)
_GENERAL_SPREAD = (45.0, 7.0, 9.0)
_FEWEST = 30  # pixels to learn from
_CORE = 0.7  # share of the face's pixels that are skin for sure; the rest may be eyes, beard, hair


@dataclass(frozen=True, eq=False)
class SkinModel:
    """A normal distribution of colours in 8-bit Lab, wider in lightness than in hue.

    Parameters
    ----------
    mean
        (3,) float64.
    covariance
        (3, 3) float64.
    learnt
        Whether it comes from this person's face; else it is a general one.
    """

    mean: _F64
    covariance: _F64
    learnt: bool

    def distance(self, image: ImageU8) -> ImageF32:
        """Squared Mahalanobis distance of each pixel's colour, (H, W) float32; about 3 on skin."""
        cv2 = load_cv2()
        lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32)
        return self.distance_lab(lab)

    def distance_lab(self, lab: ImageF32) -> ImageF32:
        """As `distance`, of a picture that is in 8-bit Lab already, (H, W, 3) float32."""
        away = lab - self.mean.astype(np.float32)
        whiten = np.linalg.inv(np.linalg.cholesky(self.covariance)).astype(np.float32)
        total = np.zeros(away.shape[:2], np.float32)
        for row in whiten:
            part = away[..., 0] * row[0] + away[..., 1] * row[1] + away[..., 2] * row[2]
            total += part * part
        return total

    def likeness(self, image: ImageU8) -> ImageF32:
        """How much each pixel has the colour of skin, (H, W) float32 in (0, 1]."""
        likeness: ImageF32 = np.exp(-0.5 * np.maximum(self.distance(image) - 3, 0) / 2)
        return likeness


def learn_skin(image: ImageU8, face: NDArray[np.bool_]) -> SkinModel:
    """Learn the skin's colour from a face.

    The mean and covariance are those of the colours that agree most with one another (a trimmed
    estimate, three rounds), so that eyes, lips, beard and hair on the forehead drop out. Lightness
    gets a wider spread, since arms and legs are lit otherwise than the face.

    Parameters
    ----------
    image
        (H, W, 3) uint8.
    face
        (H, W) bool, where the face is; without hair as far as possible.

    Returns
    -------
    SkinModel
        The general one where fewer than 30 pixels are given.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.full((20, 20, 3), (200, 150, 130), np.uint8)
    >>> image[:, :10] = (30, 60, 160)
    >>> face = np.zeros((20, 20), bool)
    >>> face[4:16, 11:19] = True
    >>> skin = learn_skin(image, face)
    >>> skin.learnt, skin.likeness(image)[10, [5, 15]].round(2).tolist()
    (True, [0.0, 1.0])
    """
    cv2 = load_cv2()
    if np.count_nonzero(face) < _FEWEST:
        covariance = np.diag(np.square(_GENERAL_SPREAD))
        return SkinModel(np.array(_GENERAL_MEAN), covariance, False)
    colours = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)[face].astype(np.float64)
    mean = np.median(colours, axis=0)
    away = np.abs(colours - mean) / (np.median(np.abs(colours - mean), axis=0) + 2.0)
    chosen = colours[away.sum(axis=1) <= np.quantile(away.sum(axis=1), _CORE)]
    for _ in range(3):
        mean, covariance = _moments(chosen)
        far = colours - mean
        distance = np.einsum("ij,jk,ik->i", far, np.linalg.inv(covariance), far)
        chosen = colours[distance <= np.quantile(distance, _CORE)]
    mean, covariance = _moments(chosen)
    # The trimmed rest is narrower than the whole; arms and legs differ in lightness most.
    widen = np.diag([2.2, 1.5, 1.5])
    covariance = widen @ covariance @ widen + np.diag([36.0, 4.0, 4.0])
    return SkinModel(mean, covariance, True)


def _moments(colours: _F64) -> tuple[_F64, _F64]:
    mean: _F64 = colours.mean(axis=0)
    covariance = np.cov(colours, rowvar=False) + np.diag([4.0, 1.0, 1.0])
    return mean, covariance
