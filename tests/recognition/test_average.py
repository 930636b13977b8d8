"""The average face: sharp where the unaligned one is blurred, and true to what went in."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from cvfast.errors import MediaError, NothingFoundError
from cvfast.faces.mean_face import mean_face
from cvfast.io.images import write_image
from cvfast.recognition.average import average_face, average_of, find_faces
from cvfast.recognition.averageness import averageness, gradient_energy
from cvfast.recognition.face_frame import FaceFrame
from cvfast.recognition.face_shapes import align, find_shape, legible, mean_shape
from cvfast.recognition.face_sum import FaceSum
from cvfast.synth.faces import make_face
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

FLAT = mean_face()[:, :2]


def person(number, **options):
    plain = {"pose": (0, 0, 0), "occlusion": "none", "light": "soft", "share": 0.5}
    return make_face(number, seed=1, size=256, **plain | options).image


@pytest.fixture(scope="module")
def people():
    return [person(number, pose=None) for number in range(40, 46)]


@pytest.fixture(scope="module")
def found(people):
    return find_faces(people, skip=lambda name, error: pytest.fail(f"{name}: {error}"))


def energy(average):
    return gradient_energy(average.image, average.frame.outline)


# --- the mean shape


@settings(deadline=None, max_examples=30)
@given(st.floats(-3, 3), st.floats(0.1, 900), st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)))
def test_the_mean_shape_forgets_place_size_and_turn(angle, scale, shift):
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    wider = FLAT * (1.1, 1)
    plain = mean_shape([FLAT, wider])
    moved = mean_shape([FLAT @ turn * scale + shift, wider])
    np.testing.assert_allclose(moved, plain, atol=1e-6)


def test_the_mean_shape_is_scipys():
    """For two shapes the mean lies half-way between them, as Procrustes aligns them."""
    from scipy.spatial import procrustes

    other = FLAT * (1.15, 0.95) + 0.02 * np.sin(7 * FLAT[:, ::-1])
    first, second, _ = procrustes(FLAT, other)
    mean = mean_shape([FLAT, other])
    second *= 1 / np.linalg.norm(second)
    np.testing.assert_allclose(mean, align((first + second) / 2, mean), atol=2e-4)


def test_weights_pull_the_mean_shape():
    wide = FLAT * (1.2, 1)
    width = [np.ptp(mean_shape([FLAT, wide], w)[:, 0]) for w in ([1, 0], [3, 1], [1, 1], [0, 1])]
    assert width == sorted(width)
    np.testing.assert_allclose(mean_shape([FLAT, wide], [1, 0]), FLAT, atol=1e-9)
    for bad in ([1], [0, 0], [-1, 2], [np.nan, 1]):
        with pytest.raises(ValueError, match="weights: expected"):
            mean_shape([FLAT, wide], bad)
    with pytest.raises(ValueError, match="at least one"):
        mean_shape([])


# --- the frame


def test_each_pixel_of_the_frame_is_in_a_triangle(found):
    frame = FaceFrame.around(mean_shape([one.shape.points for one in found]), 97)
    plain = np.full((80, 90, 3), (10, 120, 230), np.uint8)
    pixels, cover = frame.warp(plain, FLAT * 20 + 40)
    assert (pixels == (10, 120, 230)).all()
    assert cover.shape == (97, 97)
    assert cover.max() == 1


def test_no_seam_shows_between_triangles(found):
    """A smooth picture stays smooth: neighbouring triangles agree along their edge."""
    x, y = np.meshgrid(np.arange(256), np.arange(256))
    smooth = np.stack([x, y, (x + y) / 2], axis=2).astype(np.uint8)
    frame = FaceFrame.around(mean_shape([one.shape.points for one in found]), 256)
    for one in found[:2]:
        pixels, cover = frame.warp(smooth, one.shape.points)
        inside = (cover == 1) & frame.outline
        for axis in (0, 1):
            steps = np.abs(np.diff(pixels, axis=axis)).max(axis=2)
            here = inside[1:] & inside[:-1] if axis == 0 else inside[:, 1:] & inside[:, :-1]
            assert np.quantile(steps[here], 0.999) < 5  # levels a pixel, of about 0.7 in a mean


def test_a_shape_that_is_there_already_stays(found):
    one = found[0]
    frame = FaceFrame(one.shape.points.astype(float), 256)
    pixels, _ = frame.warp(one.read()[0], one.shape.points)
    np.testing.assert_allclose(pixels, one.read()[0], atol=1.5)


def test_what_is_turned_away_counts_less():
    shape = find_shape(person(50, pose=(0.6, 0, 0)))
    frame = FaceFrame.around(mean_shape([FLAT]), 128)
    seen = frame.visibility(shape.points)
    near, far = seen[60:90, 36:56].mean(), seen[60:90, 72:92].mean()
    assert max(near, far) > 1.4 * min(near, far)
    assert seen.min() > 0


# --- the sum


def test_a_sum_is_a_weighted_mean():
    rng = np.random.default_rng(0)
    pictures = rng.uniform(0, 255, (5, 9, 9, 3)).astype(np.float32)
    covers = rng.uniform(0.5, 1, (5, 9, 9)).astype(np.float32)
    factors = [1, 2, 0.5, 3, 1]
    total = FaceSum(9)
    for picture, cover, factor in zip(pictures, covers, factors, strict=True):
        total.add(picture, cover, factor)
    weights = covers * np.array(factors)[:, None, None]
    wanted = (pictures * weights[..., None]).sum(0) / weights.sum(0)[..., None]
    np.testing.assert_allclose(total.mean(), wanted, atol=0.51)


def test_where_no_picture_is_the_sum_goes_on_smoothly():
    total = FaceSum(64)
    cover = np.zeros((64, 64), np.float32)
    cover[20:44, 20:44] = 1
    total.add(np.full((64, 64, 3), 200, np.float32), cover)
    assert (np.abs(total.mean().astype(int) - 200) <= 1).all()


# --- the average


def test_one_face_is_its_own_average(people):
    single = average_face(people[:1], size=256)
    assert (single.count, single.skipped, single.image.shape) == (1, (), (256, 256, 3))
    again = find_shape(single.image)
    gaps = np.linalg.norm(again.points[:468] - single.points[:468], axis=1)
    assert np.median(gaps) < 2.5  # px of 256


def test_copies_of_one_face_leave_no_ghost():
    """Moved, turned and resized copies fall onto each other: no edge is lost or doubled."""
    face = Image.fromarray(person(61))
    copies = []
    for angle, scale, dx, dy in (
        (8, 1, 9, -7),
        (-11, 0.8, -12, 6),
        (4, 1.3, 4, 11),
        (0, 0.9, 0, 0),
    ):
        side = round(256 * scale)
        copies.append(np.asarray(
            face.rotate(angle, Image.Resampling.BICUBIC, translate=(dx, dy))
            .resize((side, side), Image.Resampling.LANCZOS)
        ))  # fmt: skip
    single, several = (average_face(part, size=200) for part in ([np.asarray(face)], copies))
    ghost, blurred = (average_face(copies, size=200, warp=warp) for warp in ("similarity", "none"))
    assert energy(several) > 0.75 * energy(single)
    assert energy(blurred) < 0.6 * energy(several)
    inside = several.frame.outline & single.frame.outline
    apart = np.abs(several.image.astype(int) - single.image)[inside].mean()
    assert apart < 5  # levels
    assert ghost.warp == "similarity"


@pytest.mark.parametrize("warp", ["affine", "tps"])
def test_the_warped_mean_is_sharper(found, warp):
    warped, unwarped = (average_of(found, size=160, warp=way) for way in (warp, "none"))
    assert energy(warped) > 1.5 * energy(unwarped)


def test_lfw_faces_of_25_pixels(tmp_path):
    """Issue 6: on 100 faces the warped mean has 1.3 times the unwarped one's gradient energy."""
    data = pytest.importorskip("skimage.data").lfw_subset()[:100]
    paths = []
    for number, face in enumerate(data):
        paths.append(tmp_path / f"{number:03}.png")
        write_image(paths[-1], (face * 255).round().astype(np.uint8))
    faces = find_faces(paths, skip=lambda name, error: None)
    assert len(faces) >= 95
    warped, unwarped = (average_of(faces, size=128, warp=way) for way in ("affine", "none"))
    assert energy(warped) >= 1.3 * energy(unwarped)
    assert (warped.image[..., 0] == warped.image[..., 2]).all()  # grey stays grey


def test_weights_and_their_zero(people, found):
    first = average_face(people[:2], size=96, weights=[1, 0])
    assert first.count == 1
    np.testing.assert_array_equal(first.image, average_face(people[:1], size=96).image)
    near = average_face(people[:2], size=96, weights=[20, 1]).image.astype(int)
    far = average_face(people[:2], size=96, weights=[1, 20]).image.astype(int)
    assert np.abs(near - first.image).mean() < 0.5 * np.abs(far - first.image).mean()


def test_grey_float_and_other_sizes(people):
    grey = people[0].mean(axis=2).astype(np.uint8)
    big = np.asarray(Image.fromarray(people[0]).resize((1500, 1500), Image.Resampling.BICUBIC))
    fine = people[0].astype(np.float32) / 255
    plain, *others = (average_face([one], size=128) for one in (people[0], grey, big, fine))
    for other in others:
        apart = np.abs(other.image.mean(axis=2) - plain.image.mean(axis=2))
        assert apart[plain.frame.outline].mean() < 4


def test_pictures_without_a_face_are_told(people, tmp_path):
    broken = tmp_path / "cut.png"
    write_image(tmp_path / "whole.png", people[0])
    broken.write_bytes((tmp_path / "whole.png").read_bytes()[:5000])
    blank = np.full((90, 120, 3), 80, np.uint8)
    steps = []
    average = average_face(
        [people[0], blank, broken], size=64, progress=lambda *step: steps.append(step)
    )
    assert average.count == 1
    assert [(name, type(error)) for name, error in average.skipped] == [
        ("picture 1", NothingFoundError),
        (str(broken), MediaError),
    ]
    assert repr(average) == "AverageFace(1 face, 64x64, affine, 2 skipped)"
    assert steps[-1] == (6, 6)
    assert steps == sorted(steps)
    with pytest.raises(NothingFoundError, match="no face found in any"):
        average_face([blank])


def test_two_faces_the_largest_or_the_one_named(people):
    small = np.asarray(Image.fromarray(people[1]).resize((160, 160)))
    both = np.zeros((256, 416, 3), np.uint8)
    both[:, :256], both[:160, 256:] = people[0], small
    (one,) = find_faces([both], skip=lambda *_: None)
    assert one.shape.found == 2
    assert one.shape.points[:, 0].mean() < 256
    other = find_faces([both], face=1 - one.shape.number, skip=lambda *_: None)[0]
    assert other.shape.points[:, 0].mean() > 256


def test_options_are_checked(people):
    for options, error, words in (
        ({"size": 8}, ValueError, "size: expected 16 to 4096"),
        ({"size": 1.5}, TypeError, "size: expected an int"),
        ({"warp": "bend"}, ValueError, "warp: expected one of affine"),
        ({"weights": [1, 2]}, ValueError, "weights: expected 1 numbers"),
        ({"weights": [-1]}, ValueError, "weights: expected finite"),
        ({"face": -1}, ValueError, "face: expected"),
    ):
        with pytest.raises(error, match=words):
            average_face(people[:1], **options)
    with pytest.raises(ValueError, match="pictures: expected at least one"):
        average_face([])
    with pytest.raises(TypeError, match="expected dtype"):
        average_face([people[0].astype(np.int32)])


def test_memory_does_not_grow_with_the_faces(people, tmp_path):
    path = tmp_path / "one.png"
    write_image(path, people[0])
    (face,) = find_faces([path], skip=lambda *_: None)
    peaks = []
    for count in (3, 40):
        tracemalloc.start()
        average_of([face] * count, size=128)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # A shape, in the few copies that the alignment takes, is all that stays of a face.
    assert peaks[1] - peaks[0] < 40 * 60_000


def test_tiny_pictures_are_enlarged_evenly():
    ramp = np.tile(np.arange(0, 250, 10, dtype=np.uint8), (20, 1))
    larger = legible(ramp)
    assert larger.shape == (160, 200, 3)
    assert (np.diff(larger[80, :, 0].astype(int)) >= 0).all()
    big = np.zeros((300, 10, 3), np.uint8)
    assert legible(big) is big


# --- why


def test_more_faces_are_more_even():
    faces = find_faces([person(n) for n in range(70, 78)], skip=lambda *_: None)
    steps = []
    why = averageness(faces, draws=4, seed=3, progress=lambda *step: steps.append(step))
    assert why.counts.tolist() == [1, 2, 4, 8]
    assert steps[-1] == (8, 8)
    means = {name: rows.mean(axis=0) for name, rows in why.values.items()}
    for name in ("image_asymmetry", "skin_contrast", "feature_contrast", "distance_to_mean"):
        assert means[name][-1] < means[name][0]
    assert means["distance_to_mean"][-1] < 1e-6
    skin, features = (
        means[name][-1] / means[name][0] for name in ("skin_contrast", "feature_contrast")
    )
    assert skin < features  # blemishes go sooner than features: it is no mere blur
    assert all(np.ptp(rows[:, -1]) < 1e-9 for rows in why.values.values())
    again = averageness(faces, draws=4, seed=3)
    assert why.record() == again.record()
    assert why.record() != averageness(faces, draws=4, seed=4).record()
    assert len(why.images) == 4
    with pytest.raises(ValueError, match="at least 2"):
        averageness(faces[:1])
    with pytest.raises(ValueError, match="draws"):
        averageness(faces, draws=0)


def test_gradient_energy_is_the_mean_squared_gradient():
    rng = np.random.default_rng(1)
    image = rng.integers(0, 255, (20, 30), dtype=np.uint8)
    inside = np.zeros(image.shape, bool)
    inside[1:-1, 1:-1] = True
    wide = image.astype(float)
    across, down = (wide[1:-1, 2:] - wide[1:-1, :-2]) / 2, (wide[2:, 1:-1] - wide[:-2, 1:-1]) / 2
    assert gradient_energy(image, inside) == pytest.approx((across**2 + down**2).mean())
