"""Retouching clips: follow the faces, paint and warp each frame's own planes, copy the rest."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Unpack

from cvfast.effects.canvas import frame_canvas
from cvfast.effects.options import Choice, Effects, RetouchOptions, check_choice
from cvfast.effects.paint import paint
from cvfast.effects.planes import warp_frame
from cvfast.effects.retouch import area, paint_picture, plan
from cvfast.effects.subject import Subject
from cvfast.faces.frames import as_stored, frame_reader
from cvfast.faces.tracking import FaceTracker, Track
from cvfast.io.frame import Frame
from cvfast.io.provenance import Mark
from cvfast.io.video import Alpha, VideoSummary, transcode
from cvfast.typing import Path as PathLike
from cvfast.typing import Progress

__all__ = ["FrameRetoucher", "RetouchSummary", "retouch_clip", "retouch_video"]

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
    faces: Choice = "all",
    start: float | None = None,
    end: float | None = None,
    codec: str | None = None,
    crf: float = 18,
    preset: str = "medium",
    overwrite: bool = False,
    threads: int | None = None,
    alpha: Alpha = "keep",
    progress: Progress | None = None,
    **effects: Unpack[Effects],
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
    faces
        ``"all"``, ``"largest"`` (kept until another is clearly larger), or the number of one face
        in the order in which they were found; one that was lost and found again is another.
    start, end
        Seconds from the first frame; what lies outside is left out.
    codec, crf, preset
        The encoder's: ``libx264`` (the default), ``libx265``, ``libvpx-vp9`` (the default for
        .webm) or ``ffv1``.
    overwrite
        Replace an existing target.
    threads
        Encoder threads; None: as many as suit :func:`cvfast.get_num_threads` cores.
    alpha
        A transparent clip's alpha: ``"keep"`` (ffv1 and, in .webm and .mkv, libvpx-vp9 can) or
        ``"drop"``, which makes it opaque.
    progress
        Called with (frames done, expected total or None).
    **effects
        Strengths and colours, as for :func:`cvfast.retouch`.

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
    return retouch_clip(
        source,
        target,
        RetouchOptions(**effects),
        faces=faces,
        start=start,
        end=end,
        codec=codec,
        crf=crf,
        preset=preset,
        overwrite=overwrite,
        threads=threads,
        alpha=alpha,
        progress=progress,
    )


def retouch_clip(
    source: PathLike,
    target: PathLike,
    options: RetouchOptions,
    *,
    faces: Choice = "all",
    overwrite: bool = False,
    settle: Callable[[Path, RetouchSummary], None] | None = None,
    **settings: Any,
) -> RetouchSummary:
    """Do what `retouch_video` does, with the effects' options in one.

    `settle` is called with the finished file under its temporary name, and the summary; `settings`
    are the others of `retouch_video`.
    """
    retoucher = FrameRetoucher(options, faces=faces)
    whole = settings.get("start") is None and settings.get("end") is None
    copies = whole and settings.get("alpha") != "drop" and _same_kind(source, target)

    def write(file: PathLike, edit: Any, **more: Any) -> VideoSummary:
        return transcode(source, file, edit, **settings, **more)

    def summary(video: VideoSummary) -> RetouchSummary:
        return retoucher.summary(video, copied=copies and not video.changed)

    def finish(temporary: Path, video: VideoSummary) -> VideoSummary:
        """See to it that a clip in which nothing was changed does not claim to be altered."""
        if not video.changed:
            temporary.write_bytes(b"")  # first, for the room on the disk
            if copies:
                shutil.copyfile(source, temporary)
            else:
                again = write(temporary, lambda _: False, overwrite=True)
                video = replace(again, path=video.path)
        if settle is not None:
            settle(temporary, summary(video))
        return video

    mark = Mark(actions=options.actions)
    return summary(
        write(
            target,
            retoucher.draw,
            prepare=retoucher.find,
            overwrite=overwrite,
            mark=mark,
            settle=finish,
        )
    )


class FrameRetoucher:
    """Retouches the frames of one clip, in order, in place: call it with each.

    Parameters
    ----------
    options
        The effects and their strengths.
    faces
        Which faces.
    count_from
        Seconds on the clip's clock from which on frames are counted; those before lead in.
    tracker
        Follows the faces; a new `FaceTracker` by default.

    Attributes
    ----------
    options
        May be changed between two frames.
    frames_with_faces, faces, frames_chosen
        As in `RetouchSummary`.
    """

    def __init__(
        self,
        options: RetouchOptions,
        *,
        faces: Choice = "all",
        count_from: Fraction | None = None,
        tracker: FaceTracker | None = None,
    ) -> None:
        self.options, self._count_from = options, count_from
        self._choice = check_choice(faces)
        self._number = self._choice if isinstance(self._choice, int) else -1
        self._tracker = tracker or FaceTracker()
        self._count = 0
        self.frames_with_faces = 0
        self.faces = 0
        self.frames_chosen = 0

    def summary(self, video: VideoSummary, *, copied: bool = False) -> RetouchSummary:
        """Return what was done to the frames so far, beside what the encoder did."""
        return RetouchSummary(video, self.frames_with_faces, self.faces, copied, self.frames_chosen)

    def __call__(self, frame: Frame) -> bool:
        """Retouch a frame; return whether it has changed."""
        return self.draw(frame, self.find(frame))

    def find(self, frame: Frame) -> list[Subject]:
        """Follow the faces into a frame, the next one of the clip; return those to retouch."""
        seconds = frame.seconds
        now = self._count / _DEFAULT_RATE if seconds is None else float(seconds)
        self._count += 1
        tracks = self._tracker.update(frame_reader(frame), now)
        chosen = self._chosen(tracks)
        if self._count_from is None or (seconds is not None and seconds >= self._count_from):
            self.frames_with_faces += bool(tracks)
            self.faces = max(self.faces, len(tracks))
            self.frames_chosen += bool(chosen)
        return [
            Subject(as_stored(track.landmarks, frame), track.weight, track.memory, now)
            for track in chosen
        ]

    def draw(self, frame: Frame, subjects: list[Subject]) -> bool:
        """Paint and warp a frame in place; return whether it has changed."""
        canvas = frame_canvas(frame)
        if canvas is None:
            changed = paint_picture(frame.planes[0], subjects, self.options)
        else:
            changed = paint(canvas, subjects, self.options)
        discs = plan(subjects, self.options)
        warp_frame(frame, discs)
        return changed or bool(discs)

    def _chosen(self, tracks: list[Track]) -> list[Track]:
        if self._choice == "all":
            return tracks
        if self._choice == "largest":
            self._number = _largest(tracks, self._number)
        return [track for track in tracks if track.number == self._number]


def _same_kind(source: PathLike, target: PathLike) -> bool:
    return Path(source).suffix.lower() == Path(target).suffix.lower()


def _largest(tracks: list[Track], held: int) -> int:
    """Return the number of the largest face; two of about one size do not take turns."""
    sizes = {track.number: area(track.landmarks) for track in tracks}
    if not sizes:
        return held
    largest = max(sizes, key=sizes.__getitem__)
    return largest if sizes[largest] > _LARGER * sizes.get(held, 0.0) else held
