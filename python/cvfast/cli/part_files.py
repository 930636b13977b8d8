"""What ``cvfast parts`` writes beside its drawing: label maps and pictures of the steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvfast.cli.looking import Look
from cvfast.io.atomic import check_target, make_folder
from cvfast.io.files import is_video
from cvfast.typing import Image

if TYPE_CHECKING:
    from cvfast.people.parts import Parts

__all__ = ["PartFiles", "PartsLook"]


@dataclass(frozen=True)
class PartsLook(Look):
    """A look at a picture, with the parts that were seen."""

    parts: Parts | None = None


class PartFiles:
    """Writes label maps as ``NAME.png`` to one folder, steps as ``NAME_STEP.png`` to another.

    Parameters
    ----------
    labels, steps
        The folders; made where they are missing.
    label_set
        Of the label maps.
    overwrite
        Replace existing files.
    """

    def __init__(
        self, labels: Path | None, steps: Path | None, label_set: str, *, overwrite: bool
    ) -> None:
        self._labels, self._steps = labels, steps
        self._set, self._overwrite = label_set, overwrite

    def begin(self, sources: Sequence[Path]) -> None:
        """Refuse before any work what could not be written after it.

        Raises
        ------
        ValueError
            A clip, or two photos whose files would have one name.
        OutputError, OutputExistsError
            A file cannot be written.
        """
        for folder in (self._labels, self._steps):
            if folder is not None:
                make_folder(folder)
        taken: dict[str, Path] = {}
        for source in sources:
            if is_video(source):
                raise ValueError(f"{source}: expected a photo, got a clip")
            if source.stem in taken:
                raise ValueError(
                    f"{source}: its files would have the names of those of {taken[source.stem]}"
                )
            taken[source.stem] = source
            if self._labels is not None:
                check_target(self._labels / f"{source.stem}.png", overwrite=self._overwrite)

    def photo(self, source: Path, image: Image, seen: Look) -> dict[str, Any]:
        """Write one photo's files; return what its record shall tell, too."""
        parts = seen.parts if isinstance(seen, PartsLook) else None
        if parts is None:
            return {}
        told: dict[str, Any] = {}
        if self._labels is not None:
            told["labels"] = str(self._write_labels(source, parts, seen))
        if self._steps is not None:
            told["steps"] = self._write_steps(source, parts)
        return told

    def _write_labels(self, source: Path, parts: Parts, seen: Look) -> Path:
        from cvfast.people.label_file import write_labels
        from cvfast.people.labels import convert_labels

        assert self._labels is not None  # noqa: S101 - for the type checker
        target = self._labels / f"{source.stem}.png"
        pose = seen.poses[0] if seen.poses else None
        ids = convert_labels(parts.labels, "cvfast", self._set, pose=pose)
        write_labels(target, ids, self._set, overwrite=self._overwrite)
        return target

    def _write_steps(self, source: Path, parts: Parts) -> list[str]:
        from cvfast.io.images import write_image
        from cvfast.people.part_drawing import step_pictures

        assert self._steps is not None  # noqa: S101 - for the type checker
        written = []
        for number, (name, picture) in enumerate(step_pictures(parts).items()):
            target = self._steps / f"{source.stem}_{number}_{name}.png"
            write_image(target, picture, overwrite=self._overwrite)
            written.append(str(target))
        return written
