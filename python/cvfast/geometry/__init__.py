"""Coordinate rules, boxes, alignment, and reading rotated crops of a picture."""
