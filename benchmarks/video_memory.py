"""Peak memory of `retouch_video` on a long clip against a short one, and what it keeps exactly.

  python -m benchmarks.video_memory             about five minutes; writes results/video_memory.json
  python -m benchmarks.video_memory --quick     seconds; writes nothing

Retouches a 1080p clip of ten seconds and one of ten minutes (the same packets again and again) in
child processes. Holds if the peaks differ by at most 16 frames + 32 MiB, and if in both, and in one
of a variable frame rate, the sound's packets are the same bytes at the same times and every frame
has the time that it had.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

from benchmarks.machine import describe
from benchmarks.program import RESULTS, made_clip, write

RATE, SIZE = 30, (1920, 1080)
FRAME_MIB = SIZE[0] * SIZE[1] * 1.5 / 2**20
ALLOWED_MIB = 16 * FRAME_MIB + 32
KEPT = ("sound_equal", "times_equal")
CHILD = """
import json, re, sys, cvfast
from pathlib import Path
done = cvfast.retouch_video(
    sys.argv[1], sys.argv[2], big_eyes=0.4, eye_color="green", preset="ultrafast", threads=2
)
# Not ru_maxrss, which begins with the peak of the process that started this one.
peak = int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps({"peak_mib": peak, "frames": done.video.frames,
                  "frames_with_faces": done.frames_with_faces, "seconds": done.video.seconds}))
"""


def repeated(source: Path, target: Path, times: int, seconds: Fraction) -> None:
    """The same packets again and again, so many seconds later each time."""
    import av

    with av.open(str(target), "w") as out:
        streams: dict[int, Any] = {}
        last: dict[int, int] = {}
        for turn in range(times):
            with av.open(str(source)) as clip:
                for stream in clip.streams if not streams else ():
                    streams[stream.index] = out.add_stream_from_template(stream)
                for packet in clip.demux():
                    if not packet.size or packet.time_base is None:
                        continue
                    index = packet.stream.index
                    offset = int(turn * seconds / packet.time_base)
                    packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                    if packet.dts > last.get(index, packet.dts - 1):
                        last[index] = packet.dts
                        packet.stream = streams[index]
                        out.mux(packet)


def retouched(source: Path, target: Path) -> dict[str, Any]:
    """Retouch in a process of its own, whose peak is the job's; compare sound and times."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(source), str(target)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    before, after = contents(source), contents(target)
    return json.loads(done.stdout) | {
        "sound_packets": len(before["sound"]),
        "sound_equal": bool(before["sound"]) and before["sound"] == after["sound"],
        "times_equal": before["times"] == after["times"],
    }


def contents(path: Path) -> dict[str, list[Any]]:
    """Return every sound packet's time and hash, and every frame's time."""
    import av

    sound, times = [], []
    with av.open(str(path)) as clip:
        for packet in clip.demux():
            if not packet.size or packet.pts is None or packet.time_base is None:
                continue
            at = packet.pts * packet.time_base
            if packet.stream.type == "audio":
                sound.append((at, hashlib.sha256(bytes(packet)).hexdigest()))
            elif packet.stream.type == "video":
                times.append(at)
    return {"sound": sound, "times": sorted(times)}


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.video_memory",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="20 frames against 60")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    frames, times = (20, 3) if arguments.quick else (300, 60)
    seconds = Fraction(frames, RATE)
    short, _ = made_clip(size=SIZE, rate=RATE, frames=frames)
    uneven, _ = made_clip(
        size=SIZE, rate=RATE, frames=20 if arguments.quick else 120, variable=True
    )
    with tempfile.TemporaryDirectory() as folder:
        long = Path(folder, "long.mp4")
        repeated(short, long, times, seconds)
        result: dict[str, Any] = {
            "machine": describe() | {"command": "python -m benchmarks.video_memory"},
            "size": SIZE,
            "short": retouched(short, Path(folder, "a.mp4")),
            "variable": retouched(uneven, Path(folder, "v.mp4")),
            "long": {"minutes": float(times * seconds / 60)}
            | retouched(long, Path(folder, "b.mp4")),
            "allowed_mib": ALLOWED_MIB,
        }
    result["difference_mib"] = result["long"]["peak_mib"] - result["short"]["peak_mib"]
    kept = [result[name][what] for name in ("short", "variable", "long") for what in KEPT]
    result["holds"] = result["difference_mib"] <= ALLOWED_MIB and all(kept)
    print(json.dumps({k: v for k, v in result.items() if k != "machine"}, indent=1))
    path = None if arguments.quick else RESULTS / "video_memory.json"
    write(result, arguments.output or path)
    return 0 if result["holds"] else 1


if __name__ == "__main__":
    sys.exit(main())
