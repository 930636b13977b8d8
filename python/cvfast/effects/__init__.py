"""What a face can be made to look like: big eyes and a slim face, in photos and in video."""

from __future__ import annotations
