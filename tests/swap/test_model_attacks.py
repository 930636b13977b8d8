"""Hostile models, settings and manifests: named errors, and nothing runs or fills the memory."""

from __future__ import annotations

import json
import os
import re
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from cvfast.errors import CvfastError, MediaError, ModelError
from cvfast.models.upscaler_file import read_upscaler
from cvfast.models.xseg_file import read_xseg
from cvfast.swap.merge_settings import read_settings
from cvfast.swap.swapper import open_swapper
from cvfast.swap.workspace import MANIFEST, Workspace

from tests.swap import model_attacks as attacks
from tests.swap.attacks import PWNED
from tests.swap.moving_faces import write_clip

_MORE = 1 << 20  # KiB that any of these may take


@pytest.fixture(autouse=True)
def _nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert not list(tmp_path.rglob(f"*{PWNED}*"))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < _MORE, f"{grown} KiB more memory"


@pytest.mark.parametrize(
    ("read", "more"),
    [
        (open_swapper, attacks.swap_models),
        (read_upscaler, attacks.upscalers),
        (read_xseg, attacks.mask_networks),
    ],
)
def test_safetensors(
    read: Callable[[Path], object], more: Callable[[], dict[str, bytes]], tmp_path: Path
) -> None:
    for name, data in {**attacks.safetensors_files(), **more()}.items():
        path = tmp_path / f"{name}.safetensors"
        path.write_bytes(data)
        with pytest.raises(ModelError, match=re.escape(name)):
            read(path)


def test_dfm_files_that_are_not_run(tmp_path: Path) -> None:
    for name, data in attacks.dfm_files().items():
        path = tmp_path / f"{name}.dfm"
        path.write_bytes(data)
        with pytest.raises(ModelError, match=re.escape(name)):
            open_swapper(path)


@pytest.mark.parametrize("name", attacks.small_files_of_much())
def test_a_small_dfm_gets_no_more_memory_than_its_cap(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.dfm"
    path.write_bytes(attacks.small_files_of_much()[name])
    assert path.stat().st_size < 4 << 20
    with pytest.raises(ModelError, match=re.escape(name)):
        open_swapper(path).swap(np.zeros((1, 64, 64, 3), np.float32))


def test_settings() -> None:
    for name, data in attacks.settings_files().items():
        with pytest.raises(MediaError, match=re.escape(name)):
            read_settings(data.decode("utf-8", "replace"), name)


def test_manifests(tmp_path: Path) -> None:
    clips = write_clip(tmp_path / "a.mp4", 3, frames=2), write_clip(tmp_path / "b.mp4", 9, frames=2)
    made = Workspace.init(tmp_path / "w", source=clips[0], target=clips[1], consent=True)
    for data in attacks.manifests(made.manifest).values():
        (made.path / MANIFEST).write_bytes(data)
        with pytest.raises(MediaError, match=MANIFEST):
            Workspace.open(made.path)


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/stdin", "pipe", "a\0b", "", "x" * 5000, "."])
def test_a_manifest_that_leads_to_no_clip(path: str, tmp_path: Path) -> None:
    os.mkfifo("pipe")
    clips = write_clip(tmp_path / "a.mp4", 3, frames=2), write_clip(tmp_path / "b.mp4", 9, frames=2)
    made = Workspace.init(tmp_path / "w", source=clips[0], target=clips[1], consent=True)
    changed = {**made.manifest, "source": {**made.manifest["source"], "path": path}}
    (made.path / MANIFEST).write_text(json.dumps(changed))
    with pytest.raises(CvfastError):
        Workspace.open(made.path).checked_clip("source")
