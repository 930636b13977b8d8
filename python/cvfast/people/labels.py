"""Label sets of human parsing, and conversion of label maps among them."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from cvfast.people.pose import Pose
from cvfast.typing import ImageU8

__all__ = ["LABEL_SETS", "check_labels", "convert_labels", "label_mask", "label_set"]

_LIP = (
    "background hat hair glove glasses upper dress coat socks trousers jumpsuit scarf skirt face "
    "left_arm right_arm left_leg right_leg left_shoe right_shoe"
)
_CIHP = _LIP.replace("jumpsuit", "neck")
_ATR = (
    "background hat hair glasses upper skirt trousers dress belt left_shoe right_shoe face "
    "left_leg right_leg left_arm right_arm held scarf"
)
_ACGPN = (
    "background hair - - upper left_shoe right_shoe noise trousers left_leg right_leg left_arm "
    "face right_arm"
)
_FASHN = (
    "background face hair upper dress skirt trousers belt held hat scarf glasses arms hands legs "
    "feet neck jewelry"
)
_OURS = _CIHP + " left_sleeve right_sleeve left_hand right_hand held"


def _ids(names: str) -> MappingProxyType[str, int]:
    return MappingProxyType(
        {name: number for number, name in enumerate(names.split()) if name != "-"}
    )


#: Names to ids of each set. One thing has one name in all of them: ``upper`` is LIP's
#: upper-clothes and FASHN's top, ``neck`` is CIHP's torso-skin and FASHN's torso, ``held`` is a bag
#: or whatever is carried, ``noise`` is ACGPN's label 7. ``lip21`` is LIP with CP-VTON+'s neck (20).
LABEL_SETS: MappingProxyType[str, MappingProxyType[str, int]] = MappingProxyType(
    {
        "lip20": _ids(_LIP),
        "lip21": _ids(_LIP + " neck"),
        "cihp20": _ids(_CIHP),
        "atr18": _ids(_ATR),
        "acgpn14": _ids(_ACGPN),
        "fashn18": _ids(_FASHN),
        "cvfast": _ids(_OURS),
    }
)

# What a label becomes in a set that lacks it: the first of these that the set has, or that one of
# them becomes; else background.
_INSTEAD: dict[str, tuple[str, ...]] = {
    "hat": ("hair",),
    "glasses": ("face",),
    "glove": ("noise", "hands"),
    "dress": ("upper",),
    "coat": ("upper",),
    "jumpsuit": ("noise", "dress"),
    "scarf": ("noise", "upper"),
    "skirt": ("trousers",),
    "belt": ("trousers",),
    "socks": ("legs",),
    "neck": ("noise",),
    "noise": ("neck",),
    "jewelry": ("neck",),
    "left_sleeve": ("upper",),
    "right_sleeve": ("upper",),
    "left_hand": ("left_arm", "hands"),
    "right_hand": ("right_arm", "hands"),
    "left_arm": ("arms",),
    "right_arm": ("arms",),
    "hands": ("arms",),
    "left_leg": ("legs",),
    "right_leg": ("legs",),
    "left_shoe": ("feet",),
    "right_shoe": ("feet",),
}
# Labels of both sides together, the two that they are split into, and the joints along each side.
_SIDES: dict[str, tuple[str, tuple[str, ...]]] = {
    "arms": ("arm", ("shoulder", "elbow", "wrist")),
    "hands": ("hand", ("elbow", "wrist")),
    "legs": ("leg", ("hip", "knee", "ankle")),
    "feet": ("shoe", ("knee", "ankle")),
}


def label_set(name: str) -> MappingProxyType[str, int]:
    """Return a label set by its name; a `ValueError` lists those there are."""
    if name not in LABEL_SETS:
        raise ValueError(f"labels: expected one of {', '.join(LABEL_SETS)}, got {name!r}")
    return LABEL_SETS[name]


def check_labels(labels: ImageU8, name: str) -> None:
    """Check that a label map holds ids of a set alone.

    Raises
    ------
    TypeError
        Not a uint8 array.
    ValueError
        Not two-dimensional, or ids that the set lacks; the message names sets that have them.

    Examples
    --------
    >>> import numpy as np
    >>> check_labels(np.array([[20]], np.uint8), "lip20")
    Traceback (most recent call last):
    ValueError: labels: expected ids of lip20, got 20; these sets have all: lip21, cvfast
    """
    known = set(label_set(name).values())
    if not isinstance(labels, np.ndarray) or labels.dtype != np.uint8:
        kind = getattr(labels, "dtype", type(labels).__name__)
        raise TypeError(f"labels: expected a uint8 array, got {kind}")
    if labels.ndim != 2:
        raise ValueError(f"labels: expected shape (height, width), got {labels.shape}")
    ids = set(np.flatnonzero(np.bincount(labels.ravel(), minlength=256)).tolist())
    if unknown := sorted(ids - known):
        fitting = [other for other, have in LABEL_SETS.items() if ids <= set(have.values())]
        shown = ", ".join(map(str, unknown[:8])) + (", ..." if len(unknown) > 8 else "")
        hint = f"these sets have all: {', '.join(fitting)}" if fitting else "no known set has all"
        raise ValueError(f"labels: expected ids of {name}, got {shown}; {hint}")


def label_mask(labels: ImageU8, name: str, *parts: str) -> NDArray[np.bool_]:
    """Return where a map of set ``name`` holds one of these labels, ``(H, W)`` bool.

    Labels that the set lacks are nowhere.

    Raises
    ------
    ValueError
        Unknown set, or a label that no set has.

    Examples
    --------
    >>> import numpy as np
    >>> label_mask(np.array([[0, 5, 7]], np.uint8), "lip20", "upper", "coat").tolist()
    [[False, True, True]]
    """
    every = {part for have in LABEL_SETS.values() for part in have}
    if unknown := [part for part in parts if part not in every]:
        raise ValueError(f"parts: expected some of {', '.join(sorted(every))}, got {unknown[0]!r}")
    chosen = np.zeros(256, bool)
    chosen[[label_set(name)[part] for part in parts if part in label_set(name)]] = True
    mask: NDArray[np.bool_] = chosen[labels]
    return mask


def convert_labels(
    labels: ImageU8, source: str, target: str, *, pose: Pose | None = None
) -> ImageU8:
    """Convert a label map from one set to another.

    Parameters
    ----------
    labels
        ``(H, W)`` uint8.
    source, target
        Names from `LABEL_SETS`. What the target lacks becomes what is nearest to it (a coat becomes
        upper clothes, a sleeve too, a hat becomes hair), else background.
    pose
        Where the source does not tell left from right (FASHN's arms, hands, legs, feet; gloves and
        socks anywhere): each pixel goes to the side whose joints are nearer.

    Returns
    -------
    numpy.ndarray
        ``(H, W)`` uint8.

    Raises
    ------
    TypeError, ValueError
        Not a map of the source set, an unknown set, or no pose where sides must be told apart.

    Examples
    --------
    >>> import numpy as np
    >>> lip = np.array([[1, 2, 5, 7, 14, 15]], np.uint8)
    >>> convert_labels(lip, "lip20", "acgpn14").tolist()
    [[1, 1, 4, 4, 11, 13]]
    """
    wanted = label_set(target)
    check_labels(labels, source)
    if source == target:
        return labels.copy()
    table = np.zeros(256, np.uint8)
    split: list[tuple[int, str]] = []
    for name, number in label_set(source).items():
        becomes = _nearest(name, target)
        if becomes in wanted:
            table[number] = wanted[becomes]
        else:
            split.append((number, becomes))
    converted: ImageU8 = table[labels]
    for number, both in split:
        where = labels == number
        if where.any():
            left = _left_side(where, both, pose, source)
            side = _SIDES[both][0]
            for name, part in ((f"left_{side}", left), (f"right_{side}", where & ~left)):
                converted[part] = wanted[_nearest(name, target)]
    return converted


def _nearest(name: str, target: str) -> str:
    """Name in the target set, or a name of both sides that can be split into two of its."""
    found = _found(name, LABEL_SETS[target], frozenset())
    return found or "background"


def _found(name: str, wanted: MappingProxyType[str, int], seen: frozenset[str]) -> str | None:
    if name in wanted:
        return name
    if name in _SIDES and _found(f"left_{_SIDES[name][0]}", wanted, seen | {name}):
        return name
    others = [other for other in _INSTEAD.get(name, ()) if other not in seen]
    for other in others:
        if other in wanted:
            return other
    for other in others:
        # ACGPN's noise stands for many things; nothing becomes what it is in other sets.
        if other != "noise" and (found := _found(other, wanted, seen | {name})):
            return found
    return None


def _left_side(
    where: NDArray[np.bool_], both: str, pose: Pose | None, source: str
) -> NDArray[np.bool_]:
    """Where pixels are nearer to the person's left limb than to the right one."""
    if pose is None:
        raise ValueError(
            f"pose: expected a Pose, since {source} does not tell left from right {both}; got None"
        )
    rows, columns = np.nonzero(where)
    pixels = np.stack([columns, rows], axis=1).astype(np.float64)
    distances = []
    for side in ("left", "right"):
        names = [f"{side}_{joint}" for joint in _SIDES[both][1]]
        joints = [pose.point(name) for name in names if pose.has(name)]
        distances.append(_distance_to_path(pixels, joints))
    left = np.zeros_like(where)
    left[rows, columns] = distances[0] <= distances[1]
    return left


def _distance_to_path(
    pixels: NDArray[np.float64], joints: list[NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Squared distances of ``(n, 2)`` points to a line through joints; far if there is none."""
    nearest = np.full(len(pixels), np.inf if joints else 1e300)
    for start, end in zip(joints, [*joints[1:], *joints[-1:]], strict=True):
        along = end - start
        length = float(along @ along)
        t = np.clip((pixels - start) @ along / length, 0, 1) if length > 0 else 0.0
        off = pixels - start - np.multiply.outer(t, along)
        nearest = np.minimum(nearest, (off * off).sum(axis=-1))
    return nearest
