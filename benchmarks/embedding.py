"""dlib's face embedding without dlib: the same vectors, milliseconds a face.

  python -m benchmarks.embedding            about a minute; writes results/embedding.json
  python -m benchmarks.embedding --quick    seconds; writes nothing

The astronaut's face. "network" is an aligned face or eight of them, 150 x 150, to vectors; "face"
is a picture and landmarks to one vector, where dlib is given its own five points.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

import dlib
import numpy as np
from cvfast import detect, landmarks
from cvfast.faces.alignment import TEMPLATES, read_aligned
from cvfast.faces.dlib import packaged_file
from cvfast.faces.dlib_embedding import FILE, DlibEmbedder
from cvfast.io.images import read_image

from benchmarks.case import Case, Run, Target
from benchmarks.machine import limit_threads
from benchmarks.program import judged, run

MOST_MS = 15.0


def main() -> int:
    return run("embedding", __doc__, _rows)


def _rows(quick: bool) -> Iterator[dict[str, Any]]:
    for threads in (1, 2):
        with limit_threads(threads):
            for case in _cases():
                yield judged(case, quick, threads, budget=8)


def _cases() -> Iterator[Case]:
    picture = read_image(str(resources.files("cvfast") / "data" / "astronaut.jpg")).pixels
    face = landmarks(picture, faces=detect(picture)[:1])[0].to("dlib5")
    pixels = read_aligned(picture, [face], TEMPLATES["dlib"], 150)
    parts = [dlib.point(*np.rint(point[:2]).astype(int)) for point in face.points]
    shape = dlib.full_object_detection(dlib.rectangle(*np.rint(face.box).astype(int)), parts)
    embedder = DlibEmbedder()
    net = dlib.face_recognition_model_v1(str(packaged_file(FILE)))
    for count in (1, 8):
        many = np.repeat(pixels, count, axis=0)
        yield _case(
            f"network, {count} face{'s' * (count > 1)}",
            lambda many=many: embedder.embed_aligned(many),
            lambda many=many: net.compute_face_descriptor(list(many)),
            1e-4,
            count,
        )
    yield _case(
        "face of a picture",
        lambda: embedder.embed(picture, [face]),
        lambda: [net.compute_face_descriptor(picture, shape)],
        0.1,  # dlib's points are whole pixels
    )


def _case(name: str, ours: Run, own: Run, most: float, count: int = 1) -> Case:
    def agree(outputs: Mapping[str, Any]) -> str:
        a, b = (np.array(outputs[key]) for key in ("cvfast", "dlib"))
        apart = float(np.linalg.norm(a - b, axis=1).max())
        assert apart < most, f"{name}: vectors {apart} apart"
        return f"vectors at most {apart:.1e} apart"

    runs = {"cvfast": ours, "dlib": own}
    targets = (Target("dlib", 3.0, 5.0),)
    return Case("embedding", name, runs, agree, targets, per=count, most_ms=MOST_MS)


if __name__ == "__main__":
    sys.exit(main())
