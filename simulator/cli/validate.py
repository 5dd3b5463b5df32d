"""From `coinfer validate` to its table, CSV and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from coinfer.simulator.outputs import OutputError, whole_folder
from coinfer.simulator.validation.check import Check
from coinfer.simulator.validation.suite import run_suite

CONTENT = frozenset({"validation.csv", "figures"})
"""All that the folder of a validation holds; a folder with anything else in it is not replaced."""


def validate(folder: Path, seed: int, quiet: bool) -> bool:
    """Runs the checks, prints and writes them; see `coinfer validate --help`.

    Returns:
        whether all checks hold.

    Raises:
        OutputError: the folder cannot be used.
    """
    console, notes = Console(quiet=quiet), Console(stderr=True, quiet=quiet)
    _check_folder(folder)
    columns = TextColumn("validating"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=notes, transient=True, disable=not notes.is_terminal) as bar:
        shown = bar.add_task("", total=None)
        checks = run_suite(seed, lambda done, of: bar.update(shown, completed=done, total=of))
    _write(folder, checks, seed)
    table = validation_table(checks)
    console.width = max(
        console.width, console.measure(table, options=console.options.update(width=400)).maximum
    )
    console.print(table)
    failed = sum(not check.holds for check in checks)
    console.print(f"{len(checks) - failed} of {len(checks)} checks hold (seed {seed}).", highlight=False)
    found = f"{folder}/ (validation.csv, figures/)"
    console.print(f"Results: {escape(found)}", highlight=False, soft_wrap=True)
    return not failed


def validation_table(checks: Sequence[Check]) -> Table:
    """One row a check: quantity, theory, measured, interval, verdict."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("quantity", "theory", "measured", "interval", "verdict"):
        table.add_column(
            heading, justify="left" if heading in ("quantity", "verdict") else "right", no_wrap=True
        )
    for check in checks:
        verdict = "holds" if check.holds else "[bold red]FAILS[/]"
        interval = f"{_number(check.low)} .. {_number(check.high)}"
        table.add_row(
            escape(check.quantity), _number(check.theory), _number(check.measured), interval, verdict
        )
    return table


def _number(value: float) -> str:
    return f"{value:.7g}"


def _write(folder: Path, checks: Sequence[Check], seed: int) -> None:
    from coinfer.simulator.validation.figures import draw_figures

    rows = pd.DataFrame([{**asdict(check), "holds": check.holds, "seed": seed} for check in checks])
    with whole_folder(folder) as fresh:
        rows.to_csv(fresh / "validation.csv", index=False, float_format="%.9g", lineterminator="\n")
        draw_figures(seed, fresh / "figures")


def _check_folder(folder: Path) -> None:
    if folder.is_file():
        raise OutputError(f"--out {folder}: this is a file; give a folder")
    foreign = sorted({path.name for path in folder.iterdir()} - CONTENT) if folder.is_dir() else []
    if foreign:
        raise OutputError(
            f"--out {folder}: holds '{foreign[0]}', which no validation wrote; give another folder"
        )
