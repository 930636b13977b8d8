"""Face swap from two clips: extract, sort, mask, train, merge, encode; every step resumable."""
