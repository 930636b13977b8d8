"""The figures of docs/deepface.md and the curves of recognition, from the results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from cvfast.io.figures import new_figure
from cvfast.metrics.verification import Roc

__all__ = ["draw_curves", "fill_page"]

BEGIN, END = "<!-- figures -->", "<!-- end -->"


def fill_page(path: Path, results: dict[str, Any]) -> None:
    """Write the figures between the marks of a page."""
    text = path.read_text("utf-8")
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    path.write_text(f"{before}{BEGIN}\n{_figures(results)}\n{END}{after}", "utf-8")


def _figures(results: dict[str, Any]) -> str:
    nets, asked = results["deepface"], results["asked"]
    header = "| recogniser | verification | AUC | equal error | true accepts at 1 in 100 false |\n"
    lines = [header + "|---|--:|--:|--:|--:|"]
    rows = {f"{name}": row for name, row in results["classic"].items()}
    for head in ("cosine", "chi2", "siamese"):
        for name, net in nets.items():
            if name.startswith("people") and head in net:
                rows[f"**DeepFace small**, {head}, seed {name[-1]}"] = net[head]
    lines += [
        f"| {name} | {row['accuracy']:.1%} | {row['auc']:.3f} | {row['eer']:.1%} | "
        f"{_share(row['tar_at_0.01'])} |"
        for name, row in rows.items()
    ]
    told = [f"{name[-1]}: {net['seconds'] / 60:.0f} min ({net['cpu_seconds'] / 60:.1f} of the "
            "processor)" for name, net in nets.items() if name.startswith("people")]  # fmt: skip
    lines += [
        "",
        f"DeepFace with its plain cosine is {asked['points_over_eigenfaces']:.1f} points above the "
        f"best eigenfaces on their own preprocessing ({asked['eigenfaces']}), "
        f"{asked['worst_seed_over_eigenfaces']:.1f} with its worst seed; against the best "
        f"eigenfaces of any view ({asked['eigenfaces_of_any_view']}) "
        f"{asked['points_over_eigenfaces_of_any_view']:.1f}. Training on one thread of a busy "
        f"machine, by seed: {'; '.join(told)}.",
        "",
        "![true against false accepts on held-out made people](images/recognition-roc.jpg)",
        "",
        "Five pictures a person of another made set (SYNTHETIC too), judged on those held out, "
        "from the beginning and going on from the net of the first set, "
        f"{nets['scratch-0']['iterations']} iterations each:",
        "",
        "| seed | from the beginning | three times as long | the first set's net as it is "
        "| going on | gain in points |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for seed, gain in enumerate(asked["points_tuned_over_scratch"]):
        scratch, tuned = (nets[f"{kind}-{seed}"]["cosine"] for kind in ("scratch", "tuned"))
        longer = nets.get(f"longer-{seed}", {}).get("cosine", {"accuracy": None})
        as_is = nets[f"people-{seed}"]["on_target"]
        shares = (_share(row["accuracy"], "not run") for row in (scratch, longer, as_is, tuned))
        lines.append(f"| {seed} | {' | '.join(shares)} | {gain:+.1f} |")
    mean = float(np.mean(asked["points_tuned_over_scratch"]))
    return "\n".join([*lines, f"| mean | | | | | {mean:+.1f} |"])


def _share(value: float | None, none: str = "too few pairs") -> str:
    return none if value is None else f"{value:.1%}"


def draw_curves(curves: dict[str, Roc], path: Path) -> None:
    """Draw true against false accepts, the latter on a logarithmic scale."""
    figure = new_figure(6.4, 4.4)
    axes = figure.subplots()
    for name, curve in curves.items():
        bold = "DeepFace" in name
        style = "-" if bold else ("--" if "frontal" in name else ":")
        shown = slice(1, None, max(1, len(curve.far) // 2000))
        axes.plot(
            np.maximum(curve.far[shown], 1e-5), curve.tar[shown], style, lw=2 if bold else 1.2,
            label=f"{name}: AUC {curve.auc:.3f}",
        )  # fmt: skip
    axes.set(xscale="log", xlim=(1e-4, 1), ylim=(0, 1))
    axes.set(xlabel="false accept rate", ylabel="true accept rate")
    axes.set_title("Held-out made (SYNTHETIC) people", fontsize=9)
    axes.legend(fontsize=6)
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=100, pil_kwargs={"quality": 85})
