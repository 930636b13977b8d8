"""``cvfast recognize forget``: erase people from a gallery."""

from __future__ import annotations

import difflib
import unicodedata
from typing import Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common
from cvfast.cli.failure import exit_code
from cvfast.cli.recognizing import GalleryFolder, count

__all__ = ["EXAMPLES", "USAGE", "recognize_forget"]

EXAMPLES = (
    "cvfast recognize forget ann -g gallery",
    "cvfast recognize forget ann 'bob b' -g gallery",
)
USAGE = "NAME... -g GALLERY [OPTIONS]"


def recognize_forget(
    names: Annotated[
        list[str], Parameter(name="NAME", help="People, as in cvfast recognize list.")
    ],
    /,
    *,
    gallery: GalleryFolder,
    common: Common | None = None,
) -> int:
    """Erase people from a gallery: their names, vectors, and their pictures' names and hashes."""
    from cvfast.recognition.gallery import Gallery
    from cvfast.recognition.gallery_file import change_gallery, read_gallery

    report = (common or Common()).report("recognize")
    read_gallery(gallery)  # there has to be one
    wanted = list(dict.fromkeys(unicodedata.normalize("NFC", name) for name in names))
    before: dict[str, int] = {}

    def change(current: Gallery | None) -> Gallery:
        if current is None:  # its folder was deleted just now
            return read_gallery(gallery).forget(wanted)
        before.update(current.people)
        return current.forget(wanted)

    change_gallery(gallery, change, tell=report.note)
    failures: list[Exception] = []
    for name in wanted:
        if name in before:
            report.result(
                f"{name}: forgotten, {count(before[name], 'face')} erased from {gallery}",
                kind="forget", person=name, faces=before[name], gallery=gallery,
            )  # fmt: skip
            continue
        near = difflib.get_close_matches(name, before, n=1, cutoff=0.6)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        failures.append(ValueError(f"{name}: nobody of this name is in {gallery}{hint}"))
        report.failure(name, failures[-1])
    if not failures:
        return 0
    return exit_code(failures[0]) if len(wanted) == 1 else 1
