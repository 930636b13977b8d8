"""Verdicts on faces: each reason is provoked, and found for that face alone."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np
import pytest
from cvfast.errors import NothingFoundError
from cvfast.recognition.recognisers import open_recogniser
from cvfast.swap.cleaning import Judged, judge_faces, move_rejected
from cvfast.swap.face_checks import CHECKS, REASONS
from cvfast.swap.face_file import FaceRecord, face_files, read_record, write_record
from cvfast.swap.rename_log import trash_of
from cvfast.swap.sorting import undo_sorting
from cvfast.swap.xseg import XSeg

from tests.swap.made_faces import made, write_made

GOOD = 10
POSES = [(0.0, 0.0), (0.4, 0.0), (-0.4, 0.0), (0.0, 0.2), (0.0, -0.2)]


def dark(picture: np.ndarray) -> np.ndarray:
    return picture // 8


def glaring(picture: np.ndarray) -> np.ndarray:
    return (255 - (255 - picture) // 8).astype(np.uint8)


def burnt(picture: np.ndarray) -> np.ndarray:
    return np.where(picture.mean(axis=2, keepdims=True) > np.median(picture), 255, picture).astype(
        np.uint8
    )


def half_dark(picture: np.ndarray) -> np.ndarray:
    halved = picture.copy()
    halved[:, : picture.shape[1] // 2] //= 6
    return halved


def blurred(picture: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(picture, (0, 0), 4)


def cut_off(picture: np.ndarray) -> np.ndarray:
    cut = picture.copy()
    cut[int(0.62 * len(cut)) :] = 0
    return cut


def changed(folder: Path, name: str, **fields: object) -> None:
    path = folder / f"{name}.jpg"
    found = read_record(path)
    values = {field: getattr(found, field) for field in FaceRecord.__dataclass_fields__}
    write_record(path, FaceRecord(**(values | fields)))


def jumbled(points: np.ndarray) -> np.ndarray:
    """Put the brows where the mouth is, and the other way round."""
    wrong = points.copy()
    wrong[17:27], wrong[48:58] = points[48:58], points[17:27]
    return wrong


SPOILT = MappingProxyType(
    {"brightness": dark, "glare": glaring, "clipped": burnt, "one-sided": half_dark,
     "sharpness": blurred, "empty": cut_off}
)  # fmt: skip
"""By the number that is to show it."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good faces of one made person, and a bad one for each number, named by it."""
    place = tmp_path_factory.mktemp("faces") / "aligned"
    place.mkdir()
    for number in range(GOOD):
        look = "neutral" if number < 5 else "smile"
        face = made(5, number, size=160, pose=(*POSES[number % 5], 0.0), expression=look)
        write_made(place / f"good{number}.jpg", face, side=128, frame=number)
    face = made(5, 30, size=160, pose=(0.0, 0.0, 0.0), expression="neutral")
    for name, spoil in SPOILT.items():
        write_made(place / f"{name}.jpg", face, side=128, pixels=spoil)
    for name in ("misfit", "stretch", "covered", "outside"):
        write_made(place / f"{name}.jpg", face, side=128)
    other = made(11, 30, size=160, pose=(0.0, 0.0, 0.0))
    write_made(place / "distance.jpg", other, side=128)
    hidden = made(5, 30, size=160, pose=(0.0, 0.0, 0.0), occlusion="scarf")
    write_made(place / "covered-seen.jpg", hidden, side=128)
    seen = read_record(place / "misfit.jpg")
    changed(place, "misfit", landmarks=jumbled(seen.landmarks))
    small = seen.source_box.copy()
    small[2:] = small[:2] + (small[2:] - small[:2]) / 3
    changed(place, "stretch", source_box=small)
    away = seen.source_landmarks - (seen.source_landmarks[:, 0].mean(), 0)
    changed(place, "outside", source_landmarks=away)
    mask = np.full((128, 128), 255, np.uint8)
    mask[64:] = 0
    changed(place, "covered", mask=mask)
    return place


@pytest.fixture(scope="module")
def judged(folder: Path) -> Judged:
    network = XSeg.load()
    return judge_faces(
        folder, embedder=open_recogniser("deepface"),
        masks=lambda pixels: network.masks(pixels[None])[0],
    )  # fmt: skip


def test_good_faces_are_good(judged):
    good = {v.path.stem: v.reasons for v in judged.verdicts if v.path.stem.startswith("good")}
    assert good == {f"good{number}": () for number in range(GOOD)}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_each_number_rejects_for_its_reason(check, judged):
    verdict = next(v for v in judged.verdicts if v.path.stem == check.name)
    used = next(one for one in judged.checks if one.name == check.name)
    assert used.excess(verdict.values[check.name]) > 1, verdict
    assert check.reason in verdict.reasons
    assert verdict.rejected
    assert verdict.badness > 1


def test_a_scarf_is_seen_without_a_mask_in_the_record(judged):
    verdict = next(v for v in judged.verdicts if v.path.stem == "covered-seen")
    assert "occluded" in verdict.reasons


def test_the_worst_first_and_counted(judged):
    badness = [verdict.badness for verdict in judged.verdicts]
    assert badness == sorted(badness, reverse=True)
    assert list(judged.counts) == list(REASONS)
    assert judged.counts == {
        reason: sum(reason in v.reasons for v in judged.verdicts) for reason in REASONS
    }
    assert all(judged.counts.values())


def contents(place: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in place.iterdir() if path.is_file()}


def test_judging_moves_nothing_and_moving_is_undone(folder, judged):
    before = contents(folder)
    bad = {verdict.path.name for verdict in judged.verdicts if verdict.rejected}
    step = move_rejected(folder, judged.verdicts)
    assert len(step.moves) == len(bad)
    assert set(contents(folder)) == set(before) - bad
    assert contents(trash_of(folder)) == {name: before[name] for name in bad}
    assert move_rejected(folder, judged.verdicts) is None, "they are gone already"
    undo_sorting(folder)
    assert contents(folder) == before
    assert not trash_of(folder).exists()


def test_other_thresholds(folder, tmp_path):
    strict = judge_faces(folder, thresholds={"brightness": 0.9})
    assert strict.counts["badly lit"] >= GOOD
    assert strict.counts["other person"] == 0, "nobody told people apart"
    with pytest.raises(ValueError, match=r"threshold: expected one of misfit, .* got 'beauty'"):
        judge_faces(folder, thresholds={"beauty": 1})
    with pytest.raises(ValueError, match="threshold: expected glare above 0"):
        judge_faces(folder, thresholds={"glare": -1})
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingFoundError, match="found 0 pictures"):
        judge_faces(tmp_path / "empty")


def test_a_sheet_to_look_over(folder, tmp_path):
    from cvfast.cli.cleanpage import write_page

    judged = judge_faces(folder)
    page = tmp_path / "sheet.html"
    write_page(page, folder, judged, shown=12, overwrite=False)
    text = page.read_text()
    assert text.count("<figure") == 12
    assert text.count("data:image/jpeg;base64,") == 12
    assert [text.find(v.path.name) for v in judged.verdicts[:12]] == sorted(
        text.find(v.path.name) for v in judged.verdicts[:12]
    )
    for reason in REASONS:
        assert f"{reason} (" in text
    assert "http" not in text.replace("http-equiv", ""), "it needs no network"
    assert len(face_files(folder)) == len(judged.verdicts), "nothing was moved"
