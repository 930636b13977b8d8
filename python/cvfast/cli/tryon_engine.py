"""``cvfast tryon --engine``: which engine dresses the person, and with whose weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Group, Parameter

from cvfast.io.provenance import Mark

if TYPE_CHECKING:
    from cvfast.tryon.result import TryOn

__all__ = ["EngineFlags"]

_SHARED = ("from_person", "person_index", "region")  # options that all engines have
# What the networks do; others would be ignored.
_USUAL = {"region": ("auto", "upper"), "sleeves": ("garment",), "shading": (1.0,)}
_GROUP = Group.create_ordered(
    "Engines",
    help="classic needs no weights. The others are networks, of which none are shipped: train "
    "small ones (cvfast train gmm, tom, viton) or give your own copies of published ones.",
)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class EngineFlags:
    """The engine."""

    engine: Annotated[
        Literal["classic", "viton", "cpvton", "cpvton+", "clothes-transform", "swapnet", "acgpn"],
        Parameter(group=_GROUP, help="What dresses the person."),
    ] = "classic"
    weights: Annotated[
        list[str] | None,
        Parameter(
            group=_GROUP,
            negative="",
            help="Files of a network's weights, .safetensors or .pth, or a folder of them.",
        ),
    ] = None

    def check(self, options: dict[str, Any]) -> None:
        """Raise ValueError for options that do not go together."""
        if self.engine == "classic":
            if self.weights:
                raise ValueError("--weights: expected an --engine that has some, got classic")
            return
        if not self.weights:
            raise ValueError(f"--weights: expected the weights of {self.engine}, got none")
        for name, usual in _USUAL.items():
            if options[name] not in usual:
                raise ValueError(
                    f"--{name}: expected {' or '.join(map(str, usual))} with --engine "
                    f"{self.engine}, got {options[name]}"
                )

    def options(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return those options that the engine has."""
        self.check(options)
        if self.engine == "classic":
            return options
        return {name: options[name] for name in _SHARED}

    def dress(self, person: Any, garment: Any, options: dict[str, Any], **more: Any) -> TryOn:
        """Put the garment on; options that only the classical engine has are left to it."""
        told = self.options(options)
        if self.engine == "classic":
            from cvfast.tryon.classic import try_on

            return try_on(person, garment, **told, **more)
        from cvfast.tryon.engines import try_on_with

        return try_on_with(self.engine, person, garment, weights=self.weights or [], **told, **more)

    def mark(self, options: dict[str, Any]) -> Mark:
        """Return what the result says of itself."""
        trained = self.engine != "classic"
        told = self.options(options)
        actions = tuple(f"tryon.{name}={value}" for name, value in told.items() if value)
        kind = "compositeWithTrainedAlgorithmicMedia" if trained else "compositeCapture"
        return Mark(kind, actions=(f"tryon.engine={self.engine}", *actions))
