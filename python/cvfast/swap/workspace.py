"""The folder in which a face swap is made: DeepFaceLab's layout, and a manifest.

``data_src`` and ``data_dst`` hold frames and ``aligned`` faces, ``model`` the networks, ``merged``
what comes out. ``cvfast-swap.json`` says which clips, and who confirmed what.
"""

from __future__ import annotations

import getpass
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cvfast.errors import MediaError, OutputExistsError
from cvfast.io.atomic import make_folder, write_bytes
from cvfast.io.opening import open_regular
from cvfast.io.video import probe
from cvfast.runs.plan import Fingerprint
from cvfast.typing import Path as PathLike

__all__ = ["SIDES", "Workspace"]

MANIFEST = "cvfast-swap.json"
SIDES = ("source", "target")
_FOLDERS = {"source": "data_src", "target": "data_dst"}
_VERSION = 1
_MOST = 1 << 20


@dataclass(frozen=True)
class Workspace:
    """A workspace that is there.

    Parameters
    ----------
    path
        The folder.
    manifest
        What is in its manifest: JSON values.
    """

    path: Path
    manifest: dict[str, Any]

    @classmethod
    def init(
        cls, path: PathLike, *, source: PathLike, target: PathLike, consent: bool
    ) -> Workspace:
        """Make a workspace for a swap of the source's face onto the target's.

        Parameters
        ----------
        path
            A new or empty folder.
        source, target
            Clips, or folders of pictures.
        consent
            That the people shown agree. It is written down, with who said so and when.

        Raises
        ------
        ValueError
            ``consent`` is not True.
        OutputExistsError
            The folder holds something else.
        MediaError
            A clip cannot be read.
        """
        if consent is not True:
            raise ValueError(
                "consent: expected True (--consent): that the people shown agree to this swap"
            )
        clips = {"source": _given(source), "target": _given(target)}
        folder = make_folder(path)
        if any(folder.iterdir()):
            raise OutputExistsError(
                f"{folder}: holds something already; choose a new folder, or go on with this one "
                "by its next step"
            )
        manifest = {
            "version": _VERSION,
            **clips,
            "consent": {
                "confirmed": "the people shown agree to this swap",
                "by": getpass.getuser(),
                "at": datetime.now(UTC).isoformat(timespec="seconds"),
            },
        }
        write_bytes(folder / MANIFEST, json.dumps(manifest, indent=1).encode())
        return cls(folder, manifest)

    @classmethod
    def open(cls, path: PathLike) -> Workspace:
        """Open a workspace.

        Raises
        ------
        MediaError
            There is none, its manifest is damaged or without consent, or a newer cvfast made it.
        """
        folder = Path(path)
        file = folder / MANIFEST
        if not file.is_file():
            raise MediaError(
                f"{folder}: expected a workspace; make one: cvfast swap init {folder} --source A "
                "--target B"
            )
        try:
            with open_regular(file) as stream:
                manifest = json.loads(stream.read(_MOST))
            version = manifest["version"]
            if not isinstance(version, int) or version > _VERSION:
                raise MediaError(
                    f"{file}: expected a workspace of version {_VERSION}, got {version!r}: a newer "
                    "cvfast made it; update this one"
                )
            for side in SIDES:
                _ = Path(manifest[side]["path"])
            agreed = manifest["consent"]["confirmed"]
        except MediaError:
            raise
        except (ValueError, TypeError, LookupError, RecursionError, OSError) as error:
            raise MediaError(f"{file}: expected a workspace's manifest: {error!r}") from error
        if not agreed:
            raise MediaError(f"{file}: the people shown have not been confirmed to agree")
        return cls(folder, manifest)

    def clip(self, side: str) -> Path:
        """Return the clip (or folder of pictures) of ``"source"`` or ``"target"``."""
        return Path(self.manifest[side]["path"])

    def frames(self, side: str) -> Path:
        """Return the folder of a side's frames."""
        return self.path / _FOLDERS[side]

    def faces(self, side: str) -> Path:
        """Return the folder of a side's face pictures."""
        return self.frames(side) / "aligned"

    def debug(self, side: str) -> Path:
        """Return the folder of a side's frames with what was found drawn in."""
        return self.frames(side) / "aligned_debug"

    @property
    def model(self) -> Path:
        """Return the folder of the networks and their training."""
        return self.path / "model"

    @property
    def merged(self) -> Path:
        """Return the folder of merged frames, as far as they are written as pictures."""
        return self.frames("target") / "merged"

    @property
    def merged_mask(self) -> Path:
        """Return the folder of their masks."""
        return self.frames("target") / "merged_mask"

    @property
    def result(self) -> Path:
        """Return the clip that comes out."""
        return self.path / "result.mp4"

    @property
    def result_mask(self) -> Path:
        """Return the clip of its masks."""
        return self.path / "result_mask.mp4"

    @property
    def steps(self) -> Path:
        """Return the folder in which steps note how far they are."""
        return self.path / "runs"


def _given(path: PathLike) -> dict[str, Any]:
    given = Path(path).absolute()
    if given.is_dir():
        return {"path": str(given)}
    probe(given)  # what is no clip is told now, not after hours
    seen = Fingerprint.of(given)
    return {"path": str(given), "size": seen.size, "blake2": seen.blake2}
