"""What a merge is made from and divided into: settings, files, stretches."""

from __future__ import annotations

import json
from dataclasses import asdict
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from cvfast.io.clip import VideoInfo, Window
from cvfast.runs.folder import discard_run
from cvfast.runs.plan import Fingerprint, Plan
from cvfast.swap.merge_units import MergeJob

__all__ = ["SOURCE_TYPE", "clear_other", "merge_settings", "model_inputs", "stretches"]

SOURCE_TYPE = "compositeWithTrainedAlgorithmicMedia"
_STRETCH = Fraction(20)  # seconds of a clip that are done whole or not at all
_LONGEST = Fraction(100 * 3600)
_SEEKABLE = ("mp4", "matroska")


def merge_settings(job: MergeJob) -> dict[str, Any]:
    """Return everything that the result depends on beside the files, as JSON values by name."""
    return {
        **{f"merge.{name}": value for name, value in asdict(job.settings).items()},
        **{f"encoder.{name}": value for name, value in job.encoder.items()},
        "tracks": list(job.tracks),
        "faces": job.digest,
        "face_type": job.face_type,
        "start": str(job.start),
        "end": str(job.end),
        "model": str(getattr(job.swapper, "fingerprint", "open")) if job.swapper else None,
    }


def model_inputs(job: MergeJob) -> tuple[Fingerprint, ...]:
    """Return the files that the result depends on: a clip, the model, a mask network."""
    files = [] if job.clip.is_dir() else [job.clip]
    if job.swapper is None and job.model is not None:
        from cvfast.swap.swapper import find_model

        files.append(find_model(job.model))
    if job.xseg is not None:
        files.append(job.xseg)
    return tuple(Fingerprint.of(path) for path in files)


def stretches(
    info: VideoInfo, window: Window, seconds: Fraction = _STRETCH
) -> list[tuple[Fraction | None, Fraction | None]]:
    """Divide a clip: start and end of each stretch in seconds from its first frame."""
    length = info.duration
    whole = [(window.start, window.end)]
    if length is None or not any(name in info.container for name in _SEEKABLE):
        return whole
    begin = window.start or Fraction(0)
    last = length if window.end is None else min(window.end, length)
    if last - begin > _LONGEST:  # a header that lies; what is wrong shows on reading
        return whole
    count = max(1, round((last - begin) / seconds))
    inner = (begin + seconds * number for number in range(1, count))
    return list(pairwise([window.start, *inner, window.end]))


def clear_other(place: Path, plan: Plan) -> None:
    """Remove the shards of a merge with other settings; they are ours to remove."""
    file = place / "plan.json"
    if file.is_file() and plan.differences(json.loads(file.read_bytes())):
        discard_run(place)
