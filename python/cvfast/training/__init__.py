"""Learning: one loop, its data, its checkpoints."""
