"""What ``cvfast pose --openpose`` writes: one JSON file a photo."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cvfast.cli.looking import Look
from cvfast.io.atomic import check_target, make_folder
from cvfast.io.files import is_video
from cvfast.people.openpose import write_openpose
from cvfast.typing import Image

__all__ = ["PoseFiles"]


class PoseFiles:
    """Writes the poses of each photo as ``NAME_keypoints.json`` in one folder.

    Parameters
    ----------
    folder
        Made where it is missing.
    scheme
        Of the points.
    overwrite
        Replace existing files.
    """

    def __init__(self, folder: Path, scheme: str, *, overwrite: bool) -> None:
        self._folder, self._scheme, self._overwrite = folder, scheme, overwrite

    @classmethod
    def into(cls, folder: str | None, scheme: str, *, overwrite: bool) -> PoseFiles | None:
        """Return one for a folder, if there is one."""
        return None if folder is None else cls(Path(folder), scheme, overwrite=overwrite)

    def begin(self, sources: Sequence[Path]) -> None:
        """Refuse before any work what could not be written after it.

        Raises
        ------
        ValueError
            A clip, or two photos whose files would have one name.
        OutputError, OutputExistsError
            A file cannot be written.
        """
        make_folder(self._folder)
        taken: dict[Path, Path] = {}
        for source in sources:
            if is_video(source):
                raise ValueError(f"{source}: --openpose takes photos, not clips")
            target = self._target(source)
            if target in taken:
                raise ValueError(f"--openpose: {taken[target]} and {source} would both be {target}")
            taken[target] = source
            check_target(target, overwrite=self._overwrite)

    def photo(self, source: Path, image: Image, seen: Look) -> dict[str, Any]:
        """Write one photo's poses; return what its record shall tell, too."""
        target = self._target(source)
        write_openpose(target, seen.poses, scheme=self._scheme, overwrite=self._overwrite)
        return {"openpose": str(target)}

    def _target(self, source: Path) -> Path:
        return self._folder / f"{source.stem}_keypoints.json"
