"""How much sharper the warped mean of faces is than the unwarped, and what it costs.

  python -m benchmarks.average_face            half a minute; writes results/average_face.json
  python -m benchmarks.average_face --quick    seconds, of 12 faces; writes nothing

The 100 faces of scikit-image's lfw_subset (25 x 25, grey), averaged at 256 pixels, one thread. The
sharpness is the mean squared gradient of the luma over the mean face (`gradient_energy`). All
averages lie in one frame, at one scale; in the unwarped one the pictures are laid over each other
as they are. Times are of the processor, which a busy machine leaves alone.
"""

from __future__ import annotations

import argparse
import time

from cvfast.recognition.average import average_of, find_faces
from cvfast.recognition.averageness import gradient_energy
from cvfast.recognition.face_frame import WARPS

from benchmarks.machine import describe, limit_threads
from benchmarks.program import ROOT, write


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.average_face",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="seconds: does it still run?")
    quick = parser.parse_args().quick
    with limit_threads(1):
        found, rows = _rows(12 if quick else 100, 64 if quick else 256)
    print(f"{found} faces found")
    for row in rows:
        print(
            f"{row['warp']:>10}: gradient energy {row['energy']:5.2f}, {row['ratio']:.2f} x the "
            f"unwarped; {row['ms_a_face']:.1f} CPU ms a face"
        )
    if not quick:
        machine = describe() | {"command": "python -m benchmarks.average_face"}
        record = {"machine": machine, "found": found, "rows": rows}
        write(record, ROOT / "benchmarks/results/average_face.json")
    return 0


def _rows(count: int, size: int) -> tuple[int, list[dict[str, object]]]:
    import skimage.data

    pictures = list((skimage.data.lfw_subset()[:count] * 255).round().astype("uint8"))
    faces = find_faces(pictures, skip=lambda name, error: print(f"{name}: {error}"))
    average_of(faces[:2], size=size)  # loads what the first call needs
    rows: list[dict[str, object]] = []
    unwarped = 0.0
    for warp in reversed(WARPS):
        began = time.process_time()
        average = average_of(faces, size=size, warp=warp)
        spent = (time.process_time() - began) * 1e3 / len(faces)
        energy = gradient_energy(average.image, average.frame.outline)
        unwarped = unwarped or energy
        rows.append(
            {"warp": warp, "energy": energy, "ratio": energy / unwarped, "ms_a_face": spent}
        )
    return len(faces), rows


if __name__ == "__main__":
    raise SystemExit(main())
