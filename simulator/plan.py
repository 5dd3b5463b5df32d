"""The plan of a run: its units of work, and how one of them is done, wherever that may be.

A unit is one replication of one cell at one sweep point. It comes back as the bytes of an Arrow file, which
holds its tasks, or with `records: summary` their account. All units of a run that hold tasks have the same
columns of the same types, so that they can be put together without looking at the others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from coinfer.simulator.account import account
from coinfer.simulator.account_file import to_table
from coinfer.simulator.by_point import by_codec
from coinfer.simulator.experiment import Experiment, run_replication
from coinfer.simulator.memory import give_back, trim

TALLY = b"coinfer.tally"
"""Where a unit's file keeps its tally: a key of its schema's metadata."""

_ROWS_TOGETHER = 1 << 16

_ARROW = {float: pa.float64(), int: pa.int64(), bool: pa.bool_(), str: pa.large_string()}


class Unit(NamedTuple):
    """One replication of one cell at one sweep point, by their numbers from 0 on."""

    place: int
    replication: int
    cell: int = 0


@dataclass(frozen=True)
class Plan:
    """What a worker needs for any unit of a run; made by `Plan.of`.

    Args:
        experiments: the sweep points.
        labels: of all codecs, in the order of the tables.
        kinds: type of the column of each swept path; None where all its values are null.
        has_cells: whether a sweep point has more than one cell.
    """

    experiments: Sequence[Experiment]
    labels: Sequence[str]
    kinds: Mapping[str, type | None]
    has_cells: bool

    @classmethod
    def of(cls, experiments: Sequence[Experiment]) -> Plan:
        """Makes the plan for all replications of these sweep points."""
        labels = dict.fromkeys(label for experiment in experiments for label in experiment.measurements)
        kinds = {
            key: _kind({type(experiment.coordinates[key]) for experiment in experiments})
            for key in experiments[0].coordinates
        }
        has_cells = any(experiment.scenario.cells > 1 for experiment in experiments)
        return cls(tuple(experiments), tuple(labels), kinds, has_cells)

    def units(self, place: int, first: int, end: int) -> list[Unit]:
        """The units of a sweep point from replication `first` to `end - 1`, all cells of each."""
        cells = range(self.experiments[place].scenario.cells)
        return [Unit(place, replication, cell) for replication in range(first, end) for cell in cells]


@dataclass(frozen=True)
class Tally:
    """What one unit says of its codecs at the last deadline.

    Args:
        codecs: their labels.
        tasks: number of tasks of each.
        right: how many of them were answered right and on time.
    """

    codecs: Sequence[str]
    tasks: Sequence[int]
    right: Sequence[int]


def run_unit(plan: Plan, unit: Unit) -> bytes:
    """Simulates one unit.

    Returns:
        An Arrow file: a row a task with the columns of tasks.parquet, or the rows of an account; the tally is
        with its schema.
    """
    experiment = plan.experiments[unit.place]
    scenario = experiment.scenario
    tasks = run_replication(experiment, unit.replication, unit.cell)
    give_back()
    tally = _tally(tasks, scenario.deadlines_s[-1])
    if scenario.records == "summary":
        blocks = iter([to_table(account(by_codec(tasks), scenario, scenario.stated_warmup_s))])
    else:
        begins = range(0, max(len(tasks), 1), _ROWS_TOGETHER)
        blocks = (_in_columns(plan, tasks.iloc[begin : begin + _ROWS_TOGETHER], unit) for begin in begins)
    return _file(blocks, json.dumps([tally.codecs, tally.tasks, tally.right]))


def _in_columns(plan: Plan, tasks: pd.DataFrame, unit: Unit) -> Any:
    """A table with the columns that all units have."""
    if plan.has_cells:
        tasks = tasks.copy()
        place = list(tasks.columns).index("replication") + 1
        tasks.insert(place, "cell", np.full(len(tasks), unit.cell, dtype=np.int32))
    tasks = tasks.assign(codec=pd.Categorical(tasks["codec"], categories=list(plan.labels)))
    table = pa.Table.from_pandas(tasks, preserve_index=False)
    for key, kind in plan.kinds.items():
        value = plan.experiments[unit.place].coordinates[key]
        column = pa.repeat(pa.scalar(value, _ARROW[kind] if kind else pa.null()), len(tasks))
        table = table.set_column(table.column_names.index(key), key, column)
    return table


def _file(blocks: Iterator[Any], tally: str) -> bytes:
    """Tables as an Arrow file, block by block: what is written at a time is in memory twice."""
    sink, first = BytesIO(), next(blocks)
    schema = first.schema.with_metadata({TALLY: tally})
    with pa.ipc.new_file(sink, schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        for block in chain([first], blocks):
            writer.write_table(block.replace_schema_metadata(schema.metadata))
            trim()
    return sink.getvalue()


def _tally(tasks: pd.DataFrame, deadline_s: float) -> Tally:
    on_time = (tasks["outcome"] == "done") & (tasks["done_s"] - tasks["arrival_s"] <= deadline_s)
    right: NDArray[np.bool_] = (on_time & tasks["correct"]).to_numpy(dtype=bool)
    codec, labels = pd.factorize(tasks["codec"])
    return Tally(
        [str(label) for label in labels],
        np.bincount(codec, minlength=len(labels)).tolist(),
        np.bincount(codec[right], minlength=len(labels)).tolist(),
    )


def _kind(types: set[type]) -> type | None:
    """The type that can hold values of these; whole numbers only if all are whole."""
    return next((kind for kind in _ARROW if kind in types), None)
