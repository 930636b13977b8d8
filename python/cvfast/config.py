"""How the core was built, and how many threads its kernels use."""

from __future__ import annotations

import operator

from cvfast import _core

__all__ = ["available_isas", "build_config", "get_isa", "get_num_threads", "set_num_threads"]


def set_num_threads(threads: int | None) -> None:
    """Set how many threads a kernel may use where its call does not say.

    Parameters
    ----------
    threads
        At least 1; None returns to the default: the cores this process may use (affinity and
        container quota). ``OMP_NUM_THREADS`` caps the default, this number and each call's
        ``threads=`` alike.

    Raises
    ------
    TypeError, ValueError
        Not an integer, or under 1.

    Examples
    --------
    >>> import cvfast
    >>> cvfast.set_num_threads(1)
    >>> cvfast.get_num_threads()
    1
    >>> cvfast.set_num_threads(None)
    """
    _core.set_num_threads(thread_count(threads))


def get_num_threads() -> int:
    """Return how many threads a kernel may use where its call does not say.

    Examples
    --------
    >>> import cvfast
    >>> cvfast.get_num_threads() >= 1
    True
    """
    return _core.num_threads()


def thread_count(threads: int | None) -> int:
    """Return ``threads`` as the core takes it: 0 stands for the default."""
    if threads is None:
        return 0
    try:
        count = operator.index(threads)
    except TypeError:
        count = None
    if count is None or isinstance(threads, bool):
        raise TypeError(f"threads: expected an integer or None, got {type(threads).__name__}")
    if count < 1:
        raise ValueError(f"threads: expected at least 1 or None, got {count}")
    return min(count, 1 << 16)


def get_isa() -> str:
    """Return the instruction set that the kernels run on (``CVFAST_ISA`` forces one).

    Examples
    --------
    >>> import cvfast
    >>> cvfast.get_isa() in cvfast.available_isas()
    True
    """
    return _core.isa


def available_isas() -> list[str]:
    """Return the instruction sets that this machine can run, best last.

    Examples
    --------
    >>> import cvfast
    >>> cvfast.available_isas()[0]
    'baseline'
    """
    return list(_core.available_isas())


def build_config() -> dict[str, str | int | bool]:
    """Return version, compiler, instruction set and threading of the core.

    Examples
    --------
    >>> import cvfast
    >>> sorted(cvfast.build_config())
    ['available_isas', 'compiler', 'isa', 'openmp', 'threads', 'version']
    """
    return {
        "version": _core.version,
        "compiler": _core.compiler,
        "isa": _core.isa,
        "available_isas": ", ".join(available_isas()),
        "openmp": _core.openmp,
        "threads": get_num_threads(),
    }
