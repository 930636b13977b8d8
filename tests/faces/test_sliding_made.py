"""The bundled patch network on made faces of people it has never seen, against the template."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast.faces.sliding import load_patch_net
from cvfast.faces.template import local_contrast, read_template
from cvfast.geometry.boxes import RotatedBox
from cvfast.geometry.sampling import luma_of, read_crop
from cvfast.kernels.match import match_template
from cvfast.models.patch_net import MARGIN, WINDOW
from cvfast.models.registry import model_path
from cvfast.synth.background import scenery
from cvfast.synth.faces import box_of, make_face
from cvfast.synth.identity import split_of

PEOPLE = [number for number in range(1000, 1200) if split_of(number) == "test"][:36]


@pytest.fixture(scope="module")
def examples():
    """Pictures and boxes: each held-out face, then windows of backgrounds."""
    found = []
    for number in PEOPLE:
        face = make_face(number, seed=number, size=56)
        found.append((face.image, box_of(face.points68)))
    rng = np.random.default_rng(5)
    for _ in range(20):
        picture = np.clip(scenery(rng, (160, 120)), 0, 255).astype(np.uint8)
        for _ in range(20):
            side = rng.uniform(24, 100)
            x, y = rng.uniform(0, (160 - side, 120 - side))
            found.append((picture, np.array([x, y, x + side, y + side])))
    return found


def cut(picture, box, margin, size):
    square = RotatedBox.from_box(box)
    if margin != 1:
        side = margin * max(square.width, square.height)
        square = RotatedBox(square.x, square.y, side, side)
    return luma_of(read_crop(picture, square, size))


def ranks(scores):
    """Chance that a face scores above a window without one, and faces over all but 1 %."""
    faces, others = scores[: len(PEOPLE)], scores[len(PEOPLE) :]
    area = (faces[:, None] > others).mean()
    return float(area), float((faces > np.quantile(others, 0.99)).mean())


def test_it_beats_the_template(examples):
    template, net = (
        read_template(model_path("face_template")),
        load_patch_net(model_path("face_patch")),
    )
    pattern = local_contrast(template.grey)
    windows = [local_contrast(cut(p, box, 1, template.size)) for p, box in examples]
    correlation = np.array([match_template(window, pattern)[0, 0] for window in windows])
    patches = np.stack([cut(p, box, MARGIN, (WINDOW, WINDOW)) for p, box in examples])
    (logits,) = net.run(patches[:, None].astype(np.float32) / np.float32(255))

    old_area, old_found = ranks(correlation)
    area, found = ranks(logits.ravel())

    assert area > 0.97
    assert found >= 0.9
    assert 1 - area < 0.4 * (1 - old_area)
    assert found > old_found + 0.2
