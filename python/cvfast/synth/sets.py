"""Sets of made pictures in a folder, with labels; a killed run goes on where it was.

Pictures come in shards. A shard's labels are written when all its pictures are there, and the
set's ``labels.jsonl`` when all shards are. Each picture follows from the settings and its number
alone, so that it does not matter who makes it, when, or how often.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from cvfast.errors import MediaError, OutputError, OutputExistsError
from cvfast.io.atomic import write_bytes
from cvfast.io.image_writer import write_image
from cvfast.io.provenance import Mark
from cvfast.runs.crew import processes
from cvfast.synth.faces import Facts, make_face, split_of
from cvfast.synth.scenes import make_scene
from cvfast.training.labels import FILE, LabelledFace, LabelledPicture, label_line
from cvfast.typing import ImageF32, ImageU8, Progress
from cvfast.typing import Path as PathLike

__all__ = ["MadeSet", "make_set"]

SETTINGS = "made.json"
SHARD = 100
BLOCK = 100  # pictures that share few people, so that these are painted once
_CAST = 16  # at most so many of a split in a block
_PARTS, _MASKS = ".parts", "masks"
_FORMAT = 1  # grows when the same settings begin to give other pictures


@dataclass(frozen=True)
class MadeSet:
    """Settings of a set, fixed before it is made.

    Parameters
    ----------
    kind : str
        "faces" or "scenes".
    count : int
        How many pictures.
    size : tuple of int
        Width and height of each; faces are square.
    seed : int
        From 0 on.
    identities : int
        How many people are in it: those from number `first` on.
    first : int
        The first of them.
    test_share : float
        Share of the people, and of their pictures, in split "test". A scene has people of one
        split only.
    masks : bool
        Write masks of parts too.
    faces : tuple of int
        Least and most faces of a scene.
    suffix : str
        ``.jpg`` or ``.png``.
    """

    kind: str
    count: int
    size: tuple[int, int]
    seed: int = 0
    identities: int = 200
    first: int = 0
    test_share: float = 0.2
    masks: bool = False
    faces: tuple[int, int] = (0, 6)
    suffix: str = ".jpg"

    def __post_init__(self) -> None:
        _choice("kind", self.kind, ("faces", "scenes"))
        _choice("suffix", self.suffix, (".jpg", ".png"))
        low = 16 if self.kind == "faces" else 64
        for name, value, least, most in (
            ("count", self.count, 1, 10_000_000),
            ("seed", self.seed, 0, 2**31 - 1),
            ("identities", self.identities, 1, 1_000_000),
            ("first", self.first, 0, 2**31 - 1),
            ("size", min(self.size), low, 2048),
            ("size", max(self.size), low, 2048),
            ("test_share", self.test_share, 0, 1),
            ("faces", self.faces[0], 0, self.faces[1]),
            ("faces", self.faces[1], self.faces[0], 100),
        ):
            if not least <= value <= most:
                raise ValueError(f"{name}: expected {least} to {most}, got {value}")

    def people(self, split: str) -> list[int]:
        """Return the identities of a split."""
        everyone = range(self.first, self.first + self.identities)
        return [who for who in everyone if split_of(who, self.test_share) == split]

    def name(self, number: int) -> str:
        """Return the file name of a picture."""
        return f"{number:05d}{self.suffix}"


def make_set(
    folder: PathLike, settings: MadeSet, *, jobs: int = 1, progress: Progress | None = None
) -> Path:
    """Make a set of pictures, or what is left of it.

    Parameters
    ----------
    folder
        New or empty, or with a set of the same settings in it.
    settings
        What to make.
    jobs
        Processes.
    progress
        Called with (pictures done, count).

    Returns
    -------
    Path
        The labels.

    Raises
    ------
    OutputExistsError
        The folder holds other things.
    OutputError
        It cannot be written to.
    """
    target = Path(folder)
    labels = target / FILE
    say = progress or _nothing
    _open(target, settings)
    if labels.exists():
        say(settings.count, settings.count)
        return labels
    parts = target / _PARTS
    starts = [s for s in range(0, settings.count, SHARD) if not (parts / f"{s:08d}").exists()]
    left = sum(min(SHARD, settings.count - s) for s in starts)
    say(settings.count - left, settings.count)
    _share_out(target, settings, starts, jobs, say)
    lines = [(parts / f"{s:08d}").read_bytes() for s in range(0, settings.count, SHARD)]
    write_bytes(labels, b"".join(lines))
    shutil.rmtree(parts, ignore_errors=True)
    return labels


def _share_out(
    target: Path, settings: MadeSet, starts: list[int], jobs: int, say: Progress
) -> None:
    done = settings.count - sum(min(SHARD, settings.count - s) for s in starts)
    if jobs == 1:
        for start in starts:
            seen = partial(_say_more, say, done, settings.count)
            done += make_shard(str(target), settings, start, seen)
        return
    with processes(jobs).start() as pool:
        waiting = {pool.submit(make_shard, str(target), settings, start) for start in starts}
        while waiting:
            finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            done += sum(future.result() for future in finished)
            say(done, settings.count)


def _say_more(say: Progress, before: int, total: int, number: int) -> None:
    say(before + number, total)


def make_shard(
    folder: str, settings: MadeSet, start: int, seen: Callable[[int], None] | None = None
) -> int:
    """Make the pictures of a shard and then write its labels; return how many they are."""
    target = Path(folder)
    end = min(start + SHARD, settings.count)
    lines = []
    for number in range(start, end):
        image, mask, picture = made_picture(settings, number)
        write_image(target / picture.file, image, mark=_mark(settings, number), overwrite=True,
                    quality=92)  # fmt: skip
        if settings.masks:
            name = Path(picture.file).with_suffix(".png").name
            write_image(target / _MASKS / name, mask, mark=_mark(settings, number), overwrite=True)
        lines.append(label_line(picture) + "\n")
        if seen is not None:
            seen(number + 1 - start)
    write_bytes(target / _PARTS / f"{start:08d}", "".join(lines).encode(), overwrite=True)
    return end - start


def made_picture(settings: MadeSet, number: int) -> tuple[ImageU8, ImageU8, LabelledPicture]:
    """Make one picture of a set: its pixels, its mask and its labels."""
    # A picture's split is drawn first, so that both kinds of people get their share of pictures.
    everyone = _everyone(settings)
    split = split_of(number, settings.test_share)
    split = split if everyone[split] else "train" if everyone["train"] else "test"
    people = _cast(settings, number // BLOCK, everyone[split])
    rng = np.random.default_rng([settings.seed, number, 0x5E7])
    if settings.kind == "faces":
        who = people[int(rng.integers(0, len(people)))]
        face = make_face(who, seed=settings.seed * 10_000_000 + number, size=settings.size[0])
        labels = (_label(face.box, face.points68, face.facts),)
        return face.image, face.mask, LabelledPicture(settings.name(number), labels,
                                                      settings.size, split)  # fmt: skip
    scene = make_scene(
        settings.seed * 10_000_000 + number,
        size=settings.size,
        faces=settings.faces,
        identities=tuple(people),
    )
    shown = tuple(_label(face.box, face.points68, face.facts) for face in scene.faces)
    return scene.image, scene.mask, LabelledPicture(settings.name(number), shown,
                                                    settings.size, split)  # fmt: skip


@lru_cache(maxsize=2)
def _everyone(settings: MadeSet) -> dict[str, list[int]]:
    return {split: settings.people(split) for split in ("train", "test")}


def _cast(settings: MadeSet, block: int, people: list[int]) -> list[int]:
    """Draw who is in a block of pictures."""
    rng = np.random.default_rng([settings.seed, block, 0xCA57])
    return sorted(rng.choice(people, min(len(people), _CAST), replace=False).tolist())


def _label(box: ImageF32, points: ImageF32, facts: Facts) -> LabelledFace:
    pose = facts.pose
    return LabelledFace(box, points, facts.identity, pose.yaw, pose.pitch, pose.roll, facts.light,
                        facts.expression, facts.occluded)  # fmt: skip


def _mark(settings: MadeSet, number: int) -> Mark:
    return Mark(
        "algorithmicMedia", actions=(f"made={settings.kind}", f"seed={settings.seed}",
                                     f"number={number}")
    )  # fmt: skip


def _open(target: Path, settings: MadeSet) -> None:
    """Make the folder ready, or see that it is one of these settings."""
    wanted = {"format": _FORMAT, **json.loads(json.dumps(asdict(settings)))}
    try:
        target.mkdir(parents=False, exist_ok=True)
        found = sorted(path.name for path in target.iterdir())
    except OSError as error:
        raise OutputError(f"{target}: the folder cannot be made: {error.strerror}") from error
    if SETTINGS in found:
        there = _settings_in(target / SETTINGS)
        if there != wanted:
            other = sorted(k for k in wanted.keys() | there.keys() if wanted.get(k) != there.get(k))
            raise OutputExistsError(
                f"{target}: expected a set of the same settings, got one with another "
                f"{', '.join(other)}; choose another folder, or remove this one"
            )
    elif any(not name.startswith(f".{SETTINGS[:4]}") for name in found):
        raise OutputExistsError(
            f"{target}: expected a new or empty folder, got one with other files in it ({found[0]})"
        )
    else:
        text = json.dumps(wanted, indent=1) + "\n"
        write_bytes(target / SETTINGS, text.encode(), overwrite=True)
    if not (target / FILE).exists():
        (target / _PARTS).mkdir(exist_ok=True)
        if settings.masks:
            (target / _MASKS).mkdir(exist_ok=True)


def _settings_in(path: Path) -> dict[str, Any]:
    try:
        there = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise MediaError(f"{path}: expected the settings of a made set: {error}") from error
    if not isinstance(there, dict):
        raise MediaError(f"{path}: expected the settings of a made set, got {type(there).__name__}")
    return there


def _choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name}: expected one of {', '.join(choices)}, got {value!r}")


def _nothing(_done: int, _total: int | None) -> None:
    """Take progress that nobody sees."""
