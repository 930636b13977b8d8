"""Retouching clips: follow the faces, warp each frame's own planes, copy everything else."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from cvfast.effects.discs import Discs
from cvfast.effects.options import Choice, RetouchOptions, check_choice
from cvfast.effects.planes import warp_frame
from cvfast.effects.retouch import area, plan
from cvfast.faces.tracking import FaceTracker, Track
from cvfast.faces.types import Landmarks
from cvfast.geometry.coordinates import rotate_points
from cvfast.geometry.sampling import BlockEdges, PixelBox, PixelReader
from cvfast.io.frame import Frame
from cvfast.io.provenance import Mark
from cvfast.io.video import VideoSummary, transcode
from cvfast.typing import Image, ImageU8, Progress
from cvfast.typing import Path as PathLike

__all__ = ["FrameRetoucher", "RetouchSummary", "retouch_video"]

_DETECTOR_SIDE = 960  # the detector sees frames no larger than this
_LARGER = 1.2  # times the area of the face that was the largest: another one is
_DEFAULT_RATE = 25.0  # for the smoothing of frames without a time


@dataclass(frozen=True)
class RetouchSummary:
    """What `retouch_video` did.

    Attributes
    ----------
    video
        Frames, time, encoder and what could not be kept.
    frames_with_faces
        Frames in which a face was found, whether or not it was chosen.
    faces
        Most faces in one frame.
    copied
        No frame was changed, so the clip was copied byte for byte.
    frames_chosen
        Frames in which one of the faces that were asked for was found.
    """

    video: VideoSummary
    frames_with_faces: int
    faces: int
    copied: bool = False
    frames_chosen: int = 0


def retouch_video(
    source: PathLike,
    target: PathLike,
    *,
    big_eyes: float = 0.0,
    slim_face: float = 0.0,
    faces: Choice = "all",
    start: float | None = None,
    end: float | None = None,
    codec: str = "libx264",
    crf: float = 18,
    preset: str = "medium",
    overwrite: bool = False,
    threads: int | None = None,
    progress: Progress | None = None,
) -> RetouchSummary:
    """Retouch the faces of a clip.

    One streaming pass of bounded memory. Times, rotation, colour tags and metadata are kept, audio
    and subtitles are copied packet for packet, and samples outside the warps' discs are handed to
    the encoder as they were decoded. The result is marked as altered; a clip in which nothing was
    changed, for want of a face, is copied as it is.

    Parameters
    ----------
    source, target
        Clip and output file (.mp4, .m4v, .mov, .mkv, .webm).
    big_eyes, slim_face
        Strengths in [0, 1], as for :func:`cvfast.retouch`.
    faces
        ``"all"``, ``"largest"`` (kept until another is clearly larger), or the number of one face
        in the order in which they were found; one that was lost and found again is another.
    start, end
        Seconds from the first frame; what lies outside is left out.
    codec, crf, preset
        The encoder's: ``libx264``, ``libx265``, ``libvpx-vp9`` or ``ffv1``.
    overwrite
        Replace an existing target.
    threads
        Encoder threads; None: :func:`cvfast.get_num_threads`.
    progress
        Called with (frames done, expected total or None).

    Raises
    ------
    MediaError, OutputError
        The source cannot be read, or the target not be written; nothing is left behind.
    TypeError, ValueError
        An option makes no sense.

    Examples
    --------
    >>> import cvfast
    >>> summary = cvfast.retouch_video("me.mp4", "big.mp4", big_eyes=0.4)  # doctest: +SKIP
    """
    options = RetouchOptions(big_eyes=big_eyes, slim_face=slim_face)
    retoucher = FrameRetoucher(options, faces=faces)
    copies = start is None and end is None and _same_kind(source, target)
    write = partial(
        transcode,
        source,
        codec=codec,
        crf=crf,
        preset=preset,
        start=start,
        end=end,
        threads=threads,
        progress=progress,
    )

    def settle(temporary: Path, video: VideoSummary) -> VideoSummary:
        """See to it that a clip in which nothing was changed does not claim to be altered."""
        if video.changed:
            return video
        temporary.write_bytes(b"")  # first, for the room on the disk
        if copies:
            shutil.copyfile(source, temporary)
            return video
        again = write(temporary, lambda _: False, overwrite=True)
        return replace(again, path=video.path)

    mark = Mark(actions=options.actions)
    video = write(target, retoucher, overwrite=overwrite, mark=mark, settle=settle)
    copied = copies and not video.changed
    return RetouchSummary(
        video, retoucher.frames_with_faces, retoucher.faces, copied, retoucher.frames_chosen
    )


class FrameRetoucher:
    """Retouches the frames of one clip, in order, in place: call it with each.

    Parameters
    ----------
    options
        The effects and their strengths.
    faces
        Which faces.

    Attributes
    ----------
    frames_with_faces, faces, frames_chosen
        As in `RetouchSummary`.
    """

    def __init__(self, options: RetouchOptions, *, faces: Choice = "all") -> None:
        self._options = options
        self._choice = check_choice(faces)
        self._number = self._choice if isinstance(self._choice, int) else -1
        self._tracker = FaceTracker()
        self._count = 0
        self.frames_with_faces = 0
        self.faces = 0
        self.frames_chosen = 0

    def __call__(self, frame: Frame) -> bool:
        """Retouch a frame; return whether it has changed."""
        size = _upright_size(frame)
        reader = PixelReader(
            size,
            lambda box: _read_upright(frame, box),
            lambda columns, rows: _means_upright(frame, columns, rows),
        )
        seconds = frame.seconds
        now = self._count / _DEFAULT_RATE if seconds is None else float(seconds)
        self._count += 1
        tracks = self._tracker.update(reader, lambda: _small_upright(frame), now)
        self.frames_with_faces += bool(tracks)
        self.faces = max(self.faces, len(tracks))
        chosen = self._chosen(tracks)
        self.frames_chosen += bool(chosen)
        discs = plan(chosen, self._options)
        warp_frame(frame, [_as_stored(group, frame) for group in discs])
        return bool(discs)

    def _chosen(self, tracks: list[Track]) -> list[Landmarks]:
        if self._choice == "all":
            return [track.landmarks for track in tracks]
        if self._choice == "largest":
            self._number = _largest(tracks, self._number)
        return [track.landmarks for track in tracks if track.number == self._number]


def _same_kind(source: PathLike, target: PathLike) -> bool:
    return Path(source).suffix.lower() == Path(target).suffix.lower()


def _largest(tracks: list[Track], held: int) -> int:
    """Return the number of the largest face; two of about one size do not take turns."""
    sizes = {track.number: area(track.landmarks) for track in tracks}
    if not sizes:
        return held
    largest = max(sizes, key=sizes.__getitem__)
    return largest if sizes[largest] > _LARGER * sizes.get(held, 0.0) else held


def _upright_size(frame: Frame) -> tuple[int, int]:
    size = frame.width, frame.height
    return size[::-1] if frame.rotation % 2 else size


def _read_upright(frame: Frame, box: PixelBox) -> Image:
    """Read a box of the picture as it is shown."""
    turns = frame.rotation % 4
    if not turns:
        return frame.rgb(box)
    x0, y0, x1, y1 = box
    corners = np.array([(x0, y0), (x1 - 1, y1 - 1)])
    stored = rotate_points(corners, _upright_size(frame), -turns).round().astype(int)
    (left, top), (right, bottom) = stored.min(axis=0).tolist(), stored.max(axis=0).tolist()
    return np.ascontiguousarray(np.rot90(frame.rgb((left, top, right + 1, bottom + 1)), -turns))


def _means_upright(frame: Frame, columns: BlockEdges, rows: BlockEdges) -> ImageU8:
    """Read blocks of the picture as it is shown, averaged."""
    turns = frame.rotation % 4
    width, height = _upright_size(frame)
    # Turned by one: what was a row is a column, and the last one is the first.
    if turns in (1, 2):
        columns = (width - columns)[::-1]
    if turns in (2, 3):
        rows = (height - rows)[::-1]
    across, down = (rows, columns) if turns % 2 else (columns, rows)
    return np.ascontiguousarray(np.rot90(frame.rgb_means(across, down), -turns))


def _small_upright(frame: Frame) -> ImageU8:
    picture, _ = frame.rgb_small(_DETECTOR_SIDE)
    return np.ascontiguousarray(np.rot90(picture, -frame.rotation))


def _as_stored(discs: Discs, frame: Frame) -> Discs:
    """Turn discs from the picture as shown to the frame as stored."""
    if not frame.rotation % 4:
        return discs
    size, turns = _upright_size(frame), -frame.rotation
    values = discs.values
    if discs.kind == "translate":
        values = rotate_points(values, size, turns)
    return Discs(discs.kind, rotate_points(discs.centers, size, turns), discs.radii, values)
