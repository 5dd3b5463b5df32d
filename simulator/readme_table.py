"""The table of results in the README: a block between two marks, made from rate_accuracy.csv."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from coinfer.simulator.errors import InputError, suggestion

START, END = "<!-- results -->", "<!-- /results -->"

_HEADINGS = ("operating point", "bytes", "ratio", "top-1, %", "points lost", "GMAC on the device")


def update_readme(readme: Path, csv: Path, labels: Sequence[str]) -> None:
    """Replaces the block in `readme` by the table of `csv`, whole or not at all.

    Args:
        readme: the file with the marks.
        csv: the rate_accuracy.csv of `coinfer evaluate`.
        labels: rows to show, in this order; all of them if empty.

    Raises:
        InputError: a file cannot be read, has no marks, or lacks a row.
    """
    text = _text(readme)
    before, start, rest = text.partition(f"{START}\n")
    _, end, after = rest.partition(END)
    if not (start and end):
        raise InputError(
            f"{readme}: expected the marks {START} and {END}, each on a line of its own; add them"
        )
    if not csv.is_file():
        raise InputError(f"{csv}: no such file; run 'coinfer evaluate' first, or give its folder as --out")
    try:
        block = markdown(pd.read_csv(csv, converters={"label": str}), labels)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{csv}: expected a table of 'coinfer evaluate' ({error}); make it again") from error
    fresh = f"{before}{start}\n{block}\n{end}{after}"
    partial = readme.with_name(f".{readme.name}.{os.getpid()}.partial")
    try:
        partial.write_text(fresh, encoding="utf-8")
        os.replace(partial, readme)
    except OSError as error:
        raise InputError(f"{readme}: cannot be written ({error.strerror})") from error
    finally:
        partial.unlink(missing_ok=True)


def markdown(table: pd.DataFrame, labels: Sequence[str]) -> str:
    """Writes rows of rate_accuracy.csv as a Markdown table.

    Args:
        table: the whole table.
        labels: rows to show, in this order; all of them if empty.

    Raises:
        InputError: a row is not there.
    """
    rows = {row["label"]: row for _, row in table.iterrows()}
    for label in labels:
        if label not in rows:
            raise InputError(f"readme: {label}: no such row in rate_accuracy.csv{suggestion(label, rows)}")
    lines = [_line(_HEADINGS), _line(["---", *["--:"] * (len(_HEADINGS) - 1)])]
    lines += [_line(_cells(rows[label])) for label in labels or rows]
    return "\n".join(lines) + "\n"


def _cells(row: pd.Series) -> list[str]:
    ratio = row["feature_ratio"]
    loss = f"{row['loss_points']:.1f} ({row['loss_points_low']:.1f} to {row['loss_points_high']:.1f})"
    return [
        f"`{row['label'].replace('|', chr(92) + '|')}`",
        f"{row['payload_bytes_mean']:,.0f}",
        "" if pd.isna(ratio) else f"{ratio:,.0f}",
        f"{100 * row['top1']:.1f}",
        loss.replace("-0.0", "0.0"),
        f"{row['device_gmac']:.2f}",
    ]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text ({error})") from error
