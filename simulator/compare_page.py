"""The page of a comparison: runs side by side, with the difference of each from the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from coinfer.simulator.dimensions import dimensions
from coinfer.simulator.html_table import Column, html_table, number_column, text_column
from coinfer.simulator.page_plot import Filter, Series, dimension_filters, plot_data
from coinfer.simulator.pages import write_page
from coinfer.simulator.report_tables import places_of, point_columns


def write_compare_page(
    table: pd.DataFrame, changes: Mapping[str, Sequence[str]], note: str, path: Path
) -> None:
    """Writes the page.

    Args:
        table: what `compare_runs` found.
        changes: what `scenario_changes` found.
        note: how the differences were found.
        path: the HTML file.
    """
    codecs, runs = (list(dict.fromkeys(table[name])) for name in ("codec", "run"))
    found = dimensions(table)
    numbers = [
        (codecs.index(codec), runs.index(run))
        for codec, run in zip(table["codec"], table["run"], strict=True)
    ]
    lines = list(dict.fromkeys(numbers))
    places = places_of(table, codecs, found).assign(run=[str(run) for _, run in numbers])
    write_page(
        "compare.html.j2",
        path,
        runs=runs,
        changes=changes,
        note=note,
        filters=[Filter("run", "run", runs), Filter("codec", "codec", codecs), *dimension_filters(found)],
        plot=plot_data(
            table.assign(series=[lines.index(pair) for pair in numbers]),
            found,
            [Series(f"{codecs[codec]}, {runs[run]}", codec, run) for codec, run in lines],
        ),
        table=html_table(table, _columns(table), places),
    )


def _columns(table: pd.DataFrame) -> list[Column]:
    return [
        text_column("codec", lambda table: table["codec"]),
        *point_columns(table),
        text_column("run", lambda table: table["run"]),
        number_column("correct and on time, %", "on_time_accuracy", 100),
        number_column("more than the first, points", "difference", 100, signed=True),
        text_column("interval", lambda table: table["interval"].fillna("")),
        number_column("pairs", "pairs", digits=0),
        number_column("tasks", "tasks", digits=0),
    ]
