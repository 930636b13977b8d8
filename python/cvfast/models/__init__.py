"""Bundled model files and the sessions that run them."""
