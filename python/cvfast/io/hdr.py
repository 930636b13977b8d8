"""What HDR clips say beside their colour tags: the display they were mastered on, their light."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from av.buffer import Buffer
    from av.video.frame import VideoFrame

__all__ = ["Hdr"]

_DYNAMIC = {
    "DYNAMIC_HDR_PLUS": "HDR10+",
    "DYNAMIC_HDR_VIVID": "HDR Vivid",
    "DOVI_RPU_BUFFER": "Dolby Vision",
    "DOVI_METADATA": "Dolby Vision",
}


@dataclass(frozen=True, slots=True)
class Hdr:
    """HDR metadata of a clip.

    Attributes
    ----------
    mastering
        SMPTE ST 2086, as x264 and x265 spell it (``G(x,y)B(x,y)R(x,y)WP(x,y)L(max,min)``, in units
        of 0.00002 and 0.0001 cd/m2); None if the clip has none.
    light
        Largest and mean light level in cd/m2, ``"1000,400"``; None if the clip has none.
    dynamic
        Names of what changes from frame to frame, which no encoder here can carry.
    """

    mastering: str | None = None
    light: str | None = None
    dynamic: tuple[str, ...] = ()

    @classmethod
    def of(cls, frame: VideoFrame) -> Hdr:
        """Read it from a decoded frame."""
        mastering = light = None
        if (data := _bytes(frame, "MASTERING_DISPLAY_METADATA")) is not None:
            mastering = _mastering(data)
        if (data := _bytes(frame, "CONTENT_LIGHT_LEVEL")) is not None:
            light = "{},{}".format(*struct.unpack_from("=2I", data))
        found = {name for kind, name in _DYNAMIC.items() if _bytes(frame, kind) is not None}
        return cls(mastering, light, tuple(sorted(found)))

    def __bool__(self) -> bool:
        return bool(self.mastering or self.light or self.dynamic)

    def options(self, codec: str) -> str:
        """Return what says it to libx264 or libx265, as ``:name=value`` pairs."""
        names = {"libx264": ("mastering-display", "cll"), "libx265": ("master-display", "max-cll")}
        pairs = zip(names.get(codec, ()), (self.mastering, self.light), strict=False)
        return "".join(f":{name}={value}" for name, value in pairs if value)

    def lost(self, codec: str) -> list[str]:
        """Return what an encoder leaves out, in words."""
        static = bool(self.mastering or self.light) and not self.options(codec)
        return [*(["the mastering display and light levels"] if static else []), *self.dynamic]


def _bytes(frame: VideoFrame, kind: str) -> bytes | None:
    data = frame.side_data.get(kind)
    return None if data is None else bytes(cast("Buffer", data))


def _mastering(data: bytes) -> str | None:
    """Spell FFmpeg's AVMasteringDisplayMetadata: ten fractions, then two flags."""
    numbers = struct.unpack_from("=22i", data)
    if not (all(numbers[20:22]) and all(numbers[1:20:2])):
        return None
    values = [Fraction(numbers[2 * n], numbers[2 * n + 1]) for n in range(10)]
    red_x, red_y, green_x, green_y, blue_x, blue_y, white_x, white_y = (
        round(value * 50_000) for value in values[:8]
    )
    darkest, brightest = (round(value * 10_000) for value in values[8:])
    return (
        f"G({green_x},{green_y})B({blue_x},{blue_y})R({red_x},{red_y})"
        f"WP({white_x},{white_y})L({brightest},{darkest})"
    )
