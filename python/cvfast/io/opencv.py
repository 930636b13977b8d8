"""The one place that loads OpenCV, whose wheel needs system libraries that slim machines lack."""

from __future__ import annotations

import importlib
from types import ModuleType

from cvfast.errors import MissingDependencyError

__all__ = ["load_cv2"]

# Shared libraries by the Debian and Ubuntu packages that hold them.
_PACKAGES = {
    "libGL.so": "libgl1",
    "libEGL.so": "libegl1",
    "libgthread": "libglib2.0-0",
    "libglib": "libglib2.0-0",
    "libxcb": "libxcb1",
    "libX11": "libx11-6",
    "libSM": "libsm6",
    "libICE": "libice6",
    "libXext": "libxext6",
    "libXrender": "libxrender1",
}


def load_cv2() -> ModuleType:
    """Import ``cv2``.

    Returns
    -------
    module
        OpenCV.

    Raises
    ------
    MissingDependencyError
        It is not installed, or a system library that it needs is not; the message has the command
        that adds it.

    Examples
    --------
    >>> from cvfast.io.opencv import load_cv2
    >>> load_cv2().__name__
    'cv2'
    """
    try:
        return importlib.import_module("cv2")
    except ImportError as error:
        raise MissingDependencyError(
            f"OpenCV cannot be loaded ({error}). {_remedy(error)}"
        ) from error


def _remedy(error: ImportError) -> str:
    """Return what to do about an import that failed."""
    if isinstance(error, ModuleNotFoundError) and error.name == "cv2":
        return "Install it: pip install opencv-python"
    text = str(error)
    if ".so" not in text:
        return "Install it anew: pip install --force-reinstall opencv-python"
    packages = {package for library, package in _PACKAGES.items() if library in text}
    needed = " ".join(sorted(packages | {"libgl1", "libglib2.0-0"}))
    return (
        "A system library is missing. On Debian or Ubuntu: apt-get install "
        f"{needed}; or use the build without windows: "
        "pip uninstall opencv-python && pip install opencv-python-headless"
    )
