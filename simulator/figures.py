"""The figures of a run, as PNG to look at and SVG to print."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from coinfer.simulator.figure_files import house_style, save
from coinfer.simulator.figures_accuracy import on_time_accuracy
from coinfer.simulator.figures_breakdown import latency_breakdown
from coinfer.simulator.figures_distribution import latency_distribution
from coinfer.simulator.figures_way import along_the_way
from coinfer.simulator.scenario import Scenario


def draw_figures(tasks: pd.DataFrame, summary: pd.DataFrame, scenario: Scenario, folder: Path) -> list[Path]:
    """Draw what a run showed; the same run gives the same SVG files, byte for byte.

    Args:
        tasks: the records of tasks.parquet.
        summary: the table of summary.csv; it gives the order of the codecs.
        scenario: the scenario with its sweep.
        folder: where the files go; made if missing.

    Returns:
        The files: a PNG and an SVG of each figure that the scenario has.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with house_style():
        figures = {
            "on_time_accuracy": on_time_accuracy(summary, scenario),
            "latency_breakdown": latency_breakdown(tasks, summary, scenario),
            "latency_distribution": latency_distribution(tasks, summary, scenario),
            "along_the_way": along_the_way(tasks, summary, scenario),
        }
        drawn = {name: figure for name, figure in figures.items() if figure is not None}
        return [path for name, figure in drawn.items() for path in save(figure, folder / name)]
