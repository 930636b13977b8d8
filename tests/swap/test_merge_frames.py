"""Merging into pictures, and a clip of them; one frame to look at; whose face is swapped."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from cvfast.errors import MediaError, NothingFoundError, OutputExistsError
from cvfast.io.images import read_image, write_image
from cvfast.io.provenance import read_provenance
from cvfast.io.video import read_frames
from cvfast.swap import merge_person
from cvfast.swap.encode_frames import encode_frames
from cvfast.swap.face_file import read_record, write_face
from cvfast.swap.merge import merge, merge_job
from cvfast.swap.merge_frames import merge_frames
from cvfast.swap.merge_grid import draw_grid, draw_still, vary
from cvfast.swap.merge_settings import MergeSettings, read_settings
from cvfast.swap.workspace import Workspace

from tests.swap.merging import SIZE, Tinted, make_workspace, picture, write_record_of

FRAMES = 4
PLAIN = MergeSettings(color_transfer="none", label=False)


@pytest.fixture
def workspace(tmp_path):
    return make_workspace(tmp_path, frames=FRAMES, missing=(1,))


def test_frames_are_pictures_with_masks_and_marks_and_become_a_clip(workspace):
    job = merge_job(workspace, PLAIN, swapper=Tinted())
    done = merge_frames(workspace, job)
    assert (done.frames, done.swapped, done.already) == (FRAMES, FRAMES - 1, False)
    assert merge_frames(workspace, job).already
    names = [f"{number:05d}.png" for number in range(FRAMES)]
    assert sorted(path.name for path in done.folder.iterdir()) == names
    assert sorted(path.name for path in done.masks.iterdir()) == names
    merged, mask = (read_image(folder / names[0]).pixels for folder in (done.folder, done.masks))
    assert read_provenance(done.folder / names[0]).source_type == (
        "compositeWithTrainedAlgorithmicMedia"
    )
    mask = mask[..., 0] if mask.ndim == 3 else mask
    was = next(read_frames(workspace.clip("target"))).rgb()
    assert (merged[mask == 0] == was[mask == 0]).all()
    assert (merged[mask > 250].astype(int) - was[mask > 250])[:, 2].mean() > 20
    assert not read_image(done.masks / names[1]).pixels.any()

    merged = merged.copy()
    merged[:20] = (255, 0, 0)  # retouched by hand
    write_image(done.folder / names[0], merged, overwrite=True)
    encoded = encode_frames(workspace)
    frames = list(read_frames(encoded.result))
    assert [f.pts for f in frames] == [f.pts for f in read_frames(workspace.clip("target"))]
    assert np.abs(frames[0].rgb()[2:16].mean(axis=(0, 1)) - (255, 0, 0)).max() < 12
    assert np.abs(next(read_frames(encoded.mask)).rgb()[..., 0] - mask.astype(int)).mean() < 2
    settings, tables = read_settings(encoded.result.with_suffix(".toml").read_text(), "r.toml")
    assert (settings, tables["faces"]["tracks"]) == (PLAIN, [0])
    with pytest.raises(OutputExistsError):
        encode_frames(workspace)


def test_a_folder_of_pictures_is_merged_into_pictures(tmp_path):
    folder, source = tmp_path / "shots", tmp_path / "source"
    for number in range(3):
        for place in (folder, source):
            place.mkdir(exist_ok=True)
            write_image(place / f"shot{number}.png", picture(number, seed=1 + (place == source))[0])
    workspace = Workspace.init(tmp_path / "work", source=source, target=folder, consent=True)
    workspace.faces("target").mkdir(parents=True)
    write_record_of(workspace, 2, *picture(2))
    job = merge_job(workspace, PLAIN, swapper=Tinted())
    with pytest.raises(MediaError, match="--frames"):
        merge(workspace, PLAIN, swapper=Tinted())
    done = merge_frames(workspace, job)
    assert (done.frames, done.swapped) == (3, 1)
    assert (read_image(done.folder / "00000.png").pixels == picture(0)[0]).all()
    assert (read_image(done.folder / "00002.png").pixels != picture(2)[0]).any()
    encoded = encode_frames(workspace, rate=10)
    assert [float(frame.seconds) for frame in read_frames(encoded.result)] == [0, 0.1, 0.2]


def test_one_frame_is_drawn_and_a_grid_of_it(workspace):
    job = merge_job(workspace, MergeSettings(label=True), swapper=Tinted())
    still = draw_still(job, 0)
    was = next(read_frames(workspace.clip("target"))).rgb()
    assert still.shape == (SIZE[1], SIZE[0], 3)
    corner = np.s_[-14:, :60]
    assert np.abs(still[corner].astype(int) - was[corner]).mean() > 20  # the label
    grid = draw_grid(job, 0, vary(["mode=original,overlay", "blur=0,20,40"]))
    height, width = grid.shape[:2]
    assert width > 3 * 300
    assert 2 * 150 < height < 2 * 400
    with pytest.raises(MediaError, match="frame 99"):
        draw_still(job, 99)
    with pytest.raises(MediaError, match="without"):
        draw_grid(job, 1, vary(["blur"]))


def test_the_person_of_a_picture_is_swapped_and_nobody_else(workspace, tmp_path, monkeypatch):
    """Two people; a stand-in embedding tells them apart by how bright their pictures are."""
    for number in range(FRAMES):
        write_record_of(workspace, number, *picture(number, corner=(20, 30)), track=5)
        path = workspace.faces("target") / f"{number:05d}_5.png"
        record = read_record(path)
        write_face(path, np.full((128, 128, 3), 250, np.uint8), record, overwrite=True)
    known = np.array([[250.0]], np.float32)
    bright = SimpleNamespace(
        embed=lambda image, faces: np.array([[image.mean()]], np.float32),
        distances=lambda a, b: np.abs(a - b.T),
    )
    person = merge_person.PersonFilter(bright, known, 10.0)
    monkeypatch.setattr(merge_person.PersonFilter, "of", lambda picture, model: person)
    job = merge_job(workspace, PLAIN, swapper=Tinted(), like=tmp_path / "anna.jpg")
    assert job.tracks == (5,)
    assert set(job.table().tracks.tolist()) == {5}
    assert merge_job(workspace, PLAIN, swapper=Tinted()).tracks == (0, 5)
    assert merge_job(workspace, PLAIN, swapper=Tinted(), tracks=[0]).tracks == (0,)
    with pytest.raises(NothingFoundError, match="there are 0, 5"):
        merge_job(workspace, PLAIN, swapper=Tinted(), tracks=[7])
    person.known[:] = 120
    with pytest.raises(NothingFoundError, match=r"0: 120\.00, 5: 130\.00"):
        merge_job(workspace, PLAIN, swapper=Tinted(), like=tmp_path / "anna.jpg")
