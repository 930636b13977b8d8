"""The examples of a swap's training: drawn from a seed and the iteration's number alone.

So they are the same whichever thread makes them, and after a resumption.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import NothingFoundError
from cvfast.swap.face_store import FaceStore
from cvfast.swap.hue import shift_hsv
from cvfast.swap.model_options import ModelOptions
from cvfast.swap.warping import Movement, draw_view, sample_view
from cvfast.typing import ImageF32

__all__ = ["Batch", "Examples", "FaceOrder", "Side"]

_YAW_BINS = 128
_YAW_REACH = 1.2  # radians
_FEWEST_HELD_OUT = 20  # faces from which on some are kept from training
_FLIP = 0.4


@dataclass(frozen=True, eq=False, slots=True)
class Side:
    """The examples of one person: float32 in [0, 1].

    Parameters
    ----------
    warped
        ``(N, h, w, 3)`` RGB: what the networks see.
    face
        ``(N, h, w, 3)`` RGB: what they are to give.
    mask, eyes_mouth
        ``(N, h, w, 1)``: what of ``face`` is face, and what its eyes and mouth.
    """

    warped: ImageF32
    face: ImageF32
    mask: ImageF32
    eyes_mouth: ImageF32


@dataclass(frozen=True, eq=False, slots=True)
class Batch:
    """The examples of an iteration."""

    source: Side
    target: Side


class FaceOrder:
    """In which order faces are shown.

    Each once in a random order, then again in another; or, with ``uniform_yaw``, a random one of a
    random bin of the yaw angle (128 over -1.2 to 1.2 radians), so that rare angles come as often.

    Parameters
    ----------
    numbers
        ``(N,)`` of the faces to show.
    yaws
        ``(N,)`` radians.
    uniform_yaw
        Whether by yaw.

    Examples
    --------
    >>> order = FaceOrder(np.arange(3), np.zeros(3))
    >>> sorted(order.choose(0, seed=1, iteration=1, count=3).tolist())
    [0, 1, 2]
    """

    def __init__(
        self,
        numbers: NDArray[np.intp],
        yaws: NDArray[np.float64],
        *,
        uniform_yaw: bool = False,
    ) -> None:
        self._numbers = numbers
        self._bins: list[NDArray[np.intp]] = []
        if uniform_yaw:
            share = (np.clip(yaws, -_YAW_REACH, _YAW_REACH) / _YAW_REACH + 1) / 2
            bins = np.minimum((share * _YAW_BINS).astype(np.intp), _YAW_BINS - 1)
            self._bins = [numbers[bins == number] for number in np.unique(bins)]

    def choose(self, side: int, *, seed: int, iteration: int, count: int) -> NDArray[np.intp]:
        """Return the numbers of an iteration's faces; iterations count from 1."""
        if self._bins:
            rng = np.random.default_rng([seed, side, iteration])
            places = rng.integers(len(self._bins), size=count)
            return np.array([rng.choice(self._bins[place]) for place in places], np.intp)
        places = (iteration - 1) * count + np.arange(count)
        rounds, within = np.divmod(places, len(self._numbers))
        chosen = np.empty(count, np.intp)
        for number in np.unique(rounds).tolist():
            shuffled = np.random.default_rng([seed, side, number]).permutation(self._numbers)
            chosen[rounds == number] = shuffled[within[rounds == number]]
        return chosen


class Examples:
    """Makes the examples of a swap's training.

    Parameters
    ----------
    source, target
        The faces of both; best cut to twice the resolution.
    options
        Of the model.
    seed
        Of everything random.
    batch
        Faces of each side in an iteration; None: the options'.
    hold_out
        Every so many-th face of a side is kept from training, where there are 20 and more; 0 none.

    Attributes
    ----------
    held_out
        Numbers of the faces kept from training: of the source, of the target.
    """

    def __init__(
        self,
        source: FaceStore,
        target: FaceStore,
        options: ModelOptions,
        *,
        seed: int = 0,
        batch: int | None = None,
        hold_out: int = 16,
    ) -> None:
        self.stores, self.options, self.seed = (source, target), options, seed
        self.count = batch or options.batch
        wide = options.family == "amp" or options.unwarped_every == 0
        flips = (options.random_source_flip, options.random_target_flip)
        self._movements = [
            Movement(scale=0.15 if wide else 0.05, flip=_FLIP if flip else 0.0) for flip in flips
        ]
        self.held_out: list[NDArray[np.intp]] = []
        self._orders = []
        for store in self.stores:
            numbers = np.arange(len(store))
            held = np.zeros(len(store), bool)
            if hold_out and len(store) >= _FEWEST_HELD_OUT:
                held[hold_out // 2 :: hold_out] = True
            self.held_out.append(numbers[held])
            order = FaceOrder(numbers[~held], store.yaws[~held], uniform_yaw=options.uniform_yaw)
            self._orders.append(order)

    def batch(self, iteration: int, *, order: int = 0) -> Batch:
        """Make the examples of an iteration.

        Parameters
        ----------
        iteration
            Counted from 1.
        order
            Another number draws other examples, with the same seed.
        """
        warp, shown = self.options.random_warp, iteration
        every = self.options.unwarped_every
        if every and iteration % every == 0:  # the examples before, once more as they are
            warp, shown = False, iteration - 1
        sides = [self._side(side, shown, order, warp) for side in (0, 1)]
        return Batch(*sides)

    def faces(self, side: int, numbers: NDArray[np.intp]) -> Side:
        """Return faces as they are, neither moved nor warped, for previews and judging."""
        still = draw_view(
            np.random.default_rng(0), Movement(rotation=0, scale=0, shift=0), warp=False
        )
        size = self.options.resolution
        store = self.stores[side]
        rows = [sample_view(store.picture(int(n)), still, size)[0] for n in numbers]
        if not rows:
            raise NothingFoundError(f"{store.folder}: expected faces to show, got none")
        faces = np.stack(rows)
        return Side(faces[..., :3], faces[..., :3], faces[..., 3:4], faces[..., 4:5])

    def _side(self, side: int, iteration: int, order: int, warp: bool) -> Side:
        seed = self.seed + (order << 32)
        numbers = self._orders[side].choose(side, seed=seed, iteration=iteration, count=self.count)
        size = self.options.resolution
        warped = np.empty((self.count, size, size, 3), np.float32)
        faces = np.empty((self.count, size, size, 5), np.float32)
        for place, number in enumerate(numbers.tolist()):
            rng = np.random.default_rng([seed, side, iteration, place])
            picture = self.stores[side].picture(number)
            view = draw_view(rng, self._movements[side], warp=warp)
            faces[place], warped[place] = sample_view(picture, view, size, colours=3)
            if side == 0:
                self._recolour(warped[place], faces[place], rng)
        return Side(warped, faces[..., :3], faces[..., 3:4], faces[..., 4:5])

    def _recolour(self, warped: ImageF32, face: ImageF32, rng: np.random.Generator) -> None:
        """Give a source face a target face's colours, and what is seen of it another hue."""
        other = int(rng.integers(len(self.stores[1])))
        seed = int(rng.integers(2**31))
        method, power = self.options.color_transfer, self.options.random_hsv_power
        if method != "none":
            from cvfast.imaging.color_transfer import transfer_color

            like = self.faces(1, np.array([other])).face[0]
            face[..., :3] = transfer_color(
                np.ascontiguousarray(face[..., :3]), like, method, seed=seed
            )
            warped[:] = transfer_color(warped, like, method, seed=seed)
        if power:
            hue = rng.uniform(-180 * power, 180 * power)
            saturation, value = rng.uniform(-power / 2, power / 2, 2)
            warped[:] = shift_hsv(warped, hue, saturation, value)
