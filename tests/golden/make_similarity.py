"""Write scikit-image's similarities: ``PYTHONPATH=. python tests/golden/make_similarity.py``."""

from __future__ import annotations

import json
from pathlib import Path

import skimage
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from tests.golden.similarity_pictures import pairs


def main() -> None:
    golden: dict[str, object] = {"scikit-image": skimage.__version__}
    for name, (a, b) in pairs().items():
        peak = 255 if a.dtype == "uint8" else 1
        a, b = a.astype("float64"), b.astype("float64")
        similarity = structural_similarity(
            a, b, data_range=peak, gaussian_weights=True, use_sample_covariance=False, sigma=1.5,
            channel_axis=2 if a.ndim == 3 else None,
        )  # fmt: skip
        golden[name] = [similarity, peak_signal_noise_ratio(a, b, data_range=peak)]
    Path(__file__).with_name("similarity.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
