"""The checked NumPy face of the C++ core: warps, splines, boxes, principal components."""

from __future__ import annotations
