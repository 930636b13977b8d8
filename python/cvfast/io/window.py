"""A window of OpenCV's: a picture, sliders, keys."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from cvfast.errors import MissingDependencyError
from cvfast.io.opencv import load_cv2
from cvfast.typing import ImageU8

__all__ = ["ESCAPE", "Window", "prepare_windows"]

ESCAPE = "\x1b"
_FONT_FOLDER = "QT_QPA_FONTDIR"
_FONT_HEIGHT = 22  # pixels of HERSHEY_SIMPLEX at scale 1
_TEXT = 0.035  # height of a line of text, of the picture's
_LARGEST = (1280, 720)  # of the window at first; it can be pulled larger
_SLIDERS = (420, 36)  # width of their window, and height for each
_FONTS = Path("/usr/share/fonts")


class Window:
    """A window with a picture, and one beside it with sliders from 0 to 100.

    Parameters
    ----------
    title
        Of the window, which names it too.
    size
        Width and height of the pictures.
    sliders
        Name and first value, in [0, 1], of each.
    moved
        Called with a slider's name and its new value in [0, 1].

    Raises
    ------
    MissingDependencyError
        OpenCV cannot be loaded, or was built without windows.
    ValueError
        There is no screen.

    Examples
    --------
    >>> with Window("me", (1280, 720), {"big_eyes": 0.4}, print) as window:  # doctest: +SKIP
    ...     key = window.show(rgb, ["30 frames/s"])
    """

    def __init__(
        self,
        title: str,
        size: tuple[int, int],
        sliders: dict[str, float],
        moved: Callable[[str, float], None],
    ) -> None:
        prepare_windows()
        self._cv2 = load_cv2()
        self._title, self._beside = title, f"{title}: effects"
        try:
            self._open(size, sliders, moved)
        except self._cv2.error as error:  # the build without windows
            raise MissingDependencyError(
                "this OpenCV was built without windows. Install the one that has them: "
                "pip uninstall opencv-python-headless && pip install --force-reinstall "
                "opencv-python; or do without: --no-window"
            ) from error

    def __enter__(self) -> Window:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._cv2.destroyAllWindows()
        self._cv2.waitKey(1)  # some systems close windows only while they wait

    def show(self, rgb: ImageU8, lines: list[str], *, mirrored: bool = False) -> str | None:
        """Show a picture with lines of text on it.

        Returns
        -------
        str or None
            The key that was pressed, ``""`` if none was, None if the window was closed.
        """
        cv2 = self._cv2
        picture = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
        if mirrored:
            cv2.flip(picture, 1, dst=picture)
        self._write(picture, lines)
        cv2.imshow(self._title, picture)
        code = cv2.waitKey(1)
        if cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) < 1:
            return None
        return "" if code < 0 else chr(code & 0xFF)

    def _open(
        self,
        size: tuple[int, int],
        sliders: dict[str, float],
        moved: Callable[[str, float], None],
    ) -> None:
        cv2 = self._cv2
        plain = cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL
        cv2.namedWindow(self._title, plain)
        shrink = min(1.0, _LARGEST[0] / size[0], _LARGEST[1] / size[1])
        width = round(size[0] * shrink)
        cv2.resizeWindow(self._title, width, round(size[1] * shrink))
        cv2.moveWindow(self._title, 0, 0)
        if sliders:
            cv2.namedWindow(self._beside, plain)
            cv2.resizeWindow(self._beside, _SLIDERS[0], _SLIDERS[1] * len(sliders))
            cv2.moveWindow(self._beside, width, 0)
        for name, value in sliders.items():
            label = name.removesuffix("_strength").replace("_", " ").capitalize()
            cv2.createTrackbar(label, self._beside, round(100 * value), 100, _told(moved, name))

    def _write(self, picture: Any, lines: list[str]) -> None:
        """Write lines in white with a shadow, which reads on any ground."""
        cv2 = self._cv2
        height = max(12.0, _TEXT * picture.shape[0])
        scale = height / _FONT_HEIGHT / 1.5
        left, shadow = round(height / 2), max(1, round(height / 16))
        for number, line in enumerate(lines):
            low = round(height * (number + 1))
            for shift, color in ((shadow, (0, 0, 0)), (0, (255, 255, 255))):
                place = left + shift, low + shift
                cv2.putText(picture, line, place, cv2.FONT_HERSHEY_SIMPLEX, scale, color)


def _told(moved: Callable[[str, float], None], name: str) -> Callable[[int], None]:
    return lambda value: moved(name, value / 100)


def prepare_windows() -> None:
    """See that windows can be opened; to be called before anything imports PyAV.

    On Linux both OpenCV's Qt and PyAV bring a libxcb. If PyAV's comes first, Qt's first window
    hangs for ever; the other way round both work.

    Raises
    ------
    ValueError
        There is no screen. Qt would not ask, but end the whole process.
    MissingDependencyError
        OpenCV cannot be loaded.
    """
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        raise ValueError(
            "there is no screen to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set): "
            "use --no-window, with --virtual-camera to see the pictures in another program"
        )
    load_cv2()
    # OpenCV's wheel names a folder of fonts that it does not have: labels would be empty.
    named = os.environ.get(_FONT_FOLDER)
    font = next(_FONTS.rglob("*.ttf"), None) if named and not Path(named).is_dir() else None
    if font is not None:
        os.environ[_FONT_FOLDER] = str(font.parent)
