"""``cvfast make KIND``: made pictures with exact labels."""

from __future__ import annotations

from cvfast.cli.kinds import Kinds

__all__ = ["KINDS"]

KINDS = Kinds(
    "make",
    "Make pictures with exact labels, to learn from and to test on, and clips of nobody.",
    ("faces", "scenes", "people", "garments", "clip"),
)
