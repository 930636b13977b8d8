"""Try-on in clips: the garment read once, the person followed, every frame's look made steady."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import LimitError, NothingFoundError
from cvfast.geometry.sampling import PixelReader
from cvfast.io.frame import Frame
from cvfast.io.opencv import load_cv2
from cvfast.io.provenance import Mark
from cvfast.io.video import Alpha, VideoSummary, transcode
from cvfast.people.body import Body
from cvfast.people.following import PersonFollower
from cvfast.people.parts import find_parts
from cvfast.tryon.choices import Choices
from cvfast.tryon.classic import check_options, garment_of
from cvfast.tryon.clip_result import FrameCounts, VideoTryOn
from cvfast.tryon.doubts import Doubts
from cvfast.tryon.finishing import Look, finish
from cvfast.tryon.flat_cloth import FlatCloth
from cvfast.tryon.garment import Garment
from cvfast.tryon.layering import dress
from cvfast.tryon.motion import Motion, MotionReader
from cvfast.tryon.scene import LEAST_SIDE, Scene
from cvfast.tryon.steadying import LookSteadier
from cvfast.tryon.steps import Steps
from cvfast.tryon.worn_shape import PartMasks
from cvfast.typing import Image, ImageU8, Progress
from cvfast.typing import Path as PathLike

__all__ = [
    "ClipOptions",
    "FrameCounts",
    "FrameDresser",
    "VideoTryOn",
    "clip_cloth",
    "try_on_video",
]

_Dressed: TypeAlias = tuple[ImageU8, Look] | None
_WORK_SIDE = 960  # pixels of the longer side at which a frame is analysed
_PATIENCE = 12  # frames in a row that show another kind of sleeve or collar
_REFIT = 4  # frames from one fit to the next where nothing moves much
_MOVED = 0.004  # of the frame's longer side: after so much motion it is time for a fit
_DEFAULT_RATE = 25.0  # for frames without a time


@dataclass(frozen=True)
class ClipOptions:
    """How a garment is put on the person of a clip; see `cvfast.try_on`.

    Raises
    ------
    ValueError
        An option out of its range.
    """

    region: str = "auto"
    sleeves: str = "garment"
    shading: float = 1.0
    person_index: int | None = None
    from_person: bool = False

    def __post_init__(self) -> None:
        check_options(self.region, self.sleeves, self.shading)

    def mark(self) -> Mark:
        """Return what the result says of itself."""
        told = {
            "from_person": self.from_person,
            "person_index": self.person_index,
            "region": self.region,
            "sleeves": self.sleeves,
            "shading": self.shading,
        }
        actions = tuple(f"tryon.{name}={value}" for name, value in told.items() if value)
        return Mark("compositeCapture", actions=("tryon.engine=classic", *actions))


def try_on_video(
    source: PathLike,
    target: PathLike,
    garment: Image | Garment,
    *,
    region: str = "auto",
    sleeves: str = "garment",
    shading: float = 1.0,
    person_index: int | None = None,
    from_person: bool = False,
    start: float | None = None,
    end: float | None = None,
    codec: str | None = None,
    crf: float = 18,
    preset: str = "medium",
    threads: int | None = None,
    alpha: Alpha = "keep",
    overwrite: bool = False,
    progress: Progress | None = None,
) -> VideoTryOn:
    """Put a garment on the person of a clip.

    One streaming pass of bounded memory. Times, rotation, colour tags and metadata are kept, audio
    and subtitles are copied packet for packet, and pixels outside the changed region are handed to
    the encoder as they were decoded. Frames without a person stay as they are.

    Parameters
    ----------
    source, target
        Clip and output file (.mp4, .m4v, .mov, .mkv, .webm).
    garment, region, sleeves, shading, person_index, from_person
        As for `cvfast.try_on`. The garment is read once.
    start, end
        Seconds from the first frame; what lies outside is left out.
    codec, crf, preset, threads, alpha
        As for `cvfast.io.video.transcode`.
    overwrite
        Replace an existing target.
    progress
        Called with (frames done, expected total or None).

    Raises
    ------
    NothingFoundError
        No frame shows a person, or the photo no garment; nothing is written.
    MediaError, OutputError
        The source cannot be read, or the target not be written; nothing is left behind.
    LimitError
        The clip is too small.
    TypeError, ValueError
        Not a picture, or an option out of its range.

    Examples
    --------
    >>> import cvfast
    >>> from cvfast.io.images import read_image
    >>> from cvfast.tryon.video import try_on_video
    >>> shirt = read_image("shirt.jpg").pixels  # doctest: +SKIP
    >>> try_on_video("me.mp4", "new.mp4", shirt).dressed  # doctest: +SKIP
    250
    """
    options = ClipOptions(region, sleeves, shading, person_index, from_person)
    dresser = FrameDresser(clip_cloth(garment, options), options)

    def settle(_temporary: Path, video: VideoSummary) -> VideoSummary:
        dresser.told.check(source)
        return video

    video = transcode(
        source,
        target,
        dresser.draw,
        prepare=dresser.find,
        start=start,
        end=end,
        codec=codec,
        crf=crf,
        preset=preset,
        threads=threads,
        alpha=alpha,
        overwrite=overwrite,
        mark=options.mark(),
        progress=progress,
        settle=settle,
    )
    return dresser.told.summary(video, dresser.region)


def clip_cloth(
    garment: Image | Garment, options: ClipOptions, mask: NDArray[np.bool_] | None = None
) -> FlatCloth:
    """Read the garment for a clip; `mask` says where it is in its photo, if that is known.

    Raises
    ------
    NothingFoundError
        The photo shows no garment.
    TypeError, ValueError
        Not a picture.
    """
    found = garment_of(garment, mask, options.from_person, options.region)
    return FlatCloth.of(found, options.shading)


class FrameDresser:
    """Dresses the person in the frames of one clip, in order.

    Parameters
    ----------
    cloth
        What `clip_cloth` returned.
    options
        How.
    count_from
        Seconds on the clip's clock from which on frames are counted; those before lead in.

    Attributes
    ----------
    region
        ``"upper"`` or ``"lower"``.
    told
        What became of the frames so far.
    """

    def __init__(
        self, cloth: FlatCloth, options: ClipOptions, *, count_from: Fraction | None = None
    ) -> None:
        self._cloth, self._options, self._count_from = cloth, options, count_from
        self.region = cloth.garment.region if options.region == "auto" else options.region
        self._follower = PersonFollower(options.person_index or 0)
        self._motion, self._steadier = MotionReader(), LookSteadier()
        self._choices = Choices(_PATIENCE)
        self._seconds = 0.0
        self._since_fit, self._moved = 0, 0.0
        self._frames = 0
        self._doubts = Doubts()
        self.told = FrameCounts()

    def find(self, frame: Frame) -> _Dressed:
        """Follow the person into a frame; return it upright with its look, None without one."""
        image = np.ascontiguousarray(np.rot90(frame.rgb(), -frame.rotation))
        if max(image.shape[:2]) < LEAST_SIDE:
            raise LimitError(
                f"clip: expected at least {LEAST_SIDE} pixels on the longer side, got "
                f"{image.shape[1]} x {image.shape[0]}; there is too little to see"
            )
        now = frame.seconds
        seconds = self._frames / _DEFAULT_RATE if now is None else float(now)
        self._frames += 1
        counts = self._count_from is None or (now is not None and now >= self._count_from)
        look = self.look(image, seconds, counts=counts)
        return None if look is None else (image, look)

    def look(self, image: ImageU8, seconds: float, *, counts: bool = True) -> Look | None:
        """Return the look of the next picture, (H, W, 3) uint8 at a time in seconds, if any."""
        look = self._look(image, seconds, counts=counts)
        self._seconds = seconds
        if counts:
            self.told.dressed += look is not None
            self.told.without_person += look is None
        return look

    def _look(self, image: ImageU8, seconds: float, *, counts: bool) -> Look | None:
        cv2 = load_cv2()
        cv2.setRNGSeed(0)  # each frame's numbers are its own, whoever does the ones before
        scale = min(1.0, _WORK_SIDE / max(image.shape[:2]))
        small = image
        if scale < 1:
            size = tuple(max(2, round(side * scale)) for side in image.shape[1::-1])
            small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        motion = self._motion.update(small)
        person = self._follower.update(PixelReader.of(small), seconds)
        if self._follower.begun:
            self._steadier.reset()
            self._choices.reset()
        if person is None:
            return None
        passed = seconds - self._seconds
        if not self._due(motion):
            carried = self._steadier.carry(motion, passed)
            if carried is not None:
                self._count(counts)
                return carried
        self.told.scenes += self._follower.begun and counts
        doubts = Doubts()
        try:
            body = Body.of(person.pose)
            parts = find_parts(small, person)
            doubts.take(parts.confidence, parts.reasons, of="parts")
            doubts.add_pose(person.pose, (small.shape[1], small.shape[0]))
            colours = small.astype(np.float32) / np.float32(255)
            scene = Scene(small, colours, scale, person, person.pose, body, PartMasks(parts.labels))
            look = self._dress(scene, doubts)
        except NothingFoundError:  # a head alone: nothing to dress
            self._steadier.reset()
            return None
        self._since_fit, self._moved, self._doubts = 0, 0.0, doubts
        self._count(counts)
        return self._steadier.steady(look, motion, passed)

    def _due(self, motion: Motion | None) -> bool:
        """Whether it is time to fit the garment to the frame: now and then, or after motion."""
        self._since_fit += 1
        self._moved += self._steadier.moved(motion)
        return self._follower.begun or self._since_fit >= _REFIT or self._moved > _MOVED

    def _count(self, counts: bool) -> None:
        """Count a dressed frame's confidence: that of the last fit."""
        if counts:
            self.told.confidence += self._doubts.confidence
            self.told.reasons.update(self._doubts.reasons)

    def _dress(self, scene: Scene, doubts: Doubts) -> Look:
        garment = self._cloth.garment
        doubts.take(garment.confidence, garment.reasons, of="garment")
        return dress(
            scene,
            self._cloth,
            region=self.region,
            keep_sleeves=self._options.sleeves == "keep",
            shading=self._options.shading,
            doubts=doubts,
            steps=Steps(False),
            choices=self._choices,
        )

    def draw(self, frame: Frame, dressed: _Dressed) -> bool:
        """Put the look on a frame, in place; return whether it has changed."""
        if dressed is None:
            return False
        image, look = dressed
        done, mask, _ = finish(image, look)
        if not mask.any():
            return False
        back = np.ascontiguousarray(np.rot90(done, frame.rotation))
        frame.write_rgb((0, 0, frame.width, frame.height), back.astype(np.uint8, copy=False))
        return True
