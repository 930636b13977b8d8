"""Face detectors and landmarks."""
