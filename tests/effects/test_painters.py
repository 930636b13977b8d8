"""Skin, blush, lips, teeth and whites of the eyes on the astronaut: what changes and what stays."""

from __future__ import annotations

import av
import numpy as np
import pytest
from cvfast.effects.canvas import frame_canvas
from cvfast.effects.options import RetouchOptions
from cvfast.effects.paint import paint
from cvfast.effects.regions import eye_outline, face_outline, lip_outlines
from cvfast.effects.retouch import retouch
from cvfast.effects.subject import Subject
from cvfast.faces.schemes import group
from cvfast.faces.types import Landmarks
from cvfast.io.frame import Frame
from cvfast.kernels.mask import polygon_mask

EFFECTS = {
    "smooth_skin": {"smooth_skin": 1.0},
    "blush": {"blush": 1.0},
    "lip_color": {"lip_color": "red", "lip_color_strength": 1.0},
    "white_teeth": {"white_teeth": 1.0},
    "white_eyes": {"white_eyes": 1.0},
}
EVERYTHING = {name: value for options in EFFECTS.values() for name, value in options.items()}


def region(image, *polygons, feather=0.0):
    return polygon_mask(image.shape[1::-1], polygons, feather=feather)


def change(before, after):
    return np.abs(after.astype(int) - before.astype(int)).max(axis=-1)


def moved(marks, scale=1.0, offset=(0.0, 0.0)):
    points = marks.points * np.float32(scale)
    points[:, :2] += offset
    return Landmarks(points, marks.scheme, marks.score, marks.box)


def saturation(pixels):
    return pixels.astype(int).max(axis=-1) - pixels.astype(int).min(axis=-1)


def as_frame(picture, fmt="yuv420p"):
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    return Frame(frame.reformat(format=fmt))


def paint_frame(frame, marks, memory=None, seconds=None, weight=1.0, **options):
    subject = Subject(marks, weight, {} if memory is None else memory, seconds)
    return paint(frame_canvas(frame), [subject], RetouchOptions(**options))


def test_skin_gets_even_and_all_else_keeps_its_bytes(astronaut, marks):
    after = retouch(astronaut, smooth_skin=1.0, landmarks=marks)
    changed = change(astronaut, after)
    eyes = [eye_outline(marks, side) for side in ("right", "left")]

    assert (changed[region(astronaut, *eyes, lip_outlines(marks)[0]) == 1] == 0).all()
    assert (changed[region(astronaut, face_outline(marks), feather=16) == 0] == 0).all()
    hair = region(astronaut, [(150, 40), (260, 40), (260, 62), (150, 62)]) == 1
    assert (changed[hair] == 0).all()
    x, y = marks.points[50, :2].astype(int)
    cheek = np.s_[y - 6 : y + 7, x - 6 : x + 7]
    grain = [
        np.abs(np.diff(image[cheek].astype(float), 2, axis=1)).mean()
        for image in (astronaut, after)
    ]
    assert 0.15 * grain[0] < grain[1] < 0.6 * grain[0]
    assert np.abs(after[cheek].mean(axis=(0, 1)) - astronaut[cheek].mean(axis=(0, 1))).max() < 3


def test_fringe_over_the_forehead_stays(astronaut, marks):
    """Her hair covers what the mesh takes for the left of her forehead."""
    after = retouch(astronaut, smooth_skin=1.0, landmarks=marks)
    x, y = marks.points[297, :2].astype(int)
    fringe = np.s_[y - 4 : y + 5, x - 4 : x + 5]

    assert np.abs(after[fringe].astype(int) - astronaut[fringe]).mean() < 2.5


def test_the_bridge_of_the_nose_and_the_jaw_keep_their_edges(astronaut, marks):
    after = retouch(astronaut, smooth_skin=1.0, landmarks=marks)
    x, y = marks.points[152, :2].astype(int)
    step = [int(im[y - 6, x].sum()) - int(im[y + 8, x].sum()) for im in (astronaut, after)]

    assert abs(step[1]) > 0.8 * abs(step[0])


LIGHTS = {
    "dark skin": lambda p: p**1.9 * 0.55,
    "dim": lambda p: p * 0.35,
    "warm": lambda p: p * (1.0, 0.8, 0.55),
    "blue": lambda p: p * (0.7, 0.85, 1.0),
    "noise": lambda p: p + np.random.default_rng(0).normal(0, 0.03, p.shape),
}


@pytest.mark.parametrize("light", LIGHTS)
def test_skin_is_found_on_any_skin_and_in_any_light(astronaut, marks, light):
    made = np.clip(LIGHTS[light](astronaut / 255.0) * 255, 0, 255).astype(np.uint8)
    after = retouch(made, smooth_skin=1.0, landmarks=marks)
    changed = change(made, after) > 0
    x, y = marks.points[[50, 280, 4, 199], :2].astype(int).T

    cheeks = [changed[j - 4 : j + 5, i - 4 : i + 5].mean() for i, j in zip(x, y, strict=True)]
    assert min(cheeks) > 0.5
    assert not changed[region(made, face_outline(marks), feather=16) == 0].any()


def test_lips_take_the_colour_and_keep_their_gloss(astronaut, marks):
    after = retouch(astronaut, landmarks=marks, **EFFECTS["lip_color"])
    outer, inner = lip_outlines(marks)
    changed = change(astronaut, after)

    assert (changed[region(astronaut, outer, feather=8) == 0] == 0).all()
    # The teeth between them stay, but for a soft edge.
    middle = inner.mean(axis=0) + 0.55 * (inner - inner.mean(axis=0))
    assert changed[region(astronaut, middle) == 1].mean() < 2
    lips = (region(astronaut, outer) * (1 - region(astronaut, inner))) == 1
    before, now = astronaut[lips].astype(float), after[lips].astype(float)
    assert now[:, 0].mean() > 1.8 * now[:, 1].mean()
    light = [values @ (0.2126, 0.7152, 0.0722) for values in (before, now)]
    assert np.corrcoef(*light)[0, 1] > 0.75


def test_only_teeth_get_white(astronaut, marks):
    after = retouch(astronaut, white_teeth=1.0, landmarks=marks)
    inner = lip_outlines(marks)[1]
    changed = change(astronaut, after)

    assert (changed[region(astronaut, inner, feather=4) == 0] == 0).all()
    within = region(astronaut, inner) == 1
    teeth = within & (astronaut.min(axis=2) > 130)
    assert teeth.sum() > 60
    assert saturation(after[teeth]).mean() < 0.75 * saturation(astronaut[teeth]).mean()
    assert 0 < after[teeth].mean() - astronaut[teeth].mean() < 30


def test_a_closed_mouth_shows_no_teeth(astronaut, marks):
    points = marks.points.copy()
    inner = [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308]
    lower = [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308]
    points[lower] = points[inner]
    closed = Landmarks(points, "mesh478", 1.0, marks.box)

    assert (retouch(astronaut, white_teeth=1.0, landmarks=closed) == astronaut).all()


def test_whites_get_white_and_iris_and_lids_stay(astronaut, marks):
    red = astronaut.astype(float)
    red[..., 1:] *= 0.9
    red = red.astype(np.uint8)
    after = retouch(red, white_eyes=1.0, landmarks=marks)
    changed = change(red, after)
    for side in ("right", "left"):
        center = marks.group(f"{side}_iris")[0].round().astype(int)
        assert (changed[center[1] - 1 : center[1] + 2, center[0] - 1 : center[0] + 2] == 0).all()
    lids = [eye_outline(marks, side) for side in ("right", "left")]
    assert (changed[region(red, *lids, feather=5) == 0] == 0).all()
    touched = changed > 4
    assert touched.sum() > 15
    assert saturation(after[touched]).mean() < saturation(red[touched]).mean()


def test_closed_eyes_stay(astronaut, marks):
    points = marks.points.copy()
    for side in ("right", "left"):
        ids = group("mesh478", f"{side}_eye")
        points[ids, 1] = points[ids, 1].mean()
    closed = Landmarks(points, "mesh478", 1.0, marks.box)

    assert (retouch(astronaut, white_eyes=1.0, landmarks=closed) == astronaut).all()


def test_blush_lies_on_both_cheeks_and_nowhere_else(astronaut, marks):
    after = retouch(astronaut, blush=1.0, landmarks=marks)
    redder = (after[..., 0].astype(int) - after[..., 1]) - (
        astronaut[..., 0].astype(int) - astronaut[..., 1]
    )
    for cheek in (50, 280):
        x, y = marks.points[cheek, :2].astype(int)
        assert redder[y - 3 : y + 4, x - 3 : x + 4].mean() > 8
    tip = marks.points[4, :2].astype(int)
    assert change(astronaut, after)[tip[1] - 2 : tip[1] + 3, tip[0] - 2 : tip[0] + 3].max() == 0
    off = region(astronaut, face_outline(marks), feather=12) == 0
    assert not change(astronaut, after)[off].any()


def test_blush_fades_on_the_side_that_is_turned_away(astronaut, marks):
    def redness(face):
        after = retouch(astronaut, blush=1.0, landmarks=face)
        return change(astronaut, after)[:, 225:].sum()  # her left cheek is on the picture's right

    amount = []
    for degrees in (0, 35, 60):
        points = marks.points.copy()
        points[:, 2] += (points[:, 0] - 225) * np.tan(np.radians(degrees))
        amount.append(redness(Landmarks(points, "mesh478", 1.0, marks.box)))
    assert amount[0] > amount[1] > amount[2] == 0


@pytest.mark.parametrize("effect", EFFECTS)
def test_more_is_more_and_none_is_none(astronaut, marks, effect):
    name = "lip_color_strength" if effect == "lip_color" else effect
    amounts = [
        np.abs(
            retouch(astronaut, landmarks=marks, **(EFFECTS[effect] | {name: strength})).astype(int)
            - astronaut
        ).sum()
        for strength in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]

    assert amounts[0] == 0
    assert (np.diff(amounts) > 0).all()


@pytest.mark.parametrize("effect", EFFECTS)
def test_a_face_that_fades_in_gets_its_share(astronaut, marks, effect):
    def amount(weight):
        before, frame = as_frame(astronaut), as_frame(astronaut)
        paint_frame(frame, marks, weight=weight, **EFFECTS[effect])
        return sum(
            np.abs(new.astype(int) - old).sum()
            for new, old in zip(frame.planes, before.planes, strict=True)
        )

    assert amount(0.0) == 0
    assert 0 < amount(0.3) < amount(1.0)


@pytest.mark.parametrize(
    "fmt", ["yuv420p", "yuv422p", "yuv444p", "nv12", "yuv420p10le", "yuv422p10le"]
)
def test_frames_look_like_photos(astronaut, marks, fmt):
    picture = astronaut[:, 1:400]  # odd width
    face = moved(marks, offset=(-1, 0))
    frame = as_frame(picture[:, :398] if fmt != "yuv444p" else picture, fmt)
    picture = picture[:, : frame.width]
    before = frame.rgb()
    assert paint_frame(frame, face, **EVERYTHING)
    after = frame.rgb()

    expected = retouch(before, landmarks=face, **EVERYTHING)
    assert np.abs(after.astype(int) - expected).mean() < 0.4
    outside = region(picture, face_outline(face), feather=24) == 0
    assert (after[outside] == before[outside]).all()


def test_gray_pictures_get_smooth_skin_and_no_colour(astronaut, marks):
    gray = np.ascontiguousarray(astronaut[..., 1])

    assert (retouch(gray, smooth_skin=1.0, landmarks=marks) != gray).any()
    for name in ("blush", "lip_color", "white_teeth", "white_eyes"):
        assert (retouch(gray, landmarks=marks, **EFFECTS[name]) == gray).all()


@pytest.mark.parametrize(
    ("scale", "offset"),
    [
        (0.02, (100, 100)),
        (0.2, (100, 100)),
        (1.0, (-225, 0)),
        (1.0, (250, 330)),
        (1.0, (-1000, 50)),
        (6.0, (-1000, -500)),
        (0.0, (30, 30)),
    ],
)
@pytest.mark.parametrize("scheme", ["mesh478", "dlib68"])
def test_any_place_and_size_gives_a_result(astronaut, marks, scheme, scale, offset):
    face = moved(marks, scale, offset).to(scheme)
    everything = EVERYTHING | {"small_nose": 1.0, "big_mouth": 1.0, "slim_face": 1.0}

    assert retouch(astronaut, landmarks=face, **everything).shape == astronaut.shape
    paint_frame(as_frame(astronaut), face, **EVERYTHING)


def test_a_profile_gives_a_result(astronaut, marks):
    points = marks.points.astype(np.float64)
    middle = points.mean(axis=0)
    for degrees in (-85, -50, 50, 85):
        turn = np.radians(degrees)
        x, z = (points - middle)[:, 0], (points - middle)[:, 2]
        turned = points.copy()
        turned[:, 0] = middle[0] + x * np.cos(turn) + z * np.sin(turn)
        turned[:, 2] = -x * np.sin(turn) + z * np.cos(turn)
        face = Landmarks(turned, "mesh478", 1.0, marks.box)
        everything = EVERYTHING | {"small_nose": 1.0, "big_mouth": 1.0}
        assert retouch(astronaut, landmarks=face, **everything).shape == astronaut.shape


def test_dlib_landmarks_do(astronaut, marks):
    after = retouch(astronaut, landmarks=marks.to("dlib68"), **EVERYTHING)
    x, y = marks.points[50, :2].astype(int)

    assert change(astronaut, after)[y - 4 : y + 5, x - 4 : x + 5].mean() > 3
    eye = region(astronaut, eye_outline(marks, "right")) == 1
    assert change(astronaut, after)[eye].mean() < 12


def test_a_flickering_tone_is_steadied(astronaut, marks):
    """Where light flickers from frame to frame, the lips' new luma does not follow at once."""
    memory: dict = {}
    paint_frame(as_frame(astronaut), marks, memory, 0.0, **EVERYTHING)
    kept = dict(memory)
    darker = (astronaut * 0.8).astype(np.uint8)
    paint_frame(as_frame(darker), marks, memory, 1 / 30, **EVERYTHING)

    for key in ("tone", "lips", "teeth"):
        old, new = kept[key][1][0], memory[key][1][0]
        assert abs(new / old - 1) < 0.03, key
    paint_frame(as_frame(darker), marks, memory, 5.0, **EVERYTHING)
    assert memory["tone"][1][0] / kept["tone"][1][0] == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("effect", EFFECTS)
def test_a_pixel_that_is_no_number_stays_alone(astronaut, marks, effect, value):
    picture = astronaut.astype(np.float32) / np.float32(255)
    usual = retouch(picture, landmarks=marks, **EFFECTS[effect])
    x, y = marks.points[50, :2].astype(int)
    picture[y, x] = picture[40, 40] = value  # on the cheek, and beside the face
    after = retouch(picture, landmarks=marks, **EFFECTS[effect])
    assert (np.isfinite(after).all(axis=2) | ~np.isfinite(picture).all(axis=2)).all()
    far = np.ones(after.shape[:2], bool)
    far[y - 32 : y + 33, x - 32 : x + 33] = far[40, 40] = False
    assert np.abs(after - usual)[far].max() < 0.02


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_landmarks_that_are_no_numbers_are_refused(astronaut, marks, value):
    points = marks.points.copy()
    points[10] = value
    broken = Landmarks(points, marks.scheme, marks.score, marks.box)
    with pytest.raises(ValueError, match="landmarks: expected finite points"):
        retouch(astronaut, landmarks=broken, smooth_skin=1.0)


@pytest.mark.parametrize("scheme", ["five", "dlib5"])
def test_five_points_are_too_few(astronaut, marks, scheme):
    with pytest.raises(ValueError, match=f"expected mesh478 or dlib68, got {scheme}"):
        retouch(astronaut, landmarks=marks.to(scheme), slim_face=1.0)


@pytest.mark.parametrize("scale", [400, 3000])
def test_a_picture_may_show_a_little_of_a_huge_face(astronaut, marks, scale):
    part = astronaut[:96, :96]
    for number in (0, 13, 50):  # lips, the mouth's middle, a cheek
        offset = 48 - marks.points[number, :2] * np.float32(scale)
        after = retouch(part, landmarks=moved(marks, scale, offset), **EVERYTHING)
        assert after.shape == part.shape
