"""``cvfast provenance``: what a file says about how it was altered, and whether that holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cvfast.cli.batch import Batch
from cvfast.cli.common import Common, Inputs, Recursive
from cvfast.cli.report import Report
from cvfast.errors import MediaError

if TYPE_CHECKING:
    from cvfast.io.credentials import Credentials
    from cvfast.io.provenance import Mark

__all__ = ["EXAMPLES", "USAGE", "provenance"]

EXAMPLES = ("cvfast provenance new.jpg", "cvfast provenance out/ --json --trust roots.pem")
USAGE = "IN... [OPTIONS]"
_BROKEN = 1


def provenance(
    inputs: Inputs,
    /,
    *,
    trust: Annotated[
        Path | None, Parameter(help="Certificates (PEM) of those whose signatures you trust.")
    ] = None,
    recursive: Recursive = False,
    common: Common | None = None,
) -> int:
    """Show the mark that altered files carry, and verify who signed them.

    Exits with 1 if a signature is broken: the file was changed after it was signed.
    """
    report = (common or Common()).report("provenance")
    batch = Batch(report)
    paths = batch.expand(inputs, recursive=recursive)
    anchors = None if trust is None else _anchors(trust)
    broken: list[Path] = []

    def one(path: Path) -> bool:
        if not _one(path, report, anchors):
            broken.append(path)
        return True

    batch.run(paths, lambda path: path, one)
    return batch.finish() or (_BROKEN if broken else 0)


def _anchors(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise MediaError(f"{path}: cannot be read as certificates (PEM): {error}") from error


def _one(path: Path, report: Report, trust: str | None) -> bool:
    """Tell about one file; return whether its signature, if it has one, is unbroken."""
    from cvfast.io.credentials import read_credentials
    from cvfast.io.provenance import read_provenance

    mark = read_provenance(path)
    signed = read_credentials(path, trust=trust)
    if mark is None and signed is None:
        text = f"{path}: no mark: it does not say that it was altered"
    else:
        title = "marked as altered" if mark is not None else "no mark of its own, but signed"
        lines = [*(_marked(mark) if mark else ()), *(_signed(signed) if signed else ())]
        text = "\n".join([f"{path}: {title}", *lines])
    report.result(
        text,
        input=str(path),
        mark=mark
        and {
            "source_type": mark.source_type,
            "source_uri": mark.source_uri,
            "software": mark.software,
            "actions": list(mark.actions),
        },
        signature=signed and asdict(signed),
    )
    return signed is None or signed.state != "invalid"


def _marked(mark: Mark) -> Iterator[str]:
    yield f"  source type  {mark.source_type}"
    yield f"  software     {mark.software or 'not said'}"
    for action in mark.actions:
        yield f"  action       {action}"


def _signed(signed: Credentials) -> Iterator[str]:
    if signed.state == "unchecked":
        yield f"  signature    there is one, not checked: {'; '.join(signed.problems)}"
        return
    standing = {
        "trusted": "valid: unchanged since, by a signer in the trust list",
        "untrusted": "valid: unchanged since; the signer is not in a trust list",
        "invalid": "BROKEN: do not rely on it",
    }[signed.state]
    yield f"  signature    {standing}"
    for problem in signed.problems:
        yield f"  problem      {problem}"
    if signed.signer:
        by = "claims to be by" if signed.state == "invalid" else "signed by"
        issuer = f" ({signed.issuer})" if signed.issuer not in ("", signed.signer) else ""
        time = f", {signed.time}" if signed.time else ", no time stamp"
        yield f"  {by:<12} {signed.signer}{issuer}{time}"
    if signed.software:
        yield f"  with         {signed.software}"
    for action in signed.actions:
        yield f"  did          {action}"
    for source in signed.sources:
        yield f"  made from    {source}"
