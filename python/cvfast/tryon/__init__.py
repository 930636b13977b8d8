"""Virtual try-on: a garment of one photo on the person of another."""
