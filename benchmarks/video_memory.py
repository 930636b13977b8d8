"""Peak memory of `retouch_video` on a long clip against a short one.

python -m benchmarks.video_memory

Makes a 1280 x 720 clip of the packaged portrait drifting over a plain ground, repeats its packets
to the long clip, retouches both in child processes, and writes the peaks to
benchmarks/results/video_memory.json. Holds if the difference is at most 16 frames + 32 MiB.
`--minutes 1` is the short form.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

import cvfast
import numpy as np

SECONDS, RATE, SIZE = 10, 30, (1280, 720)
FRAME_MIB = SIZE[0] * SIZE[1] * 1.5 / 2**20
ALLOWED_MIB = 16 * FRAME_MIB + 32
CHILD = """
import json, resource, sys, cvfast
done = cvfast.retouch_video(sys.argv[1], sys.argv[2], big_eyes=0.4, preset="ultrafast")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"peak_mib": peak, "frames": done.video.frames,
                  "frames_with_faces": done.frames_with_faces, "seconds": done.video.seconds}))
"""


def short_clip(path: Path) -> None:
    """Ten seconds of a drifting portrait."""
    import av
    from PIL import Image

    with Image.open(str(files("cvfast") / "data" / "astronaut.jpg")) as picture:
        portrait = np.asarray(picture.convert("RGB"))
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=RATE)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.codec_context.options = {"preset": "ultrafast", "crf": "20", "g": "30", "bf": "0"}
        for index in range(SECONDS * RATE):
            scene = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
            x = 300 + int(120 * np.sin(2 * np.pi * index / (SECONDS * RATE)))
            scene[100:612, x : x + 512] = portrait[:512, :512]
            out.mux(stream.encode(av.VideoFrame.from_ndarray(scene, format="rgb24")))
        out.mux(stream.encode(None))


def repeated(source: Path, target: Path, times: int) -> None:
    """The same packets again and again, later each time."""
    import av

    with av.open(str(target), "w") as out:
        stream = None
        for turn in range(times):
            with av.open(str(source)) as clip:
                video = clip.streams.video[0]
                stream = stream or out.add_stream_from_template(video)
                offset = int(turn * SECONDS * Fraction(1) / video.time_base)
                for packet in clip.demux(video):
                    if packet.size:
                        packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                        packet.stream = stream
                        out.mux(packet)


def measured(source: Path, target: Path) -> dict[str, float]:
    """Retouch in a process of its own, whose peak is the job's."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(source), str(target)],
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=10, help="length of the long clip")
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory() as folder:
        short, long = Path(folder, "short.mp4"), Path(folder, "long.mp4")
        short_clip(short)
        repeated(short, long, minutes * 60 // SECONDS)
        result = {
            "machine": platform.processor() or platform.machine(),
            "core": cvfast.build_config(),
            "size": SIZE,
            "short": measured(short, Path(folder, "a.mp4")),
            "long": {"minutes": minutes, **measured(long, Path(folder, "b.mp4"))},
            "allowed_mib": ALLOWED_MIB,
        }
    result["difference_mib"] = result["long"]["peak_mib"] - result["short"]["peak_mib"]
    result["holds"] = result["difference_mib"] <= ALLOWED_MIB
    text = json.dumps(result, indent=2)
    if minutes >= 10:
        Path(__file__).with_name("results").joinpath("video_memory.json").write_text(text + "\n")
    print(text)
    return 0 if result["holds"] else 1


if __name__ == "__main__":
    sys.exit(main())
