"""Files of eigenfaces, Fisherfaces and LBPH: weights, preprocessing and threshold, nobody's face.

The safetensors layout. The header's ``format`` is told below, ``kind`` is the model's,
``parameters``, ``preprocessing`` and ``threshold`` are JSON. The arrays are ``mean``
(d,) float64, ``components`` (k, d) float32 and, for eigenfaces, ``variances`` (k,) float64; LBPH
has none. The training faces' own features and names are not kept.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cvfast.errors import ModelError
from cvfast.faces.embedding import Threshold
from cvfast.models.model_bytes import model_bytes
from cvfast.models.tensors import parse_tensors, write_tensors
from cvfast.recognition.classic import KINDS, ClassicEmbedder
from cvfast.recognition.classifier import FaceClassifier
from cvfast.recognition.preprocess import Preprocessing
from cvfast.typing import Path as PathLike

__all__ = ["FORMAT", "read_classic", "write_classic"]

FORMAT = "cvfast classic faces 1"
_MOST_BYTES = 1 << 30


def write_classic(
    path: PathLike,
    embedder: ClassicEmbedder,
    *,
    overwrite: bool = False,
    notes: Mapping[str, str] | None = None,
) -> None:
    """Write a model.

    Parameters
    ----------
    path
        The file.
    embedder
        The model, its preprocessing and its threshold.
    overwrite
        Replace a file.
    notes
        Whatever else to say in the header, such as the command that made it.

    Raises
    ------
    OutputError
        See `cvfast.io.atomic.write_bytes`.
    """
    limit = embedder.threshold
    told = {
        **(notes or {}),
        "format": FORMAT,
        "kind": embedder.name,
        "parameters": json.dumps(embedder.model.get_params(), default=float),
        "preprocessing": json.dumps(embedder.preprocessing.as_dict()),
        "threshold": json.dumps(
            {
                "distance": limit.distance,
                "false_accepts": limit.false_accepts,
                "source": limit.source,
            }
        ),
    }
    write_tensors(path, embedder.model.weights(), told, overwrite=overwrite)


def read_classic(path: PathLike, *, kind: str | None = None) -> ClassicEmbedder:
    """Read a model that `write_classic` wrote; everything in it is checked.

    Parameters
    ----------
    path
        The file.
    kind
        ``eigenfaces``, ``fisherfaces`` or ``lbph``; None: whichever it is.

    Returns
    -------
    The embedder. Its model knows no training faces: it transforms and compares, and does not
    predict.

    Raises
    ------
    ModelError
        Missing, too large (over 1 GiB), damaged, or another kind.

    Examples
    --------
    >>> read_classic("gone.safetensors")
    Traceback (most recent call last):
    cvfast.errors.ModelError: gone.safetensors: cannot be read: No such file or directory
    """
    shown = Path(path)
    arrays, metadata = parse_tensors(model_bytes(shown, _MOST_BYTES), shown)
    try:
        if metadata.get("format") != FORMAT:
            raise ValueError(f"format: expected {FORMAT!r}, got {metadata.get('format')!r}")
        found = metadata["kind"]
        if found not in KINDS or (kind is not None and found != kind):
            raise ValueError(f"kind: expected {kind or ', '.join(KINDS)}, got {found!r}")
        preprocessing = Preprocessing.from_dict(_object(metadata, "preprocessing"))
        model = KINDS[found](**_parameters(metadata))
        model.restore(arrays, preprocessing.size[::-1])
        _check_numbers(model, preprocessing.size)
        return ClassicEmbedder(model, preprocessing, _threshold(_object(metadata, "threshold")))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise ModelError(
            f"{shown}: expected a model that cvfast train {kind or 'eigenfaces'} wrote: {error}"
        ) from error


def _check_numbers(model: FaceClassifier, size: tuple[int, int]) -> None:
    """Refuse numbers that are finite, yet too large to project a face with."""
    width, height = size
    if not np.isfinite(model.transform(np.full((1, height, width), 255, np.uint8))).all():
        raise ValueError("components_: expected numbers that a face can be projected with")


def _object(metadata: Mapping[str, str], name: str) -> dict[str, Any]:
    value = json.loads(metadata[name])
    if not isinstance(value, dict):
        raise ValueError(f"{name}: expected a JSON object, got {value!r}")
    return value


def _parameters(metadata: Mapping[str, str]) -> dict[str, Any]:
    """Return a model's parameters; JSON has no tuples."""
    return {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in _object(metadata, "parameters").items()
    }


def _threshold(told: Mapping[str, Any]) -> Threshold:
    distance, share = told["distance"], told["false_accepts"]
    if type(distance) not in (int, float) or not 0 <= distance < math.inf:
        raise ValueError(f"threshold: expected a distance from 0 on, got {distance!r}")
    if share is not None and (type(share) not in (int, float) or not 0 <= share <= 1):
        raise ValueError(f"threshold: expected false accepts in [0, 1], got {share!r}")
    return Threshold(float(distance), share, str(told["source"]))
