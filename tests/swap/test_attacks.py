"""Hostile face files: none runs anything, fills the memory, or breaks more than its own reading."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from cvfast.errors import CvfastError, MediaError, NothingFoundError
from cvfast.swap.exchange import import_faces
from cvfast.swap.face_file import read_record

from tests.swap.attacks import PWNED, write_attacks

Attacks = dict[str, list[Path]]


@pytest.fixture(scope="module")
def attacks(tmp_path_factory: pytest.TempPathFactory) -> Attacks:
    return write_attacks(tmp_path_factory.mktemp("attacks"))


@pytest.fixture(autouse=True)
def _nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert not list(tmp_path.rglob(f"*{PWNED}*"))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 1 << 20, f"{grown} KiB more memory"


def test_the_corpus_is_large_enough(attacks: Attacks) -> None:
    assert sum(map(len, attacks.values())) >= 80


def test_each_refusal_says_why(attacks: Attacks, tmp_path: Path) -> None:
    done = import_faces(attacks["dfl"][0].parent, tmp_path / "out")
    assert done.faces == 1  # "path" is harmless: only the last part of the name is used
    reasons = dict(done.skipped)
    assert len(reasons) == len(attacks["dfl"]) - 1
    assert "asks for posix.system" in reasons["system.jpg"]
    assert "asks for posix.system" in reasons["inner.jpg"]
    assert ".Popen" in reasons["popen.jpg"]
    assert "asks for os.system" in reasons["newobj.jpg"]
    assert "the instruction INST" in reasons["inst.jpg"]
    assert all(reasons.values())


def test_faceswap_pictures_are_refused(attacks: Attacks, tmp_path: Path) -> None:
    with pytest.raises(NothingFoundError, match=r"add\.png|call\.png"):
        import_faces(attacks["faceswap"][0].parent, tmp_path / "out")


def test_packs_are_refused(attacks: Attacks, tmp_path: Path) -> None:
    for path in attacks["pak"]:
        with pytest.raises(CvfastError, match=path.stem):
            import_faces(path, tmp_path / f"out-{path.stem}")


def test_alignments(attacks: Attacks, tmp_path: Path) -> None:
    for path in attacks["fsa"]:
        with pytest.raises(MediaError, match=path.stem):
            import_faces(path, tmp_path / f"out-{path.stem}", frames=tmp_path)


def test_records_of_our_own(attacks: Attacks) -> None:
    for path in attacks["ours"]:
        with pytest.raises(MediaError, match=path.stem):
            read_record(path)
