from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from cvfast.errors import ModelError
from cvfast.models import registry
from cvfast.models.registry import MODELS, ModelFile, model_path, verify


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_bundled_files_are_the_recorded_ones(model: ModelFile) -> None:
    path = model_path(model.name)
    assert path == model.path
    assert hashlib.sha256(path.read_bytes()).hexdigest() == model.sha256
    expected = {
        ".tflite": ("Apache-2.0", "mediapipe 0.10.21 (Python wheel)"),
        ".xml": ("LicenseRef-Intel-OpenCV", "opencv-contrib-python 4.14.0.94 (Python wheel)"),
        ".onnx": ("MIT", "cvfast, from made faces and public-domain pictures"),
        ".png": ("MIT", "cvfast, from made faces and public-domain pictures"),
        ".safetensors": (
            "MIT",
            "trained by cvfast train landmarks on made faces (docs/landmark-trees.md)",
        ),
    }
    assert (model.licence, model.source) == expected[path.suffix]


def test_every_model_in_the_folder_is_registered_and_licensed() -> None:
    folder = MODELS[0].path.parent
    suffixes = {Path(model.filename).suffix for model in MODELS}
    found = {path.name for path in folder.iterdir() if path.suffix in suffixes}
    assert found == {model.filename for model in MODELS}
    assert "Apache License" in (folder / "LICENSE.mediapipe-Apache-2.0").read_text("utf-8")
    assert "Intel License Agreement" in model_path("cascade_frontal").read_text("utf-8")


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"expected one of .*face_mesh.*, got 'face_mash'"):
        model_path("face_mash")


def test_altered_file_is_named_with_both_hashes(tmp_path: Path) -> None:
    file = tmp_path / "iris.tflite"
    file.write_bytes(b"not the model")
    actual = hashlib.sha256(b"not the model").hexdigest()
    with pytest.raises(ModelError) as caught:
        verify(file, "0" * 64)
    assert all(part in str(caught.value) for part in (str(file), "0" * 64, actual))
    assert caught.value.exit_code == 5


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"gone.tflite: model file cannot be read"):
        verify(tmp_path / "gone.tflite", "0" * 64)


def test_hash_is_checked_once_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    first = model_path("iris")
    monkeypatch.setattr(registry, "verify", lambda *_: pytest.fail("checked again"))
    assert model_path("iris") == first
