"""The command ``cvfast``: its verbs, and what every way of failing looks like."""

from __future__ import annotations

import io
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from cyclopts import App, CycloptsError, Parameter

import cvfast
from cvfast.cli import (
    average_face,
    demo,
    detect,
    doctor,
    evaluate,
    info,
    landmarks,
    live,
    make,
    parts,
    pose,
    provenance,
    recognize,
    retouch,
    swap,
    train,
    tryon,
)
from cvfast.cli.common import debugging
from cvfast.cli.failure import exit_code, message
from cvfast.cli.kinds import examples_text

__all__ = ["build", "main"]

_VERBS = (
    retouch,
    live,
    tryon,
    average_face,
    detect,
    landmarks,
    pose,
    parts,
    provenance,
    demo,
    info,
    doctor,
)
_GROUPS = (
    recognize.KINDS,
    swap.KINDS,
    make.KINDS,
    train.KINDS,
    evaluate.KINDS,
)  # verbs that have kinds
_ALIASES = {"train-cascade": (train.KINDS, "cascade")}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code.

    Parameters
    ----------
    argv
        The words after ``cvfast``; those of this process by default.

    Examples
    --------
    >>> from cvfast.cli.app import main
    >>> main(["--version"])
    cvfast 0.7.0
    0
    """
    _steady_streams()
    words = list(sys.argv[1:] if argv is None else argv)
    caught: list[int] = []
    try:
        with _terminable(caught):
            return _run(words)
    except KeyboardInterrupt as error:
        _say(str(error) or "interrupted")
        return 128 + (caught[0] if caught else signal.SIGINT)
    except BrokenPipeError:
        # Whoever read our results left; what Python still holds must not raise at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if "--debug" in words or debugging():
            traceback.print_exc()
        _say(message(error))
        return exit_code(error)


def build() -> App:
    """Return the application with all verbs."""
    examples = [module.EXAMPLES[0] for module in _VERBS]
    examples += [example for group in _GROUPS for example in group.examples()]
    app = App(
        name="cvfast",
        help="Edit faces in photos and videos, in real time, on an ordinary CPU.",
        help_prologue=examples_text(examples),
        usage="cvfast VERB [OPTIONS]",
        version=f"cvfast {cvfast.__version__}",
        help_format="plaintext",
        suppress_keyboard_interrupt=False,  # main says what is finished
        default_parameter=Parameter(show_default=lambda value: None if value is False else value),
    )
    for module in _VERBS:
        name = module.__name__.rpartition(".")[2]
        verb = name.replace("_", "-")
        app.command(
            getattr(module, name),
            name=verb,
            help_prologue=examples_text(module.EXAMPLES),
            usage=f"cvfast {verb} {module.USAGE}",
        )
    for group in _GROUPS:
        app.command(group.app())
    for alias, (group, kind) in _ALIASES.items():
        group.add(app, kind, name=alias)
    return app


def _run(words: list[str]) -> int:
    app = build()
    try:
        result = app(
            words or ["--help"],
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
        )
    except CycloptsError as error:
        verb = words[0] if words and words[0] in app else ""
        _say(f"{error}\nSee: {' '.join(filter(None, ('cvfast', verb, '--help')))}")
        return 2
    return result if isinstance(result, int) else 0


@contextmanager
def _terminable(caught: list[int]) -> Iterator[None]:
    """Let SIGTERM end the work as tidily as Ctrl-C does."""

    def stop(number: int, _frame: FrameType | None) -> None:
        caught.append(number)
        raise KeyboardInterrupt

    restore: Callable[[], object] = lambda: None  # noqa: E731
    try:
        previous = signal.signal(signal.SIGTERM, stop)
        restore = lambda: signal.signal(signal.SIGTERM, previous)  # noqa: E731
    except ValueError:  # not the main thread: signals are somebody else's
        pass
    try:
        yield
    finally:
        restore()


def _steady_streams() -> None:
    """Make sure that what we print can be printed: a fault there would undo finished work."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us (>&-)
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
        elif isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            # File names may hold what the terminal's encoding does not.
            stream.reconfigure(errors="backslashreplace")


def _say(text: str) -> None:
    sys.stderr.write(f"cvfast: {text}\n")


if __name__ == "__main__":
    sys.exit(main())
