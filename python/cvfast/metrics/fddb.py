"""FDDB's annotation files: ellipses, taken as the boxes round them."""

from __future__ import annotations

import math

from cvfast.metrics.annotations import Annotated, Lines, check_box

__all__ = ["ellipse_box", "read_fddb"]

_FIELDS = "major radius, minor radius, angle, centre x, centre y (and a 1)"


def read_fddb(lines: Lines) -> list[Annotated]:
    """Read a file such as ``FDDB-fold-01-ellipseList.txt``.

    A picture's name without suffix, the number of its faces, and five numbers for each: the
    ellipse's radii, its angle in radians and its centre; then a 1.

    Parameters
    ----------
    lines
        The file.

    Returns
    -------
    list of Annotated
        With the upright box round each ellipse.

    Raises
    ------
    MediaError
        A line does not hold what it should.

    Notes
    -----
    Jain and Learned-Miller, "FDDB: A Benchmark for Face Detection in Unconstrained Settings", 2010.
    Their own tool lays detections over the ellipses themselves; boxes of them give nearly the same.
    """
    pictures = []
    for name in lines:
        boxes = []
        for _ in range(lines.count("faces")):
            major, minor, angle, x, y, *_ = lines.numbers(f"five numbers: {_FIELDS}", (5, 6))
            if major <= 0 or minor <= 0:
                raise lines.error("radii over 0", (major, minor))
            boxes.append(check_box(lines, ellipse_box(major, minor, angle, x, y)))
        pictures.append(Annotated.of(name, boxes))
    return pictures


def ellipse_box(major: float, minor: float, angle: float, x: float, y: float) -> list[float]:
    """Return the upright box ``x0, y0, x1, y1`` round an ellipse.

    Parameters
    ----------
    major, minor
        Its radii.
    angle
        Radians from the x axis to the major radius.
    x, y
        Its centre, where the first pixel's centre is (0, 0).

    Examples
    --------
    >>> ellipse_box(4, 2, 0, 10, 10)
    [6.5, 8.5, 14.5, 12.5]
    """
    across = math.hypot(major * math.cos(angle), minor * math.sin(angle))
    down = math.hypot(major * math.sin(angle), minor * math.cos(angle))
    # A box's edges lie half a pixel beyond the pixel centres.
    return [x - across + 0.5, y - down + 0.5, x + across + 0.5, y + down + 0.5]
