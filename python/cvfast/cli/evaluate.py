"""``cvfast evaluate KIND``: how good models are."""

from __future__ import annotations

from cvfast.cli.kinds import Kinds

__all__ = ["KINDS"]

KINDS = Kinds(
    "evaluate", "Judge models on annotated pictures.", ("detect", "recognition", "tryon", "dataset")
)
