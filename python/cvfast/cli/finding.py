"""Models run over annotated pictures, what they find kept on disk as they go."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

import cvfast
from cvfast.cli.report import Report
from cvfast.cli.trials import Trial, Trials
from cvfast.errors import CvfastError, MediaError
from cvfast.faces.detectors import Spec
from cvfast.io.files import IMAGE_SUFFIXES
from cvfast.metrics.annotations import Annotated
from cvfast.metrics.jsonlines import Detected, read_detections, write_detections

__all__ = ["Finding", "picture_path"]

_SAVE_EVERY = 10.0  # seconds of work that an interruption may cost


@dataclass
class Finding:
    """What several models find in annotated pictures.

    Parameters
    ----------
    folder
        Where ``detections-MODEL.jsonl`` are kept; what is there and still holds is not made again.
    images
        The folder of the pictures.
    specs
        The models.
    min_score
        Lowest score to keep.
    max_pixels
        Refuse larger pictures.
    report
        Where failures and progress are told.
    """

    folder: Path
    images: Path
    specs: Sequence[Spec]
    min_score: float
    max_pixels: int
    report: Report
    failures: list[Exception] = field(default_factory=list)
    found: dict[str, dict[str, Detected]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._trials = Trials(self.specs, min_score=self.min_score)
        self._identities = {str(spec): _identity(spec, self.min_score) for spec in self.specs}

    @property
    def broken(self) -> Mapping[str, Exception]:
        """Models that do not work here, and why."""
        return self._trials.broken

    def run(self, pictures: Sequence[Annotated]) -> list[Annotated]:
        """Let all models look at all pictures; return those that could be read.

        Raises
        ------
        ModelError, MissingDependencyError
            None of the models works here.
        KeyboardInterrupt
            What was found so far is kept.
        """
        self._load()
        good, saved = [], time.monotonic()
        try:
            with self.report.bars(), self.report.bar("pictures", len(pictures)) as progress:
                for number, picture in enumerate(pictures):
                    if self._one(picture):
                        good.append(picture)
                    progress(number + 1, len(pictures))
                    if time.monotonic() - saved > _SAVE_EVERY:
                        self._save()
                        saved = time.monotonic()
        except KeyboardInterrupt:
            said = f"interrupted; what was found is kept in {self.folder}"
            raise KeyboardInterrupt(f"{said}, and the same command goes on from there") from None
        finally:
            self._save()
        return good

    def of(self, spec: Spec, pictures: Sequence[Annotated]) -> list[Detected]:
        """Return what one model found, picture by picture."""
        kept = self.found[str(spec)]
        return [kept[picture.file] for picture in pictures]

    def path(self, spec: Spec) -> Path:
        """Return where one model's detections are kept."""
        name = spec.detector.name
        if spec.file is not None:
            name += "-" + hashlib.blake2b(str(spec).encode(), digest_size=4).hexdigest()
        return self.folder / f"detections-{name}.jsonl"

    def _one(self, picture: Annotated) -> bool:
        """Look at one picture; say whether it could be read."""
        from cvfast.io.images import read_image

        try:
            path = picture_path(self.images, picture.file)
            facts = path.stat()
            keys = {
                name: _digest(identity, str(facts.st_size), str(facts.st_mtime_ns))
                for name, identity in self._identities.items()
            }
            needed = [name for name, key in keys.items() if not self._holds(name, picture, key)]
            if not needed:
                return True
            pixels = read_image(path, max_pixels=self.max_pixels).pixels
            for trial in self._trials.run(pixels, needed):
                self._keep(trial, picture, keys[trial.model])
        except (CvfastError, OSError) as error:
            if len(self.broken) == len(self.specs):
                raise
            self.failures.append(error)
            self.report.failure(picture.file, error)
            return False
        return True

    def _holds(self, name: str, picture: Annotated, key: str) -> bool:
        kept = self.found[name].get(picture.file)
        return name in self.broken or (kept is not None and kept.key == key)

    def _keep(self, trial: Trial, picture: Annotated, key: str) -> None:
        if trial.faces is not None:
            faces = trial.faces
            boxes, scores = faces.boxes.astype(np.float64), faces.scores.astype(np.float64)
            seconds = round(trial.seconds, 6)
            self.found[trial.model][picture.file] = Detected(
                picture.file, boxes, scores, seconds, key
            )

    def _load(self) -> None:
        for spec in self.specs:
            path, kept = self.path(spec), {}
            if path.exists():
                try:
                    kept = {one.file: one for one in read_detections(path)}
                except MediaError as error:
                    self.report.note(f"{error}; made again")
            self.found[str(spec)] = kept

    def _save(self) -> None:
        for spec in self.specs:
            if found := self.found[str(spec)]:
                write_detections(self.path(spec), found.values(), overwrite=True)


def picture_path(folder: Path, name: str) -> Path:
    """Return where a picture of annotations is; FDDB's names have no suffix.

    Raises
    ------
    MediaError
        There is no such picture, or its name leads out of the folder.
    """
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in parts.parts[0]:
        raise MediaError(f"{name}: expected a picture's name inside {folder}")
    path = folder / parts
    tries = [path, *(path.with_name(path.name + suffix) for suffix in sorted(IMAGE_SUFFIXES))]
    for one in tries:
        if one.is_file():
            return one
    raise MediaError(f"{path}: no such picture, though the annotations name it")


def _identity(spec: Spec, min_score: float) -> str:
    """Tell one model in one version, with one file, from another."""
    content = ""
    if spec.file is not None and Path(spec.file).is_file():
        content = hashlib.sha256(Path(spec.file).read_bytes()).hexdigest()
    return _digest(cvfast.__version__, str(spec), content, repr(min_score))


def _digest(*words: str) -> str:
    return hashlib.blake2b("\0".join(words).encode(), digest_size=12).hexdigest()
