"""Any bytes as a cascade file: a ModelError, or a cascade that the kernel takes and runs.

    pip install atheris; PYTHONPATH=python:. python tests/fuzz/fuzz_cascade_file.py NEW tests/golden

NEW is a folder for what libFuzzer finds. pytest replays changed copies of tests/golden's cascades.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from cvfast.errors import ModelError
from cvfast.kernels.cascade import CascadeKernel
from cvfast.models.cascade_file import read_cascade

__all__ = ["try_bytes"]

_GREY = np.random.default_rng(0).integers(0, 256, (48, 64), np.uint8)


def try_bytes(data: bytes, file: Path) -> bool:
    """Return whether the bytes are a cascade; write them to `file` to read them."""
    file.write_bytes(data)
    try:
        cascade = read_cascade(file)
    except ModelError as error:
        if str(file) not in str(error):
            raise AssertionError(f"an error without the file's name: {error}") from error
        return False
    kernel = CascadeKernel(cascade)
    found = kernel.windows(_GREY)
    assert np.isfinite(found.sums).all()
    return True


def main() -> None:
    import sys

    import atheris

    file = Path(tempfile.mkdtemp()) / "cascade.xml"
    atheris.Setup(sys.argv, lambda data: try_bytes(data, file))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
