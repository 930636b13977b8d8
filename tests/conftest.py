"""A certificate authority of our own, and a signer whom it vouches for."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True)
class Identity:
    """PEM files of a signer, and the root that vouches for it."""

    chain: Path
    key: Path
    root: Path


KEYS = {
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
}


@pytest.fixture(scope="session")
def make_identity(tmp_path_factory):
    """Make a signer named Jane Doe; the options make it unfit in one way each."""
    authority = ec.generate_private_key(ec.SECP256R1())
    root = certify("Our CA", authority, "Our CA", authority, ca=True)

    def make(kind="P-256", *, days=365, usage=True, alone=False, passphrase=None):
        key = KEYS[kind]()
        issuer = ("Jane Doe", key) if alone else ("Our CA", authority)
        leaf = certify("Jane Doe", key, *issuer, days=days, usage=usage)
        folder = tmp_path_factory.mktemp("identity")
        found = Identity(folder / "chain.pem", folder / "key.pem", folder / "root.pem")
        encoding = serialization.Encoding.PEM
        lock = serialization.NoEncryption()
        if passphrase is not None:
            lock = serialization.BestAvailableEncryption(passphrase)
        found.root.write_bytes(root.public_bytes(encoding))
        found.chain.write_bytes(leaf.public_bytes(encoding) + root.public_bytes(encoding))
        found.key.write_bytes(key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, lock))
        found.key.chmod(0o600)
        return found

    return make


@pytest.fixture(scope="session")
def identity(make_identity):
    return make_identity()


def certify(subject, key, issuer, issuer_key, *, ca=False, days=365, usage=True):
    begin = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=30)
    builder = (
        x509.CertificateBuilder(name(issuer), name(subject), key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(key_usage(ca=ca), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )
    if not ca and usage:
        mail = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(mail, critical=False)
    plain = isinstance(issuer_key, ed25519.Ed25519PrivateKey)
    return builder.sign(issuer_key, None if plain else hashes.SHA256())


def key_usage(*, ca):
    names = [
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "encipher_only",
        "decipher_only",
    ]
    return x509.KeyUsage(
        digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, **dict.fromkeys(names, False)
    )


def name(common):
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test & Sons"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


@pytest.fixture(scope="module")
def undrawn():
    """Leave the drawing of losses out, most of a short training's time; tests/training has it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cvfast.training.curves.Curves.draw", lambda *_: None)
        yield
