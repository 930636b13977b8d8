"""The options that sign results, and the questions that a private key raises."""

from __future__ import annotations

import getpass
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Group, Parameter

from cvfast.cli.report import Report

if TYPE_CHECKING:
    from cvfast.io.signing import Signer

__all__ = ["PASSPHRASE", "SigningFlags"]

PASSPHRASE = "CVFAST_SIGN_PASSPHRASE"  # noqa: S105 - the name of a variable
_SIGNED = Group.create_ordered("Signed marks", help="C2PA; cvfast provenance verifies them.")
_OTHERS = 0o077  # permissions of the group and of everybody


def _flag(help_text: str) -> Parameter:
    return Parameter(group=_SIGNED, help=help_text)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class SigningFlags:
    """Signing what is written, with the user's own certificate."""

    sign_cert: Annotated[Path | None, _flag("Sign results with this certificate chain, PEM.")] = (
        None
    )
    sign_key: Annotated[
        Path | None,
        _flag(f"Its private key, PEM; a passphrase is asked for, or read from {PASSPHRASE}."),
    ] = None

    def signer(self, report: Report) -> Signer | None:
        """Return what signs the results; None if nobody asked for it.

        Raises
        ------
        ValueError
            Only one of certificate and key is given, or they cannot sign.
        MissingDependencyError
            c2pa-python is not installed.
        """
        if self.sign_cert is None and self.sign_key is None:
            return None
        if self.sign_cert is None or self.sign_key is None:
            raise ValueError("--sign-cert and --sign-key: expected both, got one without the other")
        from cvfast.io.signing import Signer

        self._note_permissions(report, self.sign_key)
        return Signer.load(
            self.sign_cert,
            self.sign_key,
            passphrase=_passphrase(self.sign_key),
        )

    @staticmethod
    def _note_permissions(report: Report, key: Path) -> None:
        if os.name != "nt" and key.exists() and key.stat().st_mode & _OTHERS:
            report.note(f"{key}: other users can read this private key; mend it: chmod 600 {key}")


def _passphrase(key: Path) -> bytes | None:
    """Return the key's passphrase, which never stands on the command line."""
    given = os.environ.get(PASSPHRASE)
    if given is not None:
        return given.encode()
    try:
        encrypted = b"ENCRYPTED" in key.read_bytes()
    except OSError:
        return None  # whoever reads the key says so
    if not encrypted:
        return None
    if not sys.stdin.isatty():
        raise ValueError(f"{key}: the key is encrypted; put its passphrase in {PASSPHRASE}")
    return getpass.getpass(f"Passphrase of {key}: ").encode()
