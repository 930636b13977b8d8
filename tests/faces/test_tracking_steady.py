"""How steady tracks are, how soon they follow, and that eyes are not smeared."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data
from cvfast.faces import following
from cvfast.faces.fitting import landmarks
from cvfast.faces.flow import FaceFlow
from cvfast.faces.frames import frame_reader
from cvfast.faces.mesh import FaceMesh
from cvfast.faces.stability import JitterMeter, lag
from cvfast.faces.tracking import FaceTracker
from cvfast.geometry.sampling import PixelReader
from cvfast.io.frame import Frame
from PIL import Image

HEAD = (84, 0, 366, 256)  # of the astronaut, with room round the face
SIDES = (564, 512)  # it is shown twice as large: the face is 190 px wide


@pytest.fixture(scope="module")
def head():
    image = Image.fromarray(skimage.data.astronaut()).crop(HEAD)
    return np.asarray(image.resize(SIDES, Image.Resampling.LANCZOS))


def noisy(picture, rng):
    return np.clip(np.rint(picture + rng.normal(0, 2, picture.shape)), 0, 255).astype(np.uint8)


def follow(tracker, picture, index):
    (track,) = tracker.update(PixelReader.of(picture), index / 30)
    return track.landmarks


def test_noise_on_a_still_face_moves_the_points_by_a_quarter_at_most(head):
    rng = np.random.default_rng(0)
    tracker, mesh, raw = FaceTracker(), FaceMesh(), None
    before, after = JitterMeter(), JitterMeter()
    for index in range(40):
        picture = noisy(head, rng)
        tracked = follow(tracker, picture, index)
        raw = mesh.track(picture, raw or tracked)
        before.add(index / 30, raw.points[:, :2])
        after.add(index / 30, tracked.points[:, :2])
    assert after.jitter < 0.1
    assert after.jitter < before.jitter / 4
    # Fits and flow in turns must not show.
    odd, even = (np.mean([px for _, px in after.deviations[k::2]]) for k in (0, 1))
    assert max(odd, even) < 1.5 * min(odd, even)
    assert tracker.fits < 16


def test_in_motion_the_points_are_there_in_time(head):
    """One face width a second, from a standstill, and back."""
    rng = np.random.default_rng(1)
    wide = np.full((512, 800, 3), 120, np.uint8)
    at = np.concatenate([np.full(5, 0.0), np.arange(22) * 6.4, np.arange(22)[::-1] * 6.4])
    tracker, path = FaceTracker(), []
    for index, x in enumerate(at):
        picture = wide.copy()
        picture[:, round(x) : round(x) + SIDES[0]] = head
        points = follow(tracker, noisy(picture, rng), index).points
        path.append(points[:468, :2].mean(axis=0))
    truth = np.stack([np.round(at), np.zeros(len(at))], axis=1)
    assert abs(lag(path, truth)) < 0.2
    assert np.abs(path - truth - (path[4] - truth[4])).max() < 2.5


def closed(picture, marks, share):
    """The picture with its upper lids pulled down by a share of the eyes' opening."""
    out = picture.copy()
    for name in ("right_eye", "left_eye"):
        contour = marks.group(name).astype(float)
        half = len(contour) // 2
        upper, lower = contour[: half + 1], np.vstack([contour[half:], contour[:1]])[::-1]
        for x in range(int(upper[0, 0]) + 1, int(upper[-1, 0])):
            top = np.interp(x, *upper.T) - 1
            edge = top + share * (np.interp(x, *lower.T) + 0.5 - top)
            rows = np.arange(int(top - 9), int(np.ceil(edge)))
            source = top - 9 + (rows - (top - 9)) * 9 / (edge - (top - 9))
            out[rows, x] = picture[np.clip(np.rint(source), 0, len(picture) - 1).astype(int), x]
    return out


def test_a_blink_is_followed_within_two_frames(head):
    rng = np.random.default_rng(2)
    marks = landmarks(head)[0]
    shares = [0.0] * 12 + [0.4, 0.8, 1.0, 1.0, 0.7, 0.3] + [0.0] * 8
    tracker, seen, fits = FaceTracker(), [], []
    for index, share in enumerate(shares):
        picture = noisy(closed(head, marks, share) if share else head, rng)
        seen.append(np.mean(follow(tracker, picture, index).eye_openness))
        fits.append(tracker.fits)
    wide, shut = seen[11], np.mean(landmarks(closed(head, marks, 1.0))[0].eye_openness)
    assert shut < 0.75 * wide
    assert seen[15] < shut + 0.2 * (wide - shut)  # the second frame of closed eyes
    assert seen[19] > wide - 0.2 * (wide - shut)  # the second of open ones
    assert fits[18] - fits[11] >= 6  # while lids move every frame is fitted


def test_flow_says_how_the_face_moved(head):
    marks = landmarks(head)[0]
    flow = FaceFlow()
    flow.keep(PixelReader.of(head), marks)
    moved = np.roll(head, (-4, 7), (0, 1))
    motion = flow.follow(PixelReader.of(moved), marks, np.zeros(2))
    assert motion.matrix == pytest.approx(np.array([[1, 0, 7], [0, 1, -4]]), abs=0.1)
    assert motion.trusted > 0.9
    assert motion.change < following._CHANGED


def test_flow_finds_no_face_in_another_scene(head):
    flow = FaceFlow()
    marks = landmarks(head)[0]
    assert flow.follow(PixelReader.of(head), marks, np.zeros(2)) is None
    flow.keep(PixelReader.of(head), marks)
    other = np.random.default_rng(0).integers(0, 256, head.shape, np.uint8)
    motion = flow.follow(PixelReader.of(other), marks, np.zeros(2))
    assert motion is None or motion.trusted < following._TRUSTED


@pytest.mark.parametrize("rotation", [0, 1, 2, 3])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p10le", "gray", "nv12"])
def test_frames_hand_out_luma_upright(rotation, pixel_format):
    import av

    rng = np.random.default_rng(5)
    picture = rng.integers(0, 256, (48, 64, 3), np.uint8)
    stored = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pixel_format)
    frame = Frame(stored, rotation=rotation)
    reader = frame_reader(frame)
    luma = frame.planes[0] >> (frame.bits - 8)
    upright = np.rot90(luma, -rotation)
    x0, y0, x1, y1 = box = (3, 5, 20, 40)
    assert (reader.luma(box) == upright[y0:y1, x0:x1]).all()
    assert reader.luma(box).dtype == np.uint8
