"""The pictures of ``cvfast detect --steps``: from the photo to the faces, one step a picture."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cvfast.cli.trials import Trial
from cvfast.errors import OutputExistsError
from cvfast.faces.detectors import Spec
from cvfast.faces.types import Faces
from cvfast.geometry.sampling import PixelReader, as_rgb
from cvfast.imaging.integral import integral_image, rectangle_sum
from cvfast.imaging.threshold import otsu
from cvfast.io.atomic import make_folder
from cvfast.typing import Image, ImageU8

__all__ = ["Steps", "integral_picture", "refuse_inputs"]

_COMMON = ("1-colour", "2-grey", "3-binary", "4-integral")
_OF_A_MODEL = ("5-candidates", "6-faces")
_INK, _EDGE, _CORNER = (255, 255, 255), (20, 20, 24), (255, 220, 0)


class Steps:
    """Saves the steps of finding faces.

    ``NAME-1-colour.png``, ``NAME-2-grey.png``, ``NAME-3-binary.png`` (Otsu) and
    ``NAME-4-integral.png`` for each photo; ``NAME-MODEL-5-candidates.png`` (windows before
    non-maximum suppression) and ``NAME-MODEL-6-faces.png`` for each model.

    Parameters
    ----------
    folder
        Where to save them; made if missing.
    sources
        All photos.
    specs
        All models.
    overwrite
        Replace pictures of the same names.

    Raises
    ------
    ValueError
        Two photos, or two models, would have the same names; an original would be replaced.
    OutputError, OutputExistsError
        The folder cannot be made; a picture exists already.
    """

    def __init__(
        self, folder: str, sources: Sequence[Path], specs: Sequence[Spec], *, overwrite: bool
    ) -> None:
        self._folder, self._overwrite = Path(folder), overwrite
        self._specs = {str(spec): spec for spec in specs}
        self._slugs = {str(spec): _slug(spec) for spec in specs}
        _refuse_same(self._slugs, "--model")
        _refuse_same({str(source): source.stem for source in sources}, "--steps")
        targets = [
            self._folder / f"{source.stem}-{name}.png"
            for source in sources
            for name in self._names()
        ]
        refuse_inputs("--steps", targets, sources)
        for path in targets if not overwrite else ():
            if path.exists():
                said = f"{path}: the file exists already; --overwrite or another folder"
                raise OutputExistsError(said)
        make_folder(self._folder)

    def save(self, source: Path, image: Image, trials: Sequence[Trial]) -> list[Path]:
        """Save all steps of one photo; return where."""
        from cvfast.io.images import write_image

        pictures = dict(_common_steps(image, trials))
        for trial in trials:
            if trial.faces is not None:
                slug = self._slugs[trial.model]
                windows = self._specs[trial.model].call("candidates", PixelReader.of(image))
                colour = as_rgb(image)
                pictures[f"{slug}-5-candidates"] = _windows(colour, windows)
                pictures[f"{slug}-6-faces"] = trial.faces.draw(colour)
        written = []
        for name, picture in pictures.items():
            path = self._folder / f"{source.stem}-{name}.png"
            # Drawings are no altered photos, so they carry no mark.
            write_image(path, picture, overwrite=self._overwrite)
            written.append(path)
        return written

    def _names(self) -> list[str]:
        own = (f"{slug}-{step}" for slug in self._slugs.values() for step in _OF_A_MODEL)
        return [*_COMMON, *own]


def refuse_inputs(option: str, targets: Sequence[Path], sources: Sequence[Path]) -> None:
    """Raise ValueError if a picture to be written is one of the inputs."""
    originals = {os.path.realpath(source): source for source in sources}
    for target in targets:
        if source := originals.get(os.path.realpath(target)):
            raise ValueError(f"{option}: would replace the input {source}; choose another name")


def integral_picture(grey: ImageU8, box: tuple[int, int, int, int]) -> ImageU8:
    """Draw an integral image, 0 black and the whole sum white, and how it gives a box's sum.

    Parameters
    ----------
    grey
        (height, width) uint8.
    box
        ``x0, y0, x1, y1`` inside the picture, whose four corners are marked.

    Returns
    -------
    numpy.ndarray
        RGB uint8 as large as `grey`, with a strip of text below it.
    """
    from PIL import Image as Pillow
    from PIL import ImageDraw, ImageFont

    sums = integral_image(grey)
    shades = (sums[1:, 1:] * 255 // max(int(sums[-1, -1]), 1)).astype(np.uint8)
    height, width = grey.shape
    size = max(11, min(22, width // 26))
    strip = round(size * 3.9)
    sheet = Pillow.new("RGB", (width, height + strip), _EDGE)
    sheet.paste(Pillow.fromarray(shades).convert("RGB"), (0, 0))
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=size)
    x0, y0, x1, y1 = box
    for color, wide in ((_EDGE, 4), (_CORNER, 2)):
        pen.rectangle((x0, y0, max(x0, x1 - 1), max(y0, y1 - 1)), outline=color, width=wide)
    marks = (("A", x0, y0, "rb"), ("B", x1, y0, "lb"), ("C", x0, y1, "rt"), ("D", x1, y1, "lt"))
    for name, x, y, anchor in marks:
        shown = min(max(x, size), width - size), min(max(y, size), height - size)
        pen.text(shown, name, _CORNER, font, anchor, stroke_width=2, stroke_fill=_EDGE)
    corners = [int(sums[y, x]) for y, x in ((y1, x1), (y0, x1), (y1, x0), (y0, x0))]
    terms = " - ".join(f"{value:,}" for value in corners[:3]) + f" + {corners[3]:,}"
    lines = (
        f"last value = sum of all pixels = {int(sums[-1, -1]):,}",
        f"box = D - B - C + A = {terms}",
        f"    = {rectangle_sum(sums, box):,}",
    )
    for number, line in enumerate(lines):
        spot = (6, height + 4 + number * size * 1.22)
        pen.text(spot, line, _INK, _fitting(font, line, width - 12))
    return np.asarray(sheet)


def _fitting(font: Any, line: str, width: int) -> Any:
    """Make a font smaller until a line fits."""
    size = font.size
    while size > 7 and font.getlength(line) > width:
        size -= 1
        font = font.font_variant(size=size)
    return font


def _common_steps(image: Image, trials: Sequence[Trial]) -> Iterator[tuple[str, ImageU8]]:
    colour = as_rgb(image)
    height, width = colour.shape[:2]
    grey = np.array(PixelReader.of(image).luma((0, 0, width, height)))
    binary = np.where(grey > otsu(grey), 255, 0).astype(np.uint8)
    boxes = [trial.faces.boxes[0] for trial in trials if trial.faces is not None and trial.faces]
    best = boxes[0] if boxes else np.array([width, height, 3 * width, 3 * height]) / 4
    x0, y0, x1, y1 = np.clip(np.rint(best), 0, (width, height) * 2).astype(int).tolist()
    box = (x0, y0, x1, y1)
    pictures = (colour, grey, binary, integral_picture(grey, box))
    yield from zip(_COMMON, pictures, strict=True)


def _windows(colour: ImageU8, windows: Faces) -> ImageU8:
    """Draw all candidate windows, thin, the better the brighter."""
    from PIL import Image as Pillow
    from PIL import ImageDraw

    picture = Pillow.fromarray(colour)
    pen = ImageDraw.Draw(picture)
    for box, score in zip(windows.boxes[::-1], windows.scores[::-1], strict=True):
        x0, y0, x1, y1 = (round(float(value)) for value in box)
        level = round(150 + 105 * float(score))
        corners = (x0, y0, max(x0, x1 - 1), max(y0, y1 - 1))
        pen.rectangle(corners, outline=(level, level, 0), width=1)
    return np.asarray(picture)


def _slug(spec: Spec) -> str:
    name = spec.detector.name
    if spec.file is None:
        return name
    file = spec.file.replace("\\", "/").rpartition("/")[2].rpartition(".")
    return f"{name}-{file[0] or file[2]}"


def _refuse_same(names: Mapping[str, str], option: str) -> None:
    """Refuse two things whose pictures would have one name."""
    taken: dict[str, str] = {}
    for given, name in names.items():
        if other := taken.get(name.casefold()):
            said = f"{option}: pictures of {other} and {given} would have the same names"
            raise ValueError(f"{said}; run them into different folders")
        taken[name.casefold()] = given
