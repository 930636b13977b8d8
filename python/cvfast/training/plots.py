"""Pictures of a cascade's training: its first features, its rounds, its ROC."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cvfast.io.atomic import make_folder
from cvfast.io.figures import check_plots, new_figure, write_figure
from cvfast.training.cascade import TrainedCascade
from cvfast.typing import ImageU8
from cvfast.typing import Path as PathLike

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cvfast.training.material import Material

__all__ = ["roc", "write_plots"]

_SHOWN = 10  # features


def write_plots(folder: PathLike, trained: TrainedCascade, material: Material) -> list[Path]:
    """Draw ``features.png``, ``rounds.png`` and, with held-out faces, ``roc.png``.

    Parameters
    ----------
    folder
        Made if need be; pictures of these names are replaced.
    trained
        What was trained.
    material
        On what; its held-out part gives the ROC.

    Returns
    -------
    list of pathlib.Path
        The pictures.
    """
    check_plots(folder)
    place = make_folder(folder)
    figures = {
        "features.png": _features(trained, material.positives),
        "rounds.png": _rounds(trained),
    }
    if len(material.held_faces) and len(material.held_others):
        figures["roc.png"] = _roc(trained, material.held_faces, material.held_others)
    for name, figure in figures.items():
        write_figure(place / name, figure)
    return [place / name for name in figures]


def roc(
    trained: TrainedCascade, faces: ImageU8, others: ImageU8
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return false-alarm and hit rates of patches as the cascade grows stricter.

    A patch's score is how many stages it passes and, among equals, its margin in the last one.

    Returns
    -------
    tuple of ndarray
        Both ascending, from (0, 0) to (1, 1).
    """
    depth, margin = trained.judge(np.concatenate([faces, others]))
    order = np.lexsort((-margin, -depth))
    is_face = order < len(faces)
    hits = np.concatenate([[0], np.cumsum(is_face)]) / len(faces)
    alarms = np.concatenate([[0], np.cumsum(~is_face)]) / len(others)
    return alarms, hits


def _features(trained: TrainedCascade, positives: ImageU8) -> Figure:
    mean = positives.mean(axis=0)
    nodes = [f for stage in trained.stages for tree in stage.trees for f in tree.features]
    shown = nodes[:_SHOWN]
    figure = new_figure(10, 4.4)
    axes = figure.subplots(2, _SHOWN // 2)
    figure.suptitle("The first features, over the mean of the faces")
    for number, axis in enumerate(axes.flat):
        axis.set_axis_off()
        if number >= len(shown):
            continue
        axis.imshow(mean, cmap="gray", extent=(0, mean.shape[1], mean.shape[0], 0))
        _draw_feature(axis, trained, shown[number])
        axis.set_title(f"{number + 1}", fontsize=9)
    return figure


def _draw_feature(axis: Any, trained: TrainedCascade, feature: int) -> None:
    from matplotlib.patches import Polygon

    features = trained.features
    if features.kind == "lbp":
        x, y, w, h = features.rects[feature, 0].tolist()
        for row in range(3):
            for column in range(3):
                middle = row == column == 1
                corners = _corners(x + column * w, y + row * h, w, h, False)
                axis.add_patch(
                    Polygon(corners, fc=(1, 1, 1, 0.5 if middle else 0.1), ec="tab:orange", lw=1.2)
                )
        return
    tilted = bool(features.tilted[feature])
    for rect, weight in zip(features.rects[feature], features.weights[feature], strict=True):
        if weight:
            color = (1, 1, 1, 0.75) if weight > 0 else (0, 0, 0, 0.75)
            x, y, w, h = rect.tolist()
            corners = _corners(x, y, w, h, tilted)
            axis.add_patch(Polygon(corners, fc=color, ec="tab:orange", lw=1.2))


def _corners(x: int, y: int, w: int, h: int, tilted: bool) -> list[tuple[int, int]]:
    if tilted:
        return [(x, y), (x + w, y + w), (x + w - h, y + w + h), (x - h, y + h)]
    return [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]


def _rounds(trained: TrainedCascade) -> Figure:
    figure = new_figure(9, 4.5)
    axis = figure.subplots()
    rounds = [one for stage in trained.stages for one in stage.rounds]
    at = np.arange(1, len(rounds) + 1)
    for name, label in (
        ("weak_error", "weighted error of the weak tree"),
        ("strong_error", "error of the stage so far"),
        ("hit_rate", "hit rate of the stage"),
        ("false_alarm", "false-alarm rate of the stage"),
    ):
        values = np.array([getattr(one, name) for one in rounds])
        axis.plot(at, values, marker=".", label=label)
    for end in np.cumsum([len(stage.rounds) for stage in trained.stages])[:-1]:
        axis.axvline(end + 0.5, color="0.8", lw=1, zorder=0)
    axis.set(xlabel="weak trees (a line ends a stage)", ylabel="share", ylim=(-0.03, 1.03))
    axis.set_title("Round by round, on the training patches of each stage")
    axis.legend(fontsize=8, loc="center right")
    axis.grid(alpha=0.3)
    return figure


def _roc(trained: TrainedCascade, faces: ImageU8, others: ImageU8) -> Figure:
    alarms, hits = roc(trained, faces, others)
    figure = new_figure(5.5, 4.5)
    axis = figure.subplots()
    axis.plot(np.maximum(alarms, 0.3 / len(others)), hits, drawstyle="steps-post")
    hit, alarm = trained.accepts(faces).mean(), trained.accepts(others).mean()
    axis.plot(max(alarm, 0.3 / len(others)), hit, "o", label="all stages")
    axis.set_xscale("log")
    axis.set(xlabel="false-alarm rate", ylabel="hit rate", ylim=(0, 1.02))
    axis.set_title(f"Held out: {len(faces)} faces, {len(others)} other windows")
    axis.legend(loc="lower right")
    axis.grid(alpha=0.3)
    return figure
