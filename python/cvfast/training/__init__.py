"""Training: what makes the models that faces/ runs."""
