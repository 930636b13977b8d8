"""Made faces and scenes, with exact labels."""
