"""Write cascade.json: what OpenCV's CascadeClassifier finds in the pictures of cascade_images.py.

    PEER/bin/python tests/golden/make_cascade.py [--clip carphone_pristine.mp4] [--scenes FOLDER]

PEER is a virtual environment with opencv-contrib-python 4.14.0.94, scikit-image and av, since the
contrib wheel shares cv2's folder with opencv-python. A picture's windows are sorted int16 numbers
x, y, w, h, compressed; its groups are written out.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import zlib
from pathlib import Path

import numpy as np
from cascade_images import digest, images

HERE = Path(__file__).parent
BUNDLED = HERE.parents[1] / "python/cvfast/models/data/haarcascade_frontalface_default.xml"
FILES = {"bundled": BUNDLED, **{n: HERE / f"cascade_{n}.xml" for n in ("tilted", "lbp", "tree")}}


def main() -> None:
    import cv2
    import skimage

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--scenes", help="a folder of .npy files, 100 or more")
    arguments = parser.parse_args()
    if arguments.scenes:
        os.environ["CVFAST_GOLDEN_SCENES"] = arguments.scenes
    cv2.setNumThreads(1)
    results: dict[str, dict[str, object]] = {}
    for image_name, grey in images(arguments.clip):
        found = results[image_name] = {"pixels": digest(grey)}
        for name, path in FILES.items():
            cascade = cv2.CascadeClassifier(str(path))
            windows = rows(cascade.detectMultiScale(grey, 1.1, 0))
            groups = rows(cascade.detectMultiScale(grey, 1.1, 3))
            found[name] = {"windows": packed(windows), "groups": groups.tolist()}
    versions = {"opencv-contrib-python": cv2.__version__, "scikit-image": skimage.__version__}
    text = json.dumps({"versions": versions, "images": results}, indent=0)
    (HERE / "cascade.json").write_text(text + "\n")


def rows(boxes: object) -> np.ndarray:
    array = np.array(boxes, np.int16).reshape(-1, 4)
    return array[np.lexsort(array.T[::-1])]


def packed(boxes: np.ndarray) -> str:
    return base64.b64encode(zlib.compress(boxes.astype("<i2").T.tobytes(), 9)).decode()


if __name__ == "__main__":
    main()
