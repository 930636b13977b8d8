"""Do distances tell people apart on the photos of face-recognition 1.3.0? Two men, six photos.

  .ci/fetch_photos FOLDER && python -m benchmarks.face_photos FOLDER

Prints each distance, whole faces and faces cut off by the picture's edge alike. Exit code 1 if
dlib's embedding puts one man's photos farther apart than its threshold, 0.6, or two men's closer.
`--model` adds other embeddings, which are shown and not judged.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
from cvfast.faces.choosing import choose_face
from cvfast.faces.embedders import open_embedder
from cvfast.faces.embedding import Embedder
from cvfast.io.images import read_image

from benchmarks.program import write

PHOTOS = (
    "biden.jpg",
    "obama.jpg",
    "obama2.jpg",
    "obama3.jpg",
    "obama_partial_face.jpg",
    "obama_partial_face2.jpg",
)


def main(given: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.face_photos",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="where .ci/fetch_photos put them")
    parser.add_argument("--model", default="", help="further embeddings, with commas between them")
    parser.add_argument("--output", type=Path, help="a JSON file to write")
    arguments = parser.parse_args(given)
    separated = None
    results = {}
    for spec in ["dlib", *filter(None, arguments.model.split(","))]:
        embedder = _open(spec)
        same, different = _distances(embedder, arguments.folder)
        limit = embedder.threshold.distance
        _show(spec, limit, same, different)
        results[spec] = {"threshold": limit, "same": same, "different": different}
        if separated is None:
            separated = max(same.values()) <= limit < min(different.values())
    write(results, arguments.output)
    if not separated:
        print("dlib: the distances do not separate at its threshold", file=sys.stderr)
    return int(not separated)


def _open(spec: str) -> Embedder:
    if spec == "dlib" or importlib.util.find_spec("cvfast.recognition.recognisers") is None:
        return open_embedder(spec)
    from cvfast.recognition.recognisers import open_recogniser

    return open_recogniser(spec)


def _distances(embedder: Embedder, folder: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Return the distances of pairs of one man, and of two."""
    vectors = {}
    for name in PHOTOS:
        picture = read_image(folder / name).pixels
        face = choose_face(picture, name=name).landmarks
        vectors[name.removesuffix(".jpg")] = embedder.embed(picture, [face])
    same, different = {}, {}
    for a, b in combinations(vectors, 2):
        apart = float(embedder.distances(vectors[a], vectors[b])[0, 0])
        (same if _person(a) == _person(b) else different)[f"{a}, {b}"] = apart
    return same, different


def _person(name: str) -> str:
    return re.split(r"[\d_]", name)[0]


def _show(spec: str, limit: float, same: dict[str, float], different: dict[str, float]) -> None:
    print(f"{spec}, threshold {limit:g}")
    for title, pairs in (("one man", same), ("two men", different)):
        values = np.array(list(pairs.values()))
        print(f"  {title}: {len(values)} pairs, {values.min():.3f} to {values.max():.3f}")
        for pair, apart in pairs.items():
            print(f"    {apart:.3f}  {pair}")


if __name__ == "__main__":
    sys.exit(main())
