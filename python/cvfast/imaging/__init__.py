"""What pictures are made of, and how their parts are moved: thresholds, integrals, triangles."""
