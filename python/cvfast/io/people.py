"""A folder with one subfolder a person, whose name is the person's."""

from __future__ import annotations

from pathlib import Path

from cvfast.errors import MediaError
from cvfast.io.files import expand_inputs
from cvfast.typing import Path as PathLike

__all__ = ["people_in"]


def people_in(folder: PathLike) -> dict[str, list[Path]]:
    """Return the pictures of each person, people and pictures in the order of their names.

    Hidden folders and folders without pictures are passed over, and so are pictures that lie
    beside the subfolders; pictures deeper down belong to the person all the same.

    Raises
    ------
    MediaError
        No such folder, or no subfolder with a picture in it.

    Examples
    --------
    >>> people_in("no-such-folder")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    cvfast.errors.MediaError: no-such-folder: expected a folder with a subfolder for each person...
    """
    place = Path(folder)
    expected = "expected a folder with a subfolder for each person (its name the label)"
    if not place.is_dir():
        raise MediaError(f"{place}: {expected}, found no such folder")
    people = {}
    for below in sorted(path for path in place.iterdir() if path.is_dir()):
        if below.name.startswith("."):
            continue
        try:
            people[below.name] = expand_inputs([below], recursive=True, videos=False)
        except MediaError:  # no picture in it
            continue
    if not people:
        raise MediaError(f"{place}: {expected}, found none with a picture in it")
    return people
