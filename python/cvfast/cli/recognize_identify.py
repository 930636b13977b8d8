"""``cvfast recognize identify``: whose faces are in photos and clips."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cvfast.cli.batch import Batch
from cvfast.cli.common import Common, Inputs, MaxPixels, Overwrite, Recursive, Strict
from cvfast.cli.recognizing import (
    GalleryFolder,
    ModelFlags,
    ThresholdDistance,
    open_gallery,
)

__all__ = ["EXAMPLES", "USAGE", "recognize_identify"]

EXAMPLES = (
    "cvfast recognize identify party.jpg -g gallery",
    "cvfast recognize identify party.jpg -g gallery -o named.png",
    "cvfast recognize identify clip.mp4 photos/ -g gallery --json > names.jsonl",
)
USAGE = "IN... -g GALLERY [-o OUT] [OPTIONS]"


def recognize_identify(
    inputs: Inputs,
    /,
    *,
    gallery: GalleryFolder,
    threshold: ThresholdDistance = None,
    every: Annotated[
        int, Parameter(help="Clips: look at a followed face anew every so many frames.")
    ] = 5,
    output: Annotated[
        str | None,
        Parameter(name=["--output", "-o"], help="Draw the names: a file, or a folder there is."),
    ] = None,
    overwrite: Overwrite = False,
    recursive: Recursive = False,
    max_pixels: MaxPixels = 89_478_485,
    strict: Strict = False,
    flags: ModelFlags | None = None,
    common: Common | None = None,
) -> int:
    """Name the faces in photos and in every frame of clips; nobody's in the gallery are unknown.

    In --json, names has one entry a face, in the order of faces (cvfast detect
    numbers them so), and "unknown" for a face that
    is nobody's; --strict minds pictures without a face, not unknown ones.
    """
    from cvfast.cli.identifying import Identifier
    from cvfast.io.files import is_video, plan_outputs
    from cvfast.recognition.recognisers import choose_threshold

    report = (common or Common()).report("recognize")
    if every < 1:
        raise ValueError(f"--every: expected at least 1, got {every}")
    known = open_gallery(report, gallery)
    embedder = (flags or ModelFlags()).open_for(report, known, gallery)
    limit = choose_threshold(embedder, distance=threshold)
    batch = Batch(report, strict=strict)
    sources = batch.expand(inputs, recursive=recursive)
    pairs: list[tuple[Path, Path | None]] = [(source, None) for source in sources]
    if output is not None and (sources or not batch.failures):
        jobs = plan_outputs(sources, output, roots=inputs, overwrite=overwrite)
        pairs = [(job.source, job.target) for job in jobs]
    identifier = Identifier(known, embedder, limit, report, every, overwrite, max_pixels)

    def one(pair: tuple[Path, Path | None]) -> bool:
        return identifier.clip(*pair) if is_video(pair[0]) else identifier.photo(*pair)

    batch.run(pairs, lambda pair: pair[0], one)
    return batch.finish()
