"""``cvfast tryon``: a garment of one photo on the person of another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from cyclopts import Parameter

from cvfast.cli.common import Common, MaxPixels, Overwrite
from cvfast.cli.report import Report
from cvfast.cli.tryon_clip import refuse_with_clip, work_clip
from cvfast.cli.tryon_engine import EngineFlags
from cvfast.cli.tryon_known import KnownFlags
from cvfast.cli.tryon_pairs import PairFlags, work_pairs
from cvfast.errors import CvfastError, NothingFoundError
from cvfast.io.files import is_video

if TYPE_CHECKING:
    from cvfast.tryon.batch import PairRecipe
    from cvfast.tryon.result import TryOn
    from cvfast.tryon.video_run import ClipJob

__all__ = ["EXAMPLES", "USAGE", "tryon"]

EXAMPLES = (
    "cvfast tryon me.jpg shirt.jpg -o new.jpg",
    "cvfast tryon me.jpg friend.jpg -o new.jpg --from-person",
    "cvfast tryon me.jpg shirt.jpg -o new.png --layers steps/",
    "cvfast tryon me.jpg shirt.jpg -o new.jpg --engine cpvton --weights gmm.safetensors --weights "
    "tom.safetensors",
    "cvfast tryon me.mp4 shirt.jpg -o new.mp4 --jobs 2",
    "cvfast tryon --pairs pairs.txt --people image --garments cloth -o out --jobs 2",
)
USAGE = "PERSON GARMENT -o OUT [OPTIONS]"

_Person: TypeAlias = Annotated[
    str, Parameter(name="PERSON", help="A photo or clip of somebody seen from the front.")
]
_Garment: TypeAlias = Annotated[
    str, Parameter(name="GARMENT", help="A photo of a garment on any plain background.")
]
_FromPerson: TypeAlias = Annotated[
    bool, Parameter(negative="", help="GARMENT shows somebody who wears it.")
]
_Sleeves: TypeAlias = Annotated[
    str, Parameter(help="garment: as long as the garment's; keep: as the worn ones.")
]
_Shading: TypeAlias = Annotated[
    float, Parameter(help="0 to 1: how much of the worn garment's light and folds to keep.")
]
_Number: TypeAlias = Annotated[
    int | None, Parameter(name="--person", help="Which person: 0 is the largest.")
]
_Mask: TypeAlias = Annotated[
    str | None, Parameter(help="A picture that is white where the garment is in its photo.")
]
_Layers: TypeAlias = Annotated[
    str | None, Parameter(help="A folder: write a picture of every step, and the reasons.")
]
_LEAST = 0.05  # what is surer than that may still be of use
_Least: TypeAlias = Annotated[
    float,
    Parameter(
        name="--least-confidence",
        help="Write nothing under this, 0 to 1; 0 writes whatever comes out.",
    ),
]


def tryon(
    person: _Person | None = None,
    garment: _Garment | None = None,
    /,
    *,
    output: Annotated[str, Parameter(name=["--output", "-o"], help="The new photo or clip.")],
    from_person: _FromPerson = False,
    region: Annotated[str, Parameter(help="auto (what the garment is), upper or lower.")] = "auto",
    sleeves: _Sleeves = "garment",
    shading: _Shading = 1.0,
    person_number: _Number = None,
    mask: _Mask = None,
    layers: _Layers = None,
    least: _Least = _LEAST,
    quality: Annotated[int, Parameter(help="1 to 100, for JPEG and WebP.")] = 95,
    max_pixels: MaxPixels = 89_478_485,
    overwrite: Overwrite = False,
    many: PairFlags | None = None,
    engine: EngineFlags | None = None,
    known: KnownFlags | None = None,
    common: Common | None = None,
) -> int:
    """Put a garment of one photo on the person of another, or of a clip."""
    report = (common or Common()).report("tryon")
    options: dict[str, Any] = {
        "from_person": from_person,
        "region": region,
        "sleeves": sleeves,
        "shading": shading,
        "person_index": person_number,
    }
    many, engine, known = many or PairFlags(), engine or EngineFlags(), known or KnownFlags()
    if many.pairs is not None:
        _refuse_beside_pairs(person, mask, layers, least, known)
        recipe = _pair_recipe(options, engine, quality, max_pixels, overwrite=overwrite)
        return work_pairs(many, output, recipe, report)
    if person is None or garment is None:
        raise ValueError("PERSON, GARMENT: expected two photos, or --pairs with a list of them")
    if not 0 <= least <= 1:
        raise ValueError(f"--least-confidence: expected 0 to 1, got {least}")
    work = (person, garment, output, options, engine, known)
    both: dict[str, Any] = {"mask": mask, "layers": layers, "least": least,
                            "max_pixels": max_pixels, "overwrite": overwrite}  # fmt: skip
    if is_video(person):
        clip = _clip_job(*work, **both)
        return work_clip(clip, report, jobs=many.jobs, resume=many.resume)
    done = _photo(*work, quality=quality, **both)
    _tell(report, done, person, garment, output)
    return 0


def _refuse_beside_pairs(
    person: str | None, mask: str | None, layers: str | None, least: float, known: KnownFlags
) -> None:
    given = {
        "PERSON and GARMENT": person,
        "--mask": mask,
        "--layers": layers,
        "--least-confidence": None if least == _LEAST else least,
        "--pose": known.pose,
        "--labels": known.labels,
        "--parser": known.parser,
    }
    for name, value in given.items():
        if value is not None:
            raise ValueError(f"--pairs: expected no {name} beside it, got {value}")


def _pair_recipe(
    options: dict[str, Any], engine: EngineFlags, quality: int, max_pixels: int, *, overwrite: bool
) -> PairRecipe:
    from cvfast.tryon.batch import PairRecipe

    told = engine.options(options)
    weights = tuple(str(Path(one).absolute()) for one in engine.weights or ())
    return PairRecipe(
        engine.engine, weights, told, engine.mark(options), quality, max_pixels, overwrite
    )


def _clip_job(
    person: str,
    garment: str,
    output: str,
    options: dict[str, Any],
    engine: EngineFlags,
    known: KnownFlags,
    *,
    mask: str | None,
    layers: str | None,
    least: float,
    max_pixels: int,
    overwrite: bool,
) -> ClipJob:
    from cvfast.tryon.video import ClipOptions
    from cvfast.tryon.video_run import ClipJob

    network = None if engine.engine == "classic" else engine.engine
    refuse_with_clip(layers=layers, engine=network, weights=engine.weights,
                     pose=known.pose, labels=known.labels, parser=known.parser)  # fmt: skip
    return ClipJob(
        source=Path(person),
        garment=Path(garment),
        target=Path(output),
        mask=None if mask is None else Path(mask),
        options=ClipOptions(**options),
        least=least,
        max_pixels=max_pixels,
        overwrite=overwrite,
    )


def _photo(
    person: str,
    garment: str,
    output: str,
    options: dict[str, Any],
    engine: EngineFlags,
    known: KnownFlags,
    *,
    mask: str | None,
    layers: str | None,
    least: float,
    quality: int,
    max_pixels: int,
    overwrite: bool,
) -> TryOn:
    from cvfast.io.images import read_image, write_image
    from cvfast.tryon.worn_or_flat import mask_of_alpha

    _check_written(output, layers, quality, overwrite=overwrite)
    engine.check(options)
    known.check()
    picture = read_image(person, max_pixels=max_pixels)
    cloth = read_image(garment, max_pixels=max_pixels)
    place = None if options["from_person"] else mask_of_alpha(cloth.alpha)
    if mask is not None:
        place = _mask(mask, cloth.pixels.shape, garment, max_pixels)
    with _files_named(person, garment):
        done = engine.dress(
            picture.pixels,
            cloth.pixels,
            options,
            **known.read(picture.pixels, options["person_index"]),
            garment_mask=place,
            keep_layers=layers is not None,
        )
    if done.confidence < least:
        raise NothingFoundError(
            f"{person}: confidence {done.confidence:.2f} is under --least-confidence {least:g}, "
            "so nothing is written: " + "; ".join(done.reasons)
        )
    write_image(
        output,
        replace(picture, pixels=done.image),
        mark=engine.mark(options),
        overwrite=overwrite,
        quality=quality,
    )
    if layers is not None:
        done.save_layers(layers, mark=engine.mark(options), overwrite=overwrite)
    return done


def _check_written(output: str, layers: str | None, quality: int, *, overwrite: bool) -> None:
    """Refuse what could not be written before any work is done."""
    from cvfast.io.atomic import check_target, make_folder
    from cvfast.io.image_writer import SUFFIXES

    check_target(output, overwrite=overwrite)
    endings = [ending for ending in SUFFIXES if ending != ".bmp"]  # which holds no mark
    if Path(output).suffix.lower() not in endings:
        raise ValueError(f"--output: expected a name ending in {', '.join(endings)}, got {output}")
    if not 1 <= quality <= 100:
        raise ValueError(f"--quality: expected 1 to 100, got {quality}")
    if layers is not None:
        check_target(make_folder(layers) / "report.json", overwrite=overwrite)


def _mask(path: str, shape: tuple[int, ...], garment: str, max_pixels: int) -> Any:
    from cvfast.errors import MediaError
    from cvfast.tryon.folder import read_mask

    white = read_mask(path, max_pixels=max_pixels)
    if white.shape != shape[:2]:
        raise MediaError(
            f"{path}: expected {shape[1]} x {shape[0]} pixels as {garment} has, got "
            f"{white.shape[1]} x {white.shape[0]}"
        )
    return white


@contextmanager
def _files_named(person: str, garment: str) -> Iterator[None]:
    """Name the file where an error names its role."""
    try:
        yield
    except CvfastError as error:
        for role, file in (("person", person), ("garment", garment)):
            if str(error).startswith(f"{role}: "):
                raise type(error)(f"{file}{str(error)[len(role) :]}") from error
        raise


def _tell(report: Report, done: TryOn, person: str, garment: str, output: str) -> None:
    """Say how far to trust the result, and why not further."""
    for reason in done.reasons:
        report.note(f"{person}: {reason}")
    spent = sum(done.seconds.values())
    report.result(
        f"{person} + {garment} -> {output}: {done.region} garment, "
        f"confidence {done.confidence:.2f}, {spent:.1f} s",
        person=str(Path(person)),
        garment=str(Path(garment)),
        output=str(Path(output)),
        **done.report(),
    )
