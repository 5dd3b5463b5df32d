"""From `coinfer validate` to its table, CSV and figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from coinfer.simulator.outputs import check_own, whole_folder
from coinfer.simulator.validation.check import Check
from coinfer.simulator.validation.suite import run_suite

CONTENT = frozenset({"validation.csv", "figures"})
"""All that the folder of a validation holds; a folder with anything else in it is not replaced."""


def validate(folder: Path, seed: int, quiet: bool, as_json: bool = False) -> bool:
    """Runs the checks, prints and writes them; see `coinfer validate --help`.

    Returns:
        whether all checks hold.

    Raises:
        OutputError: the folder cannot be used.
    """
    console, notes = Console(quiet=quiet or as_json), Console(stderr=True, quiet=quiet)
    check_own(folder, CONTENT, "validation")
    columns = TextColumn("validating"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=notes, transient=True, disable=not notes.is_terminal) as bar:
        shown = bar.add_task("", total=None)
        checks = run_suite(seed, lambda done, of: bar.update(shown, completed=done, total=of))
    _write(folder, checks, seed)
    if as_json:
        Console().print_json(json.dumps(_rows(checks, seed)))
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


def _rows(checks: Sequence[Check], seed: int) -> list[dict[str, Any]]:
    return [{**asdict(check), "holds": check.holds, "seed": seed} for check in checks]


def _write(folder: Path, checks: Sequence[Check], seed: int) -> None:
    from coinfer.simulator.validation.figures import draw_figures

    rows = pd.DataFrame(_rows(checks, seed))
    with whole_folder(folder) as fresh:
        rows.to_csv(fresh / "validation.csv", index=False, float_format="%.9g", lineterminator="\n")
        draw_figures(seed, fresh / "figures")
