"""The table of what sliding a network costs: its counts, and that table and chart are made."""

from __future__ import annotations

from benchmarks import sliding


def test_counts_table_and_chart(tmp_path):
    rows = sliding._rows(sliding._picture((120, 90)), quick=True)

    naive, whole, close, _ = rows
    sizes = [(round(120 / 1.2**k), round(90 / 1.2**k)) for k in range(8)]
    windows = sum(((w - 24) // 4 + 1) * ((h - 24) // 4 + 1) for w, h in sizes if min(w, h) >= 24)
    assert naive["windows"] == whole["windows"] == windows
    assert naive["multiply_adds"] == windows * 230_816
    assert whole["multiply_adds"] < 0.2 * naive["multiply_adds"]
    assert close["windows"] == 896
    assert 2e7 < close["multiply_adds"] < 6e7
    assert all(row["min_ms"] > 0 for row in rows)
    table = sliding._table(rows)
    assert f"| sliding window, each patch alone | {windows:,} |" in table
    sliding._draw(rows, tmp_path / "chart.svg")
    assert (tmp_path / "chart.svg").stat().st_size > 5000
