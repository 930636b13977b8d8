"""What pictures are made of: thresholds and integral images."""
