"""Signed marks: C2PA content credentials, made with the user's own certificate, without network."""

from __future__ import annotations

import datetime
import importlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from cvfast.errors import MediaError, MissingDependencyError, OutputError
from cvfast.io.atomic import atomic_path
from cvfast.io.provenance import Mark
from cvfast.typing import Path as PathLike

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

__all__ = ["Signer", "check_signable", "load_c2pa", "media_type", "settings", "sign_file"]

# What carries a C2PA manifest and is written or read by cvfast.
_MEDIA_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".avif": "image/avif",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".avi": "video/avi",
}
_SIGNABLE = ".jpg, .png, .webp, .tif, .mp4, .m4v, .mov"
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
# Effects whose C2PA action is about colour; all others are plain edits.
_COLOR = {"eye_color", "lip_color", "blush", "white_teeth", "white_eyes"}
_NEEDS = (
    "A certificate for C2PA is issued by another (not self-signed), allows digital signatures, and "
    "names the extended key usage emailProtection or documentSigning"
)


@dataclass(frozen=True)
class Signer:
    """A certificate chain and its private key, checked: what `sign_file` signs with.

    Attributes
    ----------
    certificates
        PEM: the signer's own certificate first, then those that vouch for it.
    key
        PEM, not encrypted. Never shown.
    algorithm
        As C2PA names it: ``ES256``, ``ES384``, ``ES512``, ``PS256`` or ``ED25519``.
    """

    certificates: bytes = field(repr=False)
    key: bytes = field(repr=False)
    algorithm: str

    @classmethod
    def load(
        cls,
        certificates: PathLike,
        key: PathLike,
        *,
        passphrase: bytes | None = None,
    ) -> Signer:
        """Read certificate and key from PEM files, and see by a trial that they can sign.

        Parameters
        ----------
        certificates, key : str or path
            The chain and the private key (PKCS #8, PKCS #1 or SEC 1).
        passphrase : bytes, optional
            What the key file is encrypted with.

        Raises
        ------
        MissingDependencyError
            c2pa-python is not installed.
        MediaError
            A file cannot be read.
        ValueError
            They are no certificate and key, do not belong together, or do not fit C2PA.

        Examples
        --------
        >>> signer = Signer.load("chain.pem", "key.pem")  # doctest: +SKIP
        """
        load_c2pa()
        chain = _read(certificates)
        private = _private_key(key, passphrase)
        _check_chain(certificates, chain, key, private)
        from cryptography.hazmat.primitives import serialization as form

        plain = private.private_bytes(
            form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
        )
        signer = cls(chain, plain, _algorithm(key, private))
        _rehearse(certificates, signer)
        return signer


def load_c2pa() -> ModuleType:
    """Import ``c2pa``.

    Raises
    ------
    MissingDependencyError
        It is not installed; the message has the command that adds it.
    """
    try:
        return importlib.import_module("c2pa")
    except ImportError as error:
        raise MissingDependencyError(
            f"signed marks need c2pa-python ({error}). Install it: pip install 'cvfast[provenance]'"
        ) from error


def media_type(path: PathLike) -> str | None:
    """Return the media type under which C2PA knows a file of this suffix, if it does."""
    return _MEDIA_TYPES.get(Path(path).suffix.lower())


def check_signable(path: PathLike) -> None:
    """Refuse, before any work, a result that cannot be signed.

    Raises
    ------
    ValueError
        C2PA has no place in this format.

    Examples
    --------
    >>> check_signable("clip.mkv")
    Traceback (most recent call last):
    ValueError: clip.mkv: .mkv cannot carry a signature; expected .jpg, .png, .webp, .tif, \
.mp4, .m4v, .mov
    """
    if media_type(path) is None:
        suffix = Path(path).suffix.lower() or "a file without a suffix"
        raise ValueError(f"{path}: {suffix} cannot carry a signature; expected {_SIGNABLE}")


def sign_file(
    path: PathLike,
    signer: Signer,
    *,
    mark: Mark | None = None,
    source: PathLike | None = None,
    title: str | None = None,
) -> None:
    """Sign a finished file in place, as the very last step: whatever changes it later shows.

    The file is replaced whole or not at all. Inside `cvfast.io.atomic_path`, sign the temporary
    file: then a result is never seen unsigned. Nothing is fetched from the network, except the
    time stamp that `signer` may ask for.

    Parameters
    ----------
    path : str or path
        The file.
    signer : Signer
        With which certificate.
    mark : Mark, optional
        What was done: its actions and source type are signed too.
    source : str or path, optional
        The file from which this one was made; becomes its parent, along with whatever credentials
        it carries. Its name is kept, its folder is not.
    title : str, optional
        The file's name for readers, by default that of `path`.

    Raises
    ------
    ValueError
        The format has no place for a signature.
    MediaError
        A file cannot be read.
    OutputError
        It cannot be signed or written.

    Examples
    --------
    >>> sign_file("new.jpg", signer, source="portrait.jpg")  # doctest: +SKIP
    """
    check_signable(path)
    c2pa = load_c2pa()
    mark = Mark() if mark is None else mark
    kind = media_type(path)
    definition = _definition(mark, title or Path(path).name, made=source is None)
    with (
        atomic_path(path, overwrite=True) as temporary,
        _explained(path),
        c2pa.Context.from_dict(settings()) as context,
        _native(signer) as native,
    ):
        if source is not None and media_type(source) is None:
            definition["ingredients"] = [_parent(source)]
        builder = c2pa.Builder(definition, context)
        if source is not None:
            builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
            if (kind_of_source := media_type(source)) is not None:
                with Path(source).open("rb") as parent:
                    builder.add_ingredient(_parent(source), kind_of_source, parent)
        with Path(path).open("rb") as unsigned, temporary.open("r+b") as signed:
            builder.sign(native, kind, unsigned, signed)


def settings(trust: str | None = None) -> dict[str, Any]:
    """Return the library's settings: no network, no thumbnails.

    A thumbnail of the parent would publish the face as it was before retouching.
    """
    chosen: dict[str, Any] = {
        "version": 1,
        "core": {
            "allowed_network_hosts": [],
            "backing_store_memory_threshold_in_mb": 16,  # larger: a temporary file
        },
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
        "builder": {"thumbnail": {"enabled": False}},
    }
    return chosen if trust is None else chosen | {"trust": {"user_anchors": trust}}


def _definition(mark: Mark, title: str, *, made: bool) -> dict[str, Any]:
    """Describe what was done, in C2PA's terms; what has no parent was `made` here."""
    name, _, version = mark.software.partition(" ")
    agent = {"name": name} | ({"version": version} if version else {})
    actions: list[dict[str, Any]] = [
        {
            "action": "c2pa.adjustedColor" if text.split("=")[0] in _COLOR else "c2pa.edited",
            "digitalSourceType": mark.source_uri,
            "softwareAgent": agent,
            "description": text,
        }
        for text in mark.actions or ("edited",)
    ]
    if made:
        actions.insert(0, {"action": "c2pa.created", "digitalSourceType": mark.source_uri})
    return {
        "claim_generator_info": [agent],
        "title": title,
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}],
    }


def _parent(source: PathLike) -> dict[str, str]:
    path = Path(source)
    return {
        "title": path.name,
        "format": media_type(path) or f"video/{path.suffix.lower().lstrip('.')}",
        "relationship": "parentOf",
    }


@contextmanager
def _native(signer: Signer) -> Iterator[Any]:
    """Hand out the library's own signer."""
    c2pa = load_c2pa()
    information = c2pa.C2paSignerInfo(
        getattr(c2pa.C2paSigningAlg, signer.algorithm),
        signer.certificates,
        signer.key,
        None,  # no time-stamp server: nothing here opens a connection
    )
    with c2pa.Signer.from_info(information) as native:
        yield native


@contextmanager
def _explained(path: PathLike) -> Iterator[None]:
    """Turn the library's errors into an OutputError."""
    c2pa = load_c2pa()
    try:
        yield
    except c2pa.C2paError as error:
        raise OutputError(f"{path}: cannot be signed: {error}") from error


def _rehearse(certificates: PathLike, signer: Signer) -> None:
    """Sign the smallest picture in memory: what C2PA dislikes shows before hours of work."""
    from PIL import Image

    c2pa = load_c2pa()
    unsigned, signed = io.BytesIO(), io.BytesIO()
    Image.new("L", (1, 1)).save(unsigned, "PNG")
    definition = _definition(Mark(), "trial.png", made=True)
    try:
        with c2pa.Context.from_dict(settings()) as context, _native(signer) as native:
            c2pa.Builder(definition, context).sign(native, "image/png", unsigned, signed)
    except c2pa.C2paError as error:
        raise ValueError(f"{certificates}: cannot sign: {error}. {_NEEDS}.") from error


def _read(path: PathLike) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise MediaError(f"{path}: cannot be read: {error.strerror}") from error


def _private_key(path: PathLike, passphrase: bytes | None) -> PrivateKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    data = _read(path)
    encrypted = b"ENCRYPTED" in data
    if encrypted and passphrase is None:
        raise ValueError(f"{path}: the key is encrypted; expected a passphrase, got none")
    try:
        return load_pem_private_key(data, passphrase if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        wrong = " or the passphrase is wrong" if encrypted else ""
        raise ValueError(
            f"{path}: expected a private key in PEM form, got something else{wrong}"
        ) from None


def _check_chain(
    path: PathLike, chain: bytes, key_path: PathLike, private: PrivateKeyTypes
) -> None:
    """Refuse with words of our own what would fail later with others'."""
    from cryptography.x509 import load_pem_x509_certificates

    try:
        leaf = load_pem_x509_certificates(chain)[0]
    except ValueError:
        raise ValueError(f"{path}: expected certificates in PEM form, got something else") from None
    if leaf.public_key() != private.public_key():
        raise ValueError(
            f"{path}: the first certificate does not belong to the key {key_path}; expected the "
            "signer's own first, then those that vouch for it"
        )
    if leaf.issuer == leaf.subject:
        raise ValueError(f"{path}: the certificate is self-signed. {_NEEDS}.")
    now = datetime.datetime.now(datetime.UTC)
    if not leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc:
        raise ValueError(
            f"{path}: expected a certificate that is valid today, got one for "
            f"{leaf.not_valid_before_utc:%Y-%m-%d} to {leaf.not_valid_after_utc:%Y-%m-%d}"
        )


def _algorithm(path: PathLike, private: PrivateKeyTypes) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in _CURVES:
        return _CURVES[private.curve.name]
    if isinstance(private, rsa.RSAPrivateKey) and private.key_size >= 2048:
        return "PS256"
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return "ED25519"
    raise ValueError(
        f"{path}: expected an elliptic curve key (P-256, P-384, P-521), Ed25519, or RSA from 2048 "
        "bits on, got another kind"
    )
