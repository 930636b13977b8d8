"""A video frame: the decoder's own planes, read and changed in place, region by region.

Nothing is converted until it is asked for, and only there; what nobody wrote stays bit-equal to
what was decoded. Luma sample (i, j) sits at the point (i, j). 4:2:0 chroma is left-sited: chroma
sample (i, j) sits at the point (2 i, 2 j + 1/2), so the point (x, y) is chroma (x/2, (y - 1/2)/2).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import MediaError
from cvfast.io.color import ColorTags, rgb_from_ycc, ycc_from_rgb
from cvfast.io.resample import blend_columns, blend_rows, gather, taps
from cvfast.kernels.crop import CropSource, SampleGrid
from cvfast.typing import ImageU8

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

__all__ = ["Frame", "Plane", "check_format"]

Box: TypeAlias = tuple[int, int, int, int]
_F32: TypeAlias = NDArray[np.float32]
_BLOCK_PIXELS = 1 << 16  # converted at a time, so that the floats stay in the cache


@dataclass(frozen=True, slots=True)
class _Layout:
    kind: str  # "yuv", "gray" or "rgb"
    step_x: int = 1  # luma samples per chroma sample
    step_y: int = 1
    bits: int = 8
    interleaved: bool = False


_SUBSAMPLING = {"420": (2, 2), "422": (2, 1), "444": (1, 1)}
_DEPTHS = (("", 8), ("10le", 10), ("12le", 12))
_LAYOUTS = {
    **{f"gray{depth}": _Layout("gray", bits=bits) for depth, bits in _DEPTHS},
    "rgb24": _Layout("rgb"),
    "nv12": _Layout("yuv", 2, 2, interleaved=True),
    **{f"yuvj{n}p": _Layout("yuv", *s) for n, s in _SUBSAMPLING.items()},
    **{
        f"{name}{n}p{depth}": _Layout("yuv", *steps, bits=bits)
        for name in ("yuv", "yuva")
        for n, steps in _SUBSAMPLING.items()
        for depth, bits in _DEPTHS
    },
}


@dataclass(frozen=True, slots=True)
class Plane:
    """One plane of a frame and where it lies: plane point = (x * sx + ox, y * sy + oy).

    Attributes
    ----------
    array
        (h, w) or (h, w, 2 or 3), uint8 or uint16, writable; a view of the frame.
    sx, sy, ox, oy
        From a point (x, y) of the frame to a point of the plane.
    """

    array: NDArray[Any]
    sx: float
    sy: float
    ox: float
    oy: float


class Frame:
    """One decoded frame; `planes` are the decoder's own samples and may be changed in place.

    Parameters
    ----------
    frame
        A decoded ``av.VideoFrame``. If the decoder still refers to its samples they are copied
        once, else used as they are.
    time_base
        Unit of `pts` in seconds; the frame's own by default.
    rotation
        Quarter turns clockwise that a player applies to show the frame upright (0 to 3):
        ``np.rot90(frame.rgb(), -frame.rotation)`` is what a viewer sees.

    Raises
    ------
    MediaError
        If the pixel format is not one that can be changed in place.

    Examples
    --------
    >>> import av
    >>> frame = Frame(av.VideoFrame(64, 48, "yuv420p"))
    >>> [plane.array.shape for plane in frame.plane_geometry()]
    [(48, 64), (24, 32), (24, 32)]
    """

    def __init__(
        self, frame: VideoFrame, *, time_base: Fraction | None = None, rotation: int = 0
    ) -> None:
        self._layout = check_format(frame.format.name)
        frame.make_writable()
        self.video_frame = frame
        self.width: int = frame.width
        self.height: int = frame.height
        self.format: str = frame.format.name
        self.pts: int | None = frame.pts
        self.time_base: Fraction | None = time_base or frame.time_base
        self.rotation, self.bits = rotation, self._layout.bits  # bits of a sample: 8, 10 or 12
        # The yuvj formats say full range by their name.
        full = self.format.startswith("yuvj")
        self.color = ColorTags(
            int(frame.colorspace),
            2 if full else int(frame.color_range),
            int(frame.color_primaries),
            int(frame.color_trc),
        )
        self.planes: tuple[NDArray[Any], ...] = tuple(
            _plane_array(plane, self._layout, index) for index, plane in enumerate(frame.planes)
        )

    def __repr__(self) -> str:
        return f"Frame({self.width}x{self.height} {self.format}, pts={self.pts})"

    @property
    def seconds(self) -> Fraction | None:
        """The exact time of the frame in seconds, if the file gives one."""
        return None if self.pts is None or self.time_base is None else self.pts * self.time_base

    def plane_geometry(self) -> tuple[Plane, ...]:
        """Return every plane with its place in the frame, so that each can be warped on its own."""
        step_x, step_y = self._layout.step_x, self._layout.step_y
        # Left-sited: level with the luma in x, between two luma rows in y.
        chroma = (1.0 / step_x, 1.0 / step_y, 0.0, _offset_y(step_y))
        return tuple(
            Plane(array, *((1.0, 1.0, 0.0, 0.0) if index in (0, 3) else chroma))  # 3 is alpha
            for index, array in enumerate(self.planes)
        )

    def rgb(self, box: Box | None = None) -> ImageU8:
        """Read a region as RGB; chroma is interpolated bilinearly with its true siting.

        Parameters
        ----------
        box
            x0, y0, x1, y1 in pixels (x0 <= x < x1), inside the frame; the whole frame by default.

        Returns
        -------
        ndarray
            (y1 - y0, x1 - x0, 3) uint8, a new array, in the file's own orientation.

        Raises
        ------
        ValueError
            If the box does not lie inside the frame.
        """
        x0, y0, x1, y1 = self._checked(box)
        if self._layout.kind == "rgb":
            return self.planes[0][y0:y1, x0:x1].copy()
        out = np.empty((y1 - y0, x1 - x0, 3), np.uint8)
        if out.size == 0:
            return out
        rows = max(1, _BLOCK_PIXELS // (x1 - x0))
        for top in range(y0, y1, rows):
            bottom = min(top + rows, y1)
            self._convert_rows((x0, top, x1, bottom), out[top - y0 : bottom - y0])
        return out

    def crop_source(self) -> CropSource:
        """Return the frame's own samples as what crops are read from, in the file's orientation.

        Nothing is copied: a crop shows the planes as they are when it is read.
        """
        size = self.width, self.height
        if self._layout.kind == "rgb":
            return CropSource(size, [SampleGrid((self.planes[0],))])
        grids = [SampleGrid(self.planes[:1])]
        if self._layout.kind == "yuv":
            step_x, step_y = self._layout.step_x, self._layout.step_y
            place = 1 / step_x, 0.0, 0.0, 0.0, 1 / step_y, _offset_y(step_y)
            grids.append(SampleGrid(self.planes[1:3], place))
        to_rgb = rgb_from_ycc(self.color, self.height, 8)
        return CropSource(size, grids, bits=self._layout.bits, to_rgb=to_rgb)

    def rgb_small(self, max_side: int) -> tuple[ImageU8, float]:
        """Read the whole frame as RGB, shrunk so that no side is over `max_side`: for detectors.

        swscale converts and averages in one step: 2 to 4 ms from 1920 x 1080 to 640. Its colours
        may be 2 or 3 levels from `rgb`.

        Returns
        -------
        rgb : ndarray
            (h, w, 3) uint8.
        scale : float
            Small side over full side, at most 1; a point x of the small picture is
            (x + 1/2) / scale - 1/2 in the frame.
        """
        from av.video.reformatter import ColorRange, Colorspace, Interpolation

        if max_side < 1:
            raise ValueError(f"max_side: expected at least 1, got {max_side}")
        scale = min(1.0, max_side / max(self.width, self.height))
        width, height = (max(1, round(side * scale)) for side in (self.width, self.height))
        if self._layout.kind == "rgb" and scale == 1.0:
            return self.rgb(), 1.0
        red, _ = self.color.luma_shares(self.height)
        matrix = {0.2126: Colorspace.ITU709, 0.2627: Colorspace.BT2020}.get(red, Colorspace.ITU601)
        small = self.video_frame.reformat(
            width=width,
            height=height,
            format="rgb24",
            src_colorspace=matrix,
            src_color_range=ColorRange.JPEG if self.color.full_range else ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG,
            interpolation=Interpolation.AREA if scale < 1.0 else Interpolation.BILINEAR,
            threads=1,
        )
        rgb: ImageU8 = small.to_ndarray().astype(np.uint8, copy=False)
        return rgb, scale

    def write_rgb(self, box: Box, pixels: ImageU8) -> None:
        """Change a region to the given RGB pixels.

        Only pixels that differ from ``rgb(box)`` are written, so writing back what was read
        changes nothing. A chroma sample belongs to the box if its site lies on or between the
        box's outermost pixel centres (at the frame's own border: if its pixels do); one that
        stands for changed and unchanged pixels is mixed by their number.

        Parameters
        ----------
        box
            x0, y0, x1, y1 inside the frame.
        pixels
            (y1 - y0, x1 - x0, 3) uint8.

        Raises
        ------
        TypeError
            If the pixels are not uint8.
        ValueError
            If the box does not lie inside the frame or the pixels do not fit it.
        """
        x0, y0, x1, y1 = self._checked(box)
        pixels = np.asarray(pixels)
        if pixels.dtype != np.uint8:
            raise TypeError(f"pixels: expected dtype uint8, got {pixels.dtype}")
        if pixels.shape != (y1 - y0, x1 - x0, 3):
            raise ValueError(
                f"pixels: expected shape {(y1 - y0, x1 - x0, 3)} for the box, got {pixels.shape}"
            )
        if pixels.size == 0:
            return
        if self._layout.kind == "rgb":
            self.planes[0][y0:y1, x0:x1] = pixels
            return
        changed = (pixels != self.rgb((x0, y0, x1, y1))).any(axis=2)
        bits = self._layout.bits
        matrix, offset = ycc_from_rgb(self.color, self.height, bits)
        ycc = pixels.astype(np.float32) @ matrix.T.astype(np.float32) + offset.astype(np.float32)
        luma = self.planes[0][y0:y1, x0:x1]
        np.copyto(luma, _rounded(ycc[..., 0], bits, luma.dtype), where=changed)
        if self._layout.kind == "yuv":
            self._write_chroma((x0, y0, x1, y1), ycc[..., 1:], changed)

    def _checked(self, box: Box | None) -> Box:
        if box is None:
            return 0, 0, self.width, self.height
        x0, y0, x1, y1 = (int(value) for value in box)
        if not (0 <= x0 <= x1 <= self.width and 0 <= y0 <= y1 <= self.height):
            raise ValueError(
                f"box: expected 0 <= x0 <= x1 <= {self.width} and 0 <= y0 <= y1 <= {self.height}, "
                f"got {(x0, y0, x1, y1)}"
            )
        return x0, y0, x1, y1

    def _chroma(self) -> tuple[NDArray[Any], NDArray[Any]]:
        if self._layout.interleaved:
            return self.planes[1][..., 0], self.planes[1][..., 1]
        return self.planes[1], self.planes[2]

    def _to_rgb(self) -> tuple[_F32, _F32]:
        """Return the matrix and offset from the planes' samples to RGB in 0 to 255."""
        gain, offset = rgb_from_ycc(self.color, self.height, self._layout.bits)
        return gain.astype(np.float32), offset.astype(np.float32)

    def _convert_rows(self, box: Box, out: ImageU8) -> None:
        """Convert a block of rows into `out`; the matrix is applied to chroma before it grows."""
        x0, y0, x1, y1 = box
        gain, offset = self._to_rgb()
        # Half a level for rounding: the conversion to uint8 below cuts.
        luma = (self.planes[0][y0:y1, x0:x1] - offset[0]) * gain[0, 0] + np.float32(0.5)
        if self._layout.kind == "gray":
            out[...] = np.clip(luma, 0, 255)[..., None]
            return
        step_x, step_y = self._layout.step_x, self._layout.step_y
        chroma = self._chroma()
        rows = taps(y0, y1, step_y, _offset_y(step_y), chroma[0].shape[0])
        columns = taps(x0, x1, step_x, 0.0, chroma[0].shape[1])
        left, right = columns[0][0], columns[1][-1] + 1
        narrow = [blend_rows(plane[:, left:right], rows) - offset[1] for plane in chroma]
        shifted = (columns[0] - left, columns[1] - left, columns[2])
        for channel in range(3):
            part = narrow[0] * gain[channel, 1] + narrow[1] * gain[channel, 2]
            total = blend_columns(part, shifted)
            total += luma
            out[..., channel] = np.clip(total, 0, 255, out=total)

    def _write_chroma(self, box: Box, values: _F32, changed: NDArray[np.bool_]) -> None:
        x0, y0, x1, y1 = box
        step_x, step_y = self._layout.step_x, self._layout.step_y
        columns, rows = self._chroma()[0].shape[1], self._chroma()[0].shape[0]
        i0, i1 = -(-x0 // step_x), (x1 - 1) // step_x + 1
        j0, j1 = -(-y0 // step_y), rows if y1 == self.height else y1 // step_y
        if i0 >= i1 or j0 >= j1:
            return
        samples = i0, j0, min(i1, columns), j1
        weight, mean = gather(values, changed, box, samples, (step_x, step_y))
        for index, plane in enumerate(self._chroma()):
            target = plane[j0:j1, i0:i1]
            mixed = target * (1.0 - weight) + mean[..., index]
            np.copyto(target, _rounded(mixed, self._layout.bits, plane.dtype), where=weight > 0.0)


def check_format(name: str) -> _Layout:
    """Return how a pixel format lies in memory.

    Raises
    ------
    MediaError
        If frames of this format cannot be changed in place.
    """
    if name not in _LAYOUTS:
        raise MediaError(
            "pixel format: expected yuv or yuva in 420, 422 or 444 of 8, 10 or 12 bits, nv12, gray "
            f"or rgb24, got {name}; convert the clip first, for example to yuv420p (or yuva444p)"
        )
    return _LAYOUTS[name]


def _plane_array(plane: Any, layout: _Layout, index: int) -> NDArray[Any]:
    """View a decoder plane as a strided array (a negative line size means bottom row first)."""
    dtype = np.dtype(np.uint8 if layout.bits == 8 else "<u2")
    samples = 3 if layout.kind == "rgb" else 2 if layout.interleaved and index == 1 else 1
    shape: tuple[int, ...] = (plane.height, plane.width)
    strides: tuple[int, ...] = (plane.line_size, dtype.itemsize * samples)
    if samples > 1:
        shape, strides = (*shape, samples), (*strides, dtype.itemsize)
    start = -(plane.height - 1) * plane.line_size if plane.line_size < 0 else 0
    return np.ndarray(shape, dtype, buffer=plane, offset=start, strides=strides)


def _offset_y(step_y: int) -> float:
    """Return where, in chroma rows, the first luma row lies: chroma is level with their middle."""
    return -(step_y - 1) / (2.0 * step_y)


def _rounded(values: _F32, bits: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    return np.clip(np.rint(values), 0, 2**bits - 1).astype(dtype)
