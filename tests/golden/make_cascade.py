"""Write cascade.json: what OpenCV's CascadeClassifier finds in the pictures of cascade_images.py.

    PEER/bin/python tests/golden/make_cascade.py [--clip carphone_pristine.mp4]

PEER is a virtual environment with opencv-contrib-python 4.14.0.94, scikit-image, Pillow and av,
since the contrib wheel shares cv2's folder with opencv-python.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from cascade_images import cascades, digest, images, packed

HERE = Path(__file__).parent


def main() -> None:
    import cv2
    import skimage

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clip", type=Path)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    results: dict[str, dict[str, object]] = {}
    for image_name, grey in images(arguments.clip):
        found = results[image_name] = {"pixels": digest(grey)}
        for name, path in cascades().items():
            cascade = cv2.CascadeClassifier(str(path))
            windows = boxes(cascade.detectMultiScale(grey, 1.1, 0))
            groups = boxes(cascade.detectMultiScale(grey, 1.1, 3))
            found[name] = {"windows": packed(windows), "groups": packed(groups)}
    versions = {"opencv-contrib-python": cv2.__version__, "scikit-image": skimage.__version__}
    text = json.dumps({"versions": versions, "images": results}, indent=0)
    (HERE / "cascade.json").write_text(text + "\n")


def boxes(found: object) -> np.ndarray:
    """Of no windows OpenCV makes an empty tuple."""
    return np.array(found, np.int16).reshape(-1, 4)


if __name__ == "__main__":
    main()
