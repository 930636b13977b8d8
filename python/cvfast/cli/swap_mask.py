"""``cvfast swap mask KIND``: what of a face picture is face."""

from __future__ import annotations

from cvfast.cli.kinds import Kinds

__all__ = ["EXAMPLES", "KINDS"]

KINDS = Kinds(
    "swap mask",
    "Say what of the faces is face and what is hair, hands or else before them: by a network that "
    "comes with cvfast, by one of your own, or by hand.",
    ("apply", "label", "train", "remove", "fetch", "export", "import"),
)
EXAMPLES = ("cvfast swap mask apply work",)
