"""The bundled model files: what they are, where they lie, and that they are unaltered."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

from cvfast.errors import ModelError

__all__ = ["MODELS", "ModelFile", "model_path"]


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A bundled model file.

    Parameters
    ----------
    name
        Short name used in code.
    filename
        File in the package's ``models/data`` folder.
    sha256
        Hex digest of the whole file.
    licence
        SPDX expression.
    source
        The published package it was taken from.
    task
        What it does, in a few words.
    """

    name: str
    filename: str
    sha256: str
    licence: str
    source: str
    task: str

    @property
    def path(self) -> Path:
        """Where the file lies; not checked (see `model_path`)."""
        return Path(__file__).with_name("data") / self.filename


_MEDIAPIPE = "mediapipe 0.10.21 (Python wheel)"
_OURS = "cvfast, from made faces and public-domain pictures"

MODELS: tuple[ModelFile, ...] = (
    ModelFile(
        "face_detection_short",
        "face_detection_short_range.tflite",
        "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
        "Apache-2.0",
        _MEDIAPIPE,
        "BlazeFace, close faces",
    ),
    ModelFile(
        "face_detection_full",
        "face_detection_full_range_sparse.tflite",
        "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
        "Apache-2.0",
        _MEDIAPIPE,
        "BlazeFace, near and far faces",
    ),
    ModelFile(
        "face_mesh",
        "face_landmark.tflite",
        "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
        "Apache-2.0",
        _MEDIAPIPE,
        "468 face points",
    ),
    ModelFile(
        "iris",
        "iris_landmark.tflite",
        "d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
        "Apache-2.0",
        _MEDIAPIPE,
        "71 eye and brow points, 5 iris points",
    ),
    ModelFile(
        "pose_detection",
        "pose_detection.tflite",
        "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
        "Apache-2.0",
        _MEDIAPIPE,
        "BlazePose, where a person is",
    ),
    ModelFile(
        "pose_landmark",
        "pose_landmark_full.tflite",
        "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
        "Apache-2.0",
        _MEDIAPIPE,
        "33 body points and the person's mask",
    ),
    ModelFile(
        "selfie_segmentation",
        "selfie_segmentation.tflite",
        "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
        "Apache-2.0",
        _MEDIAPIPE,
        "what of a photo is people",
    ),
    ModelFile(
        "cascade_frontal",
        "haarcascade_frontalface_default.xml",
        "0f7d4527844eb514d4a4948e822da90fbb16a34a0bbbbc6adc6498747a5aafb0",
        "LicenseRef-Intel-OpenCV",
        "opencv-contrib-python 4.14.0.94 (Python wheel)",
        "boosted cascade, frontal faces",
    ),
    ModelFile(
        "face_trees",
        "face_trees.safetensors",
        "cdd25a28ba2053d305839dcb2dd69ee5be4ecebaab9d0181efff8c46a0e143d1",
        "MIT",
        _OURS,
        "68 face points, coarse to fine",
    ),
    ModelFile(
        "face_patch",
        "face_patch.onnx",
        "57c96f3a2b5b67b386a109ef8988da3e1d28f97245c0f158887e4d48a406fab4",
        "MIT",
        _OURS,
        "face or not, 24 x 24 pixels",
    ),
    ModelFile(
        "face_template",
        "face_template.png",
        "4964d8120b0beab59e190c17cc513fe3d76a359322c168983199db10883388f5",
        "MIT",
        _OURS,
        "average face",
    ),
    ModelFile(
        "deepface_small",
        "deepface_small.safetensors",
        "f81fd14b46e1f4d5fb3854c8975a31080798b5cbb7c4fd3675eaf6cc2566aa85",
        "MIT",
        _OURS,
        "face to vector, made people",
    ),
    ModelFile(
        "face_upscaler",
        "face_upscaler.safetensors",
        "c662293417c35fdd33fd188c26fadc1a6aafe7cfcbd39a0de5f1f5bfc5c33b48",
        "MIT",
        _OURS,
        "faces at 2 or 4 times the size",
    ),
    ModelFile(
        "face_mask",
        "face_mask.safetensors",
        "acf8302dd8d05fd1a94d799e79a59008767755d90c6c37e67597b5bce8e6c312",
        "MIT",
        _OURS,
        "what of a face picture is face",
    ),
)


@functools.cache
def model_path(name: str) -> Path:
    """Path of a bundled model, its hash checked on the first call in a process.

    Parameters
    ----------
    name
        A name from `MODELS`.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ValueError
        No bundled model has this name.
    ModelError
        The file is missing, cannot be read, or its SHA-256 is not the recorded one.

    Examples
    --------
    >>> from cvfast.models.registry import model_path
    >>> model_path("iris").name
    'iris_landmark.tflite'
    """
    model = next((model for model in MODELS if model.name == name), None)
    if model is None:
        names = ", ".join(model.name for model in MODELS)
        raise ValueError(f"name: expected one of {names}, got {name!r}")
    verify(model.path, model.sha256)
    return model.path


def verify(path: Path, sha256: str) -> None:
    """Raise `ModelError` unless the file at ``path`` has the SHA-256 digest ``sha256``."""
    try:
        actual = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(
            f"{path}: model file cannot be read ({error.strerror}); reinstall cvfast"
        ) from error
    if actual != sha256:
        raise ModelError(
            f"{path}: expected SHA-256 {sha256}, got {actual}; the file was altered or "
            "cut short, reinstall cvfast"
        )
