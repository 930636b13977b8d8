from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from cvfast.cli.app import main
from cvfast.errors import OutputExistsError
from cvfast.swap.dfm import export_dfm
from cvfast.swap.model_file import write_model
from numpy.typing import NDArray

from tests.swap.small_nets import FAMILIES, small_nets, small_options


def _run(path: Path, faces: NDArray[np.float32], morph: float | None) -> list[NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    given = {"in_face:0": faces}
    if morph is not None:
        given["morph_value:0"] = np.array([morph], np.float32)
    found: list[NDArray[np.float32]] = session.run(None, given)
    return found


@pytest.mark.parametrize("architecture", FAMILIES)
def test_onnxruntime_gives_torchs_output(architecture: str, tmp_path: Path) -> None:
    """Small widths; the published sizes: python -m benchmarks.swap_dfm."""
    options, path = small_options(architecture, face_type="whole"), tmp_path / "a.dfm"
    nets = small_nets(options)
    export_dfm(nets, options, path, facts={"iteration": 7})

    bgr = np.random.default_rng(0).random((2, 64, 64, 3), np.float32)
    rgb = torch.from_numpy(bgr[..., ::-1].copy()).permute(0, 3, 1, 2)
    for morph in (0.3, 1.0) if architecture == "amp" else (None,):
        with torch.no_grad():
            face, mask, target_mask = nets.swap(rgb, 1.0 if morph is None else morph)
        own, made, made_mask = _run(path, bgr, morph)
        np.testing.assert_allclose(made[..., ::-1], face.permute(0, 2, 3, 1), atol=1e-4)
        np.testing.assert_allclose(made_mask, mask.permute(0, 2, 3, 1), atol=1e-4)
        np.testing.assert_allclose(own, target_mask.permute(0, 2, 3, 1), atol=1e-4)

    model = onnx.load(path)
    onnx.checker.check_model(model)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 12)]
    names = ["in_face:0", "morph_value:0"] if architecture == "amp" else ["in_face:0"]
    assert [tensor.name for tensor in model.graph.input] == names
    assert [tensor.name for tensor in model.graph.output] == [
        "out_face_mask:0", "out_celeb_face:0", "out_celeb_face_mask:0",
    ]  # fmt: skip
    shape = [side.dim_param or side.dim_value
             for side in model.graph.input[0].type.tensor_type.shape.dim]  # fmt: skip
    assert shape == ["N", 64, 64, 3]
    facts = {entry.key: entry.value for entry in model.metadata_props}
    assert facts["cvfast.face_type"] == "whole"
    assert facts["cvfast.iteration"] == "7"
    assert "trainedAlgorithmicMedia" in facts["provenance"]
    assert nets.training


def test_an_existing_file_is_kept(tmp_path: Path) -> None:
    options, path = small_options(), tmp_path / "a.dfm"
    path.write_text("mine")
    with pytest.raises(OutputExistsError):
        export_dfm(small_nets(options), options, path)
    assert path.read_text() == "mine"


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = small_options()
    (tmp_path / "model").mkdir()
    write_model(tmp_path / "model" / "model.safetensors", small_nets(options), options)
    out = tmp_path / "anna.dfm"

    assert main(["swap", "export", str(tmp_path), "-o", str(out)]) == 0
    assert "df-ud, 64 px, full face" in capsys.readouterr().out
    assert _run(out, np.zeros((1, 64, 64, 3), np.float32), None)[1].shape == (1, 64, 64, 3)
    assert main(["swap", "export", str(tmp_path), "-o", str(out)]) == 2
    assert main(["swap", "export", str(tmp_path), "-o", str(tmp_path / "a.onnx")]) == 2
    assert main(["swap", "export", str(tmp_path / "gone"), "-o", str(tmp_path / "b.dfm")]) == 5
    (tmp_path / "empty").mkdir()
    assert main(["swap", "export", str(tmp_path / "empty"), "-o", str(tmp_path / "b.dfm")]) == 5
    assert "train one with cvfast swap train" in capsys.readouterr().err
