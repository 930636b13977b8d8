"""``cvfast provenance`` on signed files, and the options that sign."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from cvfast.cli.report import Report
from cvfast.cli.signing import PASSPHRASE, SigningFlags
from cvfast.effects.jobs import Recipe
from cvfast.effects.options import RetouchOptions
from cvfast.effects.run import plan_run
from cvfast.io.files import Job
from cvfast.io.provenance import Mark
from cvfast.io.signing import Signer, sign_file


@pytest.fixture
def signed(samples, tmp_path, identity):
    path = tmp_path / "new.jpg"
    shutil.copy(samples / "face.jpg", path)
    signer = Signer.load(identity.chain, identity.key)
    mark = Mark(software="cvfast 1.2.3", actions=("big_eyes=0.4",))
    sign_file(path, signer, mark=mark, source=samples / "face.jpg")
    return path


def test_signed(run, signed, identity):
    result = run("provenance", signed)
    assert result.code == 0
    assert result.out.splitlines() == [
        f"{signed}: no mark of its own, but signed",
        "  signature    valid: unchanged since; the signer is not in a trust list",
        "  signed by    Jane Doe (Test & Sons), no time stamp",
        "  with         cvfast 1.2.3",
        "  did          c2pa.opened",
        "  did          c2pa.edited: big_eyes=0.4",
        "  made from    face.jpg",
    ]
    result = run("provenance", signed, "--trust", identity.root)
    assert "by a signer in the trust list" in result.out


def test_broken(run, signed, samples):
    data = bytearray(signed.read_bytes())
    data[-100] ^= 1
    signed.write_bytes(data)
    result = run("provenance", signed, samples / "face.jpg")
    assert result.code == 1
    assert "  signature    BROKEN: do not rely on it" in result.out
    assert "  problem      the file was changed after it was signed" in result.out
    assert "  claims to be by Jane Doe" in result.out
    assert "face.jpg: no mark" in result.out


def test_records(run, signed, samples):
    record, plain = run("provenance", signed, samples / "face.jpg", "--json").records
    if plain["input"] == str(signed):
        record, plain = plain, record
    assert record["signature"]["state"] == "untrusted"
    assert record["signature"]["signer"] == "Jane Doe"
    assert record["signature"]["actions"] == ["c2pa.opened", "c2pa.edited: big_eyes=0.4"]
    assert record["mark"] is None
    assert plain["signature"] is None


def test_trust_that_cannot_be_read(run, signed, tmp_path):
    assert run("provenance", signed, "--trust", tmp_path / "gone.pem").code == 4
    result = run("provenance", signed, "--trust", signed)
    assert (result.code, "cannot be read as certificates" in result.err) == (4, True)


def test_flags(identity, capsys):
    report = Report("retouch")
    assert SigningFlags().signer(report) is None
    signer = SigningFlags(sign_cert=identity.chain, sign_key=identity.key).signer(report)
    assert signer.algorithm == "ES256"
    assert capsys.readouterr().err == ""
    for flags in (
        SigningFlags(sign_cert=identity.chain),
        SigningFlags(sign_key=identity.key),
    ):
        with pytest.raises(ValueError, match="--sign-cert and --sign-key: expected both"):
            flags.signer(report)


def test_a_key_that_others_can_read(make_identity, capsys):
    identity = make_identity()
    identity.key.chmod(0o644)
    SigningFlags(sign_cert=identity.chain, sign_key=identity.key).signer(Report("retouch"))
    assert "other users can read this private key; mend it: chmod 600" in capsys.readouterr().err


def test_passphrases(make_identity, monkeypatch):
    identity = make_identity(passphrase=b"open sesame")
    flags = SigningFlags(sign_cert=identity.chain, sign_key=identity.key)
    report = Report("retouch")
    monkeypatch.delenv(PASSPHRASE, raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    with pytest.raises(ValueError, match=f"put its passphrase in {PASSPHRASE}"):
        flags.signer(report)
    monkeypatch.setenv(PASSPHRASE, "open sesame")
    assert flags.signer(report).algorithm == "ES256"
    monkeypatch.delenv(PASSPHRASE)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda _prompt: "open sesame")
    assert flags.signer(report).algorithm == "ES256"


def keys(identity):
    return "--sign-cert", identity.chain, "--sign-key", identity.key


@pytest.mark.parametrize("name", ["face.png", "face.mp4"])
def test_retouched_and_signed(run, samples, tmp_path, identity, name):
    target = tmp_path / f"new{Path(name).suffix}"
    result = run("retouch", samples / name, "-o", target, "--big-eyes", "0.5", *keys(identity))
    assert result.code == 0, result.err
    (record,) = run("provenance", target, "--json", "--trust", identity.root).records
    assert record["mark"]["actions"] == ["big_eyes=0.5"]
    signature = record["signature"]
    assert (signature["state"], signature["signer"]) == ("trusted", "Jane Doe")
    assert signature["actions"] == ["c2pa.opened", "c2pa.edited: big_eyes=0.5"]
    assert signature["sources"] == [name]
    assert signature["title"] == target.name


def test_what_was_not_altered_is_not_signed(run, samples, tmp_path, identity):
    for name in ("plain.jpg", "plain.mp4"):
        run("retouch", samples / name, "-o", tmp_path / name, "--big-eyes", "0.5", *keys(identity))
        assert (tmp_path / name).read_bytes() == (samples / name).read_bytes()


def test_runs_are_signed(run, samples, tmp_path, identity):
    """In two processes; a clip of two shards is signed when they are joined."""
    words = ("retouch", samples / "face.jpg", samples / "long.mp4", "-o", tmp_path)
    words += ("--big-eyes", "0.5", "--jobs", "2", "--shard", "8", *keys(identity))
    result = run(*words, "--dry-run")
    assert result.code == 0, result.err
    result = run(*words)
    assert result.code == 0, result.err
    for name in ("face.jpg", "long.mp4"):
        (record,) = run("provenance", tmp_path / name, "--json").records
        assert record["signature"]["state"] == "untrusted"
        assert record["signature"]["sources"] == [name]


def test_the_key_is_not_written_down(samples, identity):
    job = Job(samples / "face.jpg", samples / "new.jpg", video=False)
    signer = Signer.load(identity.chain, identity.key)
    recipe = Recipe(options=RetouchOptions(big_eyes=0.5), signer=signer, threads=1)
    written = plan_run([job], recipe).to_json()
    assert "PRIVATE" not in written
    assert "BEGIN" not in written
    assert plan_run([job], replace(recipe, signer=None)).configuration not in written


def test_refused_before_any_work(run, samples, tmp_path, identity):
    source, effect = samples / "face.mp4", ("--big-eyes", "0.5")
    target = tmp_path / "new.mkv"
    result = run("retouch", source, "-o", target, *effect, *keys(identity))
    assert (result.code, ".mkv cannot carry a signature" in result.err) == (2, True)
    target = tmp_path / "new.mp4"
    result = run("retouch", source, "-o", target, *effect, "--sign-cert", identity.chain)
    assert (result.code, "expected both" in result.err) == (2, True)
    result = run("retouch", source, "-o", target, *effect, *keys(identity), "--cluster", "a:1")
    assert (result.code, "the key would travel" in result.err) == (2, True)
    assert list(tmp_path.iterdir()) == []
