"""The table that a run prints."""

from __future__ import annotations

import pandas as pd
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from coinfer.simulator.by_point import points, swept_keys
from coinfer.simulator.findings import PROVEN, findings, warmup_note
from coinfer.simulator.scenario import Scenario


def print_results(console: Console, summary: pd.DataFrame, scenario: Scenario) -> None:
    """Prints the table of a run whole: a terminal too narrow for it gets it without intervals.

    Args:
        console: where to; made as wide as the table needs.
        summary: the table of summary.csv.
        scenario: what was run.
    """
    table = result_table(summary, scenario)
    if console.is_terminal and _width(console, table) > console.width:
        table = result_table(summary, scenario, intervals=False)
    console.width = max(console.width, _width(console, table))
    console.print(table)
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


def result_table(summary: pd.DataFrame, scenario: Scenario, intervals: bool = True) -> Table:
    """One row for each codec and sweep point: bytes, latency, and on-time accuracy at each deadline.

    Args:
        summary: the table of summary.csv.
        scenario: what was run.
        intervals: whether to give half the width of each interval.

    Returns:
        A table for the terminal; the best codec at each sweep point and deadline is bold.
    """
    note = " ± half the 95 % interval" if intervals else ""
    title = f"{escape(scenario.name)}: answers correct and on time, %{note}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    deadlines = [f"≤{1e3 * deadline_s:g} ms" for deadline_s in scenario.deadlines_s]
    for heading in ["codec", "bytes", "p50 ms", "p95 ms", *deadlines, "stable"]:
        table.add_column(heading, justify="left" if heading == "codec" else "right", no_wrap=True)
    grouping = summary.groupby([*swept_keys(summary), "deadline_s"], dropna=False)
    best = grouping["on_time_accuracy"].transform("max")
    marked = summary.assign(best=summary["on_time_accuracy"].eq(best) & best.gt(0))
    for point, at_point in points(marked):
        if point:
            table.add_row(f"[italic]{escape(point)}[/]")
        for codec, rows in at_point.groupby("codec", sort=False, observed=True):
            table.add_row(f"{'  ' if point else ''}{escape(str(codec))}", *_cells(rows, intervals))
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
