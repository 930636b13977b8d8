"""All that learns: one loop, checkpoints, curves, and what is trained."""
