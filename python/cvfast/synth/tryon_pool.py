"""Made people for trainings, held in memory: each in two garments, repainted at every draw."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cvfast.people.labels import LABEL_SETS
from cvfast.synth.garments import GarmentSpec, make_garment, random_garment
from cvfast.synth.people import PersonSpec, make_person, random_person
from cvfast.synth.seeds import check_seed
from cvfast.typing import ImageF32, ImageU8, Progress

__all__ = ["TryOnBatch", "TryOnPool"]

_SALT = 0x7001
_GREY = 200  # levels of the cloth from which shading is read
_COCO_MIRROR = np.array([0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16])
_PAINT = ("pattern", "scale", "colors", "logo", "word", "logo_size", "trim")


@dataclass(frozen=True, eq=False)
class TryOnBatch:
    """N people, each in two garments; the second picture of a pair is the truth of an exchange.

    Parameters
    ----------
    images : ndarray
        (N, 2, h, w, 3) uint8.
    labels : ndarray
        (N, 2, h, w) uint8 in cvfast's set.
    points : ndarray
        (N, 18, 3) float32: x, y and confidence of COCO's joints.
    garments, masks : ndarray
        (N, 2, h, w, 3) uint8 and (N, 2, h, w) bool: the flat garments on white.
    flows : ndarray
        (N, 2, h, w, 2) float32: each worn pixel's point in the flat picture, NaN elsewhere.
    """

    images: ImageU8
    labels: ImageU8
    points: NDArray[np.float32]
    garments: ImageU8
    masks: NDArray[np.bool_]
    flows: ImageF32


@dataclass(frozen=True)
class _Dressed:
    """A person in a grey garment, and the garment's cut."""

    image: ImageU8
    labels: ImageU8
    flow: ImageF32
    spec: GarmentSpec


class TryOnPool:
    """People of whom batches are drawn in ever other paint.

    Each person is rendered once in each of two cuts, in plain grey cloth; a draw paints the cloth
    anew (pattern, colours, logo), as seen through the known flow and shading, and may mirror all.

    Parameters
    ----------
    count
        How many people.
    seed
        Pools of different seeds share nobody.
    size
        Width and height in pixels, 24 to 1024 each.
    paints
        How many paints of each garment are kept; more are more varied and cost more time.
    mirror
        Whether half the draws are mirrored.
    progress
        Called with (done, total).

    Raises
    ------
    ValueError
        A number out of range.

    Examples
    --------
    >>> import numpy as np
    >>> pool = TryOnPool(2, size=(24, 32))
    >>> batch = pool.draw(np.random.default_rng(0), 3)
    >>> batch.images.shape, batch.flows.shape
    ((3, 2, 32, 24, 3), (3, 2, 32, 24, 2))
    """

    def __init__(self, count: int, *, seed: int = 0, size: tuple[int, int] = (48, 64),
                 paints: int = 4, mirror: bool = True,
                 progress: Progress | None = None) -> None:  # fmt: skip
        for name, value, least, most in (("count", count, 1, 100_000), ("paints", paints, 1, 1000),
                                         ("size", min(size), 24, 1024),
                                         ("size", max(size), 24, 1024)):  # fmt: skip
            if not least <= value <= most:
                raise ValueError(f"{name}: expected {least} to {most}, got {value}")
        check_seed(seed)
        self.size, self.paints, self.mirror = size, paints, mirror
        self._people: list[tuple[_Dressed, _Dressed]] = []
        self._points: list[NDArray[np.float32]] = []
        self._painted: dict[tuple[int, int, int], tuple[ImageU8, ImageU8, NDArray[np.bool_]]] = {}
        for number in range(count):
            own = int(np.random.default_rng([_SALT, seed, number]).integers(2**31))
            person = random_person(own)
            pair = [_dress(person, spec, size) for spec in (person.upper, random_garment(own))]
            self._people.append((pair[0][0], pair[1][0]))
            self._points.append(pair[0][1])
            if progress is not None:
                progress(number + 1, count)

    def __len__(self) -> int:
        return len(self._people)

    def draw(self, rng: np.random.Generator, count: int) -> TryOnBatch:
        """Draw people at random."""
        numbers = rng.integers(0, len(self), count)
        paints = rng.integers(0, self.paints, (count, 2))
        turned = (rng.random(count) < 0.5) & self.mirror
        drawn = [
            self._pair(int(n), (int(p[0]), int(p[1])), bool(t))
            for n, p, t in zip(numbers, paints, turned, strict=True)
        ]
        images, labels, garments, masks, flows, points = (
            np.array(values) for values in zip(*drawn, strict=True)
        )
        return TryOnBatch(images, labels, points, garments, masks, flows)

    def _pair(self, number: int, paints: tuple[int, int], turned: bool) -> tuple[object, ...]:
        pair = self._people[number]
        painted = [self._paint(number, which, paints[which]) for which in (0, 1)]
        labels = np.stack([one.labels for one in pair])
        flows = np.stack([one.flow for one in pair])
        images, garments, masks = (np.stack(v) for v in zip(*painted, strict=True))
        points = self._points[number]
        if turned:
            width = self.size[0]
            images, garments, masks = images[:, :, ::-1], garments[:, :, ::-1], masks[:, :, ::-1]
            labels = _MIRROR[labels[:, :, ::-1]]
            flows = flows[:, :, ::-1] * np.array([-1, 1], np.float32) + np.array(
                [width - 1, 0], np.float32
            )
            points = points[_COCO_MIRROR]
            points[:, 0] = np.where(points[:, 2] > 0, width - 1 - points[:, 0], 0)
        return images, labels, garments, masks, flows, points

    def _paint(
        self, number: int, which: int, paint: int
    ) -> tuple[ImageU8, ImageU8, NDArray[np.bool_]]:
        """Return person, garment and its mask in one of the paints."""
        key = number, which, paint
        if key not in self._painted:
            dressed = self._people[number][which]
            other = random_garment(
                (dressed.spec.seed + 7919 * paint) & 0x7FFFFFFF, dressed.spec.kind
            )
            spec = dressed.spec
            if paint:
                spec = replace(spec, **{name: getattr(other, name) for name in _PAINT})
            flat = make_garment(spec, size=self.size)
            image = _repainted(dressed, flat.texture)
            self._painted[key] = image, flat.image, flat.mask > 0.5
        return self._painted[key]


def _mirrored_labels() -> ImageU8:
    names = LABEL_SETS["cvfast"]
    table = np.arange(256, dtype=np.uint8)
    for name, number in names.items():
        other = name.replace("left", "RIGHT").replace("right", "left").replace("RIGHT", "right")
        table[number] = names[other]
    return table


_MIRROR = _mirrored_labels()


def _dress(
    person: PersonSpec, spec: GarmentSpec, size: tuple[int, int]
) -> tuple[_Dressed, NDArray[np.float32]]:
    """Render a person in a garment's cut, in grey."""
    grey = replace(
        spec, pattern="plain", logo="none", trim=False, folds=0.0, colors=((_GREY,) * 3,) * 3
    )
    made = make_person(replace(person, grain=0.0), grey, size=size)
    points = np.column_stack([made.pose.points, made.pose.confidence]).astype(np.float32)
    return _Dressed(made.image, made.labels, made.flow, spec), points


def _repainted(dressed: _Dressed, texture: ImageU8) -> ImageU8:
    """Paint the worn cloth: the flat picture seen through the flow, shaded as the grey was."""
    import cv2

    flow = dressed.flow
    worn = np.isfinite(flow[..., 0])
    x, y = np.nan_to_num(flow[..., 0]), np.nan_to_num(flow[..., 1])
    seen = cv2.remap(texture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    shade = dressed.image.astype(np.float32) / np.float32(_GREY)
    painted = np.clip(seen * shade + np.float32(0.5), 0, 255).astype(np.uint8)
    return np.where(worn[..., None], painted, dressed.image)
