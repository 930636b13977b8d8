"""Models let loose on a set of faces whose people are known, their vectors kept on disk."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from cvfast.cli.report import Report
from cvfast.cli.verificationreport import Facts
from cvfast.errors import CvfastError, MediaError, NothingFoundError
from cvfast.faces.embedding import Embedder
from cvfast.metrics.pairs import Pairs
from cvfast.recognition.embedding_sets import Embedded, embed_sets
from cvfast.recognition.face_sets import FaceSet
from cvfast.recognition.judging import Judged, judge_model, plan_trials
from cvfast.recognition.kept_vectors import KeptVectors

__all__ = ["Verifying", "file_word"]

_NAMED = 10  # faces that are missing and named on stderr; the report names all


class Verifying:
    """What several models make of a set.

    Parameters
    ----------
    folder
        The report's; vectors are kept there.
    models
        Specs as `open_recogniser` takes them, separated by commas; None: its default.
    report
        Where failures and progress are told.
    max_pixels
        Refuse larger pictures.

    Attributes
    ----------
    embedders, broken
        Models that work, by spec, and why the others do not.
    """

    def __init__(self, folder: Path, models: str | None, report: Report, max_pixels: int) -> None:
        self.folder, self._report, self._max_pixels = folder, report, max_pixels
        self.embedders: dict[str, Embedder] = {}
        self.broken: dict[str, Exception] = {}
        self._open(models)

    def run(self, faces: FaceSet, most: int, seed: int) -> tuple[Facts, dict[str, Judged]]:
        """Let all models embed all faces, and judge each on those that were found.

        Returns
        -------
        facts, judged
            Nothing is judged where no face was found.

        Raises
        ------
        MediaError
            What was found makes no pairs of both kinds.
        KeyboardInterrupt
            What was done so far is kept.
        """
        done = self._embed(faces)
        good = np.array([at for at in range(len(faces.faces)) if at not in done.missing], np.int64)
        names = [face.name for face in faces.faces]
        missing = {names[at]: error for at, error in done.missing.items()}
        several = tuple(names[at] for at in done.several)
        self._tell(missing, several, len(names))
        pairs, lost = _left(faces.pairs, good)
        people = [faces.faces[at].person for at in good]
        shown = tuple(names[at] for at in good)
        facts = Facts(faces.source, shown, len(set(people)), missing, lost, several)
        if not len(good):
            return facts, {}
        try:
            plan = plan_trials(people, pairs, most=most, seed=seed)
        except MediaError as error:
            raise MediaError(f"{faces.source}: {error}") from error
        return facts._replace(plan=plan), {
            spec: judge_model(plan, done.vectors[spec][good], embedder)
            for spec, embedder in self.embedders.items()
        }

    def _open(self, models: str | None) -> None:
        from cvfast.recognition.recognisers import open_recogniser

        specs = [None] if models is None else [word.strip() for word in models.split(",")]
        if len(set(specs)) != len(specs):
            raise ValueError(f"--model: expected each model once, got {models}")
        for spec in specs:
            try:
                embedder = open_recogniser(spec)
            except CvfastError as error:
                self.broken[str(spec)] = error
                self._report.error(f"cvfast: {spec}: {error}" if spec else f"cvfast: {error}")
            else:
                self.embedders[spec or embedder.name] = embedder

    def _embed(self, faces: FaceSet) -> Embedded:
        kept = {}
        for spec, embedder in self.embedders.items():
            path = self.folder / f"vectors-{file_word(spec)}.safetensors"
            kept[spec] = KeptVectors(path, embedder)
            if kept[spec].problem:
                self._report.note(f"{kept[spec].problem}; made again")
        self._report.note(
            f"{self.folder} will hold vectors of people's faces, which are biometric data; "
            "delete it to erase them"
        )
        try:
            with (
                self._report.bars(),
                self._report.bar("faces", len(faces.faces)) as progress,
            ):
                return embed_sets(
                    faces.faces,
                    self.embedders,
                    kept=kept,
                    max_pixels=self._max_pixels,
                    progress=progress,
                )
        except KeyboardInterrupt:
            said = f"interrupted; what was done is kept in {self.folder}"
            raise KeyboardInterrupt(f"{said}, and the same command goes on from there") from None

    def _tell(self, missing: Mapping[str, Exception], several: Sequence[str], total: int) -> None:
        """Name what cannot be judged, and where there was a choice."""
        lost = [name for name, error in missing.items() if isinstance(error, NothingFoundError)]
        for name, error in missing.items():
            if name not in lost:
                self._report.failure(_source(name, error), error)
        if lost:
            self._report.error(
                f"no face found in {len(lost)} of {total}, not judged: {_listed(lost)}"
            )
        if several:
            self._report.note(
                f"several faces in {len(several)} of {total}, the largest was taken: "
                f"{_listed(several)}"
            )


def file_word(spec: str) -> str:
    """Return a model's name as a part of a file's name; two models never share one.

    Examples
    --------
    >>> file_word("dlib"), file_word("models/arc face.onnx")
    ('dlib', 'arc_face.onnx-5c7c8b29')
    """
    if re.fullmatch(r"[a-z0-9]+", spec):
        return spec
    last = re.sub(r"[^\w.]+", "_", re.split(r"[/\\]", spec)[-1])[-40:]
    return f"{last}-{hashlib.blake2b(spec.encode(), digest_size=4).hexdigest()}"


def _source(name: str, error: Exception) -> str:
    """Return the path that the error begins with, if it is that of the picture, else its name."""
    path = str(error).partition(": ")[0]
    return path if path.endswith(name) else name


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")


def _left(pairs: Pairs | None, good: np.ndarray) -> tuple[Pairs | None, int]:
    """Return the prescribed pairs whose faces were found, renumbered, and how many were lost."""
    if pairs is None:
        return None, 0
    most = int(max(pairs.first.max(), pairs.second.max())) + 1
    places = np.full(most, -1, np.int64)
    places[good] = np.arange(len(good))
    first, second = places[pairs.first], places[pairs.second]
    held = (first >= 0) & (second >= 0)
    left = Pairs(first[held], second[held], pairs.same[held], pairs.fold[held])
    return left, int((~held).sum())
