"""``cvfast info``: what is installed here and what it runs on."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import cvfast
from cvfast.cli.common import Common

__all__ = ["EXAMPLES", "USAGE", "info"]

EXAMPLES = ("cvfast info", "cvfast info --json")
USAGE = "[OPTIONS]"

_PACKAGES = (
    "numpy",
    "scipy",
    "Pillow",
    "av",
    "ai-edge-litert",
    "opencv-python",
    "cyclopts",
    "rich",
    "dlib-bin",
    "onnxruntime",
    "matplotlib",
    "torch",
)


def info(common: Common | None = None) -> int:
    """Show version, compiler, instruction set, threads, models and packages."""
    report = (common or Common()).report("info")
    core = cvfast.build_config()
    facts = {
        "cvfast": cvfast.__version__,
        "python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "compiler": core["compiler"],
        "instruction_set": core["isa"],
        "instruction_sets": cvfast.available_isas(),
        "openmp": core["openmp"],
        "threads": cvfast.get_num_threads(),
    }
    models, detectors = _models(), _detectors()
    packages = {name: package_version(name) for name in _PACKAGES}
    shown = {
        **facts,
        "instruction_set": f"{facts['instruction_set']} (of {core['available_isas']})",
    }
    del shown["instruction_sets"]
    lines = [f"{name.replace('_', ' '):<16} {value}" for name, value in shown.items()]
    lines += ["models"]
    lines += [
        f"  {model['name']:<21} {model['licence']}, {model['state']}, {model['task']}"
        for model in models
    ]
    lines += ["detectors"]
    lines += [
        f"  {one['model']:<21} {one['idea']}" + (f"; extra {one['extra']}" if one["extra"] else "")
        for one in detectors
    ]
    lines += ["packages"]
    lines += [f"  {name:<21} {found or 'not installed'}" for name, found in packages.items()]
    report.result("\n".join(lines), **facts, models=models, detectors=detectors, packages=packages)
    return 0


def package_version(name: str) -> str | None:
    """Return the version of an installed package, None if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _detectors() -> list[dict[str, str]]:
    from cvfast.faces.detectors import DETECTORS

    return [
        {"model": one.form, "idea": one.idea, "source": one.source, "extra": one.extra}
        for one in DETECTORS.values()
    ]


def _models() -> list[dict[str, Any]]:
    from cvfast.errors import ModelError
    from cvfast.models.registry import MODELS, verify

    models = []
    for model in MODELS:
        try:
            verify(model.path, model.sha256)
            state = "unaltered"
        except ModelError:
            state = "altered" if model.path.exists() else "missing"
        models.append(
            {
                "name": model.name,
                "file": model.filename,
                "licence": model.licence,
                "state": state,
                "task": model.task,
                "source": model.source,
            }
        )
    return models
