"""What VITON, CP-VTON and CP-VTON+ see of a person: everything but the worn garment.

A person's picture with its garment cannot be the input of a network that learns to put that very
garment on; so the papers keep the head, the pose, and the body's outline so blurred that it tells
nothing of sleeves (Han et al., *VITON*, CVPR 2018, section 3.1). Pictures are RGB uint8 and have
the network's size, label maps are LIP's (``lip20``, or ``lip21`` with CP-VTON+'s neck), and all
that is returned is float32 with channels first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.people.labels import label_mask
from cvfast.people.pose import Pose
from cvfast.people.pose_map import pose_map
from cvfast.typing import ImageF32, ImageU8

__all__ = [
    "UPPER",
    "agnostic_person",
    "blurred_shape",
    "garment_input",
    "kept_picture",
    "pose_channels",
    "viton_person",
    "worn_garment",
]

UPPER = ("upper", "dress", "coat")
_HEAD = ("hat", "hair", "glasses", "face")
_KEPT = {
    ("cp-vton", "gmm"): _HEAD,
    ("cp-vton", "tom"): _HEAD,
    ("cp-vton+", "gmm"): ("hat", "glasses", "face"),
    ("cp-vton+", "tom"): (*_HEAD, "trousers", "skirt", "left_leg", "right_leg"),
}
_COARSE = 16  # rows in which the shape is seen: a sixteenth of the papers' 256
_RADIUS = 5 / 256  # of a joint's square, in heights


def agnostic_person(
    image: ImageU8,
    labels: ImageU8,
    pose: Pose,
    *,
    variant: str = "cp-vton",
    stage: str = "gmm",
    outline: NDArray[np.bool_] | None = None,
) -> ImageF32:
    """Return CP-VTON's view of a person: shape, head, pose.

    Parameters
    ----------
    image, labels
        (h, w, 3) and (h, w) uint8.
    pose
        Joints in pixels of the image.
    variant
        ``"cp-vton"``, or ``"cp-vton+"``, which keeps no hair for GMM, and trousers, skirt and legs
        for TOM.
    stage
        ``"gmm"`` or ``"tom"``.
    outline
        Where the person is; None: wherever there is a label. (CP-VTON+ reads ``image-mask``.)

    Returns
    -------
    numpy.ndarray
        (22, h, w) float32 in [-1, 1]: shape 1, head 3 (the rest -1), pose 18.

    Raises
    ------
    ValueError
        Another variant or stage, or pictures of other sizes.

    Examples
    --------
    >>> import numpy as np
    >>> pose = Pose(np.full((18, 2), 9.0), np.ones(18), "coco18")
    >>> image = np.zeros((64, 48, 3), np.uint8)
    >>> agnostic_person(image, image[..., 0], pose).shape
    (22, 64, 48)
    """
    if (variant, stage) not in _KEPT:
        raise ValueError(
            "variant, stage: expected cp-vton or cp-vton+ and gmm or tom, "
            f"got {variant!r} and {stage!r}"
        )
    _check(image, labels)
    person = labels > 0 if outline is None else outline
    shape = blurred_shape(person, "bilinear") * 2 - 1
    kept = kept_picture(image, labels, variant, stage)
    return np.concatenate([shape[None], kept, pose_channels(pose, shape.shape) * 2 - 1])


def kept_picture(image: ImageU8, labels: ImageU8, variant: str, stage: str) -> ImageF32:
    """Return what CP-VTON keeps of the picture (head, or more), (3, h, w), the rest -1."""
    return _filled(image, label_mask(labels, "lip21", *_KEPT[variant, stage]), -1.0)


def viton_person(image: ImageU8, labels: ImageU8, pose: Pose) -> ImageF32:
    """Return VITON's view of a person: (22, h, w), shape and pose in [0, 1], head in [-1, 1].

    The body's shape leaves the head out, what is not head is 0 there, and joints are 1 on 0.

    Raises
    ------
    ValueError
        Pictures of other sizes.
    """
    _check(image, labels)
    head = label_mask(labels, "lip21", *_HEAD)
    shape = blurred_shape((labels > 0) & ~head, "area")
    return np.concatenate(
        [shape[None], _filled(image, head, 0.0), pose_channels(pose, shape.shape)]
    )


def blurred_shape(mask: NDArray[np.bool_], reducing: str) -> ImageF32:
    """Return a mask reduced to 16 rows and enlarged again, (h, w) in [0, 1].

    Parameters
    ----------
    mask
        (h, w) bool.
    reducing
        ``"bilinear"``: Pillow's, which averages all that a pixel covers (CP-VTON); ``"area"``: the
        mean of each square (VITON). Enlarging is bilinear, and values are kept in 8 bits.
    """
    from PIL import Image

    height, width = mask.shape
    filters = {"bilinear": Image.Resampling.BILINEAR, "area": Image.Resampling.BOX}
    if reducing not in filters:
        raise ValueError(f"reducing: expected bilinear or area, got {reducing!r}")
    coarse = max(1, round(width * _COARSE / height)), _COARSE
    picture = Image.fromarray(mask.astype(np.uint8) * 255)
    small = picture.resize(coarse, filters[reducing])
    blurred = np.asarray(small.resize((width, height), Image.Resampling.BILINEAR))
    shape: ImageF32 = blurred.astype(np.float32) / np.float32(255)
    return shape


def pose_channels(pose: Pose, shape: tuple[int, ...]) -> ImageF32:
    """Return (18, h, w) of 0 and 1: a square at each joint, 11 pixels wide where h is 256."""
    height, width = shape
    return pose_map(pose, (width, height), radius=max(1, round(_RADIUS * height)))


def worn_garment(image: ImageU8, labels: ImageU8) -> tuple[ImageF32, ImageF32]:
    """Return what is worn, (3, h, w) in [-1, 1] on white, and where, (1, h, w) in {0, 1}.

    This is what GMM's warped garment is compared with: upper clothes, dress and coat.
    """
    _check(image, labels)
    worn = label_mask(labels, "lip21", *UPPER)
    return _filled(image, worn, 1.0), worn[None].astype(np.float32)


def garment_input(image: ImageU8, mask: NDArray[Any]) -> tuple[ImageF32, ImageF32]:
    """Return a garment's picture, (3, h, w) in [-1, 1], and its mask, (1, h, w) in {0, 1}.

    Parameters
    ----------
    image
        (h, w, 3) uint8.
    mask
        (h, w) bool, uint8 (128 and more is garment) or float32 in [0, 1].
    """
    least = 128 if mask.dtype == np.uint8 else 0.5
    inside = np.greater_equal(mask, least)
    return signed(image), inside[None].astype(np.float32)


def signed(image: ImageU8) -> ImageF32:
    """Return a picture (h, w, 3) uint8 as (3, h, w) float32 in [-1, 1]."""
    values: ImageF32 = np.moveaxis(image, -1, 0).astype(np.float32) / np.float32(127.5)
    return values - np.float32(1)


def _filled(image: ImageU8, mask: NDArray[np.bool_], value: float) -> ImageF32:
    filled: ImageF32 = np.where(mask, signed(image), np.float32(value))
    return filled


def _check(image: ImageU8, labels: ImageU8) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.shape[:2] != labels.shape:
        raise ValueError(
            f"image, labels: expected (h, w, 3) and (h, w), got {image.shape} and {labels.shape}"
        )
