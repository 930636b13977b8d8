"""Long work as runs: planned in units, written down as it goes, resumed after anything."""
