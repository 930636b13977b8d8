"""Write faces.json: what OpenCV's face recognisers say about the faces of face_sets.py.

    PEER/bin/python tests/golden/make_faces.py

PEER is a virtual environment with opencv-contrib-python 4.14.0.94 and scikit-image, since the
contrib wheel shares cv2's folder with opencv-python. Numbers alone are written.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from face_sets import digest, people

HERE = Path(__file__).parent
COMPONENTS = 30
LBPH_SETTINGS = ((1, 8, 8, 8), (2, 8, 7, 6), (2, 6, 5, 5))  # radius, neighbors, across, down


def main() -> None:
    import cv2
    import skimage

    cv2.setNumThreads(1)
    training, person, queries, _ = people()
    results: dict[str, Any] = {
        "versions": {"opencv-contrib-python": cv2.__version__, "scikit-image": skimage.__version__},
        "pixels": [digest(training), digest(queries)],
    }
    eigen = cv2.face.EigenFaceRecognizer_create(COMPONENTS)
    eigen.train(list(training), person)
    results["eigenfaces"] = {
        "components": COMPONENTS,
        "eigenvalues": rounded(eigen.getEigenValues()),
        **predictions(eigen, queries),
    }
    fisher = cv2.face.FisherFaceRecognizer_create()
    fisher.train(list(training), person)
    results["fisherfaces"] = {
        "eigenvalues": rounded(fisher.getEigenValues()),
        # A direction is known by its cosines with some faces: the vectors themselves are long.
        "cosines": [rounded(row) for row in cosines(fisher, queries[:5])],
        **predictions(fisher, queries),
    }
    results["lbph"] = []
    for radius, neighbors, across, down in LBPH_SETTINGS:
        lbph = cv2.face.LBPHFaceRecognizer_create(radius, neighbors, across, down)
        lbph.train(list(training), person)
        results["lbph"].append(
            {"settings": [radius, neighbors, across, down], **predictions(lbph, queries)}
        )
    (HERE / "faces.json").write_text(json.dumps(results, indent=0) + "\n")


def predictions(model: Any, queries: np.ndarray) -> dict[str, Any]:
    labels, distances = zip(*(model.predict(face) for face in queries), strict=True)
    return {"labels": [int(label) for label in labels], "distances": rounded(distances)}


def cosines(model: Any, faces: np.ndarray) -> np.ndarray:
    """Return the cosines of centred faces (n) with each discriminant (k): (n, k)."""
    vectors = model.getEigenVectors()
    centred = faces.reshape(len(faces), -1) - model.getMean()
    lengths = np.linalg.norm(centred, axis=1)[:, None] * np.linalg.norm(vectors, axis=0)
    return centred @ vectors / lengths


def rounded(values: Any) -> list[float]:
    return [float(f"{value:.9g}") for value in np.asarray(values, np.float64).ravel()]


if __name__ == "__main__":
    main()
