"""Eye colour on made eyes, whose parts are known, on the astronaut, and from frame to frame."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path

import av
import cvfast
import numpy as np
import pytest
from cvfast.effects import eye_color
from cvfast.effects.canvas import frame_canvas, picture_canvas, write_picture
from cvfast.effects.colors import eye_pair
from cvfast.effects.eye_reference import reference_color
from cvfast.effects.iris_fit import eye_of
from cvfast.effects.iris_look import LookMemory, eye_planes
from cvfast.effects.options import RetouchOptions
from cvfast.effects.subject import Subject
from cvfast.errors import MediaError
from cvfast.faces.schemes import GROUPS
from cvfast.io.frame import Frame
from cvfast.io.images import write_image
from skimage.color import deltaE_ciede2000, rgb2lab


def _load():
    path = Path(__file__).with_name("made_eyes.py")
    spec = importlib.util.spec_from_file_location("made_eyes", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["made_eyes"] = module  # dataclasses look it up
    spec.loader.exec_module(module)
    return module


eyes = _load()
SCENES = [
    eyes.Scene(iris="dark", radius=16),
    eyes.Scene(iris="brown", radius=10, light="warm", gaze=(20, 5), opening=0.3, pupil=0.3),
    eyes.Scene(iris="hazel", radius=16, light="cool", gaze=(-22, -5), pupil=0.5, tilt=12),
    eyes.Scene(iris="green", radius=24, light="dim", gaze=(5, 4), opening=0.26, pupil=0.35),
    eyes.Scene(iris="blue", radius=16, light="rose", shift=(0.4, 0.3), tilt=-8),
    eyes.Scene(iris="grey", radius=40, noise=2.0, opening=0.3),
]
TARGETS = {
    "dark": ("blue", "green"),
    "brown": ("blue", "violet"),
    "hazel": ("blue", "violet"),
    "green": ("brown", "violet"),
    "blue": ("green", "amber"),
    "grey": ("brown", "blue"),
}
made = cache(eyes.make_eyes)


def levels(image):
    return (image * 255 + 0.5).astype(np.uint8)


def paint_photo(image, marks, color, **subject):
    result = image.copy()
    box = (0, 0, image.shape[1], image.shape[0])
    canvas = picture_canvas(result, box)
    if eye_color.paint(canvas, Subject(marks, **subject), RetouchOptions(eye_color=color)):
        write_picture(result, picture_canvas(result, box), canvas)
    return result


def video_frame(image, fmt="yuv420p"):
    picture = av.VideoFrame.from_ndarray(image, format="rgb24")
    return Frame(picture.reformat(format=fmt, dst_colorspace=1, dst_color_range=1))


def paint_frame(frame, marks, color, **subject):
    return eye_color.paint(
        frame_canvas(frame), Subject(marks, **subject), RetouchOptions(eye_color=color)
    )


def change(before, after):
    return deltaE_ciede2000(rgb2lab(before), rgb2lab(after))


def shares(scene, difference):
    """Of what was changed: how much is iris. Of the iris: how much was changed."""
    iris = made(scene).iris
    return (iris & (difference > 2)).sum() / (difference > 2).sum(), (difference[iris] > 3).mean()


@pytest.mark.parametrize("sigma", [0.0, 0.3])
def test_the_iris_changes_and_nothing_else(sigma):
    found = []
    for scene in SCENES:
        picture = levels(made(scene).image)
        marks = eyes.perturbed(made(scene), sigma)
        for color in TARGETS[scene.iris]:
            difference = change(picture, paint_photo(picture, marks, color))
            found.append(shares(scene, difference))
            assert found[-1][0] > 0.92, (scene, color)
            assert found[-1][1] > 0.86, (scene, color)
    inside, covered = np.mean(found, axis=0)
    assert inside >= 0.95
    assert covered >= 0.9


def test_in_a_frame_with_a_quarter_of_the_chroma():
    """Chroma samples reach two pixels far: an iris has to be larger for as clean an edge."""
    found = []
    for scene in SCENES:
        picture = levels(made(scene).image)
        for color in TARGETS[scene.iris]:
            frame = video_frame(picture)
            before, luma = frame.rgb(), frame.planes[0].copy()
            assert paint_frame(frame, made(scene).landmarks, color)
            assert (frame.planes[0] == luma).all()
            found.append(shares(scene, change(before, frame.rgb())))
    inside, covered = np.mean(found, axis=0)
    assert inside >= 0.85
    assert covered >= 0.9


@pytest.mark.parametrize("fmt", ["yuv420p10le", "nv12", "yuv444p", "yuv422p"])
def test_every_kind_of_plane_gives_the_same_colour(fmt):
    scene = SCENES[5]
    picture, marks = levels(made(scene).image), made(scene).landmarks
    plain, other = video_frame(picture), video_frame(picture, fmt)
    paint_frame(plain, marks, "brown")
    paint_frame(other, marks, "brown")
    iris = made(scene).iris
    first, second = (frame.rgb()[iris].mean(axis=0) for frame in (plain, other))
    assert np.abs(first - second).max() < 6


def test_luma_stays_and_the_hue_is_that_of_the_target():
    scene = SCENES[0]
    picture = levels(made(scene).image)
    shares_of_luma = np.array([0.2126, 0.7152, 0.0722])
    for color in ("blue", "green", "violet", "#a03030"):
        after = paint_photo(picture, made(scene).landmarks, color)
        assert np.abs((after.astype(float) - picture) @ shares_of_luma).max() < 1.0
        lab = rgb2lab(after)[made(scene).iris].mean(axis=0)
        wanted = rgb2lab(np.array([[eye_pair(color)[0]]]))[0, 0]
        cosine = lab[1:] @ wanted[1:] / np.linalg.norm(lab[1:]) / np.linalg.norm(wanted[1:])
        assert cosine > 0.85, color


def test_coloured_light_colours_the_new_iris_too():
    day, warm = (
        eyes.Scene(iris="brown", light=light, noise=0.0, radius=20) for light in ("day", "warm")
    )
    means = []
    for scene in (day, warm):
        picture = levels(made(scene).image)
        after = paint_photo(picture, made(scene).landmarks, "grey").astype(float)
        means.append(after[made(scene).iris].mean(axis=0))
    assert means[1][0] / means[1][2] > 1.15 * means[0][0] / means[0][2]


def test_two_eyes_two_colours():
    scene = SCENES[0]
    image = levels(made(scene).image)
    after = paint_photo(image, made(scene).landmarks, "green,blue").astype(float)
    half = image.shape[1] // 2
    iris = made(scene).iris
    right = after[:, :half][iris[:, :half]].mean(axis=0)  # the person's, on the picture's left
    left = after[:, half:][iris[:, half:]].mean(axis=0)
    assert right[1] > right[2]
    assert left[2] > left[1]


def test_it_fades_with_the_lids_and_with_the_face():
    total = []
    for opening in (0.3, 0.2, 0.14, 0.12, 0.1, 0.07, 0.0):
        scene = eyes.Scene(iris="brown", opening=opening, radius=16, noise=0.0)
        picture = levels(made(scene).image)
        total.append(change(picture, paint_photo(picture, made(scene).landmarks, "blue")).sum())
    assert all(a > b for a, b in pairwise(total[:-2]))
    assert total[-1] == total[-2] == 0
    scene = SCENES[0]
    picture, marks = levels(made(scene).image), made(scene).landmarks
    sums = [
        change(picture, paint_photo(picture, marks, "blue", weight=weight)).sum()
        for weight in (0.0, 0.3, 0.6, 1.0)
    ]
    assert sums[0] == 0
    assert sums == sorted(sums)


def test_the_rim_is_found_where_the_landmarks_are_off():
    for scene in SCENES:
        truth = eye_of(made(scene).landmarks, "left").shape.numbers
        points = made(scene).landmarks.points.copy()
        ids = list(GROUPS["mesh478"]["left_iris"])
        middle = points[ids[0], :2].copy()
        points[ids, :2] = middle + (points[ids, :2] - middle) * 1.12 + 0.08 * scene.radius
        off = dataclasses.replace(made(scene).landmarks, points=points)
        canvas = picture_canvas(made(scene).image, (0, 0, *made(scene).image.shape[1::-1]))
        found, _ = LookMemory().follow(eye_planes(canvas), eye_of(off, "left"), None)
        numbers = found.shape.numbers
        assert np.abs(numbers[:2] - truth[:2]).max() < 0.06 * scene.radius, scene
        assert np.linalg.norm(numbers[2:6] - truth[2:6]) < 0.1 * scene.radius, scene


def test_nothing_shimmers_in_noise():
    """A still face whose landmarks and pixels tremble: the eye drawn trembles far less."""
    memory: dict = {}
    numbers, looks = [], []
    for index in range(40):
        scene = eyes.Scene(iris="blue", radius=14, noise=2.0, seed=0)
        image = made(dataclasses.replace(scene, noise=0.0)).image
        rng = np.random.default_rng(index)
        picture = levels(np.clip(image + rng.normal(0, 2 / 255, image.shape), 0, 1))
        marks = eyes.perturbed(made(scene), 0.2, seed=index)
        frame = video_frame(picture)
        paint_frame(frame, marks, "brown", memory=memory, seconds=index / 30)
        kept = memory["eye_color.left"]
        planes = eye_planes(frame_canvas(frame))
        eye, look = kept.follow(planes, eye_of(marks, "left"), index / 30)
        numbers.append(eye.shape.numbers[:6])
        looks.append(look)
    steps = np.abs(np.diff(numbers[10:], axis=0))
    assert np.sqrt((steps**2).mean(axis=0)).max() < 0.15  # pixels; the landmarks' 0.28
    assert np.abs(np.diff([look.pupil for look in looks[10:]])).max() < 0.01


def test_a_new_pupil_is_approached_not_jumped_to():
    small, large = (eyes.Scene(iris="blue", radius=16, pupil=pupil) for pupil in (0.28, 0.52))
    memory = LookMemory()
    pupils = []
    for index in range(60):
        scene = small if index < 15 else large
        canvas = frame_canvas(video_frame(levels(made(scene).image)))
        eye = eye_of(made(scene).landmarks, "right")
        pupils.append(memory.follow(eye_planes(canvas), eye, index / 30)[1].pupil)
    assert pupils[14] == pytest.approx(0.28, abs=0.04)
    assert pupils[-1] == pytest.approx(0.52, abs=0.04)
    assert np.abs(np.diff(pupils)).max() < 0.035


def test_harmless_where_there_is_no_eye(marks):
    image = np.full((512, 512, 3), 90, np.uint8)
    noisy = levels(np.random.default_rng(0).normal(0.2, 0.008, image.shape).astype(np.float32))
    for lens in (image, noisy):
        after = paint_photo(lens, marks, "blue")
        assert np.abs(after.astype(int) - lens).max() < 3
    corner = image[:60, :60]
    moved = dataclasses.replace(marks, points=marks.points + np.float32(-190))
    for gone in (marks, moved, dataclasses.replace(marks, points=marks.points * np.float32(0.05))):
        assert paint_photo(corner, gone, "blue").shape == corner.shape
    grey = np.full((512, 512), 90, np.uint8)
    assert (cvfast.retouch(grey, eye_color="blue", landmarks=marks) == grey).all()
    with pytest.raises(ValueError, match=r"expected mesh478.*got dlib68"):
        cvfast.retouch(image, eye_color="blue", landmarks=marks.to("dlib68"))


def test_the_astronauts_skin_and_scleras_stay(astronaut, marks):
    after = cvfast.retouch(astronaut, eye_color="blue", landmarks=marks)
    difference = np.abs(after.astype(int) - astronaut).max(axis=2)
    y, x = np.mgrid[:512, :512]
    near = np.zeros((512, 512), bool)
    for side in ("right_iris", "left_iris"):
        centre = marks.group(side)[0]
        near |= np.hypot(x - centre[0], y - centre[1]) < 5.5
    assert difference[~near].max() == 0
    assert 40 < (difference > 8).sum() < 110


def test_a_photo_as_reference(tmp_path, astronaut, marks):
    red, green, blue = reference_color(astronaut)
    assert red > green > blue  # her eyes are brown
    green_eyes = cvfast.retouch(astronaut, eye_color="#3c8c4c", landmarks=marks)
    path = tmp_path / "green.png"
    write_image(path, green_eyes)
    options = RetouchOptions(eye_color=path)
    red, green, blue = eye_pair(options.eye_color)[0]
    assert green > max(red, blue)
    assert options.actions == (f"eye_color={options.eye_color} 1",)
    assert RetouchOptions(eye_color=("brown", str(path))).eye_color.startswith("brown,#")
    with pytest.raises(ValueError, match="expected a face in the photo, found none"):
        RetouchOptions(eye_color=np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(MediaError):
        RetouchOptions(eye_color="nobody.jpg")
