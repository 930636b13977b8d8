"""Pictures, clips and their metadata in and out: limits, provenance marks, atomic writing."""

from __future__ import annotations

from cvfast.io.atomic import atomic_path, write_bytes
from cvfast.io.provenance import Mark

__all__ = ["Mark", "atomic_path", "write_bytes"]
