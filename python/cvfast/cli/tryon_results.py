"""``cvfast evaluate tryon --pairs``: results that lie in a folder, of whatever engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cvfast.cli.batch import Batch
from cvfast.cli.report import Report
from cvfast.errors import MediaError
from cvfast.io.image_writer import SUFFIXES

if TYPE_CHECKING:
    from cvfast.tryon.pairs import Pair

__all__ = ["judge_results"]


def judge_results(
    pairs: str, people: str, results: str, kind: str | None, max_pixels: int, report: Report
) -> int:
    """Compare the results of paired pairs with the people's photos, whole pictures.

    Raises
    ------
    MediaError
        The list is no such list.
    ValueError
        Paired and unpaired ones are mixed, or only unpaired ones are there: they have no reference.
    """
    from cvfast.tryon.pairs import only, read_pairs

    chosen = read_pairs(pairs)
    kinds = {pair.paired for pair in chosen}
    if kind is None and len(kinds) == 2:
        count = sum(pair.paired for pair in chosen)
        raise ValueError(
            f"{pairs}: {count} pairs are paired and {len(chosen) - count} unpaired, and figures of "
            "both may not be mixed; add --kind paired"
        )
    chosen = only(chosen, kind or "paired")
    if kind == "unpaired":
        raise ValueError(
            f"{pairs}: unpaired results have no reference to be compared with; --kind paired "
            "judges the others"
        )
    batch = Batch(report)
    figures: list[dict[str, float]] = []
    batch.run(
        chosen,
        lambda pair: f"{pair.person} + {pair.garment}",
        lambda pair: _one(pair, Path(people), Path(results), max_pixels, figures, report),
    )
    if figures:
        means = {name: sum(one[name] for one in figures) / len(figures) for name in figures[0]}
        report.result(
            f"paired, {len(figures)} results: {_text(means)} (whole pictures: an untouched "
            "background raises them)",
            kind="paired",
            count=len(figures),
            **{name: round(value, 4) for name, value in means.items()},
        )
    return batch.finish()


def _one(
    pair: Pair,
    people: Path,
    results: Path,
    max_pixels: int,
    figures: list[dict[str, float]],
    report: Report,
) -> bool:
    import numpy as np

    from cvfast.geometry.sampling import as_rgb
    from cvfast.io.images import read_image
    from cvfast.metrics.similarity import psnr, ssim
    from cvfast.tryon.judge import MOST_PSNR

    photo = as_rgb(read_image(people / pair.person, max_pixels=max_pixels).pixels)
    file = _result(pair, results)
    made = as_rgb(read_image(file, max_pixels=max_pixels).pixels)
    if made.shape != photo.shape:
        raise MediaError(
            f"{file}: expected {photo.shape[1]} x {photo.shape[0]} pixels as {pair.person} has, "
            f"got {made.shape[1]} x {made.shape[0]}"
        )
    error = float(np.abs(photo.astype(np.int16) - made).mean())
    one = {"error": error, "psnr": min(psnr(photo, made), MOST_PSNR), "ssim": ssim(photo, made)}
    figures.append(one)
    rounded = {name: round(value, 4) for name, value in one.items()}
    report.result(f"{file}: {_text(one)}", person=pair.person, garment=pair.garment, **rounded)
    return True


def _result(pair: Pair, results: Path) -> Path:
    person, garment = Path(pair.person).stem, Path(pair.garment).stem
    stems: Sequence[str] = (f"{person}-{garment}", person)
    for stem in stems:
        for suffix in SUFFIXES:
            if (file := results / f"{stem}{suffix}").is_file():
                return file
    raise MediaError(f"{results / stems[0]}.png: no such result, nor one named {person}")


def _text(figures: dict[str, float]) -> str:
    return (
        f"error {figures['error']:.2f} grey levels, PSNR {figures['psnr']:.1f} dB, "
        f"SSIM {figures['ssim']:.3f}"
    )
