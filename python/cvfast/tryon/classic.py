"""The classical try-on from two photos: no learned try-on weights, the photo's own resolution.

The steps are those of reference systems (VITON, CP-VTON, ACGPN) done by geometry: find person and
parts, read the garment, shape it on the person, warp it, take the old one off, put layers together
with the light of the old one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.kernels.arrays import check_image
from cvfast.models.alongside import alongside
from cvfast.people.pose import Pose
from cvfast.tryon.doubts import Doubts
from cvfast.tryon.finishing import finish
from cvfast.tryon.flat_cloth import FlatCloth
from cvfast.tryon.layering import dress
from cvfast.tryon.result import TryOn
from cvfast.tryon.scene import read_scene
from cvfast.tryon.steps import Steps
from cvfast.typing import Image

if TYPE_CHECKING:
    from cvfast.tryon.garment import Garment

__all__ = ["check_options", "garment_of", "try_on"]

_Labels: TypeAlias = NDArray[np.uint8]


def try_on(
    person: Image,
    garment: Image | Garment,
    *,
    pose: Pose | None = None,
    labels: _Labels | None = None,
    garment_mask: NDArray[np.generic] | None = None,
    region: str = "auto",
    sleeves: str = "garment",
    shading: float = 1.0,
    person_index: int | None = None,
    from_person: bool = False,
    keep_layers: bool = False,
) -> TryOn:
    """Put a garment of one photo on the person of another.

    Parameters
    ----------
    person
        The photo, (H, W, 3) RGB, (H, W, 4) or (H, W) grey, uint8 or float32 in [0, 1].
    garment
        A photo of the garment alone, on any plain background; with ``from_person``, or where a
        model is seen in it, a photo of somebody who wears it; or what
        `cvfast.tryon.garment.read_garment` returned.
    pose
        The person's pose, where it is known; None finds it.
    labels
        (H, W) uint8, the photo's parts in cvfast's own set, where they are known.
    garment_mask
        (H', W') bool or float32: where the garment is in its photo, where that is known.
    region
        ``"auto"`` (what the garment is), ``"upper"`` or ``"lower"``.
    sleeves
        ``"garment"``: as long as the garment's. ``"keep"``: as long as the worn one's.
    shading
        0 to 1: how much of the light and folds of the worn garment goes onto the new one.
    person_index
        Which person, 0 the largest; None takes the largest.
    from_person
        The garment's photo shows somebody who wears it.
    keep_layers
        Keep a picture of every step in ``TryOn.layers``.

    Returns
    -------
    TryOn
        Look at its ``confidence`` and ``reasons``.

    Raises
    ------
    NothingFoundError
        Nobody in the photo, no such person, or no garment in the other photo.
    LimitError
        A photo is too small.
    TypeError, ValueError
        Not pictures, or an option out of its range.

    Examples
    --------
    >>> import cvfast
    >>> from cvfast.io.images import read_image
    >>> me, shirt = (read_image(name).pixels for name in ("me.jpg", "shirt.jpg"))  # doctest: +SKIP
    >>> cvfast.try_on(me, shirt)  # doctest: +SKIP
    TryOn(768x1024, upper, confidence 0.92)
    """
    check_options(region, sleeves, shading)
    doubts, steps = Doubts(), Steps(keep_layers)
    # Neither needs the other: on two cores the garment is read while the person is.
    coming = alongside(lambda: _cloth(garment, garment_mask, from_person, region, shading))
    with steps.timed("person"):
        scene = read_scene(
            person, pose=pose, labels=labels, person_index=person_index, doubts=doubts
        )
    with steps.timed("garment"):
        cloth = coming.result()
    found = cloth.garment
    doubts.take(found.confidence, found.reasons, of="garment")
    where = found.region if region == "auto" else region
    steps.show_scene(scene)
    steps.show_garment(found)
    look = dress(
        scene, cloth, region=where, keep_sleeves=sleeves == "keep", shading=shading,
        doubts=doubts, steps=steps,
    )  # fmt: skip
    with steps.timed("finish"):
        image, mask, worn = finish(person, look)
    steps.show("result", image)
    if not mask.any():
        doubts.add(0.0, "nothing of the garment is seen: it lies outside the picture")
    return TryOn(
        image, mask, worn, doubts.confidence, doubts.reasons, where, steps.seconds, steps.layers
    )


def _cloth(
    garment: Image | Garment,
    mask: NDArray[np.generic] | None,
    from_person: bool,
    region: str,
    shading: float,
) -> FlatCloth:
    return FlatCloth.of(garment_of(garment, mask, from_person, region), shading)


def garment_of(
    garment: Image | Garment,
    mask: NDArray[np.generic] | None,
    from_person: bool,
    region: str,
) -> Garment:
    """Read the garment of a photo; pass on one that has been read.

    Parameters
    ----------
    garment, mask, from_person, region
        As for `try_on`.

    Raises
    ------
    NothingFoundError, LimitError, TypeError, ValueError
        As for `try_on`; messages begin with ``garment:``.
    """
    from cvfast.tryon.worn_or_flat import read_any_garment

    if not isinstance(garment, np.ndarray):
        return garment
    if from_person:
        from cvfast.tryon.from_person import garment_of_person

        return garment_of_person(garment, region="upper" if region == "auto" else region)
    check_image("garment", garment)
    return read_any_garment(garment, mask, region)


def check_options(region: str, sleeves: str, shading: float) -> None:
    """Raise ValueError for options out of their range."""
    if region not in ("auto", "upper", "lower"):
        raise ValueError(f"region: expected auto, upper or lower, got {region!r}")
    if sleeves not in ("garment", "keep"):
        raise ValueError(f"sleeves: expected garment or keep, got {sleeves!r}")
    if not 0 <= shading <= 1:
        raise ValueError(f"shading: expected 0 to 1, got {shading}")
