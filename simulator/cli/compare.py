"""From the folders of runs to their comparison: a table, CSV and page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from coinfer.simulator.by_point import points
from coinfer.simulator.compare_page import write_compare_page
from coinfer.simulator.comparison import compare_runs
from coinfer.simulator.errors import InputError
from coinfer.simulator.outputs import check_own, whole_folder, write_csv
from coinfer.simulator.run_folder import Run, read_run
from coinfer.simulator.scenario_changes import changes_line, scenario_changes

CONTENT = frozenset({"compare.csv", "compare.html"})
"""All that the folder of a comparison holds; a folder with anything else in it is not replaced."""


def compare(folders: Sequence[Path], out: Path, as_json: bool, quiet: bool) -> None:
    """Compares, writes and prints; see `coinfer compare --help`.

    Raises:
        InputError: a folder is no run, the runs have nothing in common, or `out` cannot be used.
    """
    if len(folders) < 2:
        raise InputError(f"{folders[0]}: expected at least two runs to compare, got one; add another folder")
    check_own(out, CONTENT, "comparison")
    runs = _named(folders)
    table = compare_runs(runs)
    changes = scenario_changes([run.scenario for run in runs.values()])
    note = _how(table, next(iter(runs)))
    with whole_folder(out) as fresh:
        write_csv(table, fresh / "compare.csv")
        write_compare_page(table, changes, note, fresh / "compare.html")
    console = Console(quiet=quiet)
    if as_json:
        found = {"runs": list(runs), "changes": changes, "rows": json.loads(table.to_json(orient="records"))}
        console.out(json.dumps(found, indent=2, ensure_ascii=False), highlight=False)
        return
    shown = compare_table(table)
    wanted = console.measure(shown, options=console.options.update(width=10_000)).maximum
    console.width = max(console.width, wanted)
    console.print(shown)
    for line in (changes_line(changes), note, f"Results: {out}/ (compare.html, compare.csv)"):
        console.print(escape(line), highlight=False, soft_wrap=True)


def compare_table(table: pd.DataFrame) -> Table:
    """A row for each sweep point, codec and run, and one for each difference; a column for each deadline.

    Args:
        table: what `compare_runs` found.
    """
    shown = Table(
        title="Answers correct and on time, %; differences from the first run (95 % interval; * without 0)",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    deadlines_s = list(dict.fromkeys(table["deadline_s"]))
    for heading in ("codec", "run", *(f"≤{1e3 * deadline_s:g} ms" for deadline_s in deadlines_s)):
        shown.add_column(heading, justify="left" if heading in ("codec", "run") else "right", no_wrap=True)
    for point, at_point in points(table):
        if point:
            shown.add_row(f"[italic]{escape(point)}[/]")
        for codec, of_codec in at_point.groupby("codec", sort=False):
            name = f"{'  ' if point else ''}{escape(str(codec))}"
            for run, rows in of_codec.groupby("run", sort=False):
                shown.add_row(
                    name, escape(str(run)), *(f"{100 * share:.1f}" for share in rows["on_time_accuracy"])
                )
                name = ""
                if rows["interval"].notna().any():
                    shown.add_row("", "  difference", *_differences(rows))
        shown.add_section()
    return shown


def _differences(rows: pd.DataFrame) -> list[str]:
    """Differences in points with limits; a star marks those that are clear of 0."""
    names = ("difference", "difference_low", "difference_high")
    percent = np.round(100 * rows[list(names)].to_numpy(dtype=float), 1) + 0.0
    return [
        f"{'*' if low > 0 or high < 0 else ''}{value:+.1f} [dim]({low:.1f} to {high:.1f})[/]"
        for value, low, high in percent
    ]


def _how(table: pd.DataFrame, first: str) -> str:
    """How the differences were found, in a sentence."""
    kinds = set(table["interval"].dropna())
    if not kinds:
        return f"No codec of {first} is in another run, so there are no differences."
    paired = "paired, task by task, where the runs met the same arrivals and images, after the later warm-up"
    unpaired = "unpaired, from both intervals, where they met other tasks"
    ways = {"paired": paired, "unpaired": unpaired}
    return f"Differences from {first}: {'; '.join(text for kind, text in ways.items() if kind in kinds)}."


def _named(folders: Sequence[Path]) -> Mapping[str, Run]:
    """The runs by the names of their folders, or by their paths where two have the same name."""
    names = [folder.resolve().name for folder in folders]
    if len(set(names)) < len(names):
        names = [str(folder) for folder in folders]
    if twice := {name for name in names if names.count(name) > 1}:
        raise InputError(f"{min(twice)}: given twice; give different runs")
    return {name: read_run(folder) for name, folder in zip(names, folders, strict=True)}
