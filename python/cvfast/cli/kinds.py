"""Verbs that have kinds: ``cvfast train cascade``, ``cvfast make scenes``."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from cyclopts import App

__all__ = ["Kinds", "examples_text"]


@dataclass(frozen=True)
class Kinds:
    """A verb and its kinds; each kind is a function in a module of its own.

    Parameters
    ----------
    verb
        As in ``cvfast VERB KIND``.
    text
        What the verb does, for its help.
    names
        The kinds: ``cascade`` of ``train`` is the function ``train_cascade`` in
        ``cvfast.cli.train_cascade``, with ``EXAMPLES`` and ``USAGE`` beside it; or, where that
        module has ``KINDS``, a verb that has kinds itself.
    """

    verb: str
    text: str
    names: tuple[str, ...]

    def modules(self) -> dict[str, ModuleType]:
        """Import the kinds."""
        return {
            name: importlib.import_module(f"cvfast.cli.{self._module(name)}") for name in self.names
        }

    def _module(self, kind: str) -> str:
        return f"{self.verb}_{kind}".replace(" ", "_").replace("-", "_")

    def examples(self) -> list[str]:
        """Return the first example of each kind."""
        return [module.EXAMPLES[0] for module in self.modules().values()]

    def app(self, **options: Any) -> App:
        """Return the verb's application."""
        app = App(
            name=self.verb.rpartition(" ")[2],
            help=self.text,
            help_prologue=examples_text(self.examples()),
            usage=f"cvfast {self.verb} KIND [OPTIONS]",
            version_flags=(),
            **options,
        )
        for name in self.names:
            self.add(app, name)
        return app

    def add(self, app: App, kind: str, *, name: str = "") -> None:
        """Add a kind to an application, perhaps as a verb of another name."""
        module = self.modules()[kind]
        if hasattr(module, "KINDS"):
            app.command(module.KINDS.app())
            return
        function: Callable[..., int] = getattr(module, self._module(kind))
        app.command(
            function,
            name=name or kind,
            help_prologue=examples_text(module.EXAMPLES),
            usage=f"cvfast {name or f'{self.verb} {kind}'} {module.USAGE}",
        )


def examples_text(examples: list[str] | tuple[str, ...]) -> str:
    """Return examples as the first lines of a help."""
    return "\n".join(["Examples:", *(f"  {example}" for example in examples)]) + "\n"
