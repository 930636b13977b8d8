"""Try-on over a pair list as a run: each pair is a unit, and a table tells of all of them."""

from __future__ import annotations

import csv
import functools
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from cvfast.io.atomic import leftovers, write_bytes
from cvfast.io.image_writer import SUFFIXES, write_image
from cvfast.io.images import read_image
from cvfast.io.provenance import Mark
from cvfast.runs.plan import Fingerprint, Plan, Unit
from cvfast.runs.work import Task
from cvfast.tryon.judge import judge_result
from cvfast.tryon.pairs import Pair, check_pairs
from cvfast.tryon.result import TryOn
from cvfast.tryon.worn_or_flat import mask_of_alpha
from cvfast.typing import Path as PathLike

__all__ = ["COLUMNS", "PairJob", "PairRecipe", "pair", "plan_pairs", "table_rows", "write_table"]

_UNIT = "cvfast.tryon.batch:pair"
COLUMNS = (
    "person",
    "garment",
    "output",
    "paired",
    "region",
    "confidence",
    "changed",
    "outside_changed",
    "inside_error",
    "inside_psnr",
    "inside_ssim",
    "border_error",
    "reasons",
    "error",
)


@dataclass(frozen=True)
class PairJob:
    """One pair: the files to read and the one to write."""

    person: Path
    garment: Path
    target: Path
    paired: bool


@dataclass(frozen=True)
class PairRecipe:
    """What is done to each pair.

    Parameters
    ----------
    engine
        ``"classic"``, or one of `cvfast.tryon.engines.ENGINES`.
    weights
        Files of a network's weights.
    options
        Keywords of `cvfast.tryon.classic.try_on`, or of `cvfast.tryon.engines.try_on_with`.
    mark
        What the results say of themselves.
    quality
        Of JPEG and WebP.
    max_pixels
        Refuse larger photos.
    overwrite
        Replace existing files.
    """

    engine: str = "classic"
    weights: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    mark: Mark = field(default_factory=lambda: Mark("compositeCapture"))
    quality: int = 95
    max_pixels: int = 89_478_485
    overwrite: bool = False


def plan_pairs(
    pairs: Sequence[Pair],
    people: PathLike,
    garments: PathLike,
    output: PathLike,
    recipe: PairRecipe,
) -> tuple[Plan, list[PairJob]]:
    """Plan the try-on of a pair list.

    Parameters
    ----------
    pairs
        See `cvfast.tryon.pairs.read_pairs`.
    people, garments
        Folders of the photos.
    output
        Folder of the results, ``PERSON-GARMENT`` with the person's suffix (or .png).
    recipe
        What is done to each.

    Raises
    ------
    MediaError
        Files are missing; the message names them.
    ValueError
        Two results would have one name.
    """
    check_pairs(pairs, people, garments)
    jobs = [_job(pair, Path(people), Path(garments), Path(output)) for pair in pairs]
    taken: dict[Path, PairJob] = {}
    for job in jobs:
        if (other := taken.setdefault(job.target, job)) is not job:
            raise ValueError(
                f"pairs: {other.person} with {other.garment} and {job.person} with {job.garment} "
                f"would both be {job.target}"
            )
    units = [
        Unit(f"{number:05d}", _UNIT, {"job": job, "recipe": recipe}, str(number))
        for number, job in enumerate(jobs)
    ]
    settings = asdict(recipe) | {
        "outputs": [str(job.target.absolute()) for job in jobs],
        "paired": [job.paired for job in jobs],
    }
    settings.pop("overwrite")
    files = dict.fromkeys(path for job in jobs for path in (job.person, job.garment))
    files |= dict.fromkeys(_weight_files(recipe.weights))
    return Plan(settings, tuple(map(Fingerprint.of, files)), tuple(units)), jobs


def _job(pair: Pair, people: Path, garments: Path, output: Path) -> PairJob:
    person, garment = people / pair.person, garments / pair.garment
    suffix = person.suffix.lower()
    suffix = suffix if suffix in SUFFIXES and suffix != ".bmp" else ".png"
    target = output / f"{person.stem}-{garment.stem}{suffix}"
    return PairJob(person, garment, target, pair.paired)


def pair(task: Task) -> None:
    """Do one pair of a run."""
    job: PairJob = task.unit.arguments["job"]
    recipe: PairRecipe = task.unit.arguments["recipe"]
    for path in leftovers(job.target.parent, of=job.target):
        path.unlink(missing_ok=True)  # what a killed process left
    picture = read_image(job.person, max_pixels=recipe.max_pixels)
    cloth = read_image(job.garment, max_pixels=recipe.max_pixels)
    place = None if recipe.options.get("from_person") else mask_of_alpha(cloth.alpha)
    done = _worn(picture.pixels, cloth.pixels, place, recipe)
    told: dict[str, Any] = {
        **judge_result(picture.pixels, done.image, done.mask, paired=job.paired),
        "region": done.region,
        "confidence": done.confidence,
        "reasons": list(done.reasons),
    }
    write_image(
        job.target,
        replace(picture, pixels=done.image),
        mark=recipe.mark,
        overwrite=recipe.overwrite,
        quality=recipe.quality,
        settle=lambda temporary: task.done(temporary, told, becomes=job.target),
    )


def _worn(person: Any, garment: Any, place: Any, recipe: PairRecipe) -> TryOn:
    from cvfast.io.opencv import load_cv2
    from cvfast.tryon.classic import try_on

    # OpenCV draws numbers from one stream a thread: each pair begins it anew, so that a result
    # does not depend on the pairs before it.
    load_cv2().setRNGSeed(0)
    options = {**recipe.options, "garment_mask": place}
    if recipe.engine == "classic":
        return try_on(person, garment, **options)
    from cvfast.tryon.engines import try_on_with

    networks = _networks(recipe.engine, recipe.weights)
    return try_on_with(recipe.engine, person, garment, weights=networks, **options)


@functools.cache
def _networks(engine: str, weights: tuple[str, ...]) -> Any:
    """Read a network's weights once a process."""
    from cvfast.tryon.engines import load_networks

    return load_networks(engine, weights)


def _weight_files(weights: Sequence[str]) -> list[Path]:
    files: list[Path] = []
    for path in map(Path, weights):
        files += sorted(path.iterdir()) if path.is_dir() else [path]
    return [file for file in files if file.is_file()]


def table_rows(
    jobs: Sequence[PairJob], results: Mapping[int, Mapping[str, Any]], errors: Mapping[int, str]
) -> list[dict[str, Any]]:
    """Return a row of `COLUMNS` for each pair, in the list's order.

    Figures against a reference stand in the rows of paired ones alone.
    """
    rows = []
    for number, job in enumerate(jobs):
        row: dict[str, Any] = dict.fromkeys(COLUMNS, "")
        row |= {
            "person": job.person.name,
            "garment": job.garment.name,
            "output": job.target.name if number in results else "",
            "paired": "paired" if job.paired else "unpaired",
            "error": errors.get(number, ""),
        }
        told = dict(results.get(number, {}))
        told["reasons"] = "; ".join(told.get("reasons", ()))
        row |= {name: _shown(value) for name, value in told.items() if name in COLUMNS}
        rows.append(row)
    return rows


def write_table(path: PathLike, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows of `COLUMNS` as CSV, whole or not at all, over an older table."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_bytes(path, text.getvalue().encode(), overwrite=True)


def _shown(value: Any) -> Any:
    return f"{value:.4f}" if isinstance(value, float) else value
