"""Changed copies of good cascade files, the same ones every time."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fuzz.fuzz_cascade_file import try_bytes

SEEDS = sorted((Path(__file__).parents[1] / "golden").glob("cascade_*.xml"))
NUMBERS = (b"-1", b"0", b"7", b"255", b"2147483648", b"1e30", b"nan", b".Inf", b"-0.", b"", b"1 1")
MARKS = (b"<", b">", b"</_>", b"<_>", b"&amp;", b"&x;", b"<!--", b"\0", b"\xff", b"]]>", b"<a/>")


def changed(data: bytes, rng: random.Random) -> bytes:
    """Cut, repeat or replace a few places."""
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(data) + 1)
        how = rng.randrange(5)
        if how == 0:
            data = data[:at] + rng.choice(MARKS) + data[at:]
        elif how == 1:
            data = data[:at] + data[at + rng.choice((1, 5, 60)) :]
        elif how == 2:
            data = data[:at] + data[max(0, at - rng.choice((9, 120))) :]
        elif how == 3 and at < len(data):
            data = data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
        else:  # another number
            start = data.find(b" ", at)
            end = data.find(b" ", start + 1)
            if 0 <= start < end:
                data = data[: start + 1] + rng.choice(NUMBERS) + data[end:]
    return data


@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: path.stem)
def test_changed_files_are_refused_or_run(seed: Path, tmp_path: Path) -> None:
    rng = random.Random(seed.stem)  # noqa: S311 (the same changes every time)
    data = seed.read_bytes()
    assert try_bytes(data, tmp_path / "a.xml")
    for _ in range(150):
        try_bytes(changed(data, rng), tmp_path / "a.xml")
