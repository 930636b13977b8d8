"""A finished merge, as the encoding finds it: its shards, and what they were made from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any

from cvfast.errors import MediaError
from cvfast.io.opening import open_regular
from cvfast.io.shards import Cut
from cvfast.runs.folder import Record, RunFolder
from cvfast.swap.merge_settings import MergeSettings
from cvfast.swap.merge_units import MASK_ENCODER
from cvfast.swap.workspace import Workspace
from cvfast.typing import Path as PathLike

__all__ = ["MergedShards"]

_MOST = 64 << 20
_ENCODER = ("codec", "crf", "preset", "threads")


@dataclass(frozen=True)
class MergedShards:
    """The shards of a merge that is done.

    Parameters
    ----------
    clip
        The target's.
    plan
        What was planned, as written down: ``settings``, ``inputs``, ``tools``.
    records
        Of the shards, in order.
    """

    clip: Path
    plan: dict[str, Any]
    records: tuple[Record, ...]

    @classmethod
    def open(cls, workspace: Workspace, step: str = "merge") -> MergedShards:
        """Find a workspace's merge: ``"merge"``, or ``"merge-frames"`` into pictures.

        Raises
        ------
        MediaError
            There is none, or it is not finished.
        """
        place = workspace.steps / step
        command = f"cvfast swap merge {workspace.path}" + " --frames" * (step != "merge")
        file = place / "plan.json"
        if not file.is_file():
            raise MediaError(
                f"{workspace.path}: expected merged frames, got none; first: {command}"
            )
        with open_regular(file) as stream:
            text = stream.read(_MOST)
        plan = json.loads(text)
        folder = RunFolder(place, hashlib.blake2b(text, digest_size=16).hexdigest())
        records = [folder.recorded(unit["name"]) for unit in plan["units"]]
        found = tuple(record for record in records if record is not None)
        if len(found) < len(records):
            raise MediaError(
                f"{workspace.path}: the merge is not finished: {len(found)} of {len(records)} "
                f"stretches are there; go on with it: {command}"
            )
        return cls(workspace.clip("target"), plan, found)

    @property
    def settings(self) -> MergeSettings:
        """How it was merged."""
        given = self._under("merge.")
        return MergeSettings(**{field.name: given[field.name] for field in fields(MergeSettings)})

    @property
    def last(self) -> Fraction | None:
        """For how many seconds the last frame is shown."""
        lasts = [record.result["last"] for record in self.records if record.result["frames"]]
        return Fraction(lasts[-1]) if lasts and lasts[-1] else None

    def shards(self, kind: str) -> tuple[Path, ...]:
        """Return the files that hold frames: of the pictures, or with ``-mask`` of the masks."""
        paths = [Path(record.file) for record in self.records if record.result["frames"]]
        return tuple(path.with_name(f"{path.stem}{kind}{path.suffix}") for path in paths)

    def cut(self, target: PathLike) -> Cut:
        """Return how the shards become a clip."""
        return self._cut(target, self.encoder())

    def encoder(self) -> dict[str, Any]:
        """Return how the pictures are encoded."""
        return {name: self._under("encoder.")[name] for name in _ENCODER}

    def mask_cut(self, target: PathLike) -> Cut:
        """Return how the masks' shards become a clip."""
        threads = self._under("encoder.")["threads"]
        return self._cut(target, {"threads": threads, **MASK_ENCODER})

    def facts(self, workspace: Workspace) -> dict[str, dict[str, Any]]:
        """Return what the result depends on beside the settings, as tables of JSON values."""
        settings = self.plan["settings"]
        model = [given for given in self.plan["inputs"] if Path(given["path"]) != self.clip]
        return {
            "model": {
                "name": Path(model[0]["path"]).name if model else "open",
                "blake2": model[0]["blake2"] if model else settings["model"],
                "face_type": settings["face_type"],
            },
            "faces": {"tracks": settings["tracks"], "blake2": settings["faces"]},
            "encoder": self._under("encoder."),
            "window": {name: _seconds(settings[name]) for name in ("start", "end")},
            "versions": dict(self.plan["tools"]),
            "source": _hashes(workspace.manifest["source"]),
            "target": _hashes(workspace.manifest["target"]),
        }

    def _cut(self, target: PathLike, encoder: dict[str, Any]) -> Cut:
        window: dict[str, Any] = {
            name: _fraction(self.plan["settings"][name]) for name in ("start", "end")
        }
        return Cut(source=self.clip, target=target, alpha="drop", **window, **encoder)

    def _under(self, prefix: str) -> dict[str, Any]:
        settings = self.plan["settings"]
        return {
            name.removeprefix(prefix): value
            for name, value in settings.items()
            if name.startswith(prefix)
        }


def _fraction(text: str) -> Fraction | None:
    return None if text == "None" else Fraction(text)


def _seconds(text: str) -> float | None:
    return None if text == "None" else float(Fraction(text))


def _hashes(given: dict[str, Any]) -> dict[str, Any]:
    """Return a clip's name and hash, not the folders of whose machine it was on."""
    return {"name": Path(given["path"]).name, "blake2": given.get("blake2")}
