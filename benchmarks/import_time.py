"""What `import cvfast` costs on top of NumPy: the median over fresh interpreters, as JSON.

python benchmarks/import_time.py [ROUNDS]
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

PROGRAM = """
import time
import numpy
start = time.perf_counter()
import cvfast
print(time.perf_counter() - start)
"""


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    command = [sys.executable, "-c", PROGRAM]
    seconds = [
        float(subprocess.run(command, check=True, capture_output=True).stdout)
        for _ in range(rounds)
    ]
    print(
        json.dumps(
            {
                "rounds": rounds,
                "median_ms": round(1e3 * statistics.median(seconds), 2),
                "max_ms": round(1e3 * max(seconds), 2),
            }
        )
    )


if __name__ == "__main__":
    main()
