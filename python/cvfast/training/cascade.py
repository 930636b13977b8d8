"""Training a cascade: stages one after the other, each against what passed those before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.kernels.boost import MOST_PATCHES, FeatureBank, Features, haar_features, lbp_features
from cvfast.kernels.cascade import CascadeKernel
from cvfast.models.cascade_file import Cascade
from cvfast.training.assemble import assemble, depths, survivors
from cvfast.training.negatives import Backgrounds, contrasty
from cvfast.training.stage import Stage, train_stage
from cvfast.training.stored import StageReport, StoredStages
from cvfast.typing import ImageU8, Progress
from cvfast.typing import Path as PathLike

__all__ = ["CascadeSettings", "StageReport", "TrainedCascade", "train_cascade"]

_MODES = {"haar": "basic", "haar-core": "core", "haar-tilted": "all"}
_LEAST_NEGATIVES = 10
_RARE = 30  # windows looked at for one that passes; from there on all are scanned at once


@dataclass(frozen=True, kw_only=True)
class CascadeSettings:
    """What to train.

    Attributes
    ----------
    size
        Width and height of the window in pixels, 8 to 64.
    features
        ``"haar"`` (edges, lines, four rectangles), ``"haar-core"`` (wider sets of upright ones),
        ``"haar-tilted"`` (those and tilted ones) or ``"lbp"``.
    boost
        ``"gentle"`` or ``"discrete"`` AdaBoost.
    depth
        Of the weak trees; 1: stumps.
    stages
        At most so many.
    hit_rate, false_alarm
        What each stage is to keep of the faces, and at most let pass of the rest.
    max_weak
        At most so many weak trees a stage.
    negatives
        Windows without faces for each stage.
    seed
        Of the order in which windows are looked at.
    memory
        Bytes for the orders of patches by feature.
    """

    size: tuple[int, int] = (24, 24)
    features: str = "haar"
    boost: str = "gentle"
    depth: int = 1
    stages: int = 12
    hit_rate: float = 0.995
    false_alarm: float = 0.5
    max_weak: int = 100
    negatives: int = 1000
    seed: int = 0
    memory: int = 2 << 30

    def __post_init__(self) -> None:
        """Raise ValueError for what cannot be trained."""
        kinds, most = (*_MODES, "lbp"), MOST_PATCHES // 2
        sides = all(8 <= side <= 64 for side in self.size)
        checks = (
            ("features", self.features, self.features in kinds, " or ".join(kinds)),
            ("boost", self.boost, self.boost in ("gentle", "discrete"), "gentle or discrete"),
            ("window", self.size, sides, "sides of 8 to 64 pixels"),
            ("depth", self.depth, 1 <= self.depth <= 8, "1 to 8"),
            ("stages", self.stages, 1 <= self.stages <= 100, "1 to 100"),
            ("hit_rate", self.hit_rate, 0 < self.hit_rate <= 1, "a number over 0, at most 1"),
            ("false_alarm", self.false_alarm, 0 < self.false_alarm < 1, "a number in (0, 1)"),
            ("seed", self.seed, self.seed >= 0, "at least 0"),
            ("max_weak", self.max_weak, 1 <= self.max_weak <= 10_000, "1 to 10000"),
            (
                "negatives",
                self.negatives,
                _LEAST_NEGATIVES <= self.negatives <= most,
                f"{_LEAST_NEGATIVES} to {most}",
            ),
        )
        for name, value, good, expected in checks:
            if not good:
                raise ValueError(f"{name}: expected {expected}, got {value}")

    def all_features(self) -> Features:
        """Return the features to choose from."""
        if self.features == "lbp":
            return lbp_features(self.size)
        return haar_features(self.size, _MODES[self.features])


@dataclass(frozen=True)
class TrainedCascade:
    """A cascade and how it came about.

    Attributes
    ----------
    cascade
        To run, or to write with :func:`cvfast.models.cascade_file.write_cascade`.
    stages, reports
        Stage by stage.
    features
        What the stages' numbers mean.
    stopped
        Why there is no further stage.
    """

    cascade: Cascade
    stages: list[Stage]
    reports: list[StageReport]
    features: Features = field(repr=False)
    stopped: str = ""

    def judge(self, patches: ImageU8) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return how many stages (N, height, width) patches pass, and their last margin."""
        return depths(self.stages, patches, self.features)

    def accepts(self, patches: ImageU8) -> NDArray[np.bool_]:
        """Return which patches pass all stages."""
        return survivors(self.stages, patches, self.features)


def train_cascade(
    positives: ImageU8,
    backgrounds: Sequence[ImageU8],
    settings: CascadeSettings | None = None,
    *,
    patches: ImageU8 | None = None,
    folder: PathLike | None = None,
    resume: bool = False,
    threads: int | None = None,
    progress: Progress | None = None,
) -> TrainedCascade:
    """Train a cascade of boosted stages (Viola and Jones, 2001).

    Each stage learns the positives that all earlier ones keep against windows that all earlier ones
    wrongly let pass, found in the backgrounds at many scales in an order fixed by the seed. Same
    arguments, same cascade, whatever the number of threads, and whether resumed or not.

    Parameters
    ----------
    positives
        (N, height, width) uint8 at the window's size, two or more.
    backgrounds
        Grey pictures without a face, uint8, none smaller than the window.
    settings
        What to train.
    patches
        (M, height, width) further windows without a face; those that pass the stages so far are
        always taken.
    folder
        Where finished stages are kept, for `resume`; made if need be.
    resume
        Go on from the stages in `folder`; without it they must not be there.
    threads
        At most so many; None: :func:`cvfast.get_num_threads`.
    progress
        Called with (weak trees done, at most), stages that ended early counted in full.

    Raises
    ------
    ValueError
        Fewer than two positives, wrong shapes, positives without contrast, too few negatives.
    OutputError
        `folder` holds stages of other data or settings, or of this and `resume` is False.

    Examples
    --------
    >>> import numpy as np
    >>> from cvfast.training.cascade import CascadeSettings, train_cascade
    >>> rng = np.random.default_rng(0)
    >>> noise = rng.integers(0, 256, (1, 90, 90), np.uint8)
    >>> faces = rng.integers(0, 100, (20, 12, 12), np.uint8)
    >>> faces[:, 6:] += 100
    >>> small = CascadeSettings(size=(12, 12), stages=2, negatives=100)
    >>> bool(train_cascade(faces, noise, small).accepts(faces).all())
    True
    """
    settings = settings or CascadeSettings()
    kept = _positives(positives, settings)
    fixed = _patches(patches, settings)
    scenes = Backgrounds(backgrounds, settings.size)
    if len(scenes) + len(fixed) == 0:
        raise ValueError("negatives: expected pictures without a face, got none")
    run = StoredStages(folder, _fingerprint(settings, kept, backgrounds, fixed), resume)
    trainer = _Trainer(settings, kept, scenes, fixed, threads, progress)
    while not trainer.stopped:
        number = len(trainer.stages)
        stored = run.load(number)
        if stored is not None:
            trainer.take(*stored)
            continue
        made = trainer.next_stage()
        if made is not None:
            run.save(number, *made)
            trainer.take(*made)
    if not trainer.stages:
        raise ValueError(f"negatives: {trainer.stopped}")
    cascade = assemble(trainer.stages, trainer.features)
    return TrainedCascade(
        cascade, trainer.stages, trainer.reports, trainer.features, trainer.stopped
    )


class _Trainer:
    """The stages so far, and what the next one needs."""

    def __init__(
        self,
        settings: CascadeSettings,
        positives: ImageU8,
        scenes: Backgrounds,
        fixed: ImageU8,
        threads: int | None,
        progress: Progress | None,
    ) -> None:
        self.features = settings.all_features()
        self.stages: list[Stage] = []
        self.reports: list[StageReport] = []
        self.stopped = ""
        self._settings, self._positives = settings, positives
        self._scenes, self._fixed, self._threads = scenes, fixed, threads
        self._accepted: NDArray[np.int64] | None = None
        self._progress = progress or (lambda _done, _total: None)

    def next_stage(self) -> tuple[Stage, StageReport] | None:
        """Train a stage; None, with a reason in `stopped`, where there is nothing to train."""
        s = self._settings
        faces = self._positives[self._runner()(self._positives)]
        others, seen = self._negatives()
        if len(others) < max(_LEAST_NEGATIVES, s.negatives // 10):
            self.stopped = (
                f"the negatives ran out: {len(others)} of {seen:,} windows still pass, "
                f"{s.negatives} wanted"
            )
            return None
        bank = FeatureBank(
            np.concatenate([faces, others]), self.features, memory=s.memory, threads=self._threads
        )
        labels = np.repeat([1, -1], [len(faces), len(others)])
        stage = train_stage(
            bank,
            labels,
            boost=s.boost,
            depth=s.depth,
            hit_rate=s.hit_rate,
            false_alarm=s.false_alarm,
            max_weak=s.max_weak,
            on_round=self._tell,
        )
        last = stage.rounds[-1]
        report = StageReport(
            len(faces), len(others), seen, len(stage.trees), last.hit_rate, last.false_alarm
        )
        return stage, report

    def take(self, stage: Stage, report: StageReport) -> None:
        """Add a stage, and see whether it was the last one."""
        self.stages.append(stage)
        self.reports.append(report)
        self._tell(0)  # counted in full, however early it ended
        if len(self.stages) == self._settings.stages:
            self.stopped = f"all {len(self.stages)} stages are trained"
        elif report.false_alarm > self._settings.false_alarm:
            self.stopped = (
                f"stage {len(self.stages)} lets {report.false_alarm:.0%} of its negatives pass "
                f"after {report.weak} weak trees; allow more (max_weak) or take more positives"
            )

    def _negatives(self) -> tuple[ImageU8, int]:
        """Return windows that pass the stages so far, fixed ones first, and how many were seen."""
        passes = self._runner()
        fixed = self._fixed[passes(self._fixed)] if len(self._fixed) else self._fixed
        wanted = max(self._settings.negatives - len(fixed), 0)
        rng = np.random.default_rng([self._settings.seed, len(self.stages)])
        among = self._pool()
        found, seen = self._scenes.collect(wanted, rng, passes, among)
        if among is not None and len(among):  # each stands for others that were rejected before
            seen = round(seen * len(self._scenes) / len(among))
        room = MOST_PATCHES - len(self._positives)
        return np.concatenate([fixed, found])[:room], seen + len(self._fixed)

    def _pool(self) -> NDArray[np.int64] | None:
        """Return the windows worth a look once few pass: all that the first stages accept.

        How many stages follows from the reports alone, so that a resumed training has the same.
        """
        if self._accepted is None:
            rare = (n for n, r in enumerate(self.reports, 1) if r.windows > _RARE * r.negatives)
            stages = next(rare, None)
            if stages is not None:
                kernel = CascadeKernel(assemble(self.stages[:stages], self.features))
                self._accepted = self._scenes.accepted(kernel, threads=self._threads)
        return self._accepted

    def _runner(self) -> Callable[[ImageU8], NDArray[np.bool_]]:
        if not self.stages:
            return lambda w: (
                contrasty(w) if self.features.kind == "haar" else np.ones(len(w), np.bool_)
            )
        kernel = CascadeKernel(assemble(self.stages, self.features))
        return lambda windows: kernel.accepts(windows, threads=self._threads)

    def _tell(self, weak: int) -> None:
        most = self._settings.max_weak
        self._progress(len(self.stages) * most + weak, self._settings.stages * most)


def _positives(positives: Any, settings: CascadeSettings) -> ImageU8:
    faces = _patches(positives, settings, "positives")
    if len(faces) < 2:
        raise ValueError(f"positives: expected two pictures or more, got {len(faces)}")
    if len(faces) > MOST_PATCHES - settings.negatives:
        most = MOST_PATCHES - settings.negatives
        raise ValueError(f"positives: expected at most {most}, got {len(faces)}")
    if settings.features != "lbp":
        faces = faces[contrasty(faces)]
        if len(faces) < 2:
            raise ValueError("positives: expected pictures with contrast, got flat ones")
    return faces


def _patches(values: Any, settings: CascadeSettings, name: str = "patches") -> ImageU8:
    shape = (settings.size[1], settings.size[0])
    if values is None:
        return np.empty((0, *shape), np.uint8)
    array = np.asarray(values)
    if array.dtype != np.uint8:
        raise TypeError(f"{name}: expected dtype uint8, got {array.dtype}")
    if array.ndim != 3 or array.shape[1:] != shape:
        raise ValueError(f"{name}: expected shape (N, {shape[0]}, {shape[1]}), got {array.shape}")
    return array


def _fingerprint(
    settings: CascadeSettings,
    positives: ImageU8,
    backgrounds: Sequence[ImageU8],
    fixed: ImageU8,
) -> str:
    """Return a hash of all that the stages depend on; how many there will be is not part of it."""
    plain = {k: v for k, v in asdict(settings).items() if k not in ("stages", "memory")}
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True).encode())
    for picture in (positives, fixed, *backgrounds):
        digest.update(repr(picture.shape).encode())
        digest.update(np.ascontiguousarray(picture).tobytes())
    return digest.hexdigest()
