"""From a trained net to a file: its weights, its distance, and the threshold from held-out people.

What is said of the net is measured on people it has never seen: verification accuracy in ten folds
of disjoint people, the area under the ROC, the equal error rate, and the threshold for a share of
false accepts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.metrics.verification import Roc, draw_pairs, make_pairs, roc, ten_fold
from cvfast.models.deepface_file import DeepFaceWeights, weight_shapes
from cvfast.recognition.deepface import pair_distances, unit_features
from cvfast.recognition.deepface_data import PeopleFaces
from cvfast.recognition.deepface_heads import learn_head
from cvfast.recognition.deepface_net import folded_state
from cvfast.recognition.deepface_training import features_of
from cvfast.typing import ImageU8, Progress

__all__ = ["Judged", "judge", "weights_of", "with_threshold"]

_FOLDS, _MOST = 10, 100_000
_CLOSEST = 0.01  # false accepts for which the threshold is set


@dataclass(frozen=True)
class Judged:
    """How well a net tells people apart whom it has never seen.

    Parameters
    ----------
    accuracy, accuracy_std
        Verification accuracy in folds of disjoint people, the threshold picked on the others; None
        for fewer people than make two folds.
    curve
        Over all pairs, or 100,000 of each kind.
    people, faces
        How many were held out.
    """

    accuracy: float | None
    accuracy_std: float | None
    curve: Roc
    people: int
    faces: int


def weights_of(
    net: Any,
    faces: ImageU8,
    people: NDArray[np.integer[Any]],
    head: str = "cosine",
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> DeepFaceWeights:
    """Take a net's weights, scale its features and learn its distance.

    Parameters
    ----------
    net
        A `DeepFaceNet`.
    faces, people
        What it was trained with.
    head
        ``"cosine"``, ``"chi2"`` or ``"siamese"``; see `learn_head`.
    seed
        Of the pairs for the head.
    progress
        Called with (done, total) while the head is learned.

    Returns
    -------
    DeepFaceWeights
        With a threshold of no worth; see `with_threshold`.
    """
    state = folded_state(net)
    layers = {name: _array(state[name]) for name in weight_shapes(net.size, net.width)}
    features = features_of(net, faces)
    largest = features.max(axis=0)
    scale = np.where(largest > 0, 1 / np.maximum(largest, np.float32(1e-6)), 0).astype(np.float32)
    learned = None
    if head != "cosine":
        vectors = unit_features(features, scale)
        learned = learn_head(vectors, people, head, seed=seed, progress=progress)
    return DeepFaceWeights(
        net.size, net.width, layers, scale, head, learned, 0.0, None, "no threshold was set"
    )


def judge(net: Any, weights: DeepFaceWeights, held_out: PeopleFaces) -> Judged | None:
    """Judge a net on the people held out; None where there are no two with two faces each.

    Parameters
    ----------
    net
        The `DeepFaceNet` that `weights` are of.
    weights
        Scale and head.
    held_out
        The set; only its held-out faces are looked at.
    """
    chosen = held_out.held_out
    people = held_out.people[chosen]
    count = len(np.unique(people))
    if count < 2 or np.unique(people, return_counts=True)[1].max() < 2:
        return None
    vectors = unit_features(features_of(net, held_out.pixels[chosen]), weights.scale)

    def apart(pairs: Any) -> NDArray[np.float32]:
        return pair_distances(
            vectors[pairs.first], vectors[pairs.second], weights.head, weights.head_weights
        )

    accuracy = deviation = None
    if count >= 4:
        try:
            folds = make_pairs(people.tolist(), folds=min(_FOLDS, count // 2))
            found = ten_fold(apart(folds), folds.same, folds.fold)
            accuracy, deviation = found.mean, found.std
        except ValueError:  # a fold in which nobody has two faces
            pass
    drawn = draw_pairs(people.tolist(), most=_MOST)
    curve = roc(apart(drawn), drawn.same)
    return Judged(accuracy, deviation, curve, count, len(people))


def with_threshold(weights: DeepFaceWeights, judged: Judged, about: str) -> DeepFaceWeights:
    """Set the threshold for one false accept in a hundred pairs, or as few pairs can tell.

    Parameters
    ----------
    weights
        A net.
    judged
        What it did on the people held out.
    about
        Whose faces these are: ``"SYNTHETIC (made) people"``.
    """
    wanted = max(_CLOSEST, 1 / judged.curve.different)
    operation = judged.curve.at_far(min(1.0, wanted))
    distance = operation.threshold
    if distance is None or not math.isfinite(distance) or operation.far.value is None:
        return weights
    source = f"{judged.curve.different} pairs of {judged.people} {about} held out from the training"
    return replace(
        weights,
        distance=max(0.0, float(distance)),
        false_accepts=float(operation.far.value),
        source=source,
    )


def torch_weights(weights: DeepFaceWeights) -> Mapping[str, Any]:
    """Return a file's layers as `People` takes them (``pretrained``)."""
    import torch

    return {name: torch.from_numpy(array.copy()) for name, array in weights.layers.items()}


def _array(tensor: Any) -> NDArray[np.float32]:
    values: NDArray[np.float32] = tensor.detach().cpu().float().contiguous().numpy().copy()
    return values
