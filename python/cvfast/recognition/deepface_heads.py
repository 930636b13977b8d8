"""Learned distances between DeepFace's vectors: which features count, and how much.

The net stays as it is. Pairs of training faces are told apart by a logistic regression on the
differences of their vectors: chi-square, sum of w (a - b)^2 / (a + b), or Siamese, sum of w |a - b|
(Taigman et al., CVPR 2014, section 4; theirs of chi-square is a linear SVM).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from cvfast.typing import Progress

__all__ = ["learn_head"]

_RATE, _PAIRS, _KEEP = 0.02, 512, 1e-4


def learn_head(
    vectors: NDArray[np.float32],
    people: NDArray[np.integer[Any]],
    head: str,
    *,
    steps: int = 400,
    seed: int = 0,
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Return the weights of a distance, none negative, with a mean of 1.

    Parameters
    ----------
    vectors
        (N, D) of length 1, none negative.
    people
        (N,) whose; at least two people, one of them with two faces.
    head
        ``"chi2"`` or ``"siamese"``.
    steps
        Each looks at 512 pairs, half of them of one person.
    seed
        Of the pairs.
    progress
        Called with (done, total).

    Raises
    ------
    ValueError
        Another head, or too few people or faces.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> people = np.repeat(np.arange(8), 5)
    >>> telling = rng.random((8, 3))[people]
    >>> vectors = np.hstack([telling, rng.random((40, 3))]).astype(np.float32)
    >>> vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    >>> weights = learn_head(vectors, people, "chi2")
    >>> bool(weights[:3].min() > 2 * weights[3:].max())
    True
    """
    if head not in ("chi2", "siamese"):
        raise ValueError(f"head: expected chi2 or siamese, got {head!r}")
    pairs = _Pairs(people, np.random.default_rng(seed))
    rows = torch.from_numpy(np.ascontiguousarray(vectors))
    weights = torch.ones(rows.shape[1], requires_grad=True)
    # A distance over its mean is about 1, whatever the vectors: so one rate fits all of them.
    first = _differences(rows, pairs.draw(_PAIRS)[0], head)
    unit = first.sum(1).mean().clamp(min=1e-6)
    gain, level = (torch.tensor(value, requires_grad=True) for value in (4.0, 4.0))
    optimizer = torch.optim.Adam([weights, gain, level], _RATE)
    for step in range(steps):
        chosen, same = pairs.draw(_PAIRS)
        distances = (_differences(rows, chosen, head) / unit) @ weights
        logits = level - gain * distances
        loss = functional.binary_cross_entropy_with_logits(logits, same)
        loss = loss + _KEEP * (weights - 1).square().sum()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        with torch.no_grad():
            weights.clamp_(min=0)
            gain.clamp_(min=0.1)
        if progress is not None:
            progress(step + 1, steps)
    found: NDArray[np.float32] = (weights / weights.mean().clamp(min=1e-6)).detach().numpy()
    return found


class _Pairs:
    """Draws pairs, half of them of one person, people alike often."""

    def __init__(self, people: NDArray[np.integer[Any]], rng: np.random.Generator) -> None:
        self._rng = rng
        self._faces = np.argsort(people, kind="stable")  # each person's side by side
        _, self._counts = np.unique(people, return_counts=True)
        self._begin = np.cumsum(self._counts) - self._counts
        self._several = np.flatnonzero(self._counts > 1)
        if len(self._counts) < 2 or not len(self._several):
            raise ValueError("people: expected at least two, one of them with two faces")

    def draw(self, count: int) -> tuple[NDArray[np.int64], Tensor]:
        """Return (count, 2) numbers of faces, and (count,) 1 for one person's."""
        rng, half = self._rng, count // 2
        alike = rng.choice(self._several, half)
        counts = self._counts[alike]
        first = rng.integers(counts)
        second = (first + 1 + rng.integers(counts - 1)) % counts
        one = rng.integers(len(self._counts), size=count - half)
        other = (one + 1 + rng.integers(len(self._counts) - 1, size=len(one))) % len(self._counts)
        people = np.stack([np.concatenate([alike, one]), np.concatenate([alike, other])], axis=1)
        unlike = rng.integers(self._counts[people[half:]])
        places = np.concatenate([np.stack([first, second], axis=1), unlike])
        same = torch.from_numpy((np.arange(count) < half).astype(np.float32))
        return self._faces[self._begin[people] + places], same


def _differences(rows: Tensor, pairs: NDArray[np.int64], head: str) -> Tensor:
    """Return what the weights weigh: (pairs, D)."""
    one, other = rows[torch.from_numpy(pairs[:, 0])], rows[torch.from_numpy(pairs[:, 1])]
    apart = (one - other).abs()
    return apart.square() / (one + other).clamp(min=1e-12) if head == "chi2" else apart
