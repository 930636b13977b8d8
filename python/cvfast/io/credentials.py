"""Reading signed marks: who signed a file, what it says, and whether it was changed since."""

from __future__ import annotations

import json
import mmap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cvfast.errors import MediaError, MissingDependencyError
from cvfast.io.formats import sniff
from cvfast.io.signing import load_c2pa, media_type, settings
from cvfast.typing import Path as PathLike

__all__ = ["Credentials", "read_credentials"]

# How the store of C2PA manifests begins, in whatever format (ISO 19566-5: a type, then a UUID).
_STORE = b"jumdc2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71"
_SNIFFED = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
    "HEIF": "image/heif",
    "AVIF": "image/avif",
}
_UNTRUSTED = "signingCredential.untrusted"
_WORDS = {
    "assertion.dataHash.mismatch": "the file was changed after it was signed",
    "assertion.bmffHash.mismatch": "the file was changed after it was signed",
    "assertion.boxesHash.mismatch": "the file was changed after it was signed",
    "assertion.hashedURI.mismatch": "what it says about itself was changed after it was signed",
    "claimSignature.mismatch": "the signature does not fit the signed words or the certificate",
    "signingCredential.expired": "the certificate has expired, and no time stamp says that it was "
    "valid when it signed",
    "claimSignature.outsideValidity": "the certificate has expired, and no time stamp says that it "
    "was valid when it signed",
}


@dataclass(frozen=True)
class Credentials:
    """What a file's C2PA manifest says, and whether it holds.

    Attributes
    ----------
    state
        ``trusted``: unchanged, and signed by one whom the given trust list vouches for;
        ``untrusted``: unchanged, but the signer is in no such list (always so without one);
        ``invalid``: changed since, or never proper; ``unchecked``: there is a manifest, but
        c2pa-python is not installed, or the manifest lies on the network.
    signer, issuer, algorithm
        The certificate's name, its organisation, and the kind of signature.
    time
        When it was signed, by a time stamp; empty without one.
    software, title
        The program that signed, and how it called the file.
    actions
        What was done, one line each.
    sources
        The names of the files that it was made from.
    problems
        What is wrong, in words.
    """

    state: str
    signer: str = ""
    issuer: str = ""
    algorithm: str = ""
    time: str = ""
    software: str = ""
    title: str = ""
    actions: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def read_credentials(path: PathLike, *, trust: str | None = None) -> Credentials | None:
    """Read and verify a file's C2PA manifest; nothing is fetched from the network.

    Parameters
    ----------
    path : str or path
        The picture or clip.
    trust : str, optional
        PEM: the certificates whose word counts.

    Returns
    -------
    Credentials or None
        None if the file carries no manifest, or is of a kind that cannot.

    Raises
    ------
    MediaError
        The file cannot be read.
    ValueError
        `trust` holds no certificates.

    Examples
    --------
    >>> read_credentials("new.jpg")  # doctest: +SKIP
    Credentials(state='untrusted', signer='Jane Doe', ...)
    """
    try:
        c2pa = load_c2pa()
    except MissingDependencyError as error:
        return Credentials("unchecked", problems=(str(error),)) if _carries(path) else None
    kind = _kind(path)
    if kind is None:
        return None
    if trust is not None:
        _check_anchors(trust)
    try:
        with (
            c2pa.Context.from_dict(settings(trust=trust)) as context,
            Path(path).open("rb") as file,
        ):
            reader = c2pa.Reader.try_create(kind, file, context=context)
            if reader is None:
                return None
            with reader:
                return _told(json.loads(reader.json()), reader.get_validation_state())
    except c2pa.C2paError as error:
        if str(error).startswith("Remote"):
            said = f"its manifest lies on the network, where cvfast does not look ({error})"
            return Credentials("unchecked", problems=(_line(said),))
        if not _carries(path):
            return None
        return Credentials("invalid", problems=(_line(f"the manifest cannot be read: {error}"),))
    except OSError as error:
        raise MediaError(f"{path}: cannot be read: {error.strerror}") from error


def _check_anchors(trust: str) -> None:
    """Refuse what the library would take for an empty list."""
    from cryptography.x509 import load_pem_x509_certificates

    try:
        load_pem_x509_certificates(trust.encode())
    except ValueError as error:
        raise ValueError(f"trust: expected certificates in PEM form, got {error}") from None


def _kind(path: PathLike) -> str | None:
    """Tell the media type: by the content, or by the suffix for what only that can tell."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise MediaError(f"{path}: cannot be read: {error.strerror}") from error
    found = sniff(head)
    if found is not None:
        return _SNIFFED.get(found)
    named = media_type(path)
    if head[4:8] == b"ftyp":
        return "video/quicktime" if head[8:12] == b"qt  " else "video/mp4"
    return named if named in ("video/mp4", "video/quicktime", "video/avi") else None


def _carries(path: PathLike) -> bool:
    """Whether a manifest lies anywhere in the file, which takes no library to see."""
    try:
        with (
            Path(path).open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            return data.find(_STORE) >= 0
    except ValueError:  # an empty file cannot be mapped
        return False
    except OSError as error:
        raise MediaError(f"{path}: cannot be read: {error.strerror}") from error


def _told(report: Mapping[str, Any], state: str | None) -> Credentials:
    """Put the library's report into words."""
    manifest = report.get("manifests", {}).get(report.get("active_manifest"), {})
    signature = manifest.get("signature_info") or {}
    generator = (manifest.get("claim_generator_info") or [{}])[0]
    codes = [entry for entry in report.get("validation_status", ()) if entry["code"] != _UNTRUSTED]
    ours = {"Trusted": "trusted", "Valid": "untrusted"}.get(state or "", "invalid")
    problems = dict.fromkeys(
        _WORDS.get(entry["code"], _line(entry.get("explanation") or entry["code"]))
        for entry in codes
    )
    return Credentials(
        state=ours,
        signer=_line(signature.get("common_name")) or _line(signature.get("issuer")),
        issuer=_line(signature.get("issuer")),
        algorithm=_line(signature.get("alg")).upper(),
        time=_line(signature.get("time")),
        software=f"{_line(generator.get('name'))} {_line(generator.get('version'))}".strip(),
        title=_line(manifest.get("title")),
        actions=tuple(_actions(manifest)),
        sources=tuple(_source(part) for part in manifest.get("ingredients", ())),
        problems=tuple(problems),
    )


def _actions(manifest: Mapping[str, Any]) -> Iterator[str]:
    for assertion in manifest.get("assertions", ()):
        if assertion.get("label", "").startswith("c2pa.actions"):
            for action in assertion.get("data", {}).get("actions", ()):
                name = _line(action.get("action"))
                words = _line(action.get("description"))
                yield f"{name}: {words}" if words else name


def _source(ingredient: Mapping[str, Any]) -> str:
    """Name a file that this one was made from, and say if its own signature did not hold."""
    found = (ingredient.get("validation_results") or {}).get("activeManifest") or {}
    broken = any(entry["code"] != _UNTRUSTED for entry in found.get("failure", ()))
    said = " (its own signature was broken when it was taken)" if broken else ""
    return _line(ingredient.get("title")) + said


def _line(text: object) -> str:
    """One line of printable text: what a stranger's file says goes to a terminal."""
    words = "" if text is None else str(text)
    return "".join(c if c.isprintable() else " " for c in words).strip()
