"""The sheet of ``cvfast swap clean``: one HTML file with the worst faces first."""

from __future__ import annotations

import base64
import hashlib
import io
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvfast.errors import LimitError, MediaError, MissingDependencyError
from cvfast.io.atomic import check_target, write_bytes
from cvfast.typing import Path as PathLike

if TYPE_CHECKING:
    from cvfast.swap.cleaning import Judged, Verdict
    from cvfast.swap.face_checks import Check

__all__ = ["check_page", "write_page"]

_SIDE = 112  # pixels of a thumbnail
_NONE = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


def check_page(path: PathLike, *, overwrite: bool) -> None:
    """Refuse before any work a page that could not be written after it.

    Raises
    ------
    MissingDependencyError
        jinja2 is not installed.
    OutputError, OutputExistsError
        As for `cvfast.io.atomic.check_target`.
    """
    _template()
    check_target(path, overwrite=overwrite)


def write_page(
    path: PathLike, folder: Path, judged: Judged, *, shown: int, overwrite: bool
) -> None:
    """Write the sheet.

    Parameters
    ----------
    path
        Of the HTML file.
    folder
        Whose faces.
    judged
        What is said of them.
    shown
        Faces on it at most; the worst are.
    overwrite
        Replace a page of that name.
    """
    verdicts = judged.verdicts[:shown]
    script = _file("clean.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    text = _template().render(
        folder=str(folder),
        faces=[_face(verdict, judged.checks) for verdict in verdicts],
        all=len(judged.verdicts),
        rejected=sum(verdict.rejected for verdict in judged.verdicts),
        counts=judged.counts,
        checks=judged.checks,
        skipped=[why for _, why in judged.skipped[:20]],
        more_skipped=max(0, len(judged.skipped) - 20),
        script=script,
        digest=digest,
    )
    write_bytes(path, text.encode(errors="replace"), overwrite=overwrite)


def _face(verdict: Verdict, checks: tuple[Check, ...]) -> dict[str, Any]:
    numbers = []
    for check in checks:
        value = verdict.values[check.name]
        if value is not None:
            bad = check.excess(value) > 1
            numbers.append({"name": check.name, "value": f"{value:.3g}", "bad": bad})
    return {
        "name": verdict.path.name,
        "picture": _thumbnail(verdict.path),
        "reasons": verdict.reasons,
        "numbers": numbers,
    }


def _thumbnail(path: Path) -> str:
    """Return a small JPEG of a picture as an address that holds it."""
    from PIL import Image

    from cvfast.swap.pixel_measures import read_pixels

    try:
        small = Image.fromarray(read_pixels(path))
    except (MediaError, LimitError, OSError):  # gone since it was judged
        return _NONE
    small.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def _file(name: str) -> str:
    return resources.files("cvfast.cli").joinpath(f"templates/{name}").read_text("utf-8")


def _template() -> Any:
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError as error:
        raise MissingDependencyError(
            f"the sheet needs jinja2 ({error}): pip install 'cvfast[plot]'"
        ) from error
    rules = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return rules.from_string(_file("clean.html"))
