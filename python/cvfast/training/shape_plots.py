"""Plots of a training of landmark trees: the error after each stage, and held-out faces."""

from __future__ import annotations

import numpy as np

from cvfast.io.figures import new_figure, write_figure
from cvfast.models.face_trees import FaceTrees
from cvfast.training.shape import TrainedShape
from cvfast.training.shape_data import FaceCrops
from cvfast.typing import Path as PathLike

__all__ = ["plot_curves", "plot_faces"]

_SHOWN = 6  # faces


def plot_curves(path: PathLike, trained: TrainedShape) -> None:
    """Draw each ensemble's error after each of its stages, on the faces it saw and on others."""
    figure = new_figure(9, 4.5)
    left, right = figure.subplots(1, 2, width_ratios=(2, 1))
    for number, (name, curve) in enumerate(trained.curves.items()):
        seen, unseen = np.array(curve).T * 100
        color = f"C{number}"
        left.plot(unseen, color=color, marker=".", label=name)
        left.plot(seen, color=color, linestyle=":")
    left.set(xlabel="stage", ylabel="mean error, % of the box", yscale="log")
    left.set_title("held-out faces (dotted: training faces)", fontsize=10)
    left.legend(fontsize=8)
    names = [score.name for score in trained.scores]
    right.plot(names, [100 * score.nme for score in trained.scores], marker="o", color="0.2")
    right.set(ylabel="NME of all points, %", ylim=(0, None))
    right.tick_params(axis="x", rotation=60)
    right.set_title("held-out, coarse to fine", fontsize=10)
    write_figure(path, figure)


def plot_faces(path: PathLike, model: FaceTrees, held_out: FaceCrops) -> None:
    """Draw what the coarse and the fine trees find on some held-out faces, and the truth."""
    chosen = np.linspace(0, len(held_out) - 1, min(_SHOWN, len(held_out))).astype(int)
    figure = new_figure(2.6 * len(chosen), 5.4)
    axes = figure.subplots(2, len(chosen), squeeze=False)
    for column, number in enumerate(chosen):
        picture, truth = held_out.pixels[number], held_out.points[number]
        steps = [shapes[0] for _, shapes in model.steps(picture, [model.crop_frame])]
        for row, (name, found) in enumerate((("coarse", steps[0]), ("fine", steps[-1]))):
            pane = axes[row, column]
            pane.imshow(picture, cmap="gray", vmin=0, vmax=255)
            pane.plot(*truth.T, ".", color="C2", markersize=3)
            pane.plot(*found.T, ".", color="C3", markersize=3)
            pane.set(xticks=(), yticks=())
            if column == 0:
                pane.set_ylabel(f"{name} (green: truth)")
    write_figure(path, figure)
