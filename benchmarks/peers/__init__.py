"""What runs in the peers' own virtual environments. Nothing here imports cvfast."""
