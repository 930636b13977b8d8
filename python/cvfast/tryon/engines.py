"""`try_on_with`: try-on by a network that the user has weights of, put back into the photo.

A network sees 64 x 48 or 256 x 192 pixels. What it says of the garment's place is enlarged, and the
garment's own pixels are taken from its photo at full size; what it renders itself (skin that the
old garment hid) stays as blurred as it is. Background, face, hair and hands are the photo's.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import ModelError
from cvfast.people.pose import Pose
from cvfast.tryon.classic import garment_of
from cvfast.tryon.doubts import Doubts
from cvfast.tryon.network_paste import pasted
from cvfast.tryon.network_view import NetworkLook, NetworkView, view_of
from cvfast.tryon.result import TryOn
from cvfast.tryon.scene import read_scene
from cvfast.tryon.steps import Steps
from cvfast.typing import Image
from cvfast.typing import Path as PathLike

if TYPE_CHECKING:
    from torch import nn

    from cvfast.tryon.garment import Garment

__all__ = ["ENGINES", "Engine", "Networks", "load_networks", "try_on_with"]

Networks = dict[str, "nn.Module"]


@dataclass(frozen=True)
class Engine:
    """A network engine.

    Attributes
    ----------
    kinds
        The networks it needs.
    dress
        ``module:function`` that takes a `NetworkView` and `Networks` and returns a `NetworkLook`.
    size
        ``module:function`` that takes `Networks` and returns the width and height of their view.
    variant
        Of all its networks; None: any.
    """

    kinds: tuple[str, ...]
    dress: str
    size: str
    variant: str | None = None


_HERE = "cvfast.tryon.cpvton_engine:"
_THERE = "cvfast.tryon.exchange_looks:"
ENGINES = {
    "cpvton": Engine(("gmm", "tom"), f"{_HERE}dress_cpvton", f"{_HERE}size_of_gmm", "cp-vton"),
    "cpvton+": Engine(("gmm", "tom"), f"{_HERE}dress_cpvton", f"{_HERE}size_of_gmm", "cp-vton+"),
    "viton": Engine(("viton", "viton-refine"), f"{_HERE}dress_viton", f"{_HERE}size_of_viton"),
    "acgpn": Engine(
        ("acgpn-g1", "acgpn-g2", "acgpn-u", "acgpn-g"),
        f"{_THERE}dress_acgpn", f"{_THERE}size_of_warping",
    ),
    "swapnet": Engine(
        ("swapnet-warp", "swapnet-texture"),
        f"{_THERE}dress_swapnet", f"{_THERE}size_of_swapnet",
    ),
    "clothes-transform": Engine(
        ("clothes-transform-coarse", "clothes-transform-garment"),
        f"{_THERE}dress_clothes_transform", f"{_THERE}size_of_clothes_transform",
    ),
}  # fmt: skip


def load_networks(engine: str, weights: Sequence[PathLike]) -> Networks:
    """Read the networks of an engine from files, in any order, or from a folder of them.

    Raises
    ------
    ModelError
        A file cannot be read or is of another network; one is missing or there twice.
    ValueError
        No such engine.
    MissingDependencyError
        torch is not installed.
    """
    _check_engine(engine)
    from cvfast.tryon.checkpoints import load_network

    needed, variant = ENGINES[engine].kinds, ENGINES[engine].variant
    found: Networks = {}
    for path in _files(weights):
        net, told = load_network(path)
        if told.kind not in needed or (variant is not None and told.variant != variant):
            raise ModelError(
                f"{path}: expected weights of {engine}'s {' or '.join(needed)}, got those of "
                f"{told.variant}'s {told.kind}"
            )
        if told.kind in found:
            raise ModelError(f"{path}: expected one file of {told.kind}, got another")
        found[told.kind] = net
    _check_complete(engine, found)
    return found


def _check_engine(engine: str) -> None:
    if engine not in ENGINES:
        raise ValueError(f"engine: expected one of {', '.join(ENGINES)}, got {engine!r}")


def _check_complete(engine: str, found: Networks) -> None:
    needed = ENGINES[engine].kinds
    if missing := [kind for kind in needed if kind not in found]:
        raise ModelError(
            f"{engine}: expected weights of {' and '.join(needed)}, got none of "
            f"{' and '.join(missing)}. Give yours (--weights FILE, several times, or a folder), or "
            f"train some: cvfast train {missing[0]} --help"
        )


def _files(weights: Sequence[PathLike]) -> list[Path]:
    files: list[Path] = []
    for one in map(Path, weights):
        inside = sorted(one.glob("*.safetensors")) + sorted(one.glob("*.pth"))
        files += inside if one.is_dir() else [one]
    return files


def _check_upper(cloth: Garment, region: str) -> None:
    if region not in ("auto", "upper"):
        raise ValueError(f"region: expected auto or upper with a network, got {region!r}")
    if region == "auto" and cloth.region != "upper":
        raise ValueError(
            f"garment: expected one for the upper body, got what looks like {cloth.kind}; say "
            "region='upper' (--region upper) if it is one"
        )


def try_on_with(
    engine: str,
    person: Image,
    garment: Image | Garment,
    *,
    weights: Sequence[PathLike] | Networks,
    pose: Pose | None = None,
    labels: NDArray[np.uint8] | None = None,
    garment_mask: NDArray[np.generic] | None = None,
    region: str = "auto",
    person_index: int | None = None,
    from_person: bool = False,
    keep_layers: bool = False,
) -> TryOn:
    """Put a garment on a person by a network.

    Parameters
    ----------
    engine
        One of `ENGINES`.
    person, garment, pose, labels, garment_mask, person_index, from_person, keep_layers
        As for `cvfast.try_on`.
    region
        ``"auto"`` refuses what looks like a garment for the legs, ``"upper"`` does not.
    weights
        Files, or what `load_networks` returned.

    Returns
    -------
    TryOn
        Look at its ``confidence`` and ``reasons``.

    Raises
    ------
    ModelError
        See `load_networks`; or networks that were made for pictures of different sizes.
    NothingFoundError, LimitError, TypeError, ValueError
        As `cvfast.try_on`; no such engine or region; or a garment for the legs.

    Examples
    --------
    >>> from cvfast.io.images import read_image
    >>> me, shirt = (read_image(name).pixels for name in ("me.jpg", "shirt.jpg"))  # doctest: +SKIP
    >>> files = ["gmm.safetensors", "tom.safetensors"]
    >>> try_on_with("cpvton", me, shirt, weights=files)  # doctest: +SKIP
    TryOn(768x1024, upper, confidence 0.71)
    """
    _check_engine(engine)
    networks = weights if isinstance(weights, dict) else load_networks(engine, weights)
    _check_complete(engine, networks)
    doubts, steps = Doubts(), Steps(keep_layers)
    with steps.timed("person"):
        scene = read_scene(
            person, pose=pose, labels=labels, person_index=person_index, doubts=doubts
        )
    with steps.timed("garment"):
        cloth = garment_of(garment, garment_mask, from_person, "upper")
    doubts.take(cloth.confidence, cloth.reasons, of="garment")
    _check_upper(cloth, region)
    steps.show_scene(scene)
    steps.show_garment(cloth)
    way = ENGINES[engine]
    with steps.timed("network"):
        view, frame, flat = view_of(scene, cloth, _called(way.size)(networks))
        if from_person and isinstance(garment, np.ndarray):
            view = _with_wearer(view, garment, cloth, doubts)
        look = _dressed(engine, view, networks)
    steps.show("network input", view.image)
    steps.show("network output", look.rendered)
    doubts.add(
        min(1.0, view.labels.shape[0] / 256) ** 0.25,
        f"what the network renders itself has {view.labels.shape[1]} x {view.labels.shape[0]} "
        "pixels, enlarged",
    )
    with steps.timed("finish"):
        image, mask, worn = pasted(person, scene, cloth, look, frame, flat)
    steps.show("result", image)
    return TryOn(
        image, mask, worn, doubts.confidence, doubts.reasons, "upper", steps.seconds, steps.layers
    )


def _dressed(engine: str, view: NetworkView, networks: Networks) -> NetworkLook:
    try:
        look: NetworkLook = _called(ENGINES[engine].dress)(view, networks)
    except RuntimeError as error:  # torch's: shapes that do not meet
        height, width = view.labels.shape
        line = str(error).strip().partition("\n")[0]
        raise ModelError(
            f"{engine}: expected networks that work together at {width} x {height} pixels, got "
            f"others, perhaps of two trainings: {line[:200]}"
        ) from error
    return look


def _with_wearer(view: NetworkView, photo: Image, cloth: Garment, doubts: Doubts) -> NetworkView:
    """Add the view of whom the garment is taken from; SwapNet looks at them, not at the garment."""
    wearer = read_scene(photo, pose=None, labels=None, person_index=None, doubts=doubts)
    size = view.labels.shape[1], view.labels.shape[0]
    return replace(view, wearer=view_of(wearer, cloth, size)[0])


def _called(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found
