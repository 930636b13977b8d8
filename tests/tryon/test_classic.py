"""The classical try-on on a drawn doll: what changes, what does not, what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cvfast.errors import LimitError, NothingFoundError
from cvfast.people.labels import LABEL_SETS
from cvfast.people.pose import Pose
from cvfast.synth.garments import GarmentSpec, MadeGarment, make_garment
from cvfast.tryon.classic import try_on
from cvfast.tryon.from_person import garment_of_person
from cvfast.tryon.garment import Garment

from tests.tryon.doll import SKIN, doll

RED = (200, 40, 40)
ID = LABEL_SETS["cvfast"]


def flat(kind: str = "tee", **changes: object) -> Garment:
    """Return a plain red garment with its true landmarks."""
    long = {"sleeve_length": 6.3, "cuff": 1.0, "angle": 0.9} if kind == "long" else {}
    spec = GarmentSpec(kind=kind, colors=(RED, (255, 255, 255), (0, 0, 0)), **long, **changes)
    return as_garment(make_garment(spec, size=(240, 320)))


def as_garment(made: MadeGarment) -> Garment:
    sleeve = {"tee": "short", "long": "long"}.get(made.kind, "none")
    region = "lower" if made.kind in ("trousers", "skirt") else "upper"
    return Garment(made.image, made.front, made.landmarks, made.kind, sleeve, region, 1.0)


def is_red(image: np.ndarray) -> np.ndarray:
    wide = image.astype(int)
    return (wide[..., 0] > wide[..., 1] + 60) & (wide[..., 1] < 110)


def is_skin(image: np.ndarray) -> np.ndarray:
    return np.abs(image / 255 - np.float32(SKIN)).max(axis=2) < 0.25


@pytest.fixture(scope="module")
def tee():
    worn = doll("short")
    return worn, try_on(worn.image, flat(), pose=worn.pose, labels=worn.labels, keep_layers=True)


def test_the_new_garment_takes_the_old_ones_place(tee):
    worn, done = tee
    old = np.isin(worn.labels, [ID["upper"], ID["left_sleeve"], ID["right_sleeve"]])
    assert is_red(done.image)[old].mean() > 0.88
    assert done.worn[old].mean() > 0.88
    assert done.region == "upper"
    assert done.confidence > 0.8


def test_all_else_is_the_photo_to_the_bit(tee):
    worn, done = tee
    assert np.array_equal(done.image[~done.mask], worn.image[~done.mask])
    face = worn.labels == ID["face"]
    assert np.array_equal(done.image[face], worn.image[face])
    assert 0.05 < done.mask.mean() < 0.3


def test_hardly_anything_of_the_old_garment_is_left(tee):
    _, done = tee
    blue = (done.image[..., 2].astype(int) - done.image[..., 0] > 40) & done.mask
    assert blue.mean() < 0.002


def test_layers_show_the_steps_and_are_written(tee, tmp_path):
    _, done = tee
    assert list(done.layers) == [
        "pose", "parts", "garment", "target", "without", "light", "front", "alpha", "result",
    ]  # fmt: skip
    names = [path.name for path in done.save_layers(tmp_path / "steps")]
    assert names[0] == "01-pose.png"
    assert names[-1] == "report.json"


def test_float_grey_and_alpha_pictures_come_back_as_they_are():
    worn = doll()
    known = {"pose": worn.pose, "labels": worn.labels}
    decimal = worn.image.astype(np.float32) / 255
    done = try_on(decimal, flat(), **known)
    assert done.image.dtype == np.float32
    assert np.array_equal(done.image[~done.mask], decimal[~done.mask])
    grey = worn.image[..., 1].copy()
    assert try_on(grey, flat(), **known).image.shape == grey.shape
    clear = np.dstack([worn.image, np.full((320, 240), 77, np.uint8)])
    assert (try_on(clear, flat(), **known).image[..., 3] == 77).all()


def test_long_sleeves_become_short_and_the_arms_bare():
    worn = doll("long")
    done = try_on(worn.image, flat(), pose=worn.pose, labels=worn.labels)
    left = worn.labels == ID["left_sleeve"]
    forearm = left & (np.arange(320)[:, None] > 150)
    assert is_skin(done.image)[forearm].mean() > 0.6
    assert any("long sleeves become short sleeves" in reason for reason in done.reasons)


def test_short_sleeves_become_long():
    worn = doll("short")
    done = try_on(worn.image, flat("long"), pose=worn.pose, labels=worn.labels)
    arm = (worn.labels == ID["left_arm"]) & (np.arange(320)[:, None] < 175)
    assert is_red(done.image)[arm].mean() > 0.9
    hand = worn.labels == ID["left_hand"]
    assert is_skin(done.image)[hand].mean() > 0.9


def test_sleeves_can_keep_the_worn_ones_length():
    worn = doll("short")
    known = {"pose": worn.pose, "labels": worn.labels}
    done = try_on(worn.image, flat("long"), sleeves="keep", **known)
    arm = (worn.labels == ID["left_arm"]) & (np.arange(320)[:, None] > 140)
    assert is_red(done.image)[arm].mean() < 0.1


def test_an_arm_before_the_trunk_stays_there():
    worn = doll("none", left_arm=((160, 140), (112, 150)))
    done = try_on(worn.image, flat("tank"), pose=worn.pose, labels=worn.labels)
    hand = worn.labels == ID["left_hand"]
    assert np.array_equal(done.image[hand & ~done.mask], worn.image[hand & ~done.mask])
    assert is_skin(done.image)[hand].mean() > 0.95


@pytest.mark.parametrize("stripes", [False, True])
def test_a_garment_put_back_onto_its_wearer_changes_next_to_nothing(stripes):
    worn = doll("long", stripes=stripes)
    known = {"pose": worn.pose, "labels": worn.labels}
    done = try_on(worn.image, garment_of_person(worn.image, **known), **known)
    apart = np.abs(done.image.astype(float) - worn.image)
    assert apart[done.worn > 0.5].mean() < (2.5 if stripes else 1.5)


@pytest.mark.parametrize("kind", ["trousers", "skirt"])
def test_lower_clothes(kind):
    worn = doll()
    garment = as_garment(make_garment(
        GarmentSpec(kind=kind, chest=2.5, waist=2.0, hem=1.3 if kind == "trousers" else 3.2,
                    length=10.4 if kind == "trousers" else 5.0,
                    colors=(RED, RED, RED)), size=(240, 320)))  # fmt: skip
    done = try_on(worn.image, garment, pose=worn.pose, labels=worn.labels)
    assert done.region == "lower"
    hips = (worn.labels == ID["trousers"]) & (np.arange(320)[:, None] < 225)
    assert is_red(done.image)[hips].mean() > 0.9
    top = worn.labels == ID["upper"]
    assert is_red(done.image)[top].mean() < 0.03


def test_folds_are_carried_over_and_can_be_left_out(tee):
    worn, shaded = tee
    known = {"pose": worn.pose, "labels": worn.labels}
    plain = try_on(worn.image, flat(folds=0.0), shading=0.0, **known)
    inner = (worn.labels == ID["upper"]) & (np.arange(320)[:, None] > 110)
    assert shaded.image[inner][:, 0].std() > plain.image[inner][:, 0].std() + 2


def test_a_large_photo_is_dressed_at_its_own_size():
    worn = doll()
    large = np.repeat(np.repeat(worn.image, 5, axis=0), 5, axis=1)
    labels = np.repeat(np.repeat(worn.labels, 5, axis=0), 5, axis=1)
    done = try_on(large, flat(), pose=worn.pose.moved(5), labels=labels)
    assert done.image.shape == (1600, 1200, 3)
    assert np.array_equal(done.image[~done.mask], large[~done.mask])
    trunk = labels == ID["upper"]
    assert is_red(done.image)[trunk].mean() > 0.9


def test_what_a_pose_makes_doubtful_is_told():
    worn = doll()
    order = [worn.pose.names.index(_other(name)) for name in worn.pose.names]
    unseen = np.array([name in ("nose", "left_eye", "right_eye") for name in worn.pose.names])
    behind = Pose(worn.pose.points[order], np.where(unseen, 0.0, 1.0), "coco18")
    crossed = doll("long", left_arm=((160, 140), (100, 130)))
    points = crossed.pose.points.copy()
    points[crossed.pose.names.index("right_wrist")] = (140, 132)
    arms = Pose(points, np.ones(18), "coco18")
    for pose, words, least in ((behind, "from behind", 0.4), (arms, "crossed arms", 0.6)):
        done = try_on(worn.image, flat(), pose=pose, labels=worn.labels)
        assert any(words in reason for reason in done.reasons), (words, done.reasons)
        assert done.confidence < least


def _other(name: str) -> str:
    return name.replace("left", "right") if "left" in name else name.replace("right", "left")


def test_somebody_cut_off_at_the_waist_is_told():
    worn = doll()
    cut = 170
    pose = Pose(worn.pose.points, worn.pose.confidence, "coco18")
    done = try_on(worn.image[:cut], flat(), pose=pose, labels=worn.labels[:cut])
    assert any("cut off at the waist" in reason for reason in done.reasons)
    assert np.array_equal(done.image[~done.mask], worn.image[:cut][~done.mask])


def test_nobody_and_too_small_are_refused_by_name():
    blank = np.full((320, 240, 3), 180, np.uint8)
    with pytest.raises(NothingFoundError, match="person: no person found"):
        try_on(blank, flat())
    with pytest.raises(LimitError, match=r"at least 96 pixels .* got 38 x 50"):
        try_on(blank[:50, :38], flat())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"region": "hat"}, "region: expected auto, upper or lower, got 'hat'"),
        ({"sleeves": "no"}, "sleeves: expected garment or keep, got 'no'"),
        ({"shading": 2.0}, r"shading: expected 0 to 1, got 2\.0"),
        ({"labels": np.zeros((3, 4), np.uint8)}, "labels: expected uint8 of shape"),
    ],
)
def test_wrong_options_are_refused(options, words):
    worn = doll()
    with pytest.raises(ValueError, match=words):
        try_on(worn.image, flat(), pose=worn.pose, **options)


def test_nothing_worn_to_take_off_a_person():
    worn = doll()
    bare = np.where(worn.labels == ID["upper"], ID["background"], worn.labels).astype(np.uint8)
    bare[np.isin(bare, [ID["left_sleeve"], ID["right_sleeve"]])] = 0
    with pytest.raises(NothingFoundError, match="no upper garment"):
        garment_of_person(worn.image, pose=worn.pose, labels=bare)


def test_the_result_has_a_short_form(tee):
    _, done = tee
    assert repr(done).startswith("TryOn(240x320, upper, confidence ")
    assert set(done.report()) == {"region", "confidence", "reasons", "changed", "seconds"}
    with pytest.raises(ValueError, match="keep_layers=True"):
        replace(done, layers={}).save_layers("nowhere")
