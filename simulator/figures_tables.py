"""From what a run found to the numbers behind its figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from coinfer.simulator.by_point import PointKey
from coinfer.simulator.closed_forms import closed_form_table
from coinfer.simulator.fields import Scalar
from coinfer.simulator.figures_axis import SweepAxis, sweep_axis
from coinfer.simulator.figures_breakdown import stage_table
from coinfer.simulator.figures_deadlines import (
    RightAnswers,
    by_deadline,
    deadline_grid_s,
    leads,
    leads_of_tables,
    shares_of,
)
from coinfer.simulator.figures_distribution import answered_table
from coinfer.simulator.figures_numbers import placed
from coinfer.simulator.figures_way import COLUMNS, way, way_tables
from coinfer.simulator.figures_window import window
from coinfer.simulator.loading import expand, resolved
from coinfer.simulator.point_account import PointAccount
from coinfer.simulator.results import Results
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.scenario_sweep import Coordinates
from coinfer.simulator.task_table import read_tasks

Tables = dict[Scalar | None, pd.DataFrame]
Units = Mapping[PointKey, Sequence[Path]]


def figure_tables(found: Results, units: Units, scenario: Scenario) -> dict[str, pd.DataFrame]:
    """Makes the tables that figures are drawn from.

    Args:
        found: what the run found; with the accounts of `shown_points`.
        units: the files of the units of each sweep point; read with `records: all` only.
        scenario: the scenario with its sweep.

    Returns:
        By name: `summary` (rows of summary.csv along the axis), `deadlines` (on-time accuracy at any
        deadline), `leads` (the best codec at each), `latencies` (share answered within a time), `stages`
        (mean time in each); where theory has it, `closed_forms` (what `latencies` should be); with tasks
        also `timeline` and `snr` (a few seconds of one device), and of a device that moves `way` and
        `way_snr`.
    """
    axis = sweep_axis(scenario)
    summary = {value: axis.select(found.summary, value) for value in axis.values}
    low, middle, high = axis.ends_and_middle
    tables = {
        "summary": placed(summary, axis),
        "latencies": _each(answered_table, found.shown, summary, axis, (low, middle)),
        "stages": _each(stage_table, found.shown, summary, axis, (low, high)),
        **_in_theory(found, axis, scenario),
    }
    if scenario.records == "summary":
        return tables | _at_stated_deadlines(summary, found.differences, axis)
    return (
        tables | _at_any_deadline(summary, units, axis, scenario) | _of_tasks(summary, units, axis, scenario)
    )


def _each(
    make: Callable[[PointAccount, pd.DataFrame], pd.DataFrame],
    shown: Mapping[PointKey, PointAccount],
    summary: Tables,
    axis: SweepAxis,
    values: Sequence[Scalar | None],
) -> pd.DataFrame:
    """Makes a table at each of some values from its account and its summary."""
    tables = {value: make(shown[axis.point(value)], summary[value]) for value in values}
    return placed(tables, axis)


def _in_theory(found: Results, axis: SweepAxis, scenario: Scenario) -> dict[str, pd.DataFrame]:
    tables = {
        value: closed_form_table(_at(scenario, axis.points[value]), found.shown[axis.point(value)])
        for value in axis.ends_and_middle[:2]
    }
    there = {value: table for value, table in tables.items() if len(table)}
    return {"closed_forms": placed(there, axis)} if there else {}


def _at_stated_deadlines(
    summary: Tables, differences: pd.DataFrame, axis: SweepAxis
) -> dict[str, pd.DataFrame]:
    shares = {value: shares_of(rows) for value, rows in summary.items()}
    best = {value: leads_of_tables(rows, axis.select(differences, value)) for value, rows in summary.items()}
    return {"deadlines": placed(shares, axis), "leads": placed(best, axis)}


def _at_any_deadline(
    summary: Tables, units: Units, axis: SweepAxis, scenario: Scenario
) -> dict[str, pd.DataFrame]:
    grid_s = deadline_grid_s(scenario, pd.concat(summary.values()))
    shares, best = Tables(), Tables()
    for value, rows in summary.items():
        answers = RightAnswers(units[axis.point(value)], float(rows["warmup_s"].iloc[0]), grid_s)
        shares[value], best[value] = by_deadline(answers, grid_s), leads(answers, grid_s)
    return {"deadlines": placed(shares, axis), "leads": placed(best, axis)}


def _of_tasks(summary: Tables, units: Units, axis: SweepAxis, scenario: Scenario) -> dict[str, pd.DataFrame]:
    low, middle, _ = axis.ends_and_middle
    deadline_s = scenario.deadlines_s[len(scenario.deadlines_s) // 2]
    at_middle = _at(scenario, axis.points[middle])
    tables: dict[str, pd.DataFrame] = {}
    if cut := window(units[axis.point(middle)][0], summary[middle], at_middle, deadline_s):
        tables = {
            name: placed({middle: table}, axis) for name, table in zip(("timeline", "snr"), cut, strict=True)
        }
    if way(scenario) is not None:
        met = read_tasks(units[axis.point(low)], COLUMNS)
        tables |= {name: placed({low: table}, axis) for name, table in way_tables(met, deadline_s).items()}
    return tables


def _at(scenario: Scenario, coordinates: Coordinates) -> Scenario:
    """The scenario at one sweep point."""
    alone = {key: [value] for key, value in coordinates.items()}
    (point,) = expand(Scenario.model_validate(resolved(scenario) | {"sweep": alone}))
    return point.scenario
