"""The folder in which a face swap is made: DeepFaceLab's layout, and a manifest.

``data_src`` and ``data_dst`` hold frames and ``aligned`` faces, ``model`` the networks, ``merged``
what comes out. ``cvfast-swap.json`` says which clips, and who confirmed what.
"""

from __future__ import annotations

import getpass
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cvfast.errors import MediaError, OutputExistsError
from cvfast.io.atomic import leftovers, make_folder, write_bytes
from cvfast.io.files import expand_inputs, is_video
from cvfast.io.images import read_image
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
            A clip is missing or cannot be read, a folder has no picture, or both are the same.
        """
        if consent is not True:
            raise ValueError(
                "consent: expected True (--consent): that the people shown agree to this swap"
            )
        folder = Path(path)
        killed = set(leftovers(folder, of=folder / MANIFEST)) if folder.is_dir() else set()
        if folder.is_dir() and set(folder.iterdir()) - killed:
            raise OutputExistsError(
                f"{folder}: holds something already; choose a new folder, or go on with this one "
                "by its next step"
            )
        given = {"source": _given(source), "target": _given(target)}
        _refuse_same(given["source"], given["target"])
        make_folder(folder)
        for path in killed:
            path.unlink(missing_ok=True)
        manifest = {
            "version": _VERSION,
            **given,
            "consent": {
                "confirmed": "the people shown agree to this swap",
                "by": _user(),
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
            if type(version) is not int or not 1 <= version <= _VERSION:
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

    def checked_clip(self, side: str) -> Path:
        """Return the same, after a look whether it is still there and the same.

        Raises
        ------
        MediaError
            It is not.
        """
        clip, known = self.clip(side), self.manifest[side]
        # A manifest from elsewhere may name a pipe or a device: those are never read.
        if not (os.path.isfile(clip) or os.path.isdir(clip)):  # noqa: PTH112, PTH113 (never raises)
            raise MediaError(
                f"{clip}: expected the {side} of {self.path}, which is gone; put it back, or make "
                "a workspace with the clip where it is now"
            )
        if "blake2" in known and (clip.is_dir() or known["blake2"] != Fingerprint.of(clip).blake2):
            raise MediaError(
                f"{clip}: expected the {side} for which {self.path} was made, got another file of "
                "this name; put the old one back, or make a workspace for the new one"
            )
        return clip

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
    """Look at a clip or a folder of pictures, and return what the manifest says of it."""
    given = Path(path).absolute()
    if given.is_dir():
        pictures = expand_inputs([given], videos=False)
        read_image(pictures[0], first_frame=True)
        return {"path": str(given), "pictures": len(pictures)}
    if not given.exists():
        raise MediaError(f"{path}: expected a clip or a folder of pictures, found nothing there")
    if not is_video(given):
        raise MediaError(
            f"{path}: expected a clip, got a picture; give a clip, or a folder of many pictures"
        )
    info = probe(given)
    print_of = Fingerprint.of(given)
    return {
        "path": str(given),
        "size": print_of.size,
        "blake2": print_of.blake2,
        "frame": [info.width, info.height],
    }


def _refuse_same(source: dict[str, Any], target: dict[str, Any]) -> None:
    same_file = "blake2" in source and source["blake2"] == target.get("blake2")
    if same_file or Path(source["path"]).samefile(target["path"]):
        raise MediaError(
            f"{target['path']}: expected a target that is not the source; the source shows the "
            "face that is taken, the target the one that is replaced"
        )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "unknown"
