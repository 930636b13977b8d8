"""Each kernel against its best peer, in one process, in turns: `python -m benchmarks`."""
