"""``cvfast swap KIND``: a face of one clip on the face of another."""

from __future__ import annotations

from cvfast.cli.kinds import Kinds

__all__ = ["KINDS"]

KINDS = Kinds(
    "swap",
    "Prepare a face swap, with the consent of the people shown; its further steps are to come.",
    ("init",),
)
