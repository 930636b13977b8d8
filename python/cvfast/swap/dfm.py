"""``.dfm``: a trained model as ONNX, as DeepFaceLive and other programs run it.

The signature is theirs: pictures are NHWC, BGR, float32 in [0, 1]; operators are of set 12.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from cvfast.errors import MissingDependencyError
from cvfast.io.atomic import check_target, write_bytes
from cvfast.typing import Path as PathLike

if TYPE_CHECKING:
    from cvfast.swap.model_options import ModelOptions
    from cvfast.swap.networks import SwapNetworks

__all__ = ["FACE", "FACE_TYPE_KEY", "MORPH", "OUTPUTS", "export_dfm"]

FACE, MORPH = "in_face:0", "morph_value:0"
OUTPUTS = ("out_face_mask:0", "out_celeb_face:0", "out_celeb_face_mask:0")
FACE_TYPE_KEY = "cvfast.face_type"
_OPERATORS = 12
_MOST_WEIGHTS = 480_000_000  # a protocol buffer ends at 2 GiB
_INSTALL = "pip install 'cvfast[train]'"


def export_dfm(
    networks: SwapNetworks,
    options: ModelOptions,
    path: PathLike,
    *,
    facts: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> None:
    """Write a model as ``.dfm``, whole or not at all.

    Inputs are ``in_face:0`` (N, h, w, 3) and, for ``amp``, ``morph_value:0`` (1,) in [0, 1];
    outputs, in this order, ``out_face_mask:0`` (N, h, w, 1), the target's own mask,
    ``out_celeb_face:0`` (N, h, w, 3) and ``out_celeb_face_mask:0`` (N, h, w, 1). The file says,
    in its metadata, which cvfast made it, of which options, and that its pictures are made ones.

    Parameters
    ----------
    networks, options
        As `cvfast.swap.model_file.read_model` gives them.
    path
        Where to.
    facts
        ``iteration`` and ``sha256`` are written down.
    overwrite
        Replace an existing file.

    Raises
    ------
    ValueError
        The model is too large for the format.
    OutputError
        The file cannot be written.
    MissingDependencyError
        onnx is not installed.
    """
    check_target(path, overwrite=overwrite)
    count = sum(weight.numel() for weight in networks.parameters())
    if count > _MOST_WEIGHTS:
        raise ValueError(f"networks: expected at most {_MOST_WEIGHTS:,} weights, got {count:,}")
    try:
        import onnx
    except ImportError as error:
        raise MissingDependencyError(f"export needs onnx ({error}): {_INSTALL}") from error
    model = onnx.load_model_from_string(_traced(networks, options))
    model.producer_name, model.producer_version = "cvfast", _version()
    onnx.helper.set_model_props(model, _about(options, facts or {}))
    write_bytes(path, model.SerializeToString(), overwrite=overwrite)


def _traced(networks: SwapNetworks, options: ModelOptions) -> bytes:
    """Return the networks as torch's exporter writes them.

    It is the older of torch's two: the newer writes no operator set below 18.
    """
    import torch

    class Signature(torch.nn.Module):
        """The networks behind the tabled names."""

        def __init__(self) -> None:
            super().__init__()
            self.networks = networks

        def forward(self, face: torch.Tensor, *morph: torch.Tensor) -> tuple[torch.Tensor, ...]:
            """BGR, channels last, to the same."""
            rgb = face.permute(0, 3, 1, 2).flip(1)
            made, made_mask, own_mask = self.networks.swap(rgb, *morph)
            return tuple(part.permute(0, 2, 3, 1) for part in (own_mask, made.flip(1), made_mask))

    has_morph = options.family == "amp"
    device = next(networks.parameters()).device
    given = [torch.rand(1, options.resolution, options.resolution, 3, device=device)]
    if has_morph:
        given.append(torch.ones(1, device=device))
    out: Any = io.BytesIO()  # which the exporter takes, though it does not say so
    networks.fix()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that this exporter is the older one
            torch.onnx.export(
                Signature().eval(),
                tuple(given),
                out,
                dynamo=False,
                opset_version=_OPERATORS,
                input_names=[FACE, MORPH][: len(given)],
                output_names=list(OUTPUTS),
                dynamic_axes={name: {0: "N"} for name in (FACE, *OUTPUTS)},
            )
    finally:
        networks.fix(False)
    data: bytes = out.getvalue()
    return data


def _about(options: ModelOptions, facts: Mapping[str, Any]) -> dict[str, str]:
    return {
        "cvfast.version": _version(),
        FACE_TYPE_KEY: options.face_type,
        "cvfast.architecture": options.architecture,
        "cvfast.iteration": str(facts.get("iteration", "unknown")),
        "cvfast.model_sha256": str(facts.get("sha256", "unknown")),
        "provenance": (
            "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia: pictures "
            "that this model makes are made ones; mark them, and show them only with the consent "
            "of the people shown"
        ),
    }


def _version() -> str:
    try:
        return version("cvfast")
    except PackageNotFoundError:  # run from a source tree
        return "0"
