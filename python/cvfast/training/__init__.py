"""What everything that learns shares: labelled pictures, the loop, checkpoints."""
