"""cvfast edits faces in photos and videos, in real time, on an ordinary CPU."""

from __future__ import annotations
