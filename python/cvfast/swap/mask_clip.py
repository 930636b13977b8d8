"""The masks of a merge as a clip of their own, written beside the pictures' shard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cvfast.io.atomic import atomic_path
from cvfast.io.clip import VideoInfo, open_clip
from cvfast.io.frame import Frame
from cvfast.io.mux import add_encoder, encoding_for, open_output, shard_encoding
from cvfast.io.opencv import load_cv2
from cvfast.io.shards import Cut
from cvfast.io.video import writing
from cvfast.typing import ImageU8

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

__all__ = ["MaskShard", "mask_shard"]


class MaskShard:
    """Encodes masks with the times of their frames: call it with each."""

    def __init__(
        self, out: OutputContainer, stream: VideoStream, info: VideoInfo, start: Fraction
    ) -> None:
        self._out, self._stream, self._info, self._start = out, stream, info, start

    def __call__(self, frame: Frame, mask: ImageU8) -> None:
        """Encode the mask ``(h, w)`` uint8 of a frame."""
        import av

        raw = frame.video_frame
        if (frame.seconds or Fraction(0)) < self._start:  # leads in
            return
        made = av.VideoFrame(frame.width, frame.height, frame.format)
        for name in ("colorspace", "color_range", "color_primaries", "color_trc"):
            setattr(made, name, getattr(raw, name))
        picture = Frame(made, time_base=frame.time_base)
        _fill(picture, mask)
        made.pts = (raw.pts or 0) - self._info.start
        made.time_base = self._info.time_base
        made.duration = raw.duration
        self._out.mux(self._stream.encode(made))

    def finish(self) -> None:
        """Write what the encoder still holds."""
        self._out.mux(self._stream.encode(None))


@contextmanager
def mask_shard(cut: Cut, path: Path, info: VideoInfo, start: Fraction) -> Iterator[MaskShard]:
    """Open the mask's shard for writing; it appears when the block ends well.

    Parameters
    ----------
    cut
        As for the pictures' shard, with the masks' own target and encoder.
    path
        The file, ``.nut``.
    info
        Of the clip.
    start
        Seconds on the clip's clock; masks of frames before it are left out.
    """
    whole = encoding_for(cut.target, cut.codec, crf=cut.crf, preset=cut.preset, threads=cut.threads)
    encoding = shard_encoding(whole)
    with (
        atomic_path(path, overwrite=True) as temporary,
        open_clip(cut.source) as (_, video),
        writing(path),
        open_output(temporary, encoding, info) as out,
    ):
        stream = add_encoder(out, cut.source, video, info, encoding)
        out.start_encoding()
        shard = MaskShard(out, stream, info, start)
        yield shard
        shard.finish()


def _fill(picture: Frame, mask: ImageU8) -> None:
    """Paint a mask in grey: black to white in the frame's own range."""
    planes = picture.planes
    if planes[0].ndim == 3:
        planes[0][...] = mask[..., None]
        return
    scale = 1 << (picture.bits - 8)
    black, levels = (0, (1 << picture.bits) - 1) if picture.color.full_range else (
        16 * scale, 219 * scale)  # fmt: skip
    table = np.rint(black + np.arange(256) * (levels / 255)).astype(planes[0].dtype)
    if table.dtype == np.uint8:
        load_cv2().LUT(mask, table, dst=planes[0])
    else:
        planes[0][...] = table[mask]
    for chroma in planes[1:3]:
        chroma[...] = 128 * scale
    for alpha in planes[3:]:
        alpha[...] = (1 << picture.bits) - 1
