"""The settings of a merge as options, and a TOML of them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

if TYPE_CHECKING:
    from cvfast.swap.merge_settings import MergeSettings

__all__ = ["MergeFlags", "read_toml"]

_MOST = 1 << 20
_Text = str | None
_Whole = int | None


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class MergeFlags:
    """How a swapped face is put into a frame, as options; what is not said stays as it is."""

    mode: Annotated[
        _Text, Parameter(help="original, overlay, hist-match, seamless, seamless-hist-match, "
                              "raw-rgb or raw-predict.")
    ] = None  # fmt: skip
    mask_mode: Annotated[
        _Text, Parameter(help="full, dst, learned-prd, learned-dst, learned-prd*dst, "
                              "learned-prd+dst, XSeg-prd, XSeg-dst, XSeg-prd*dst or all.")
    ] = None  # fmt: skip
    occlusions: Annotated[
        _Text, Parameter(help="What covers the face: as applied, found by xseg, or none.")
    ] = None
    color_transfer: Annotated[
        _Text, Parameter(help="none, rct, lct, mkl, mkl-m, idt, idt-m, sot-m or mix-m.")
    ] = None
    erode: Annotated[_Whole, Parameter(help="-400 to 400: shrink the mask; less grows it.")] = None
    blur: Annotated[_Whole, Parameter(help="0 to 400: soften the mask's edge.")] = None
    motion_blur: Annotated[_Whole, Parameter(help="0 to 100 % of the face's motion.")] = None
    face_scale: Annotated[_Whole, Parameter(help="-50 to 50 %: a larger face.")] = None
    sharpen_mode: Annotated[_Text, Parameter(help="none, box or gaussian.")] = None
    sharpen: Annotated[_Whole, Parameter(help="-100 to 100; less blurs.")] = None
    super_resolution: Annotated[_Whole, Parameter(help="0 to 100 % of the enlarging net.")] = None
    hist_match_threshold: Annotated[_Whole, Parameter(help="0 to 255, of hist-match.")] = None
    masked_hist_match: Annotated[
        bool | None, Parameter(help="Match histograms inside the mask alone.")
    ] = None
    denoise: Annotated[_Whole, Parameter(help="0 to 500: smooth the face.")] = None
    bicubic_degrade: Annotated[_Whole, Parameter(help="0 to 100: shrink and enlarge it.")] = None
    color_degrade: Annotated[_Whole, Parameter(help="0 to 100: few colours.")] = None
    morph: Annotated[float | None, Parameter(help="0 to 1: how much source, AMP alone.")] = None
    steady: Annotated[bool | None, Parameter(help="Steady the landmarks over time.")] = None
    fit: Annotated[
        _Text, Parameter(help="none; place: features to the target's places; features: bent, "
                              "in each frame, to the target's.")
    ] = None  # fmt: skip
    label: Annotated[bool | None, Parameter(help="A visible label in a corner.")] = None
    merge_seed: Annotated[_Whole, Parameter(help="Of random colour transfers.")] = None

    def settings(self, base: MergeSettings) -> MergeSettings:
        """Return settings with what was said in place of what they were.

        Raises
        ------
        ValueError
            A value that is unknown or out of its range.
        """
        said = {field.name: getattr(self, field.name) for field in fields(self)}
        said["seed"] = said.pop("merge_seed")
        return replace(base, **{name: value for name, value in said.items() if value is not None})


def read_toml(path: Path | None) -> tuple[MergeSettings, dict[str, Any]]:
    """Read a TOML of settings, and what else it says that `merge_job` can be told.

    Raises
    ------
    MediaError
        It cannot be read, or says something unknown or out of range.
    """
    from cvfast.errors import MediaError
    from cvfast.io.opening import open_regular
    from cvfast.swap.merge_settings import MergeSettings, read_settings

    if path is None:
        return MergeSettings(), {}
    try:
        with open_regular(path) as file:
            text = file.read(_MOST + 1)
    except OSError as error:
        raise MediaError(f"{path}: cannot be read: {error.strerror}") from error
    if len(text) > _MOST:
        raise MediaError(f"{path}: expected settings of at most {_MOST} bytes")
    settings, tables = read_settings(text.decode("utf-8", "replace"), str(path))
    return settings, _options(tables, str(path))


def _options(tables: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the tracks, the window and the encoder of a result."""
    from cvfast.errors import MediaError

    kinds: dict[tuple[str, str], Any] = {
        ("faces", "tracks"): list, ("window", "start"): int | float, ("window", "end"): int | float,
        ("encoder", "codec"): str, ("encoder", "crf"): int | float, ("encoder", "preset"): str,
        ("encoder", "threads"): int, ("model", "face_type"): str,
    }  # fmt: skip
    options: dict[str, Any] = {}
    for (table, key), kind in kinds.items():
        given = tables.get(table, {})
        value = given.get(key) if isinstance(given, dict) else given
        if value is None:
            continue
        whole = key != "tracks" or all(isinstance(track, int) for track in value)
        if not isinstance(value, kind) or not whole:
            raise MediaError(f"{name}: {table}.{key}: unexpected {value!r}")
        options[key] = value
    return options
