"""What ``cvfast detect`` draws beside its results: the sheet of ``--compare``, ``--steps``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.cli.looking import Look
from cvfast.cli.report import Report
from cvfast.cli.sheet import Row, comparison_sheet
from cvfast.cli.steps import Steps, refuse_inputs
from cvfast.errors import CvfastError, LimitError
from cvfast.faces.detectors import Spec
from cvfast.io.atomic import check_target
from cvfast.io.files import is_video
from cvfast.metrics.annotations import Annotated, read_annotations
from cvfast.typing import Image

__all__ = ["DetectPictures"]

_MOST_PANELS = 300  # a sheet of 4 x 75 pictures: 34,000 pixels high
_LABELS = "labels.jsonl"


class DetectPictures:
    """Draws what the models found, as they find it.

    Parameters
    ----------
    specs
        The models.
    report
        Where to say what was written.
    sheet
        File for the comparison; None for none.
    steps
        Folder for the steps; None for none.
    overwrite
        Replace existing pictures.
    """

    def __init__(
        self,
        specs: Sequence[Spec],
        report: Report,
        *,
        sheet: str | None,
        steps: str | None,
        overwrite: bool,
    ) -> None:
        self._specs, self._report, self._overwrite = specs, report, overwrite
        self._sheet = None if sheet is None else Path(sheet)
        self._folder = steps
        self._steps: Steps | None = None
        self._rows: list[Row] = []
        self._truths: dict[Path, dict[str, Annotated]] = {}

    @property
    def wanted(self) -> bool:
        """Whether there is anything to draw."""
        return self._sheet is not None or self._folder is not None

    def begin(self, sources: Sequence[Path]) -> None:
        """Refuse before any work what could not be written after it.

        Raises
        ------
        ValueError
            A clip; two photos or models whose steps would have one name; an original that would
            be replaced.
        LimitError
            Too many panels for one sheet.
        OutputError, OutputExistsError
            The sheet or a step cannot be written.
        """
        for source in sources:
            if is_video(source):
                raise ValueError(f"{source}: --compare and --steps take photos, not clips")
        if self._sheet is not None:
            self._check_sheet(self._sheet, len(sources) * len(self._specs))
            refuse_inputs("--compare", [self._sheet], sources)
        if self._folder is not None:
            self._steps = Steps(self._folder, sources, self._specs, overwrite=self._overwrite)

    def photo(self, source: Path, image: Image, seen: Look) -> dict[str, Any]:
        """Draw one photo; return what its record shall tell, too."""
        if self._sheet is not None:
            self._rows.append(Row.of(source.name, image, seen.trials, self._truth(source)))
        if self._steps is None:
            return {}
        written = self._steps.save(source, image, seen.trials)
        return {"steps": [str(path) for path in written]}

    def finish(self) -> None:
        """Write the sheet, of those photos that could be read."""
        from cvfast.io.images import write_image

        if self._sheet is None or not self._rows:
            return
        # A drawing is no altered photo, so it carries no mark.
        write_image(self._sheet, comparison_sheet(self._rows), overwrite=self._overwrite)
        self._report.note(f"comparison: {self._sheet}")

    def _check_sheet(self, path: Path, panels: int) -> None:
        if panels > _MOST_PANELS:
            said = f"--compare: expected at most {_MOST_PANELS} pictures (inputs x models)"
            raise LimitError(f"{said}, got {panels}; give fewer inputs")
        check_target(path, overwrite=self._overwrite)

    def _truth(self, source: Path) -> NDArray[np.float64] | None:
        """Boxes of the faces that are there, if a labels.jsonl beside the photo tells."""
        folder = source.parent
        if folder not in self._truths:
            self._truths[folder] = {}
            try:
                if (folder / _LABELS).is_file():
                    known = read_annotations(folder / _LABELS)
                    self._truths[folder] = {picture.file: picture for picture in known}
            except CvfastError as error:
                self._report.note(f"{error}; its faces are not drawn")
        picture = self._truths[folder].get(source.name)
        return None if picture is None else picture.boxes[~picture.ignore]
