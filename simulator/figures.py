"""The figures of a run, as PNG to look at and SVG to print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from coinfer.simulator.by_point import PointKey
from coinfer.simulator.figure_files import house_style, save
from coinfer.simulator.figures_accuracy import on_time_accuracy
from coinfer.simulator.figures_axis import sweep_axis
from coinfer.simulator.figures_breakdown import latency_breakdown
from coinfer.simulator.figures_distribution import latency_distribution
from coinfer.simulator.figures_way import COLUMNS, along_the_way, way
from coinfer.simulator.results import Results
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.task_table import read_tasks


def draw_figures(
    found: Results, units: Mapping[PointKey, Sequence[Path]], scenario: Scenario, folder: Path
) -> list[Path]:
    """Draw what a run showed; the same run gives the same SVG files, byte for byte.

    Args:
        found: what the run found; with the accounts of `shown_points`.
        units: the files of the units of each sweep point.
        scenario: the scenario with its sweep.
        folder: where the files go; made if missing.

    Returns:
        The files: a PNG and an SVG of each figure that the scenario has. What devices meet on their way is
        drawn from tasks, so not with `records: summary`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with house_style():
        figures = {
            "on_time_accuracy": on_time_accuracy(found.summary, scenario),
            "latency_breakdown": latency_breakdown(found.shown, found.summary, scenario),
            "latency_distribution": latency_distribution(found.shown, found.summary, scenario),
        }
        line = way(scenario) if scenario.records == "all" else None
        if line is not None:
            axis = sweep_axis(scenario)
            tasks = read_tasks(units[axis.point(axis.values[0])], COLUMNS)
            figures["along_the_way"] = along_the_way(tasks, line, found.summary, scenario)
        return [path for name, figure in figures.items() for path in save(figure, folder / name)]
