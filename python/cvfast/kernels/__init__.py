"""The checked NumPy face of the C++ core: warps, thin-plate splines, boxes, principal components."""

from __future__ import annotations
