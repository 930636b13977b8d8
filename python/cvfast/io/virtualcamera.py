"""A camera that other programs see, fed with our pictures."""

from __future__ import annotations

import importlib
import sys
from types import TracebackType

from cvfast.errors import MissingDependencyError, OutputError
from cvfast.typing import ImageU8

__all__ = ["VirtualCamera"]

_LINUX = (
    "sudo apt-get install v4l2loopback-dkms && "
    "sudo modprobe v4l2loopback exclusive_caps=1 card_label=cvfast"
)
_OTHERS = "Install OBS Studio (from version 26 on), which brings one, and start it once"


class VirtualCamera:
    """A virtual camera: v4l2loopback on Linux, that of OBS Studio elsewhere.

    Parameters
    ----------
    size
        Width and height of the pictures.
    rate
        Frames per second that it announces.

    Attributes
    ----------
    device
        What it is called where other programs choose their camera.

    Raises
    ------
    MissingDependencyError
        pyvirtualcam is not installed.
    OutputError
        The system has no virtual camera; the message says how to get one.

    Examples
    --------
    >>> with VirtualCamera((1280, 720), 30.0) as camera:  # doctest: +SKIP
    ...     camera.send(rgb)
    """

    def __init__(self, size: tuple[int, int], rate: float) -> None:
        try:
            library = importlib.import_module("pyvirtualcam")
        except ImportError as error:
            raise MissingDependencyError(
                f"the virtual camera needs pyvirtualcam ({error}). "
                "Install it: pip install 'cvfast[live]'"
            ) from error
        try:
            self._camera = library.Camera(
                width=size[0], height=size[1], fps=rate, fmt=library.PixelFormat.RGB
            )
        except RuntimeError as error:
            way = _LINUX if sys.platform.startswith("linux") else _OTHERS
            said = " ".join(str(error).split()).rstrip(".")
            raise OutputError(f"no virtual camera here: {said}. Add one: {way}") from error
        self.device = str(self._camera.device)

    def __enter__(self) -> VirtualCamera:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._camera.close()

    def send(self, rgb: ImageU8) -> None:
        """Show a picture (height, width, 3) uint8 to whoever looks at the camera."""
        self._camera.send(rgb)
