"""A clip of merged frames that are pictures, perhaps retouched by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cvfast.errors import MediaError
from cvfast.io.atomic import check_target
from cvfast.io.frame import Frame
from cvfast.io.images import read_image
from cvfast.io.movie import write_movie
from cvfast.io.provenance import Mark
from cvfast.io.video import VideoSummary, transcode
from cvfast.swap.encode import Encoded, write_papers
from cvfast.swap.merge_facts import SOURCE_TYPE
from cvfast.swap.merged_shards import MergedShards
from cvfast.swap.workspace import Workspace
from cvfast.typing import ImageU8, Progress
from cvfast.typing import Path as PathLike

if TYPE_CHECKING:
    from cvfast.io.signing import Signer

__all__ = ["encode_frames"]


def encode_frames(
    workspace: Workspace,
    output: PathLike | None = None,
    *,
    rate: int = 25,
    signer: Signer | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Encoded:
    """Write the pictures that `cvfast.swap.merge_frames.merge_frames` made as a clip.

    Times, sound and all else are the target clip's.

    Parameters
    ----------
    workspace
        Where.
    output
        The clip to write; the workspace's ``result.mp4`` by default.
    rate
        Frames a second, where the target is a folder of pictures.
    signer
        Signs both clips, see `cvfast.io.signing`; where the target is a clip.
    overwrite
        Replace what is there.
    progress
        Called with (frames done, all), for the clip and for its masks.

    Raises
    ------
    MediaError
        The merge is not finished; a picture is missing or of another size.
    OutputExistsError
        The result is there.
    """
    done = MergedShards.open(workspace, "merge-frames")
    count = sum(record.result["frames"] for record in done.records)
    result = Path(output) if output is not None else workspace.result
    mask = result.with_name(f"{result.stem}_mask.mp4")
    papers = result.with_suffix(".json"), result.with_suffix(".toml")
    for target in (result, mask, *papers):
        check_target(target, overwrite=overwrite)
    mark = Mark(SOURCE_TYPE, actions=done.settings.actions())
    options = {**done.encoder(), "mark": mark, "overwrite": overwrite, "progress": progress}
    for target, folder in ((result, workspace.merged), (mask, workspace.merged_mask)):
        if done.clip.is_dir():
            _movie(target, folder, count, rate, mark, overwrite)
        else:
            settle = _signing(signer, mark, done.clip, target)
            transcode(done.clip, target, _Pictures(folder), settle=settle, **options)
    write_papers(workspace, done, result, overwrite=overwrite)
    return Encoded(result, mask, papers[0], frames=count)


class _Pictures:
    """Puts a folder's pictures in place of the frames of a clip, one after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._number = folder, 0

    def __call__(self, frame: Frame) -> bool:
        """Replace a frame's pixels."""
        pixels = _picture(self._folder, self._number)
        self._number += 1
        stored = np.ascontiguousarray(np.rot90(pixels, frame.rotation))
        if stored.shape[:2] != (frame.height, frame.width):
            raise MediaError(
                f"{self._folder}/{self._number - 1:05d}.png: expected {frame.width} x "
                f"{frame.height} pixels as stored, got {stored.shape[1]} x {stored.shape[0]}"
            )
        frame.write_rgb((0, 0, frame.width, frame.height), stored)
        return True


def _movie(target: Path, folder: Path, count: int, rate: int, mark: Mark, overwrite: bool) -> None:
    """Write pictures as a clip without sound; an odd row or column at the end is left out."""
    first = _picture(folder, 0)
    height, width = (side // 2 * 2 for side in first.shape[:2])

    def pictures() -> Iterator[ImageU8]:
        for number in range(count):
            pixels = _picture(folder, number)
            if pixels.shape != first.shape:
                raise MediaError(
                    f"{folder}/{number:05d}.png: expected the size of the first picture, "
                    f"{first.shape[1]} x {first.shape[0]}, got {pixels.shape[1]} x "
                    f"{pixels.shape[0]}"
                )
            yield np.ascontiguousarray(pixels[:height, :width])

    size = width, height
    write_movie(target, pictures(), size=size, rate=rate, mark=mark, overwrite=overwrite)


def _picture(folder: Path, number: int) -> ImageU8:
    """Read a picture of a folder as RGB."""
    pixels: Any = read_image(folder / f"{number:05d}.png").pixels
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    rgb: ImageU8 = pixels[..., :3]
    return rgb


def _signing(
    signer: Signer | None, mark: Mark, source: Path, target: Path
) -> Callable[[Path, VideoSummary], VideoSummary] | None:
    """Return what signs a clip before it gets its name."""
    if signer is None:
        return None
    from cvfast.io.signing import sign_file

    def settle(temporary: Path, video: VideoSummary) -> VideoSummary:
        sign_file(temporary, signer, mark=mark, source=source, title=target.name)
        return video

    return settle
