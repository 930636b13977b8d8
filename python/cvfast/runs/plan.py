"""What a run will do, fixed before it starts: settings, inputs and units of work."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from cvfast.errors import MediaError
from cvfast.typing import Path as PathLike

__all__ = ["Fingerprint", "Plan", "Unit", "file_hash", "tools"]

_WHOLE = 64 << 20  # files up to this many bytes are hashed in full
_END = 1 << 20  # of larger ones, the beginning and the end, which hold headers and indices
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Fingerprint:
    """What tells one version of an input from another.

    Files up to 64 MiB are hashed in full, and their time does not count; of larger ones the first
    and last MiB are hashed, and size and time count too.
    """

    path: str
    size: int
    blake2: str
    modified: int | None

    @classmethod
    def of(cls, path: PathLike) -> Fingerprint:
        """Look at a file.

        Raises
        ------
        MediaError
            It cannot be read.
        """
        absolute = Path(path).absolute()
        try:
            facts = absolute.stat()
            if facts.st_size <= _WHOLE:
                return cls(str(absolute), facts.st_size, file_hash(absolute), None)
            with absolute.open("rb") as file:
                digest = hashlib.blake2b(file.read(_END), digest_size=16)
                file.seek(-_END, 2)
                digest.update(file.read(_END))
        except OSError as error:
            raise MediaError(f"{path}: cannot be read: {error.strerror}") from error
        return cls(str(absolute), facts.st_size, digest.hexdigest(), facts.st_mtime_ns)


@dataclass(frozen=True)
class Unit:
    """A piece of work that is done whole or not at all.

    Attributes
    ----------
    name
        Its own within the plan; names its files, so letters, digits, dots and dashes.
    work
        ``"package.module:function"``, called with a `cvfast.runs.work.Task`. The same arguments
        must give the same bytes, whoever does it and however often.
    arguments
        Picklable. Dataclasses among them are not written down, so `Plan.settings` must say what
        they hold; what else JSON cannot hold is written as ``str(value)``.
    group
        Units of one group stand and fall together: once one fails, the others are left.
    after
        Names of the units that must be done before; they come earlier in the plan.
    weight
        Its share of the progress, such as a number of frames.
    """

    name: str
    work: str
    arguments: Mapping[str, Any]
    group: str = ""
    after: tuple[str, ...] = ()
    weight: int = 1


@dataclass(frozen=True)
class Plan:
    """A run, complete and unchangeable: two equal plans give the same bytes on one machine.

    Attributes
    ----------
    settings
        Everything the results depend on besides the inputs, JSON values by name, the number of
        encoder threads among them; named in messages when a resumed run differs.
    inputs
        The files read.
    units
        The work, in order.
    tools
        Versions that the results depend on, by name.
    """

    settings: Mapping[str, Any]
    inputs: tuple[Fingerprint, ...]
    units: tuple[Unit, ...]
    tools: Mapping[str, str] = field(default_factory=lambda: tools())

    def to_json(self) -> str:
        """Return what is kept in the run folder."""
        content = {
            "configuration": self.configuration,
            "settings": self.settings,
            "tools": self.tools,
            "inputs": [asdict(given) for given in self.inputs],
            "units": [_written(unit) for unit in self.units],
        }
        return json.dumps(content, indent=1, default=str, sort_keys=True)

    @property
    def configuration(self) -> str:
        """Hash of the settings."""
        text = json.dumps(self.settings, default=str, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    @property
    def identity(self) -> str:
        """Hash of the whole plan."""
        return hashlib.blake2b(self.to_json().encode(), digest_size=16).hexdigest()

    def differences(self, old: Mapping[str, Any]) -> list[str]:
        """Say in words how this plan differs from one read back from a run folder."""
        new = json.loads(self.to_json())
        said = []
        for kind in ("tools", "settings"):
            a, b = old.get(kind, {}), new[kind]
            said += [
                f"{name}: was {a.get(name)}, is {b.get(name)}"
                for name in sorted(a.keys() | b.keys())
                if a.get(name) != b.get(name)
            ]
        was = {given["path"]: given for given in old.get("inputs", [])}
        now = {given["path"]: given for given in new["inputs"]}
        said += [f"{path}: no longer among the inputs" for path in sorted(was.keys() - now.keys())]
        said += [f"{path}: not among the inputs then" for path in sorted(now.keys() - was.keys())]
        said += [
            f"{path}: the file has changed"
            for path in sorted(was.keys() & now.keys())
            if was[path] != now[path]
        ]
        if not said and old.get("units") != new["units"]:
            said.append("the work is divided in another way")
        return said


def tools(*packages: str) -> dict[str, str]:
    """Return the versions of cvfast, of PyAV (and so of its encoders), and of other packages."""
    found = {}
    for package in ("cvfast", "av", *packages):
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # run from a source tree
            found[package] = "unknown"
    return found


def file_hash(path: PathLike) -> str:
    """Return the BLAKE2 hash of a file's content."""
    digest = hashlib.blake2b(digest_size=16)
    with Path(path).open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _written(unit: Unit) -> dict[str, Any]:
    simple = {k: v for k, v in unit.arguments.items() if not is_dataclass(v)}
    return {field.name: getattr(unit, field.name) for field in fields(unit)} | {"arguments": simple}
