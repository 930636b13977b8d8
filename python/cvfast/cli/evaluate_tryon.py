"""``cvfast evaluate tryon``: how good try-on is, by tests that need no data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, TypeAlias

from cyclopts import Parameter

from cvfast.cli.batch import Batch
from cvfast.cli.common import Common, MaxPixels
from cvfast.cli.report import Report

if TYPE_CHECKING:
    from pathlib import Path

    from cvfast.tryon.judge import Judgement

__all__ = ["EXAMPLES", "USAGE", "evaluate_tryon"]

EXAMPLES = (
    "cvfast evaluate tryon me.jpg",
    "cvfast evaluate tryon me.jpg --test self,cycle,idempotence --garment shirt.jpg",
    "cvfast evaluate tryon --test known-warp --count 200",
    "cvfast evaluate tryon --pairs pairs.txt --people image --results out --kind paired",
)
USAGE = "[PHOTO...] [OPTIONS]"

Photos: TypeAlias = Annotated[
    list[str] | None, Parameter(name="PHOTO", help="Photos of people; files, folders, patterns.")
]
Tests: TypeAlias = Annotated[
    str,
    Parameter(
        name="--test",
        help="self: put the worn garment on again. cycle: another one, then the first again. "
        "idempotence: the same one twice. known-warp: made garments, warped, recovered; needs no "
        "photo. Or several: a,b.",
    ),
]

_TESTS = ("self", "cycle", "idempotence", "known-warp")


def evaluate_tryon(
    photos: Photos = None,
    /,
    *,
    test: Tests = "self",
    garment: Annotated[
        str | None, Parameter(help="A garment's photo, for cycle and idempotence.")
    ] = None,
    count: Annotated[int, Parameter(help="known-warp: how many garments.")] = 20,
    occluder: Annotated[
        str, Parameter(help="known-warp: none, forearm or hair before the garment.")
    ] = "none",
    landmarks: Annotated[
        bool, Parameter(negative="", help="known-warp: tell where the landmarks went, too.")
    ] = False,
    seed: Annotated[int, Parameter(help="known-warp: of the first garment.")] = 0,
    pairs: Annotated[
        str | None, Parameter(help="A pair list whose results, of any engine, are judged.")
    ] = None,
    people: Annotated[str, Parameter(help="--pairs: folder of the people's photos.")] = ".",
    results: Annotated[
        str, Parameter(help="--pairs: folder of the results, PERSON-GARMENT or as PERSON.")
    ] = ".",
    kind: Annotated[
        str | None, Parameter(help="--pairs: paired or unpaired, where the list has both.")
    ] = None,
    max_pixels: MaxPixels = 89_478_485,
    common: Common | None = None,
) -> int:
    """Judge try-on: inside the garment, along its border and outside, apart."""
    report = (common or Common()).report("evaluate tryon")
    if pairs is not None:
        from cvfast.cli.tryon_results import judge_results

        if photos:
            raise ValueError(f"PHOTO: expected none beside --pairs, got {photos[0]}")
        return judge_results(pairs, people, results, kind, max_pixels, report)
    tests = [name.strip() for name in test.split(",")]
    if unknown := [name for name in tests if name not in _TESTS]:
        raise ValueError(f"--test: expected some of {', '.join(_TESTS)}, got {unknown[0]!r}")
    on_photos = [name for name in tests if name != "known-warp"]
    _check(photos, on_photos, garment, count)
    if "known-warp" in tests:
        _known_warps(count, seed, occluder, report, landmarks=landmarks)
    if not on_photos:
        return 0
    return _on_photos(photos or [], on_photos, garment, max_pixels, report)


def _check(
    photos: Sequence[str] | None, tests: Sequence[str], garment: str | None, count: int
) -> None:
    if tests and not photos:
        raise ValueError(f"PHOTO: expected somebody's photo for {', '.join(tests)}, got none")
    for name in tests:
        if name != "self" and garment is None:
            raise ValueError(f"--garment: expected a garment's photo for {name}, got none")
    if count < 1:
        raise ValueError(f"--count: expected at least 1, got {count}")


def _on_photos(
    photos: Sequence[str],
    tests: Sequence[str],
    garment: str | None,
    max_pixels: int,
    report: Report,
) -> int:
    from cvfast.io.images import read_image
    from cvfast.tryon.judge import judge_cycle, judge_idempotence, judge_self

    cloth = None if garment is None else read_image(garment, max_pixels=max_pixels).pixels
    batch = Batch(report)
    sources = batch.expand(photos, videos=False)

    def one(source: Path) -> bool:
        photo = read_image(source, max_pixels=max_pixels).pixels
        judges: dict[str, Callable[[], Judgement]] = {
            "self": lambda: judge_self(photo),
            "cycle": lambda: judge_cycle(photo, cloth),  # type: ignore[arg-type]
            "idempotence": lambda: judge_idempotence(photo, cloth),  # type: ignore[arg-type]
        }
        for name in tests:
            judged = judges[name]()
            report.result(
                f"{source}: {_text(judged)}",
                input=str(source),
                test=name,
                confidence=judged.confidence,
                **{key: round(value, 4) for key, value in judged.figures.items()},
            )
        return True

    batch.run(sources, lambda source: source, one)
    return batch.finish()


def _text(judged: Judgement) -> str:
    figures = judged.figures
    parts = [judged.test]
    for name, text in (
        ("inside_error", "inside {:.2f} grey levels"),
        ("inside_psnr", "PSNR {:.1f} dB"),
        ("inside_ssim", "SSIM {:.3f}"),
        ("border_error", "border {:.2f} grey levels"),
        ("outside_changed", "outside {:.0f} pixels changed"),
    ):
        if name in figures:
            parts.append(text.format(figures[name]))
    return f"{parts[0]}: {', '.join(parts[1:])}; confidence {judged.confidence:.2f}"


def _known_warps(count: int, seed: int, occluder: str, report: Report, *, landmarks: bool) -> None:
    from cvfast.tryon.judge_warp import WARP_METHODS, judge_known_warp

    scores = []
    with report.bars(), report.bar("garments", count) as progress:
        for number in range(count):
            scores.append(judge_known_warp(seed + number, occluder=occluder, landmarks=landmarks))
            progress(number + 1, count)
    for method in WARP_METHODS:
        iou = sum(one[method].iou for one in scores) / count
        error = sum(one[method].error for one in scores) / count
        report.result(
            f"known-warp, {count} garments, occluder {occluder}, {method}: "
            f"IoU {iou:.3f}, error {error:.2f} px",
            test="known-warp",
            method=method,
            occluder=occluder,
            landmarks=landmarks,
            count=count,
            iou=round(iou, 4),
            error=round(error, 4),
        )
