"""What is mended before a window opens."""

from __future__ import annotations

import os
import sys

import pytest
from cvfast.io import window


@pytest.fixture
def opencv(monkeypatch):
    """Count how often OpenCV is loaded, without loading it."""
    loads = []
    monkeypatch.setattr(window, "load_cv2", lambda: loads.append("cv2"))
    monkeypatch.setattr(sys, "platform", "linux")
    return loads


def test_there_must_be_a_screen(opencv, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(ValueError, match="there is no screen"):
        window.prepare_windows()
    assert opencv == []
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    window.prepare_windows()
    assert opencv == ["cv2"]
    monkeypatch.delenv("WAYLAND_DISPLAY")
    monkeypatch.setattr(sys, "platform", "darwin")
    window.prepare_windows()


def test_a_missing_folder_of_fonts_is_replaced(opencv, monkeypatch, tmp_path):
    """OpenCV's wheel names one that it does not bring; sliders would have no labels."""
    monkeypatch.setenv("DISPLAY", ":0")
    fonts = tmp_path / "fonts" / "dejavu"
    fonts.mkdir(parents=True)
    monkeypatch.setattr(window, "_FONTS", tmp_path / "fonts")
    for font, named, after in (
        (False, tmp_path / "gone", tmp_path / "gone"),
        (True, tmp_path, tmp_path),
        (True, tmp_path / "gone", fonts),
    ):
        if font:
            (fonts / "Sans.ttf").touch()
        monkeypatch.setenv("QT_QPA_FONTDIR", str(named))
        window.prepare_windows()
        assert os.environ["QT_QPA_FONTDIR"] == str(after)
    monkeypatch.delenv("QT_QPA_FONTDIR")
    window.prepare_windows()
    assert "QT_QPA_FONTDIR" not in os.environ
