"""All replications of all sweep points, in this process or in several; the results are the same."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

import pandas as pd

from coinfer.simulator.experiment import Experiment, run_replication


def run_sweep(
    experiments: Sequence[Experiment], progress: Callable[[int, int], None], jobs: int = 1
) -> pd.DataFrame:
    """Simulates every sweep point in every replication.

    Args:
        experiments: the points of the grid.
        progress: called with (units done, units to do); a unit is one replication of one point.
        jobs: processes to use.

    Returns:
        A row a task with the columns of tasks.parquet, ordered by sweep point and replication.
    """
    units = [
        (replication, place)
        for replication in range(max(experiment.scenario.replications for experiment in experiments))
        for place, experiment in enumerate(experiments)
        if replication < experiment.scenario.replications
    ]
    work = [(experiments[place], replication) for replication, place in units]
    tables: list[pd.DataFrame] = []
    progress(0, len(units))
    for table in _tables(work, min(jobs, len(units))):
        tables.append(table)
        progress(len(tables), len(units))
    order = sorted(range(len(units)), key=lambda unit: units[unit][::-1])
    tasks = pd.concat([tables[unit] for unit in order], ignore_index=True)
    labels = dict.fromkeys(label for experiment in experiments for label in experiment.measurements)
    return tasks.assign(codec=pd.Categorical(tasks["codec"], categories=list(labels)))


def _tables(work: Sequence[tuple[Experiment, int]], jobs: int) -> Iterator[pd.DataFrame]:
    if jobs == 1:
        yield from (run_replication(*unit) for unit in work)
        return
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(run_replication, *unit) for unit in work]
        yield from (future.result() for future in futures)
