"""A target clip swapped by a stand-in network: pixels, times, sound, resuming."""

from __future__ import annotations

import av
import numpy as np
import pytest
from cvfast.errors import MediaError, NothingFoundError, OutputExistsError
from cvfast.io.provenance import read_provenance
from cvfast.io.video import read_frames
from cvfast.swap.encode import encode
from cvfast.swap.merge import merge
from cvfast.swap.merge_settings import MergeSettings, read_settings

from tests.swap.merging import FRAMES, Tinted, make_workspace

PLAIN = MergeSettings(color_transfer="none")


def packets(path, kind):
    with av.open(str(path)) as clip:
        stream = next(s for s in clip.streams if s.type == kind)
        return [(packet.pts, bytes(packet)) for packet in clip.demux(stream) if packet.size]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    workspace = make_workspace(tmp_path_factory.mktemp("merge"), missing=(3,))
    done = merge(workspace, PLAIN, swapper=Tinted())
    return workspace, done, encode(workspace)


def test_times_sound_and_marks_are_the_targets(made):
    workspace, done, encoded = made
    target = workspace.clip("target")
    assert (done.frames, done.swapped, encoded.frames) == (FRAMES, FRAMES - 1, FRAMES)
    for clip in (encoded.result, encoded.mask):
        assert [f.pts for f in read_frames(clip)] == [f.pts for f in read_frames(target)]
        assert read_provenance(clip).source_type == "compositeWithTrainedAlgorithmicMedia"
    assert packets(encoded.result, "audio") == packets(target, "audio")


def test_faces_are_swapped_and_other_frames_are_not(made):
    workspace, _, encoded = made
    clips = (workspace.clip("target"), encoded.result, encoded.mask)
    for number, (was, now, mask) in enumerate(zip(*map(read_frames, clips), strict=True)):
        covered = mask.rgb()[..., 0] > 250
        before, after = was.rgb().astype(float), now.rgb().astype(float)
        if number == 3:
            assert not covered.any()
            assert np.abs(after - before)[:150].mean() < 2
        else:
            assert covered.sum() > 2000
            blue = (after - before)[covered]
            assert blue[:, 2].mean() > 20
            assert blue[:, 0].mean() < -20
            far = mask.rgb()[..., 0] < 5
            far[150:] = False  # the label
            assert np.abs(after - before)[far].mean() < 2


def test_doing_it_again_does_nothing_and_other_settings_are_refused(made):
    workspace, _, encoded = made
    before = encoded.result.read_bytes()
    assert merge(workspace, PLAIN, swapper=Tinted()).already
    assert encode(workspace).already
    with pytest.raises(OutputExistsError, match=r"merge\.blur: was 0, is 8"):
        merge(workspace, MergeSettings(color_transfer="none", blur=8), swapper=Tinted())
    assert encoded.result.read_bytes() == before


def test_the_toml_beside_it_makes_the_same_bytes_again(made, tmp_path):
    _, _, encoded = made
    settings, _ = read_settings(encoded.result.with_suffix(".toml").read_text(), "result.toml")
    other = make_workspace(tmp_path, missing=(3,))
    merge(other, settings, swapper=Tinted())
    assert encode(other).result.read_bytes() == encoded.result.read_bytes()


def test_without_faces_or_a_merge_it_says_what_to_do(tmp_path):
    workspace = make_workspace(tmp_path, frames=2, missing=(0, 1))
    with pytest.raises(NothingFoundError, match="cvfast swap extract"):
        merge(workspace, PLAIN, swapper=Tinted())
    with pytest.raises(MediaError, match="cvfast swap merge"):
        encode(workspace)
