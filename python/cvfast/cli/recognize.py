"""``cvfast recognize KIND``: whose face it is."""

from __future__ import annotations

from cvfast.cli.kinds import Kinds

__all__ = ["KINDS"]

KINDS = Kinds(
    "recognize",
    "Say whose faces are in photos and clips, from a gallery of people who agreed to it.",
    ("enroll", "identify", "verify", "list", "forget", "cluster", "explain"),
)
