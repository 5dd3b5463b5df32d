"""What summary.csv and differences.csv hold, to tell a damaged table before anything is made from it."""

from __future__ import annotations

from typing import Any

import pandas as pd

TEXTS = ("codec", "codec_a", "codec_b", "bottleneck")

_ALWAYS = ("deadline_s", "tasks", "on_time_accuracy", "warmup_s", "pairs", "difference")
"""Numbers that no row lacks."""

_SHARE = ("on_time_accuracy", "on_time_accuracy_low", "on_time_accuracy_high")
_SUMMARY = (
    *("codec", "deadline_s", "tasks", "accuracy", "on_time_ratio", *_SHARE),
    *("payload_bytes_mean", "payload_bytes_p95", "latency_s_p50", "latency_s_p95", "latency_s_p99"),
    *("device_energy_j_mean", "link_utilisation", "edge_utilisation"),
    *("stable", "bottleneck", "bottleneck_load", "backlog_slope_hz", "warmup_s"),
)
_DIFFERENCES = (
    *("codec_a", "codec_b", "deadline_s", "pairs"),
    *("difference", "difference_low", "difference_high"),
)


def first_problem(table: pd.DataFrame) -> str | None:
    """What makes a table none that a run wrote, such as `line 3, column tasks: expected a number, got 'x'`.

    Args:
        table: as it was read, with a column `deadline_s`; swept values come before that.
    """
    pairs = "codec_a" in table
    names = [str(name) for name in table.columns]
    if missing := [name for name in (_DIFFERENCES if pairs else _SUMMARY) if name not in names]:
        return f"no column {missing[0]}"
    if table.empty and not pairs:
        return "no rows"
    for name in names[names.index("deadline_s") :]:
        if name == "stable":
            wrong, expected = ~table[name].astype(str).isin(["True", "False"]), "True or False"
        elif name in TEXTS:
            wrong, expected = table[name].isna(), "a name"
        else:
            numbers, expected = pd.to_numeric(table[name], errors="coerce"), "a number"
            wrong = numbers.isna() & (table[name].notna() | (name in _ALWAYS))
        if wrong.any():
            return _told(table[name], int(wrong.to_numpy().argmax()), expected)
    return None


def _told(column: pd.Series, row: int, expected: str) -> str:
    value: Any = column.iloc[row]
    got = "nothing" if pd.isna(value) else repr(value)
    return f"line {row + 2}, column {column.name}: expected {expected}, got {got}"
