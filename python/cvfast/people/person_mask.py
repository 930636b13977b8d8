"""Which pixels are the person: two networks' masks and the stick figure, refined along edges."""

from __future__ import annotations

import functools

import numpy as np

from cvfast.geometry.boxes import RotatedBox
from cvfast.geometry.sampling import PixelReader, as_rgb
from cvfast.imaging.guided import GuidedFilter
from cvfast.io.opencv import load_cv2
from cvfast.models.session import Session
from cvfast.people.blazepose import fit_body
from cvfast.people.body import Body, BodyMaps
from cvfast.people.finding import FoundPerson
from cvfast.people.pose import Pose
from cvfast.people.work_frame import WorkFrame, check_photo
from cvfast.typing import Image, ImageF32, ImageU8

__all__ = ["coarse_person", "frame_of", "person_mask", "pose_of"]

_SIDE = 256  # of the segmentation model's input
_RADIUS = 4  # of the guided filter's windows, in pixels of the reduced crop
_EPSILON = 2e-4  # squared levels: edges fainter than about four grey levels are no edges

# Half the thickness of each bone in units (see `Body.unit`).
_BONES = (
    ("left_shoulder", "left_elbow", 0.2),
    ("right_shoulder", "right_elbow", 0.2),
    ("left_elbow", "left_wrist", 0.15),
    ("right_elbow", "right_wrist", 0.15),
    ("left_wrist", "left_hand", 0.14),
    ("right_wrist", "right_hand", 0.14),
    ("left_shoulder", "left_hip", 0.26),
    ("right_shoulder", "right_hip", 0.26),
    ("neck", "mid_hip", 0.36),
    ("left_hip", "left_knee", 0.26),
    ("right_hip", "right_knee", 0.26),
    ("left_knee", "left_ankle", 0.18),
    ("right_knee", "right_ankle", 0.18),
    ("left_ankle", "left_toe", 0.16),
    ("right_ankle", "right_toe", 0.16),
    ("nose", "neck", 0.2),
)


def person_mask(image: Image, person: FoundPerson | Pose) -> ImageF32:
    """Find which pixels belong to a person, clothes and hair included.

    The mask of the selfie segmentation network on a crop round the person, the pose network's own
    mask where there is one, and the distance to the bones are added up as log odds, at reduced
    size. A guided filter then draws the edges along those of the photo at full size.

    Parameters
    ----------
    image
        (H, W, 3) RGB or (H, W) grey, uint8 or float32 in [0, 1].
    person
        From `cvfast.people.finding.find_people`, or a pose.

    Returns
    -------
    numpy.ndarray
        (H, W) float32 in [0, 1].

    Raises
    ------
    NothingFoundError
        The pose has no shoulder.
    TypeError, ValueError
        Not a picture, or no person.

    Examples
    --------
    >>> import numpy as np
    >>> points, sure = np.zeros((18, 2)), np.zeros(18)
    >>> points[[2, 5, 8, 11]] = [(30, 40), (70, 40), (38, 100), (62, 100)]
    >>> sure[[2, 5, 8, 11]] = 1
    >>> mask = person_mask(np.full((120, 100, 3), 90, np.uint8), Pose(points, sure, "coco18"))
    >>> mask.shape, bool(mask[70, 50] > mask[10, 5])
    ((120, 100), True)
    """
    check_photo(image)
    rgb = as_rgb(image)
    pose = pose_of(person)
    frame = frame_of(rgb, person)
    shape = (frame.image.shape[0], frame.image.shape[1])
    maps = BodyMaps(Body.of(frame.pose(pose)), shape)
    coarse = coarse_person(rgb, frame, maps, person)
    whole = np.zeros((frame.size[1], frame.size[0]), np.float32)
    x0, y0, x1, y1 = frame.box
    fine = GuidedFilter(frame.guide(), _RADIUS, _EPSILON).enlarge(coarse, frame.crop(image))
    whole[y0:y1, x0:x1] = np.clip(fine, 0, 1)
    return whole


def pose_of(person: FoundPerson | Pose) -> Pose:
    """Return a person's pose."""
    if isinstance(person, Pose):
        return person
    if not isinstance(person, FoundPerson):
        raise TypeError(f"person: expected FoundPerson or Pose, got {type(person).__name__}")
    return person.pose


def frame_of(image: ImageU8, person: FoundPerson | Pose) -> WorkFrame:
    """Reduce the crop round a person."""
    body = Body.of(pose_of(person))
    return WorkFrame.around(image, body.box())


def coarse_person(
    image: ImageU8, frame: WorkFrame, maps: BodyMaps, person: FoundPerson | Pose
) -> ImageF32:
    """Probability of the person in the reduced crop, (h, w) float32.

    Parameters
    ----------
    image
        (H, W, 3) uint8, the picture.
    frame
        Its reduced crop.
    maps
        Where the crop's pixels lie on the body.
    person
        The person as given, perhaps with a mask of the pose network.
    """
    odds = 0.8 * _log_odds(_selfie(image, frame))
    mask = _pose_mask(image, frame, maps.body, person)
    if mask is not None:
        odds = odds + 0.8 * _log_odds(mask)
    odds = odds + _bone_odds(maps)
    probability: ImageF32 = 1 / (1 + np.exp(-odds))
    return probability


def _bone_odds(maps: BodyMaps) -> ImageF32:
    """Log odds of the person by the distance to the nearest bone, in half thicknesses."""
    nearest = np.full(maps.shape, np.inf, np.float32)
    for start, end, thick in _BONES:
        np.minimum(nearest, maps.bone(start, end)[0] / np.float32(thick), out=nearest)
    centre, radius = maps.body.head
    np.minimum(nearest, maps.away(centre) / np.float32(1.1 * radius), out=nearest)
    odds: ImageF32 = np.clip(3.0 * (np.float32(1.2) - nearest), -5, 2)
    return odds


def _selfie(image: ImageU8, frame: WorkFrame) -> ImageF32:
    """Mask of the segmentation network in the reduced crop, (h, w) float32."""
    cv2 = load_cv2()
    x0, y0, x1, y1 = frame.box
    # The network knows pictures that are about as wide as high.
    side = max(x1 - x0, y1 - y0)
    left = max(0, min((x0 + x1 - side) // 2, frame.size[0] - side))
    top = max(0, min((y0 + y1 - side) // 2, frame.size[1] - side))
    view = image[top : top + side, left : left + side]
    small = cv2.resize(view, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    (mask,) = _session().run((small.astype(np.float32) / 255)[None])
    across, down = view.shape[1] / _SIDE, view.shape[0] / _SIDE
    # Where each pixel of the crop lies in the network's mask.
    fx, fy = frame.scale
    x = ((np.arange(frame.image.shape[1]) + 0.5) / fx + x0 - left) / across - 0.5
    y = ((np.arange(frame.image.shape[0]) + 0.5) / fy + y0 - top) / down - 0.5
    map_x, map_y = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
    seen: ImageF32 = cv2.remap(
        mask[0, :, :, 0], map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return seen


def _pose_mask(
    image: ImageU8, frame: WorkFrame, body: Body, person: FoundPerson | Pose
) -> ImageF32 | None:
    """Mask of the pose network in the reduced crop; None where it sees somebody else."""
    cv2 = load_cv2()
    if isinstance(person, Pose):
        x0, y0, x1, y1 = frame.box
        side = 1.15 * max(x1 - x0, y1 - y0)
        region = RotatedBox((x0 + x1 - 1) / 2, (y0 + y1 - 1) / 2, side, side)
        fit = fit_body(PixelReader.of(image), region)
        seen = frame.pose(Pose(fit.points[:33], fit.confidence, "blaze33"))
        joints = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")
        known = [name for name in joints if name in body.seen]
        away = [float(np.hypot(*(seen.point(name) - body[name]))) for name in known]
        if fit.score < 0.5 or max(away, default=0.0) > 0.4 * body.unit:
            return None
        mask, region = fit.mask, fit.region
    else:
        mask, region = person.mask, person.region
    cells = mask.shape[0]
    matrix = region.matrix()  # fractions of the network's crop to pixels of the picture
    matrix[:, 2] += matrix[:, :2] @ (0.5 / cells, 0.5 / cells)
    matrix[:, :2] /= cells
    scale = np.array(frame.scale)
    matrix[:, 2] = (matrix[:, 2] - frame.box[:2] + 0.5) * scale - 0.5
    matrix[:, :2] *= scale[:, None]
    size = (frame.image.shape[1], frame.image.shape[0])
    placed: ImageF32 = cv2.warpAffine(mask, matrix, size, flags=cv2.INTER_LINEAR)
    return placed


@functools.cache
def _session() -> Session:
    return Session("selfie_segmentation")


def _log_odds(probability: ImageF32) -> ImageF32:
    sure = np.clip(probability, 0.01, 0.99)
    odds: ImageF32 = np.log(sure / (1 - sure))
    return odds
