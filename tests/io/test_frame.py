"""Frame against a slow float64 reference, and what writing may touch."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from cvfast.errors import MediaError
from cvfast.io.frame import Frame

SHARES = {1: (0.2126, 0.0722), 2: (0.299, 0.114), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}
FORMATS = [
    "yuv420p", "yuvj420p", "yuv422p", "yuv444p", "nv12", "gray",
    "yuv420p10le", "yuv422p10le", "yuv444p12le", "gray10le",
]  # fmt: skip


def make(width, height, fmt, *, matrix=2, full=False, seed=0, low=16, high=236):
    frame = av.VideoFrame(width, height, fmt)
    rng = np.random.default_rng(seed)
    bits = 10 if "10le" in fmt else 12 if "12le" in fmt else 8
    for plane in frame.planes:
        samples = np.frombuffer(plane, np.uint8 if bits == 8 else np.uint16)
        samples[:] = rng.integers(low << (bits - 8), high << (bits - 8), samples.size)
    frame.colorspace = matrix
    frame.color_range = 2 if full or "j" in fmt else 1
    frame.pts, frame.time_base = 7, Fraction(1, 25)
    return Frame(frame)


def sample(plane, x, y):
    """Bilinear, clamped to the plane's edge."""
    x, y = min(max(x, 0), plane.shape[1] - 1), min(max(y, 0), plane.shape[0] - 1)
    i, j = int(x), int(y)
    i1, j1 = min(i + 1, plane.shape[1] - 1), min(j + 1, plane.shape[0] - 1)
    fx, fy = x - i, y - j
    top = plane[j, i] * (1 - fx) + plane[j, i1] * fx
    return top * (1 - fy) + (plane[j1, i] * (1 - fx) + plane[j1, i1] * fx) * fy


def reference(frame, box):
    """Textbook conversion of every pixel on its own, in float64."""
    fmt = frame.format
    bits = 10 if "10le" in fmt else 12 if "12le" in fmt else 8
    top = 2.0**bits - 1
    planes = [plane.astype(np.float64) for plane in frame.planes]
    if fmt == "nv12":
        planes = [planes[0], planes[1][..., 0], planes[1][..., 1]]
    red, blue = SHARES[frame.color.matrix]
    green = 1 - red - blue
    x0, y0, x1, y1 = box
    out = np.empty((y1 - y0, x1 - x0, 3))
    for y in range(y0, y1):
        for x in range(x0, x1):
            cb = cr = 2.0 ** (bits - 1)
            if len(planes) == 3:
                px = x if "444" in fmt else x / 2
                py = (y - 0.5) / 2 if "420" in fmt or fmt == "nv12" else y
                cb, cr = sample(planes[1], px, py), sample(planes[2], px, py)
            if frame.color.range == 2:
                luma = planes[0][y, x] / top
                pb, pr = (cb - 2.0 ** (bits - 1)) / top, (cr - 2.0 ** (bits - 1)) / top
            else:
                unit = 2.0 ** (bits - 8)
                luma = (planes[0][y, x] - 16 * unit) / (219 * unit)
                pb, pr = (cb / unit - 128) / 224, (cr / unit - 128) / 224
            r = luma + 2 * (1 - red) * pr
            b = luma + 2 * (1 - blue) * pb
            out[y - y0, x - x0] = r, (luma - red * r - blue * b) / green, b
    return np.clip(out * 255, 0, 255)


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("size", [(34, 40), (35, 41), (1, 1), (2, 1)])
def test_rgb_is_within_a_level_of_the_reference(fmt, size):
    frame = make(*size, fmt)
    got = frame.rgb().astype(float)
    assert got.shape == (size[1], size[0], 3)
    assert np.abs(got - reference(frame, (0, 0, *size))).max() <= 0.51


@pytest.mark.parametrize("matrix", [1, 6, 9])
@pytest.mark.parametrize("full", [False, True])
def test_rgb_honours_matrix_and_range(matrix, full):
    frame = make(24, 18, "yuv420p", matrix=matrix, full=full)
    assert np.abs(frame.rgb() - reference(frame, (0, 0, 24, 18))).max() <= 0.51


@pytest.mark.parametrize("box", [(0, 0, 1, 1), (3, 5, 20, 38), (4, 6, 9, 7), (30, 1, 35, 41)])
@pytest.mark.parametrize("fmt", ["yuv420p", "yuv422p", "nv12", "yuv420p10le"])
def test_a_region_equals_that_part_of_the_whole(fmt, box):
    frame = make(35, 41, fmt)
    x0, y0, x1, y1 = box
    np.testing.assert_array_equal(frame.rgb(box), frame.rgb()[y0:y1, x0:x1])


def test_an_untagged_clip_is_bt709_from_720_lines_on():
    small, large = make(16, 16, "yuv444p", seed=3), make(16, 720, "yuv444p", seed=3)
    tagged = make(16, 720, "yuv444p", seed=3, matrix=1)
    np.testing.assert_array_equal(large.rgb(), tagged.rgb())
    assert (small.rgb() != make(16, 16, "yuv444p", seed=3, matrix=1).rgb()).any()


def test_rgb24_is_read_and_written_as_it_is():
    frame = make(9, 7, "rgb24")
    before = frame.rgb()
    np.testing.assert_array_equal(before, frame.planes[0])
    frame.write_rgb((2, 1, 4, 3), np.full((2, 2, 3), 9, np.uint8))
    expected = before.copy()
    expected[1:3, 2:4] = 9
    np.testing.assert_array_equal(frame.rgb(), expected)


@pytest.mark.parametrize("fmt", FORMATS)
def test_writing_back_what_was_read_changes_nothing(fmt):
    frame = make(35, 41, fmt, low=0, high=255)
    before = [plane.copy() for plane in frame.planes]
    frame.write_rgb((3, 2, 30, 37), frame.rgb((3, 2, 30, 37)))
    for old, new in zip(before, frame.planes, strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("box", [(4, 6, 20, 30), (5, 7, 21, 31), (0, 0, 35, 41), (30, 36, 35, 41)])
def test_writing_touches_only_samples_of_the_box(fmt, box):
    frame = make(35, 41, fmt)
    before = [plane.copy() for plane in frame.planes]
    x0, y0, x1, y1 = box
    frame.write_rgb(box, np.full((y1 - y0, x1 - x0, 3), (200, 90, 40), np.uint8))
    for old, plane in zip(before, frame.plane_geometry(), strict=True):
        rows, columns = np.mgrid[: old.shape[0], : old.shape[1]]
        x, y = (columns - plane.ox) / plane.sx, (rows - plane.oy) / plane.sy
        inside = (x >= x0) & (x <= x1 - 1) & (y >= y0) & (y <= y1 - 1)
        if y1 == 41:  # the last chroma row's site lies half a row under an odd frame
            inside |= (x >= x0) & (x <= x1 - 1) & (y > 40)
        np.testing.assert_array_equal(old[~inside], plane.array[~inside])
        assert (old[inside] != plane.array[inside]).any()


@pytest.mark.parametrize("fmt", [f for f in FORMATS if "gray" not in f])
@pytest.mark.parametrize("full", [False, True])
def test_a_flat_colour_reads_back(fmt, full):
    frame = make(36, 40, fmt, full=full)
    colour = np.array([200, 90, 40], np.uint8)
    frame.write_rgb((4, 6, 30, 36), np.tile(colour, (30, 26, 1)))
    # Chroma of the neighbours shines in by one sample at the rim.
    assert np.abs(frame.rgb((6, 8, 28, 34)).astype(int) - colour).max() <= 2


def test_grey_frames_take_the_luma_of_the_colour():
    frame = make(8, 8, "gray")
    frame.write_rgb((0, 0, 8, 8), np.full((8, 8, 3), (200, 90, 40), np.uint8))
    assert abs(int(frame.rgb()[4, 4, 0]) - (0.299 * 200 + 0.587 * 90 + 0.114 * 40)) <= 1


def test_only_the_changed_pixels_of_a_box_are_written():
    frame = make(32, 32, "yuv420p")
    before = [plane.copy() for plane in frame.planes]
    pixels = frame.rgb()
    pixels[10:14, 10:14] = (250, 10, 10)
    frame.write_rgb((0, 0, 32, 32), pixels)
    assert {tuple(p) for p in np.argwhere(frame.planes[0] != before[0])} <= {
        (y, x) for y in range(10, 14) for x in range(10, 14)
    }
    assert (np.argwhere(frame.planes[1] != before[1]) // [2, 8]).size > 0
    np.testing.assert_array_equal(frame.planes[1][:4], before[1][:4])
    np.testing.assert_array_equal(frame.planes[1][8:], before[1][8:])


def test_geometry_puts_chroma_left_and_between_rows():
    luma, cb, _ = make(32, 32, "yuv420p").plane_geometry()
    assert (luma.sx, luma.sy, luma.ox, luma.oy) == (1, 1, 0, 0)
    # Sample (3, 5) of the chroma plane sits at the luma point (6, 10.5).
    assert (6 * cb.sx + cb.ox, 10.5 * cb.sy + cb.oy) == (3, 5)
    cb = make(32, 32, "yuv422p").plane_geometry()[1]
    assert (6 * cb.sx + cb.ox, 10 * cb.sy + cb.oy) == (3, 10)
    cb = make(32, 32, "yuv444p").plane_geometry()[1]
    assert (6 * cb.sx + cb.ox, 10 * cb.sy + cb.oy) == (6, 10)
    assert make(33, 31, "nv12").plane_geometry()[1].array.shape == (16, 17, 2)


def test_planes_are_the_frame_itself_and_writable():
    raw = av.VideoFrame(16, 8, "yuv420p")
    frame = Frame(raw, rotation=1)
    frame.planes[0][:] = 77
    assert set(bytes(raw.planes[0])[:16]) == {77}
    assert frame.planes[0].flags.writeable
    assert frame.rotation == 1
    assert repr(frame) == "Frame(16x8 yuv420p, pts=None)"
    assert frame.seconds is None


def test_a_frame_that_the_decoder_still_refers_to_is_copied(clip, decoded):
    path = clip()
    untouched = decoded(path)
    with av.open(str(path)) as container:
        for index, raw in enumerate(container.decode(video=0)):
            frame = Frame(raw)
            # Were this the decoder's reference picture, the next frames would come out wrong.
            np.testing.assert_array_equal(frame.planes[0], untouched[index][1][0])
            frame.planes[0][:] = 0


def test_time_is_exact():
    frame = make(16, 8, "yuv420p")
    assert (frame.pts, frame.time_base, frame.seconds) == (7, Fraction(1, 25), Fraction(7, 25))


@pytest.mark.parametrize("matrix", [1, 6, 9])
@pytest.mark.parametrize("full", [False, True])
def test_the_small_picture_has_the_same_colours(matrix, full):
    raw = av.VideoFrame(320, 200, "yuv420p")
    for plane, value in zip(raw.planes, (120, 100, 160), strict=True):
        np.frombuffer(plane, np.uint8)[:] = value
    raw.colorspace, raw.color_range = matrix, 2 if full else 1
    frame = Frame(raw)
    small, scale = frame.rgb_small(80)
    assert small.shape == (50, 80, 3)
    assert scale == 0.25
    assert np.abs(small.astype(int) - frame.rgb()[0, 0]).max() <= 3
    same, one = frame.rgb_small(1000)
    assert (same.shape, one) == ((200, 320, 3), 1.0)
    assert np.abs(same.astype(int) - frame.rgb()[0, 0]).max() <= 3


def test_the_small_picture_lies_where_the_large_one_does():
    raw = av.VideoFrame(400, 200, "yuv444p")
    frame = Frame(raw)
    y, x = np.mgrid[:200, :400]
    frame.planes[0][:] = np.where((x - 250) ** 2 + (y - 90) ** 2 < 900, 235, 16)
    frame.planes[1][:] = frame.planes[2][:] = 128
    small, scale = frame.rgb_small(100)
    weight = small[..., 1].astype(float)
    rows, columns = np.mgrid[: small.shape[0], : small.shape[1]]
    centre = np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()
    np.testing.assert_allclose((centre + 0.5) / scale - 0.5, [250, 90], atol=0.3)


@pytest.mark.parametrize("box", [(-1, 0, 4, 4), (0, 0, 17, 4), (5, 0, 4, 4), (0, 0, 4, 9)])
def test_boxes_outside_the_frame_are_refused(box):
    frame = make(16, 8, "yuv420p")
    with pytest.raises(ValueError, match=r"box: expected 0 <= x0 <= x1 <= 16 and .* got"):
        frame.rgb(box)
    with pytest.raises(ValueError, match="box: expected"):
        frame.write_rgb(box, np.zeros((1, 1, 3), np.uint8))


def test_wrong_pixels_are_refused_and_empty_boxes_are_fine():
    frame = make(16, 8, "yuv420p")
    with pytest.raises(ValueError, match=r"pixels: expected shape \(4, 4, 3\) .*got \(4, 5, 3\)"):
        frame.write_rgb((0, 0, 4, 4), np.zeros((4, 5, 3), np.uint8))
    with pytest.raises(TypeError, match="pixels: expected dtype uint8, got float64"):
        frame.write_rgb((0, 0, 4, 4), np.zeros((4, 4, 3)))
    with pytest.raises(ValueError, match="max_side: expected at least 1, got 0"):
        frame.rgb_small(0)
    assert frame.rgb((3, 3, 3, 6)).shape == (3, 0, 3)
    frame.write_rgb((3, 3, 3, 6), np.zeros((3, 0, 3), np.uint8))


def test_formats_and_matrices_we_cannot_keep_say_what_to_do():
    with pytest.raises(MediaError, match=r"pixel format: expected yuv or yuva .*got pal8; convert"):
        Frame(av.VideoFrame(16, 8, "pal8"))
    with pytest.raises(MediaError, match=r"colour matrix: expected one of .*got 8; convert"):
        make(16, 8, "yuv420p", matrix=8).rgb()


@pytest.mark.parametrize("fmt", [*FORMATS, "rgb24"])
@pytest.mark.parametrize("size", [(35, 41), (34, 40), (2, 2), (1, 1)])
def test_crops_show_what_rgb_does(fmt, size):
    frame = make(*size, fmt, low=100, high=140)  # colours that RGB can hold
    source = frame.crop_source()
    assert source.size == size
    crop = source.read((1, 0, 0, 0, 1, 0), np.empty((size[1], size[0], 3), np.uint8))
    # Samples are rounded to 8 bits, and chroma then grows by up to 2.1.
    assert np.abs(crop.astype(int) - frame.rgb()).max() <= 3
    assert np.abs(crop.astype(float) - frame.rgb()).mean() < 0.8


@pytest.mark.parametrize("fmt", [*FORMATS, "rgb24"])
def test_crops_average_blocks(fmt):
    frame = make(48, 36, fmt, low=100, high=140)
    crop = frame.crop_source().read((4, 0, 1.5, 0, 4, 1.5), np.empty((9, 12, 3), np.uint8))
    blocks = frame.rgb().astype(float).reshape(9, 4, 12, 4, 3).mean(axis=(1, 3))
    # Chroma's own blocks are smaller by the sample that lies between two of them.
    assert np.abs(crop - blocks).mean() < 3


def test_crops_show_the_planes_as_they_are():
    frame = make(16, 8, "yuv420p")
    source = frame.crop_source()
    frame.planes[0][:], frame.planes[1][:], frame.planes[2][:] = 126, 128, 128
    crop = source.read((2, 0, 0.5, 0, 2, 0.5), np.empty((4, 8, 3), np.uint8))
    assert (crop == 128).all()
