"""`detect`: one function in front of every face detector, and the register of them all."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any, Literal

from cvfast.faces.types import Faces
from cvfast.geometry.sampling import PixelReader
from cvfast.typing import Image

__all__ = [
    "DETECTORS",
    "Detector",
    "Spec",
    "candidates",
    "check_choice",
    "detect",
    "parse_model",
    "parse_models",
]


@dataclass(frozen=True, slots=True)
class Detector:
    """One way of finding faces.

    Parameters
    ----------
    name
        As in ``model=``.
    idea, source
        How it works in a few words, and the paper.
    home
        Its module and the ending of its two functions there, ``find_...`` and ``candidates_...``;
        imported at the first use.
    file
        What the file of ``name:FILE`` is; empty: it takes none.
    extra
        The optional packages that it needs; empty for none.
    """

    name: str
    idea: str
    source: str
    home: tuple[str, str]
    file: str = ""
    extra: str = ""

    def function(self, kind: Literal["find", "candidates"]) -> Callable[..., Faces]:
        """Return ``find_...`` or ``candidates_...`` of this detector."""
        module, ending = self.home
        found: Callable[..., Faces] = getattr(importlib.import_module(module), f"{kind}_{ending}")
        return found

    @property
    def form(self) -> str:
        """How it is written in ``model=``: ``hog``, ``cascade[:FILE]``."""
        return self.name + ("[:FILE]" if self.file else "")


_ALL = (
    Detector(
        "template",
        "an average face slid over all places and sizes, compared by normalised cross-correlation",
        "Lewis, Fast Normalized Cross-Correlation, 1995",
        ("cvfast.faces.template", "template"),
        file="a picture or template of an average face",
    ),
    Detector(
        "cascade",
        "boosted Haar features on an integral image, in stages that give up early",
        "Viola and Jones, CVPR 2001 and IJCV 2004",
        ("cvfast.faces.cascade", "cascade"),
        file="OpenCV's cascade XML",
    ),
    Detector(
        "sliding-cnn",
        "a small convolutional net that judges every window of an image pyramid",
        "Rowley, Baluja and Kanade, PAMI 1998; Sermanet et al., OverFeat, 2014",
        ("cvfast.faces.sliding", "sliding"),
        file="weights that cvfast train patches wrote",
        extra="onnx",
    ),
    Detector(
        "hog",
        "histograms of oriented gradients, judged by a linear classifier (dlib)",
        "Dalal and Triggs, CVPR 2005",
        ("cvfast.faces.dlib", "hog"),
        extra="dlib",
    ),
    Detector(
        "mmod",
        "a convolutional net trained with max-margin object detection (dlib)",
        "King, Max-Margin Object Detection, 2015",
        ("cvfast.faces.dlib", "mmod"),
        file="dlib's mmod detector",
        extra="dlib",
    ),
    Detector(
        "blazeface",
        "a single-shot net: all boxes from one pass, confirmed by the face mesh",
        "Bazarevsky et al., BlazeFace, 2019",
        ("cvfast.faces.blazeface", "blazeface"),
    ),
)

DETECTORS: MappingProxyType[str, Detector] = MappingProxyType(
    {detector.name: detector for detector in _ALL}
)


@dataclass(frozen=True, slots=True)
class Spec:
    """A detector and perhaps the user's own file for it: ``name[:FILE]`` taken apart."""

    detector: Detector
    file: str | None = None

    def __str__(self) -> str:
        return self.detector.name if self.file is None else f"{self.detector.name}:{self.file}"

    def call(self, kind: Literal["find", "candidates"], reader: PixelReader, **more: Any) -> Faces:
        """Call one of the detector's functions, with the file if there is one."""
        if 0 in reader.size:
            return Faces.none(reader.size)
        options = more if self.file is None else more | {"file": self.file}
        return self.detector.function(kind)(reader, **options)


def detect(
    image: Image | PixelReader,
    *,
    model: str = "blazeface",
    min_score: float = 0.5,
    max_faces: int | None = None,
) -> Faces:
    """Find faces in a picture.

    Parameters
    ----------
    image
        RGB ``(height, width, 3)`` or grey ``(height, width)``, uint8 or float32 in [0, 1].
    model
        ``"blazeface"``: bundled; portraits and groups, faces from about 24 pixels across (in
        pictures over two megapixels, from about 1/60 of the side), tilted ones too.
        ``"template"``, ``"cascade"`` and ``"sliding-cnn"``: the earlier ways, bundled too (the
        last needs the extra ``onnx``); ``"cascade:FILE.xml"`` and the like name a file of your
        own. ``"hog"`` and ``"mmod"``:
        dlib's two detectors for faces from about 80 pixels (hog: 40 in pictures under half a
        megapixel); they need the extra ``dlib``, and mmod takes up to 3 seconds. `DETECTORS` has
        them all with their ideas.
    min_score
        Lowest score to report, in [0, 1]. Each detector's own threshold is 0.5.
    max_faces
        At most this many, the best ones; None for all.

    Returns
    -------
    Faces
        Best first; empty where there is none.

    Raises
    ------
    TypeError
        ``image`` is not an array of uint8 or float32, or an option is no number.
    ValueError
        Wrong shape, unknown model, or an option out of range.
    ModelError, MissingDependencyError
        A model file is missing or altered; a package is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from cvfast.faces.detectors import detect
    >>> detect(np.zeros((48, 64, 3), np.uint8))
    Faces(0 in 64x48)
    """
    spec = parse_model(model)
    if not isinstance(min_score, Real):
        raise TypeError(f"min_score: expected a number, got {type(min_score).__name__}")
    if max_faces is not None and not isinstance(max_faces, Integral):
        raise TypeError(f"max_faces: expected None or an integer, got {type(max_faces).__name__}")
    if not 0 <= min_score <= 1:
        raise ValueError(f"min_score: expected a number in [0, 1], got {min_score}")
    if max_faces is not None and max_faces < 0:
        raise ValueError(f"max_faces: expected None or at least 0, got {max_faces}")
    return spec.call("find", PixelReader.of(image), min_score=min_score)[:max_faces]


def candidates(image: Image | PixelReader, *, model: str = "blazeface") -> Faces:
    """Return what a detector takes for a face before it merges overlapping windows.

    Parameters
    ----------
    image, model
        As for `detect`.

    Returns
    -------
    Faces
        Every accepted window; one face usually has many.

    Raises
    ------
    TypeError, ValueError, ModelError, MissingDependencyError
        As `detect`.

    Examples
    --------
    >>> import numpy as np
    >>> from cvfast.faces.detectors import candidates
    >>> candidates(np.zeros((48, 64, 3), np.uint8))
    Faces(0 in 64x48)
    """
    return parse_model(model).call("candidates", PixelReader.of(image))


def parse_model(text: str, *, name: str = "model") -> Spec:
    """Take ``name[:FILE]`` apart; only the first colon counts, as in ``cascade:C:/face.xml``.

    Raises
    ------
    ValueError
        No such detector, a file where there can be none, or a colon without one.

    Examples
    --------
    >>> parse_model("cascade:C:/face.xml").file
    'C:/face.xml'
    """
    head, colon, file = str(text).partition(":")
    detector = DETECTORS[check_choice(name, head, tuple(DETECTORS))]
    if colon and not detector.file:
        raise ValueError(f"{name}: expected {detector.name!r} without a file, got {text!r}")
    if colon and not file:
        raise ValueError(f"{name}: expected {detector.name}:FILE with a file's name, got {text!r}")
    return Spec(detector, file or None)


def parse_models(text: str, *, name: str = "model") -> list[Spec]:
    """Take a list ``a,b:FILE,c`` apart.

    Raises
    ------
    ValueError
        As for `parse_model`, and for the same one twice. A FILE may not contain a comma.

    Examples
    --------
    >>> [str(spec) for spec in parse_models("hog, cascade:face.xml")]
    ['hog', 'cascade:face.xml']
    """
    parts = [part.strip() for part in text.split(",")]
    specs: list[Spec] = []
    for part in parts:
        try:
            specs.append(parse_model(part, name=name))
        except ValueError as error:
            if specs and specs[-1].file is not None:
                hint = f"{error}. A FILE in this list may not contain a comma"
                raise ValueError(hint) from error
            raise
    _refuse_twice([str(spec) for spec in specs], name)
    return specs


def _refuse_twice(names: Sequence[str], name: str) -> None:
    for number, given in enumerate(names):
        if given in names[:number]:
            raise ValueError(f"{name}: expected each model once, got {given!r} twice")


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> str:
    """Return ``value`` if it is one of ``choices``, else raise ValueError with the nearest one."""
    if value in choices:
        return value
    near = difflib.get_close_matches(str(value), choices, n=1, cutoff=0.7)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    expected = ", ".join(repr(choice) for choice in choices)
    raise ValueError(f"{name}: expected one of {expected}, got {value!r}{hint}")
