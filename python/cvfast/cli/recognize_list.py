"""``cvfast recognize list``: who is in a gallery."""

from __future__ import annotations

from cvfast.cli.common import Common
from cvfast.cli.recognizing import GalleryFolder, count, open_gallery

__all__ = ["EXAMPLES", "USAGE", "recognize_list"]

EXAMPLES = ("cvfast recognize list -g gallery",)
USAGE = "-g GALLERY [OPTIONS]"


def recognize_list(*, gallery: GalleryFolder, common: Common | None = None) -> int:
    """List the people of a gallery, and how many faces of each it knows."""
    report = (common or Common()).report("recognize")
    known = open_gallery(report, gallery)
    for name, faces in known.people.items():
        pictures = [row.picture for row in known.rows if row.name == name]
        report.result(
            f"{name}: {count(faces, 'face')}",
            kind="list", person=name, faces=faces, pictures=pictures,
        )  # fmt: skip
    report.note(
        f"{gallery}: {count(len(known.people), 'person', 'people')}, "
        f"{count(len(known.rows), 'face')}, model {known.model}"
    )
    return 0
