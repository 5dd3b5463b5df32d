"""The table that a run prints."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from coinfer.simulator.by_point import points, swept_keys
from coinfer.simulator.findings import PROVEN, findings, warmup_note
from coinfer.simulator.scenario import Scenario

_BETWEEN = 2
"""Characters between two columns: the cell's padding, and where a box has its line."""


def print_results(console: Console, summary: pd.DataFrame, scenario: Scenario) -> None:
    """Prints the table of a run; a terminal too narrow for it gets no intervals, and fewer deadlines.

    Args:
        console: where to; made as wide as the table needs.
        summary: the table of summary.csv.
        scenario: what was run.
    """
    shown: Sequence[int] = range(len(scenario.deadlines_s))
    table = result_table(summary, scenario)
    if console.is_terminal and _width(console, table) > console.width:
        shown = _fitting(scenario, console.width - _width(console, result_table(summary, scenario, False)))
        table = result_table(summary, scenario, False, shown)
    console.width = max(console.width, _width(console, table))
    console.print(table)
    if len(shown) < len(scenario.deadlines_s):
        told = f"{len(shown)} of {len(scenario.deadlines_s)} deadlines; the others are in summary.csv."
        console.print(told, highlight=False, soft_wrap=True)
    console.print(warmup_note(summary), highlight=False, soft_wrap=True)


def print_findings(console: Console, differences: pd.DataFrame) -> None:
    """Prints which codec is proven ahead at each sweep point; nothing for a run with a single codec.

    Args:
        console: where to.
        differences: the table of differences.csv.
    """
    lines = findings(differences)
    if lines:
        console.print(f"{PROVEN} (all pairs: differences.csv):", highlight=False, soft_wrap=True)
    for line in lines:
        console.print(f"  {escape(line)}", highlight=False, soft_wrap=True)


def _width(console: Console, table: Table) -> int:
    return console.measure(table, options=console.options.update(width=10_000)).maximum


def _fitting(scenario: Scenario, spare: int) -> Sequence[int]:
    """Places of the deadlines to show without intervals: the first, the last, and what fits between them.

    Args:
        scenario: what was run.
        spare: the terminal's width less that of the table with all deadlines [characters].
    """
    lengths = [len(_heading(deadline_s)) + _BETWEEN for deadline_s in scenario.deadlines_s]
    every = len(lengths)
    for count in range(every, 2, -1):
        places = [round(place) for place in np.linspace(0, every - 1, count)]
        if sum(lengths) - sum(lengths[place] for place in places) + spare >= 0:
            return places
    return sorted({0, every - 1})


def _heading(deadline_s: float) -> str:
    return f"≤{1e3 * deadline_s:g} ms"


def result_table(
    summary: pd.DataFrame, scenario: Scenario, intervals: bool = True, shown: Sequence[int] | None = None
) -> Table:
    """One row for each codec and sweep point: bytes, latency, and on-time accuracy at each deadline.

    Args:
        summary: the table of summary.csv.
        scenario: what was run.
        intervals: whether to give half the width of each interval.
        shown: places of the deadlines to give; None: all.

    Returns:
        A table for the terminal; the best codec at each sweep point and deadline is bold.
    """
    note = " ± half the 95 % interval" if intervals else ""
    title = f"{escape(scenario.name)}: answers correct and on time, %{note}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    places = list(range(len(scenario.deadlines_s)) if shown is None else shown)
    deadlines = [_heading(scenario.deadlines_s[place]) for place in places]
    for heading in ["codec", "bytes", "p50 ms", "p95 ms", *deadlines, "stable"]:
        table.add_column(heading, justify="left" if heading == "codec" else "right", no_wrap=True)
    grouping = summary.groupby([*swept_keys(summary), "deadline_s"], dropna=False)
    best = grouping["on_time_accuracy"].transform("max")
    marked = summary.assign(best=summary["on_time_accuracy"].eq(best) & best.gt(0))
    for point, at_point in points(marked):
        if point:
            table.add_row(f"[italic]{escape(point)}[/]")
        for codec, rows in at_point.groupby("codec", sort=False, observed=True):
            table.add_row(
                f"{'  ' if point else ''}{escape(str(codec))}", *_cells(rows.iloc[places], intervals)
            )
        table.add_section()
    return table


def _cells(rows: pd.DataFrame, intervals: bool) -> list[str]:
    first = rows.iloc[0]
    shares = 100 * rows["on_time_accuracy"].to_numpy(dtype=float)
    halves = 50 * (rows["on_time_accuracy_high"] - rows["on_time_accuracy_low"]).to_numpy(dtype=float)
    cells = [
        (f"[bold]{share:.1f}[/]" if best else f"{share:.1f}") + (f" [dim]±{half:.1f}[/]" if intervals else "")
        for share, half, best in zip(shares, halves, rows["best"], strict=True)
    ]
    times = [f"{1e3 * float(first[name]):,.0f}" for name in ("latency_s_p50", "latency_s_p95")]
    return [f"{float(first['payload_bytes_mean']):,.0f}", *times, *cells, _stable(first)]


def _stable(row: pd.Series) -> str:
    """Whether all stages keep up; if not, the worst one's load and the growth of the backlog."""
    if row["stable"]:
        return "yes"
    return f"no: {row['bottleneck']} {row['bottleneck_load']:.3g}x, {row['backlog_slope_hz']:+.2g}/s"
