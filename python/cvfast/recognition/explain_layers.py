"""What the layers of a DeepFace net answer to, and how much each says of who it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.types import Landmarks
from cvfast.recognition.explain import Source, same_person_first
from cvfast.recognition.frontal import Frontal, frontalise
from cvfast.typing import Image, ImageF32

__all__ = ["LayerAnswer", "LayerNet", "LayerProbe"]

CHANNELS_SHOWN = 8
FACES_PROBED, FACES_A_PERSON = 40, 4  # whose activations are compared: 100 MB of the full net

Reals = NDArray[np.float64]


class LayerNet(Protocol):
    """A net whose layers can be looked at: `cvfast.recognition.deepface.DeepFace`."""

    def layers(self, image: Image, landmarks: Landmarks) -> dict[str, ImageF32]:
        """Return the maps (channels, h, w) of each layer by its name, in their order."""

    def embed(self, image: Image, faces: Sequence[Landmarks]) -> NDArray[np.float32]:
        """Return the vectors of faces, (N, D)."""


@dataclass(frozen=True, eq=False)
class LayerAnswer:
    """What one layer answers.

    Parameters
    ----------
    name
        Of the layer; ``pixels`` is the frontal view that goes in, ``F7`` the vector that comes out.
    shape
        Of its activations: channels, h, w; or (D,).
    maps
        (m, h, w) float32: one face's maps of the channels that answer to it most, most first.
    ratio
        Mean distance of different people's faces over that of the same person's, each face's
        activations scaled to length 1; 1 says nothing of who it is. None where nobody has two
        faces, or all are one person's.
    alike
        As in `cvfast.recognition.explain.EigenStory`.
    """

    name: str
    shape: tuple[int, ...]
    maps: ImageF32
    ratio: float | None
    alike: tuple[int, int] | None


class LayerProbe:
    """Collects the activations of some faces of a set, one after the other.

    Parameters
    ----------
    net
        The net.
    sources
        Pictures and their people. Of each person with two or more, up to `FACES_A_PERSON` are
        looked at, `FACES_PROBED` in all, and the first face that comes, whose maps are shown.

    Attributes
    ----------
    shown : tuple or None
        The first face: its picture and person, and its frontal view.
    """

    def __init__(self, net: LayerNet, sources: Sequence[Source]) -> None:
        self._net = net
        self._wanted = _wanted(sources)
        self._people: list[str | None] = []
        self._rows: dict[str, list[NDArray[np.float16]]] = {}
        self._first: dict[str, ImageF32] = {}
        self.shown: tuple[Source, Frontal] | None = None

    def look(self, source: Source, image: Image, face: Landmarks) -> None:
        """Take a face, if it is one of those to be looked at, or the first."""
        if source[0] not in self._wanted and self.shown is not None:
            return
        frontal = frontalise(image, face)
        maps = self._net.layers(image, face)
        answers = {"pixels": frontal.image.astype(np.float32).transpose(2, 0, 1)}
        answers |= maps | {"F7": self._net.embed(image, [face])[0]}
        if self.shown is None:
            self.shown, self._first = (source, frontal), answers
        for name, values in answers.items():
            row = values.ravel() / max(float(np.linalg.norm(values)), 1e-12)
            # So scaled, the usual value is 1, where half precision is fine.
            self._rows.setdefault(name, []).append((row * row.size**0.5).astype(np.float16))
        self._people.append(source[1])

    def answers(self) -> list[LayerAnswer]:
        """Return what each layer answers, in the order of the net; nothing where no face came."""
        return [
            self._answer(name, values, np.stack(self._rows[name]).astype(np.float32))
            for name, values in self._first.items()
        ]

    def _answer(self, name: str, values: ImageF32, rows: ImageF32) -> LayerAnswer:
        maps = np.zeros((0, 1, 1), np.float32)
        if values.ndim == 3 and name != "pixels":
            order = np.argsort(-values.mean(axis=(1, 2)), kind="stable")
            maps = values[order[:CHANNELS_SHOWN]]
        apart = _distances(rows)
        return LayerAnswer(
            name,
            values.shape,
            maps,
            _ratio(apart, self._people),
            same_person_first(apart, self._people),
        )


def _wanted(sources: Sequence[Source]) -> set[Path]:
    """Pictures to look at."""
    total = Counter(person for _, person in sources if person is not None)
    taken: Counter[str] = Counter()
    wanted: set[Path] = set()
    for path, person in sources:
        if person is None or total[person] < 2 or taken[person] >= FACES_A_PERSON:
            continue
        if len(wanted) < FACES_PROBED:
            taken[person] += 1
            wanted.add(path)
    return wanted


def _distances(rows: ImageF32) -> Reals:
    """Euclidean distances of rows, (n, n), infinite on the diagonal."""
    products = (rows @ rows.T).astype(np.float64)
    squares = np.diag(products)
    apart: Reals = np.sqrt(np.maximum(squares[:, None] + squares - 2 * products, 0))
    np.fill_diagonal(apart, np.inf)
    return apart


def _ratio(apart: Reals, people: Sequence[str | None]) -> float | None:
    """Mean distance between people over that within people."""
    named = np.array(["" if person is None else f"={person}" for person in people])
    known = (named != "")[:, None] & (named != "")
    same = (named[:, None] == named) & known
    other = known & ~same
    np.fill_diagonal(same, False)
    if not (same.any() and other.any()):
        return None
    within = float(apart[same].mean())
    return float(apart[other].mean()) / within if within > 0 else None
