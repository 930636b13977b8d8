"""OpenPose's JSON files, the poses that VITON-style folders and other tools exchange."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from cvfast.errors import MediaError
from cvfast.io.atomic import write_bytes
from cvfast.io.opening import open_regular
from cvfast.people.pose import Pose
from cvfast.people.schemes import SCHEMES
from cvfast.typing import Path

__all__ = ["read_openpose", "write_openpose"]

_KEYS = ("pose_keypoints_2d", "pose_keypoints")
_LARGEST = 16 << 20  # bytes
_FARTHEST = 1e6  # pixels: farther ones are no pose, and their squares would overflow
_SCHEME_OF = {len(names): scheme for scheme, names in SCHEMES.items()}


def read_openpose(path: Path) -> list[Pose]:
    """Read an OpenPose JSON file.

    Parameters
    ----------
    path
        Its ``people`` hold ``pose_keypoints`` (old) or ``pose_keypoints_2d``: x, y and confidence
        of 18 (COCO), 25 (BODY_25), 17 or 33 (BlazePose) points, in pixels. A point with confidence
        0, or at (0, 0) or (-1, -1), is missing; a confidence over 1 counts as 1.

    Returns
    -------
    list of Pose
        One for each person, in the file's order; empty where OpenPose found nobody.

    Raises
    ------
    MediaError
        Not such a file; the message names the person and what was expected.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "a_keypoints.json"
    ...     _ = file.write_text('{"people": [{"pose_keypoints": [1, 2, 0.5, 4]}]}')
    ...     read_openpose(file)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    cvfast.errors.MediaError: ...people[0].pose_keypoints: expected x, y, confidence of 18, 25, ...
    """
    people = _people(path)
    return [_pose(f"{path}: people[{number}]", person) for number, person in enumerate(people)]


def write_openpose(
    path: Path, poses: Sequence[Pose], *, scheme: str = "coco18", overwrite: bool = False
) -> None:
    """Write poses as an OpenPose JSON file, whole or not at all.

    Both keys are written, ``pose_keypoints`` and ``pose_keypoints_2d``, so that old and new readers
    find theirs. A missing point is 0, 0, 0.

    Parameters
    ----------
    path
        ``NAME_keypoints.json`` in a VITON-style folder.
    poses
        One for each person.
    scheme
        ``"coco18"``, as VITON-style networks expect; or another one that OpenPose's readers know.
    overwrite
        Replace an existing file.

    Raises
    ------
    ValueError
        Unknown scheme.
    OutputError
        The file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> pose = Pose(np.full((18, 2), 8.0), np.ones(18), "coco18")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_openpose(Path(folder) / "a_keypoints.json", [pose])
    ...     read_openpose(Path(folder) / "a_keypoints.json")
    [Pose(coco18, 18 of 18 points)]
    """
    people = []
    for pose in poses:
        found = pose.to(scheme)
        numbers = np.column_stack([found.points, found.confidence]).round(6).ravel().tolist()
        empty: dict[str, list[float]] = {
            "face_keypoints": [],
            "hand_left_keypoints": [],
            "hand_right_keypoints": [],
        }
        people.append(dict.fromkeys(_KEYS, numbers) | empty)
    text = json.dumps({"version": 1.3, "people": people})
    write_bytes(path, text.encode(), overwrite=overwrite)


def _people(path: Path) -> list[Any]:
    try:
        with open_regular(path) as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise MediaError(f"{path}: cannot be read ({error.strerror})") from error
    if len(content) > _LARGEST:
        raise MediaError(f"{path}: expected an OpenPose file under {_LARGEST >> 20} MiB")
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise MediaError(f"{path}: expected JSON as OpenPose writes it: {error}") from error
    people = data.get("people") if isinstance(data, dict) else None
    if not isinstance(people, list):
        raise MediaError(f"{path}: expected an object with a list 'people', as OpenPose writes it")
    return people


def _pose(where: str, person: Any) -> Pose:
    """Check one person and return the pose."""
    found = {key: person[key] for key in _KEYS if isinstance(person, dict) and key in person}
    if not found:
        raise MediaError(f"{where}: expected {' or '.join(reversed(_KEYS))}")
    key, numbers = next(iter(found.items()))
    if any(other != numbers for other in found.values()):
        raise MediaError(f"{where}: {' and '.join(_KEYS)} differ; remove one of them")
    where = f"{where}.{key}"
    scheme = _scheme(where, numbers)
    try:
        values = np.array(numbers, np.float64).reshape(-1, 3)
    except (TypeError, ValueError, OverflowError) as error:
        raise MediaError(f"{where}: expected numbers alone") from error
    if not (np.abs(values) <= _FARTHEST).all() or (values[:, 2] < 0).any():
        raise MediaError(
            f"{where}: expected numbers up to {_FARTHEST:g} and confidences of at least 0"
        )
    points, confidence = values[:, :2], np.minimum(values[:, 2], 1)
    missing = (points == 0).all(axis=1) | (points == -1).all(axis=1)
    confidence = np.where(missing, 0, confidence)
    there = points[confidence > 0]
    if len(there) > 2 and there.min() >= 0 and there.max() <= 1:
        raise MediaError(
            f"{where}: expected pixels, got coordinates from 0 to 1 (OpenPose's --keypoint_scale "
            "3); multiply them by the picture's width and height"
        )
    return Pose(points, confidence, scheme)


def _scheme(where: str, numbers: Any) -> str:
    count = len(numbers) if isinstance(numbers, list) else 0
    scheme = _SCHEME_OF.get(count // 3) if count % 3 == 0 else None
    if scheme is None:
        got = f"{count} numbers ({count / 3:g} points)" if isinstance(numbers, list) else "no list"
        raise MediaError(
            f"{where}: expected x, y, confidence of 18, 25, 17 or 33 points, got {got}"
        )
    return scheme
