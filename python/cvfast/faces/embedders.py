"""`open_embedder`: one function in front of every embedding of other people's making."""

from __future__ import annotations

from pathlib import Path

from cvfast.faces.embedding import Embedder

__all__ = ["open_embedder"]


def open_embedder(spec: str = "dlib") -> Embedder:
    """Open a face embedding.

    Parameters
    ----------
    spec
        ``"dlib"``: dlib's recognition network, from the package face-recognition-models.
        ``"PATH.dat"``: the same from a file of yours.

    Raises
    ------
    ValueError
        Another ``spec``.
    ModelError
        The file is missing, damaged, or something else.
    MissingDependencyError
        A package is not installed; the message has the command that adds it.

    Examples
    --------
    >>> open_embedder("dlib").dimension
    128
    """
    from cvfast.faces.dlib_embedding import DlibEmbedder

    if spec == "dlib":
        return DlibEmbedder()
    if Path(spec).suffix.lower() == ".dat":
        return DlibEmbedder(spec)
    raise ValueError(f"model: expected dlib, PATH.dat or PATH.onnx, got {spec!r}")
