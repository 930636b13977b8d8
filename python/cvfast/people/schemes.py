"""Names and numbers of body points in the schemes that are exchanged, and ways between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["BONES", "SCHEMES", "convert_points", "scheme_names"]

_BLAZE33 = (
    "nose left_eye_inner left_eye left_eye_outer right_eye_inner right_eye right_eye_outer "
    "left_ear right_ear mouth_left mouth_right left_shoulder right_shoulder left_elbow "
    "right_elbow left_wrist right_wrist left_pinky right_pinky left_index right_index "
    "left_thumb right_thumb left_hip right_hip left_knee right_knee left_ankle right_ankle "
    "left_heel right_heel left_toe right_toe"
)
_COCO18 = (
    "nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist "
    "right_hip right_knee right_ankle left_hip left_knee left_ankle right_eye left_eye "
    "right_ear left_ear"
)
_COCO17 = (
    "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow "
    "right_elbow left_wrist right_wrist left_hip right_hip left_knee right_knee left_ankle "
    "right_ankle"
)
_BODY25 = (
    "nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist "
    "mid_hip right_hip right_knee right_ankle left_hip left_knee left_ankle right_eye left_eye "
    "right_ear left_ear left_toe left_small_toe left_heel right_toe right_small_toe right_heel"
)

#: Names of each scheme's points, in order; left and right are the person's own.
SCHEMES: dict[str, tuple[str, ...]] = {
    "blaze33": tuple(_BLAZE33.split()),
    "coco18": tuple(_COCO18.split()),
    "coco17": tuple(_COCO17.split()),
    "body25": tuple(_BODY25.split()),
}

#: Pairs of points that a drawing joins, where a scheme has both.
BONES: tuple[tuple[str, str], ...] = (
    ("left_shoulder", "right_shoulder"),
    ("left_hip", "right_hip"),
    ("nose", "neck"),
    *(
        (f"{side}_{a}", f"{side}_{b}")
        for side in ("left", "right")
        for a, b in (
            ("shoulder", "elbow"),
            ("elbow", "wrist"),
            ("wrist", "index"),
            ("wrist", "pinky"),
            ("wrist", "thumb"),
            ("shoulder", "hip"),
            ("hip", "knee"),
            ("knee", "ankle"),
            ("ankle", "heel"),
            ("ankle", "toe"),
            ("eye", "ear"),
        )
    ),
    ("nose", "left_eye"),
    ("nose", "right_eye"),
    ("mouth_left", "mouth_right"),
)

# Points that lie half-way between two others; OpenPose's neck is made so too.
_MIDDLES = {
    "neck": ("left_shoulder", "right_shoulder"),
    "mid_hip": ("left_hip", "right_hip"),
}


def scheme_names(scheme: str) -> tuple[str, ...]:
    """Names of a scheme's points.

    Raises
    ------
    ValueError
        Unknown scheme.

    Examples
    --------
    >>> scheme_names("coco18")[:3]
    ('nose', 'neck', 'right_shoulder')
    """
    if scheme not in SCHEMES:
        raise ValueError(f"scheme: expected one of {', '.join(SCHEMES)}, got {scheme!r}")
    return SCHEMES[scheme]


def convert_points(
    points: NDArray[np.float64], confidence: NDArray[np.float64], source: str, target: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points ``(N, 2)`` and confidences ``(N,)`` of one scheme in another.

    Points are taken over by name; neck and mid-hip that the source lacks are means. What it has no
    point for comes back as (0, 0) with confidence 0.
    """
    have = {name: index for index, name in enumerate(scheme_names(source))}
    wanted = scheme_names(target)
    moved, sure = np.zeros((len(wanted), 2)), np.zeros(len(wanted))
    for index, name in enumerate(wanted):
        ends = [have[end] for end in ((name,) if name in have else _MIDDLES.get(name, ()))]
        if ends and (confidence[ends] > 0).all():
            moved[index] = points[ends].mean(axis=0)
            sure[index] = confidence[ends].min()
    return moved, sure
