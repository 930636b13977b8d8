"""Training landmark trees coarse to fine (Kazemi and Sullivan, CVPR 2014)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.kernels.trees import ShapeModel, ShapePredictor, StageTrees, to_frames, train_stage
from cvfast.models.face_trees import FaceTrees, FineTrees, part_frames
from cvfast.training.shape_data import FaceCrops, mirrored, nme, point_errors, varied
from cvfast.training.shape_options import PARTS, Growth, ShapeOptions
from cvfast.training.shape_state import TreeState
from cvfast.typing import ImageF32, Progress
from cvfast.typing import Path as PathLike

__all__ = ["PARTS", "Growth", "ShapeOptions", "StageScore", "TrainedShape", "train_shape"]

Shapes = NDArray[np.float64]


@dataclass(frozen=True)
class StageScore:
    """Held-out errors after an ensemble, in distances of the outer eye corners.

    Attributes
    ----------
    name
        "coarse", or the part.
    nme
        Of all points.
    part_before, part_after
        Of the part's points.
    """

    name: str
    nme: float
    part_before: float
    part_after: float


@dataclass(frozen=True, eq=False)
class TrainedShape:
    """What came of a training.

    Attributes
    ----------
    model
        The trees.
    scores
        Held-out errors, one an ensemble, in the order in which they run.
    curves
        Per ensemble, after each of its stages: mean error of its own points on the training faces
        and on the held-out ones.
    """

    model: FaceTrees
    scores: tuple[StageScore, ...]
    curves: Mapping[str, tuple[tuple[float, float], ...]]


def train_shape(
    faces: FaceCrops,
    held_out: FaceCrops,
    options: ShapeOptions | None = None,
    *,
    checkpoint: PathLike | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> TrainedShape:
    """Train trees for the whole face, then trees for each part, started from what those find.

    Parameters
    ----------
    faces
        To learn from, cut out with the options' side and margin (`face_crops`).
    held_out
        Other people's faces, to judge by.
    options
        See `ShapeOptions`.
    checkpoint
        File that keeps what is learned after each stage, and from which a killed training goes on
        to the same bytes; the caller removes it at the end.
    threads
        At most so many threads; None: :func:`cvfast.get_num_threads`.
    progress
        Called with stages done and stages in all.

    Returns
    -------
    TrainedShape
        The same bytes for the same faces and options, whatever the number of threads.

    Raises
    ------
    ValueError
        Fewer than two faces, none held out, crops of another size, shapes of other lengths.
    ModelError
        The checkpoint is damaged.
    """
    chosen = options or ShapeOptions()
    _check(faces, held_out, chosen)
    state = TreeState.load(checkpoint, [faces, held_out], repr(chosen))
    return _Training(faces, held_out, chosen, state, threads, progress).run()


def _check(faces: FaceCrops, held_out: FaceCrops, options: ShapeOptions) -> None:
    if len(faces) < 2 or len(held_out) < 1:
        raise ValueError(
            "faces: expected at least 2 to learn from and 1 held out, got "
            f"{len(faces)} and {len(held_out)}"
        )
    side = round(options.side * options.margin)
    for name, crops in (("faces", faces), ("held_out", held_out)):
        if crops.pixels.shape[1:] != (side, side):
            raise ValueError(f"{name}: expected crops of {side} pixels, got {crops.pixels.shape}")
        if crops.points.shape[1:] != faces.points.shape[1:]:
            raise ValueError(f"{name}: expected {faces.points.shape[1]} points")
    count = faces.points.shape[1]
    for name, numbers in (*options.parts.items(), ("eyes", options.eyes)):
        if not all(0 <= index < count for index in numbers):
            raise ValueError(f"{name}: expected points of 0 to {count - 1}, got {list(numbers)}")


@dataclass(eq=False)
class _Samples:
    """Starts on faces, all in pixels of the crops."""

    faces: FaceCrops
    which: NDArray[np.int32]
    frames: Shapes
    shapes: Shapes

    @property
    def truth(self) -> Shapes:
        return self.faces.points[self.which]


class _Training:
    def __init__(
        self,
        faces: FaceCrops,
        held_out: FaceCrops,
        options: ShapeOptions,
        state: TreeState,
        threads: int | None,
        progress: Progress | None,
    ) -> None:
        self.options, self.state = options, state
        self.threads, self.progress = threads, progress
        rng = np.random.default_rng([options.seed, 1])
        if options.mirror is not None:
            both = mirrored(faces, options.mirror)
            pixels = np.concatenate([faces.pixels, both.pixels])
            faces = FaceCrops(pixels, np.concatenate([faces.points, both.points]))
        self.samples = self._spread(varied(faces, rng), options.copies, rng)
        self.tests = self._spread(held_out, 1, np.random.default_rng([options.seed, 2]))
        self.total = options.coarse.stages + options.fine.stages * len(options.parts)
        self.done = 0
        self.curves: dict[str, tuple[tuple[float, float], ...]] = {}

    def run(self) -> TrainedShape:
        options = self.options
        corners = self.tests.truth[:, list(options.eyes)]
        apart = np.linalg.norm(corners[:, 0] - corners[:, 1], axis=1)
        initial = to_frames(self.samples.truth, self.samples.frames).mean(axis=0)
        for samples in (self.samples, self.tests):
            samples.shapes = _in_pixels(np.broadcast_to(initial, samples.truth.shape), samples)
        self._scatter_starts()
        everything = tuple(range(len(initial)))
        coarse = self._grow("coarse", everything, 0, initial, options.coarse)
        score = nme(self.tests.shapes, self.tests.truth, options.eyes)
        scores = [StageScore("coarse", score, float("nan"), score)]
        fine = []
        for number, (name, listed) in enumerate(options.parts.items(), 1):
            points = tuple(listed)
            before = point_errors(self.tests.shapes, self.tests.truth)[:, points] / apart[:, None]
            grown = self._grow_part(name, points, number)
            fine.append(FineTrees(name, points, options.widen, grown))
            after = point_errors(self.tests.shapes, self.tests.truth) / apart[:, None]
            part = float(before.mean()), float(after[:, points].mean())
            scores.append(StageScore(name, float(after.mean()), *part))
        model = FaceTrees(coarse, tuple(fine), options.side, options.margin)
        return TrainedShape(model, tuple(scores), self.curves)

    def _spread(self, faces: FaceCrops, copies: int, rng: np.random.Generator) -> _Samples:
        """Boxes as a detector's: now here, now there, now larger."""
        options = self.options
        side, crop = options.side, faces.pixels.shape[1]
        count = len(faces) * copies
        middle = (crop - 1) / 2 + side * rng.normal(0, options.shift, (count, 2))
        half = (side - 1) / 2 * np.exp(rng.normal(0, options.zoom, (count, 1)))
        frames = np.concatenate([middle - half, middle + half], axis=1)
        which = np.repeat(np.arange(len(faces), dtype=np.int32), copies)
        return _Samples(faces, which, frames, np.empty(0))

    def _scatter_starts(self) -> None:
        """Let all copies of a face but the first start somewhere between the mean and another."""
        samples, copies = self.samples, self.options.copies
        rng = np.random.default_rng([self.options.seed, 3])
        shapes = to_frames(samples.shapes, samples.frames).astype(np.float64)
        truth = to_frames(samples.truth, samples.frames)
        others = truth[rng.integers(0, len(truth), len(truth))]
        share = rng.uniform(0, 0.6, (len(truth), 1, 1))
        share[::copies] = 0
        samples.shapes = _in_pixels(shapes + share * (others - shapes), samples)

    def _grow_part(self, name: str, points: tuple[int, ...], number: int) -> ShapeModel:
        options = self.options
        rng = np.random.default_rng([options.seed, 4, number])
        chosen, whole = list(points), (self.samples, self.tests)
        frames = [samples.frames for samples in whole]
        for samples in whole:
            begin = samples.shapes[:, chosen]
            if samples is self.samples:
                size = np.ptp(begin, axis=1).max(axis=1)[:, None, None] * options.widen
                moved = rng.normal(0, options.unrest, (len(begin), 1, 2)) * size
                about = begin.mean(axis=1, keepdims=True)
                zoom = np.exp(rng.normal(0, options.unrest, (len(begin), 1, 1)))
                begin = about + (begin - about) * zoom + moved
                samples.shapes[:, chosen] = begin
            samples.frames = part_frames(begin, options.widen)
        truth = self.samples.truth[:, chosen]
        initial = to_frames(truth, self.samples.frames).mean(axis=0)
        model = self._grow(name, points, number, initial, options.fine)
        for samples, before in zip(whole, frames, strict=True):
            samples.frames = before
        return model

    def _grow(
        self, name: str, points: tuple[int, ...], number: int, initial: ImageF32, growth: Growth
    ) -> ShapeModel:
        """Train an ensemble for some points, and move the samples' and the tests' points."""
        chosen, samples, tests = list(points), self.samples, self.tests
        targets = to_frames(samples.truth[:, chosen], samples.frames)
        shapes = to_frames(samples.shapes[:, chosen], samples.frames)
        test_shapes = to_frames(tests.shapes[:, chosen], tests.frames)
        test_truth = to_frames(tests.truth[:, chosen], tests.frames)
        curve = [(_error(shapes, targets), _error(test_shapes, test_truth))]
        made = []
        for stage in range(growth.stages):
            learned = self.state.stage(name, stage, shapes)
            if learned is None:
                learned = self._stage((number, stage), initial, growth, targets, shapes)
                self.state.keep(name, stage, learned, shapes)
            one = _model(initial, [learned])
            test_shapes = _moved(one, tests, test_shapes, self.threads)
            made.append(learned)
            curve.append((_error(shapes, targets), _error(test_shapes, test_truth)))
            self.done += 1
            if self.progress is not None:
                self.progress(self.done, self.total)
        self.curves[name] = tuple(curve)
        samples.shapes[:, chosen] = _in_pixels(shapes, samples)
        tests.shapes[:, chosen] = _in_pixels(test_shapes, tests)
        return _model(initial, made)

    def _stage(
        self,
        number: tuple[int, int],
        initial: ImageF32,
        growth: Growth,
        targets: ImageF32,
        shapes: ImageF32,
    ) -> tuple[NDArray[np.int32], ImageF32, StageTrees]:
        rng = np.random.default_rng([self.options.seed, 5, *number])
        anchors, deltas = _features(initial, growth, rng)
        trees = train_stage(
            self.samples.faces.pixels,
            self.samples.which,
            self.samples.frames,
            targets,
            shapes,
            initial=initial,
            anchors=anchors,
            deltas=deltas,
            trees=growth.trees,
            depth=growth.depth,
            candidates=growth.candidates,
            nearness=growth.nearness,
            shrinkage=growth.shrinkage,
            seed=int(rng.integers(1 << 62)),
            threads=self.threads,
        )
        return anchors, deltas, trees


def _features(
    initial: ImageF32, growth: Growth, rng: np.random.Generator
) -> tuple[NDArray[np.int32], ImageF32]:
    """Pixels at random in the shape's box, told from the nearest point."""
    low, high = initial.min(axis=0), initial.max(axis=0)
    room = (high - low).max() * growth.padding
    places = rng.uniform(low - room, high + room, (growth.features, 2))
    distances = np.linalg.norm(places[:, None] - initial[None], axis=2)
    anchors = distances.argmin(axis=1).astype(np.int32)
    return anchors, (places - initial[anchors]).astype(np.float32)


def _model(
    initial: ImageF32, stages: Sequence[tuple[NDArray[np.int32], ImageF32, StageTrees]]
) -> ShapeModel:
    return ShapeModel(
        initial,
        np.stack([anchors for anchors, _, _ in stages]),
        np.stack([deltas for _, deltas, _ in stages]),
        np.stack([trees.pixels for _, _, trees in stages]),
        np.stack([trees.thresholds for _, _, trees in stages]),
        np.stack([trees.leaves for _, _, trees in stages]),
    )


def _moved(model: ShapeModel, samples: _Samples, shapes: ImageF32, threads: int | None) -> ImageF32:
    """Run an ensemble on samples with one picture each."""
    predictor, begin = ShapePredictor(model), _in_pixels(shapes, samples)
    found = [
        predictor.fit(samples.faces.pixels[at], frame[None], starts=start[None], threads=threads)
        for at, frame, start in zip(samples.which, samples.frames, begin, strict=True)
    ]
    return to_frames(np.concatenate(found), samples.frames)


def _in_pixels(shapes: NDArray[np.floating], samples: _Samples) -> Shapes:
    frames = samples.frames[:, None]
    return np.asarray(frames[..., :2] + shapes * (frames[..., 2:] - frames[..., :2]), np.float64)


def _error(shapes: ImageF32, truth: ImageF32) -> float:
    return float(np.linalg.norm(shapes - truth, axis=2).mean())
