"""`find_parts`: hair, face, neck, arms, hands, garment, sleeves, trousers of one person."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.geometry.sampling import as_rgb
from cvfast.io.opencv import load_cv2
from cvfast.models.alongside import alongside
from cvfast.people.body import Body, BodyMaps
from cvfast.people.face_outline import find_face
from cvfast.people.finding import FoundPerson
from cvfast.people.garment_ends import find_hem, find_sleeves
from cvfast.people.labels import check_labels
from cvfast.people.part_canvas import PartCanvas
from cvfast.people.part_colours import Materials, learn_materials
from cvfast.people.part_confidence import judge_parts
from cvfast.people.part_cut import cut_band, without_specks
from cvfast.people.part_priors import MATERIALS, face_core, part_priors, trusted_examples
from cvfast.people.part_zones import IDS, zone_labels
from cvfast.people.person_mask import coarse_person, frame_of, pose_of
from cvfast.people.pose import Pose
from cvfast.people.skin import learn_skin
from cvfast.people.work_frame import check_photo
from cvfast.typing import Image, ImageF32

__all__ = ["Parts", "find_parts"]

_WORN = {
    "upper": ("upper", "left_sleeve", "right_sleeve"),
    "lower": ("trousers",),
}
_HEAD = 1.3  # radii of the head within which hair begins
_HOLE = 0.015  # squared units: smaller holes in a garment are its badges and buttons


@dataclass(frozen=True, eq=False)
class Parts:
    """What each pixel of a photo of a person shows.

    Parameters
    ----------
    labels
        (H, W) uint8, numbers of cvfast's own set; see `cvfast.people.labels.LABEL_SETS`.
    confidence
        How far the result can be trusted, in [0, 1].
    reasons
        What lowers the confidence, in words.
    sleeves
        How far the sleeves reach, ``"left"`` and ``"right"``: 0 shoulder, 1 elbow, 2 wrist.
    steps
        What was found on the way, planes of the reduced crop by name: ``"person"``, ``"skin"``,
        ``"prior"`` and ``"material"`` (numbers of the material), ``"cut"``.
    """

    labels: NDArray[np.uint8]
    confidence: float
    reasons: tuple[str, ...]
    sleeves: dict[str, float] = field(default_factory=dict)
    steps: dict[str, NDArray[Any]] = field(default_factory=dict)

    def __repr__(self) -> str:
        height, width = self.labels.shape
        return f"Parts({width}x{height}, confidence {self.confidence:.2f})"

    def mask(self, *names: str) -> NDArray[np.bool_]:
        """Pixels of the named parts, (H, W) bool.

        Raises
        ------
        ValueError
            No part has this name.
        """
        unknown = [name for name in names if name not in IDS]
        if unknown:
            raise ValueError(f"names: expected some of {', '.join(IDS)}, got {unknown[0]!r}")
        chosen: NDArray[np.bool_] = np.isin(self.labels, [IDS[name] for name in names])
        return chosen

    def worn(self, region: str = "upper") -> NDArray[np.bool_]:
        """Pixels of the clothes worn on the upper or lower body, sleeves included, (H, W) bool."""
        if region not in _WORN:
            raise ValueError(f"region: expected one of {', '.join(_WORN)}, got {region!r}")
        return self.mask(*_WORN[region])


def find_parts(
    image: Image, person: FoundPerson | Pose, *, labels: NDArray[np.uint8] | None = None
) -> Parts:
    """Find the parts of one person.

    Parameters
    ----------
    image
        (H, W, 3) RGB or (H, W) grey, uint8 or float32 in [0, 1].
    person
        From `cvfast.people.finding.find_people`, or a pose.
    labels
        (H, W) uint8 in cvfast's own set, where a parser or a person made them already; they are
        taken as they are.

    Returns
    -------
    Parts
        The labels and what they rest on.

    Raises
    ------
    NothingFoundError
        The pose has no shoulder.
    TypeError, ValueError
        Wrong types or sizes, or labels that the set lacks.
    """
    if labels is not None:
        return _given(image, labels)
    check_photo(image)
    rgb = as_rgb(image)
    pose = pose_of(person)
    frame = frame_of(rgb, person)
    shape = (frame.image.shape[0], frame.image.shape[1])
    maps = BodyMaps(Body.of(frame.pose(pose)), shape)
    coming = alongside(lambda: coarse_person(rgb, frame, maps, person))
    outline = find_face(rgb, Body.of(pose))
    face = None if outline is None else outline.placed(frame.box[:2], frame.scale)
    skin = learn_skin(frame.image, face_core(maps, face))
    trust = trusted_examples(maps, face)
    seen = coming.result()
    prior = part_priors(maps, seen, face)
    first = learn_materials(frame.image, prior, skin, trust=trust, rounds=2)
    sleeves = find_sleeves(maps, seen, first.ratio("skin", "upper"))
    clothes = first.belonging["upper"] + first.belonging["lower"]
    hem, gain = find_hem(maps, clothes, first.ratio("lower", "upper"))
    prior = part_priors(maps, seen, face, sleeves=sleeves, hem=hem)
    materials = learn_materials(
        frame.image, prior, skin, trust=trust, rounds=2, start=first.belonging
    )
    materials = _hair_on_head(materials, maps)
    canvas = alongside(lambda: PartCanvas.of(zone_labels(maps, face, sleeves), frame, image))
    cut = cut_band(frame.image, materials.belonging["upper"])
    cut = without_specks(cut, _HOLE * maps.body.unit**2)
    found = canvas.result().drawn(_with_cut(materials, cut))
    steps: dict[str, NDArray[Any]] = {
        "person": seen,
        "skin": skin.likeness(frame.image),
        "prior": _numbers(prior),
        "material": _numbers(materials.belonging),
        "cut": cut,
    }
    confidence, reasons = judge_parts(
        maps,
        materials,
        face_seen=face is not None,
        shoulders=Body.of(pose).unit,
        hem_gain=gain,
    )
    return Parts(found, confidence, reasons, sleeves, steps)


def _given(image: Image, labels: NDArray[np.uint8]) -> Parts:
    check_photo(image)
    check_labels(labels, "cvfast")
    if labels.shape != image.shape[:2]:
        raise ValueError(f"labels: expected shape {image.shape[:2]}, got {labels.shape}")
    return Parts(labels.copy(), 1.0, ())


def _hair_on_head(materials: Materials, maps: BodyMaps) -> Materials:
    """Take hair away that hangs together with none near the head: the bald have skin like it."""
    planes = np.stack(list(materials.belonging.values()))
    names = list(materials.belonging)
    hair = planes.argmax(axis=0) == names.index("hair")
    _, pieces = load_cv2().connectedComponents(hair.astype(np.uint8))
    centre, radius = maps.body.head
    of_head = np.zeros(int(pieces.max()) + 1, bool)
    of_head[pieces[maps.away(centre) < _HEAD * radius]] = True
    astray = hair & ~of_head[pieces]
    if not astray.any():
        return materials
    belonging = {name: plane.copy() for name, plane in materials.belonging.items()}
    rest = np.maximum(1 - belonging["hair"][astray], np.float32(1e-6))
    belonging["hair"][astray] = 0
    for name in names:
        belonging[name][astray] /= rest
    return replace(materials, belonging=belonging)


def _with_cut(materials: Materials, cut: NDArray[np.bool_]) -> dict[str, ImageF32]:
    """Let the cut decide about the garment; the others share the rest as before."""
    garment = cut.astype(np.float32)
    planes: dict[str, ImageF32] = {}
    rest = np.maximum(1 - materials.belonging["upper"], np.float32(1e-6))
    for name, plane in materials.belonging.items():
        planes[name] = ((1 - garment) * plane / rest).astype(np.float32, copy=False)
    planes["upper"] = garment
    return planes


def _numbers(planes: dict[str, ImageF32]) -> NDArray[np.uint8]:
    numbers: NDArray[np.uint8] = np.argmax([planes[n] for n in MATERIALS], axis=0).astype(np.uint8)
    return numbers
