"""WIDER FACE's annotation files."""

from __future__ import annotations

from cvfast.metrics.annotations import Annotated, Fact, Lines, check_box

__all__ = ["read_wider"]

# The ten fields: x, y, width, height, then these numbers, with "invalid" and its 0 or 1 among them.
_WORDS: dict[str, tuple[str, ...]] = {
    "blur": ("clear", "normal", "heavy"),
    "expression": ("typical", "exaggerated"),
    "light": ("normal", "extreme"),
    "invalid": ("", "invalid"),
    "occlusion": ("none", "partial", "heavy"),
    "pose": ("typical", "atypical"),
}
_FIELDS = "x y width height blur expression illumination invalid occlusion pose"


def read_wider(lines: Lines) -> list[Annotated]:
    """Read a file such as ``wider_face_val_bbx_gt.txt``.

    A picture's name, the number of its faces, and a line of ten numbers for each. A picture without
    faces has the number 0 and a line of ten zeros. Faces flagged invalid, and the few whose width
    or height is 0, are ignored: they count neither found nor missed.

    Parameters
    ----------
    lines
        The file.

    Returns
    -------
    list of Annotated
        With the facts ``blur``, ``expression``, ``light``, ``occlusion`` and ``pose``, as words.

    Raises
    ------
    MediaError
        A line does not hold what it should.

    Notes
    -----
    Yang, Luo, Loy and Tang, "WIDER FACE: A Face Detection Benchmark", CVPR 2016.
    """
    pictures = []
    for name in lines:
        count = lines.count("faces")
        if count == 0:
            if any(lines.numbers(f"ten zeros ({_FIELDS})", (10,))):
                raise lines.error("ten zeros, for a picture without faces", "other numbers")
            pictures.append(Annotated.of(name, []))
            continue
        faces = [_face(lines) for _ in range(count)]
        boxes, ignore, facts = zip(*faces, strict=True)
        pictures.append(Annotated.of(name, boxes, ignore, facts))
    return pictures


def _face(lines: Lines) -> tuple[list[float], bool, dict[str, Fact]]:
    values = lines.numbers(f"ten numbers ({_FIELDS})", (10,))
    x, y, width, height = values[:4]
    if width < 0 or height < 0:
        raise lines.error("a width and height of at least 0", values[:4])
    facts: dict[str, Fact] = {}
    for (name, words), value in zip(_WORDS.items(), values[4:], strict=True):
        if value not in range(len(words)):
            raise lines.error(f"{name} from 0 to {len(words) - 1}", value)
        facts[name] = words[int(value)]
    invalid = facts.pop("invalid") == "invalid"
    if not (width and height):
        return [x, y, x + max(width, 1), y + max(height, 1)], True, facts
    return check_box(lines, [x, y, x + width, y + height]), invalid, facts
