"""Finished stages on disk, so that a training that was killed goes on where it was."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from cvfast.errors import OutputError
from cvfast.io.atomic import make_folder, write_bytes
from cvfast.training.stage import Stage
from cvfast.typing import Path as PathLike

__all__ = ["StageReport", "StoredStages"]


@dataclass(frozen=True)
class StageReport:
    """What one stage was trained on and reached.

    Attributes
    ----------
    positives, negatives
        Patches.
    windows
        Looked at to find the negatives among them.
    weak
        Weak trees.
    hit_rate, false_alarm
        On its own patches.
    """

    positives: int
    negatives: int
    windows: int
    weak: int
    hit_rate: float
    false_alarm: float


class StoredStages:
    """Finished stages in a folder, one file each, of one set of data and settings."""

    def __init__(self, folder: PathLike | None, fingerprint: str, resume: bool) -> None:
        self._folder = None if folder is None else Path(folder)
        self._fingerprint = fingerprint
        if self._folder is None:
            return
        make_folder(self._folder)
        if not resume and any(self._folder.glob("stage-*.json")):
            raise OutputError(
                f"{folder}: holds the stages of an earlier training. Go on with it (--resume) or "
                "choose another folder."
            )

    def load(self, number: int) -> tuple[Stage, StageReport] | None:
        """Return a stage that an earlier run finished."""
        path = self._path(number)
        if path is None or not path.is_file():
            return None
        try:
            record = json.loads(path.read_text("utf-8"))
            same = record["fingerprint"] == self._fingerprint
            stored = Stage.of_record(record["stage"]), StageReport(**record["report"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise OutputError(
                f"{path}: expected a stage of a training, got something else ({error}). "
                "Delete it, and those behind it are trained again."
            ) from error
        if not same:
            raise OutputError(
                f"{path}: was trained from other pictures or settings. Give the same ones again, "
                "or choose another folder."
            )
        return stored

    def save(self, number: int, stage: Stage, report: StageReport) -> None:
        """Keep a finished stage."""
        path = self._path(number)
        if path is None:
            return
        record = {
            "fingerprint": self._fingerprint,
            "stage": stage.record(),
            "report": asdict(report),
        }
        write_bytes(path, json.dumps(record, allow_nan=False).encode(), overwrite=True)

    def _path(self, number: int) -> Path | None:
        return None if self._folder is None else self._folder / f"stage-{number:03d}.json"
