"""All replications of all sweep points: what is not in the store yet is done, by whoever does the work."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from coinfer.simulator import precision
from coinfer.simulator.judging import judge
from coinfer.simulator.plan import Plan, Unit
from coinfer.simulator.results import summarised
from coinfer.simulator.standings import Standings
from coinfer.simulator.task_table import read_tally
from coinfer.simulator.unit_store import UnitStore
from coinfer.simulator.workers import Runner


def run_sweep(
    plan: Plan, store: UnitStore, runner: Runner, progress: Callable[[int, int, str], None]
) -> list[int]:
    """Simulates every sweep point in every replication, and keeps the results in the store.

    Where a scenario has `until`, replications are added in rounds: each round is finished and judged as a
    whole, so that what is made does not depend on who is faster.

    Args:
        plan: the sweep points.
        store: the units that are finished already are not done again.
        runner: does the others.
        progress: called with (units done, units to do, who leads).

    Returns:
        How many replications were made of each sweep point.
    """
    standings = Standings(plan.experiments)
    made = [0] * len(plan.experiments)
    wanted = [experiment.scenario.replications for experiment in plan.experiments]
    while wanted != made:
        units = [
            unit
            for place, ends in enumerate(zip(made, wanted, strict=True))
            for unit in plan.units(place, *ends)
        ]
        _finish(units, store, runner, standings, progress)
        grown = [place for place, count in enumerate(wanted) if count > made[place]]
        made = list(wanted)
        for place in grown:
            wanted[place] = _enough(plan, store, place, made[place])
    return made


def _finish(
    units: Sequence[Unit],
    store: UnitStore,
    runner: Runner,
    standings: Standings,
    progress: Callable[[int, int, str], None],
) -> None:
    """Do what is missing or damaged of these units, a replication of a cell at all points before the next."""
    for unit in units:
        if unit in store and not _added(unit, store, standings):
            store.drop(unit)
    missing = sorted(
        (unit for unit in units if unit not in store),
        key=lambda unit: (unit.replication, unit.cell, unit.place),
    )
    of = len(store) + len(missing)
    progress(len(store), of, "")
    for unit, content in runner(missing):
        store.put(unit, content)
        _added(unit, store, standings)
        progress(len(store), of, standings.leader(unit.place))


def _added(unit: Unit, store: UnitStore, standings: Standings) -> bool:
    """Count a finished unit; False if its file is damaged."""
    tally = read_tally(*store.paths([unit]))
    if tally is not None:
        standings.add(unit, tally)
    return tally is not None


def _enough(plan: Plan, store: UnitStore, place: int, made: int) -> int:
    experiment = plan.experiments[place]
    if experiment.scenario.until is None:
        return made
    judged = judge(experiment, store.paths(plan.units(place, 0, made)))
    summary = pd.concat(summarised(experiment, judged).values(), ignore_index=True)
    return precision.enough(experiment, summary, made)
