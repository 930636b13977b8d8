"""``cvfast swap KIND``: a face of one clip on the face of another."""

from __future__ import annotations

from cvfast.cli.kinds import Kinds

__all__ = ["KINDS"]

KINDS = Kinds(
    "swap",
    "Put a face from one clip onto the face in another, with the consent of both people.",
    (
        "init",
        "extract",
        "import",
        "export",
        "sort",
        "clean",
        "compare",
        "enhance",
        "mask",
        "train",
        "merge",
        "encode",
        "run",
        "status",
    ),
)
