"""Training: what makes the models that faces/ runs."""
"""What everything that learns shares: labelled pictures, the loop, checkpoints."""
