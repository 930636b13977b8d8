"""Networks put back into a photo: the photo's size, its background, and named refusals."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from cvfast.errors import ModelError
from cvfast.synth.garments import make_garment, random_garment
from cvfast.synth.people import MadePerson, make_person, random_person
from cvfast.tryon.checkpoints import write_checkpoint
from cvfast.tryon.classic import garment_of
from cvfast.tryon.engines import load_networks, try_on_with
from cvfast.tryon.garment import Garment
from cvfast.tryon.network_paste import pasted
from cvfast.tryon.network_training import Plan, network_settings
from cvfast.tryon.network_view import Frame, NetworkLook, garment_frame, view_of
from cvfast.tryon.networks import build_network
from cvfast.tryon.scene import read_scene

SIZE = (48, 64)


@pytest.fixture(scope="module")
def person() -> MadePerson:
    return make_person(random_person(11), size=(180, 240))


@pytest.fixture(scope="module")
def garment() -> Garment:
    made = make_garment(random_garment(123, "tee"), size=(180, 240))
    return Garment(made.image, made.mask, made.landmarks, "tee", "short", "upper", 1.0)


def networks(*kinds: str) -> dict[str, Any]:
    plan = Plan(width=4)
    return {kind: build_network(kind, network_settings(kind, SIZE, plan), seed=0).eval()
            for kind in kinds}  # fmt: skip


@pytest.mark.parametrize(
    ("engine", "kinds"), [("cpvton", ("gmm", "tom")), ("viton", ("viton", "viton-refine"))]
)
def test_the_photo_keeps_its_size_and_all_that_is_not_clothes(
    engine: str, kinds: tuple[str, ...], person: MadePerson, garment: Garment
) -> None:
    done = try_on_with(
        engine, person.image, garment, weights=networks(*kinds), pose=person.pose,
        labels=person.labels, keep_layers=True,
    )  # fmt: skip

    image = np.asarray(done.image)
    assert image.shape == person.image.shape
    assert (image[~done.mask] == person.image[~done.mask]).all()
    face = np.isin(person.labels, (2, 13))
    assert (image[face] == person.image[face]).all()
    assert done.mask[person.labels == 5].all()
    assert done.layers["network output"].shape == (64, 48, 3)
    assert "48 x 64 pixels" in done.reasons[-1]


def test_the_garments_own_pixels_land_where_the_network_says(
    person: MadePerson, garment: Garment
) -> None:
    scene = read_scene(
        person.image, pose=person.pose, labels=person.labels, doubts=SimpleNamespace(
            add=lambda *_: None, note=lambda *_: None, take=lambda *_, **__: None,
            add_pose=lambda *_: None,
        ),  # type: ignore[arg-type]
    )  # fmt: skip
    view, frame, flat = view_of(scene, garment, SIZE)
    y, x = np.mgrid[-1:1:64j, -1:1:48j]
    look = NetworkLook(
        np.zeros((64, 48, 3), np.float32), np.ones((64, 48), np.float32),
        np.stack([x, y], -1).astype(np.float32), np.ones((64, 48), np.float32),
        np.zeros((64, 48), np.float32),
    )  # fmt: skip

    image, _, worn = pasted(person.image, scene, garment, look, frame, flat)

    # The garment's frame lies on the person's: a pixel of one is a pixel of the other.
    rows, columns = np.nonzero(worn > 0.99)
    steps = np.stack([columns, rows], 1) + 0.5 - np.array([frame.left, frame.top])
    there = steps / frame.scale * flat.scale + np.array([flat.left, flat.top]) - 0.5
    inner = np.rint(there).astype(int)
    wanted = garment.image[inner[:, 1], inner[:, 0]].astype(int)
    assert len(rows) > 2000
    assert np.median(np.abs(np.asarray(image)[rows, columns].astype(int) - wanted)) <= 4
    assert view.garment.shape == (64, 48, 3)


def test_a_frame_goes_there_and_back() -> None:
    y, x = np.mgrid[:200, :160]
    picture = np.stack([x, y, (x + y) // 2], -1).astype(np.uint8)
    frame = Frame(20.5, 31.0, 2.5, SIZE)

    cut = frame.cut(picture, 255)
    back = frame.put(cut.astype(np.float32), picture.shape, beyond=-1)

    inside = np.zeros((200, 160), bool)
    inside[40:180, 30:130] = True
    assert np.abs(back[inside] - picture[inside]).max() < 1.5
    assert (back[:30] == -1).all()
    assert (cut[-1] < 255).any()
    assert (Frame(-50.0, 0.0, 1.0, SIZE).cut(picture, 255)[:, :40] == 255).all()
    mask = np.zeros((100, 300), bool)
    mask[20:60, 100:180] = True
    square = garment_frame(mask, SIZE)
    assert square.cut(mask, 0).mean() == pytest.approx(0.9**2 * 48 * 24 / (48 * 64), rel=0.1)


def test_weights_that_do_not_fit_are_named(tmp_path: Path) -> None:
    made = networks("gmm", "viton")
    for kind, net in made.items():
        write_checkpoint(
            tmp_path / f"{kind}.safetensors", net, kind,
            network_settings(kind, SIZE, Plan(width=4)),
        )  # fmt: skip
    gmm, viton = (tmp_path / f"{kind}.safetensors" for kind in made)

    with pytest.raises(ModelError, match=r"cpvton: .*none of tom.*cvfast train tom --help"):
        load_networks("cpvton", [gmm])
    with pytest.raises(ModelError, match=r"gmm\.safetensors: expected weights of cpvton\+'s"):
        load_networks("cpvton+", [gmm])
    with pytest.raises(ModelError, match=r"viton\.safetensors: .*got those of viton's viton"):
        load_networks("cpvton", [tmp_path])
    with pytest.raises(ModelError, match="expected one file of viton, got another"):
        load_networks("viton", [viton, viton])
    with pytest.raises(ValueError, match="engine: expected one of cpvton"):
        load_networks("classic", [])


def test_trousers_are_refused(person: MadePerson, garment: Garment) -> None:
    lower = Garment(garment.image, garment.mask, {}, "trousers", "none", "lower", 1.0)
    with pytest.raises(
        ValueError, match="garment: expected one for the upper body, got what looks like trousers"
    ):
        try_on_with("cpvton", person.image, lower, weights=networks("gmm", "tom"),
                    pose=person.pose, labels=person.labels)  # fmt: skip


def test_torch_is_left_as_it_was() -> None:
    state = torch.get_rng_state()
    networks("gmm")
    assert torch.equal(torch.get_rng_state(), state)


def test_a_garment_of_floats_is_the_garment_of_bytes() -> None:
    made = make_garment(random_garment(123, "tee"), size=(180, 240))
    floats = made.image.astype(np.float32) / np.float32(255)
    assert np.array_equal(garment_of(floats, None, False, "upper").image, made.image)


def test_what_an_engine_cannot_do_is_named(person: MadePerson, garment: Garment) -> None:
    nets = networks("gmm", "tom")

    def dress(engine: str = "cpvton", **options: Any) -> None:
        told = {"weights": nets, "pose": person.pose, "labels": person.labels, **options}
        try_on_with(engine, person.image, garment, **told)

    with pytest.raises(ValueError, match="engine: expected one of cpvton"):
        dress("magic")
    with pytest.raises(ValueError, match="region: expected auto or upper"):
        dress(region="lower")
    with pytest.raises(ModelError, match="got none of tom"):
        dress(weights=networks("gmm"))
    large = build_network("tom", network_settings("tom", (384, 512), Plan(width=4)), seed=0).eval()
    with pytest.raises(ModelError, match="expected networks that work together at 48 x 64"):
        dress(weights=nets | {"tom": large})
