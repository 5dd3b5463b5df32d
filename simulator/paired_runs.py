"""Differences between two runs of the same codec: task by task where both met the same tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from coinfer.simulator.account import latencies_s
from coinfer.simulator.differences import paired_difference
from coinfer.simulator.intervals import Interval, cluster_sums, clusters
from coinfer.simulator.loading import SweepPoint
from coinfer.simulator.run_folder import Run, RunError

_SAME = ["replication", "device_id", "task_id", "image_id", "arrival_s"]
_COLUMNS = ["codec", *_SAME, "done_s", "outcome", "correct"]

_TOLERANCE = 1e-8
"""Tables hold the end of the warm-up with nine digits."""


@dataclass(frozen=True, eq=False)
class PointTasks:
    """The tasks of a run at a sweep point.

    Attributes:
        tasks: columns of tasks.parquet, a row a task, all codecs.
        images: fingerprints of the image sets.
        point: the sweep point.
    """

    tasks: pd.DataFrame
    images: Sequence[str]
    point: SweepPoint

    def of(self, codec: str) -> pd.DataFrame:
        """The tasks of one codec."""
        return self.tasks[self.tasks["codec"] == codec]


@dataclass(frozen=True)
class Paired:
    """The difference of two shares of the same tasks, and how many tasks there are."""

    difference: Interval
    pairs: int


def read_point(run: Run, point: SweepPoint) -> PointTasks | None:
    """Reads the tasks of a sweep point; None if the run has kept none.

    Raises:
        RunError: they are missing or damaged.
    """
    if run.tasks is None:
        return None
    chosen = None
    for key, value in point.coordinates.items():
        column = pc.field(key)
        match = column.is_null(nan_is_null=True) if value is None else column == value
        chosen = match if chosen is None else chosen & match
    try:
        tasks = pq.read_table(run.tasks, columns=_COLUMNS, filters=chosen).to_pandas()
    except (OSError, pa.ArrowException) as error:
        problem = " ".join(str(error).split())
        raise RunError(f"{run.tasks}: cannot be read ({problem}); run the scenario again") from error
    return PointTasks(tasks, run.manifest.get("images", []), point)


def paired(
    one: PointTasks | None, other: PointTasks | None, codec: str, deadlines_s: Sequence[float], since_s: float
) -> list[Paired] | None:
    """How much more often a codec is right and on time in one run than in another, at each deadline.

    Args:
        one: of the run that counts as positive.
        other: of the run that it is compared with.
        codec: the codec's label.
        deadlines_s: by when answers count.
        since_s: tasks that arrive earlier are left out: the later end of both warm-ups.

    Returns:
        None where the runs have not met the same tasks: the same arrivals with the same images.
    """
    if one is None or other is None or one.images != other.images:
        return None
    a, b = one.of(codec), other.of(codec)
    if not _same_tasks(a, b):
        return None
    counted = a["arrival_s"].to_numpy() >= since_s * (1 - _TOLERANCE)
    if not counted.any():
        return None
    cluster = _clusters(a[counted], one.point)
    right_a, right_b = (_right_s(tasks)[counted] for tasks in (a, b))
    return [_difference(right_a <= deadline_s, right_b <= deadline_s, cluster) for deadline_s in deadlines_s]


def unpaired_difference(one: Interval, other: Interval) -> Interval:
    """95 % interval of the difference of two shares of different tasks, from the intervals of both.

    References:
        Newcombe (1998), Interval estimation for the difference between independent proportions, method 10.
        Zou and Donner (2008), Construction of confidence limits about effect measures: a general approach.
    """
    difference = one.estimate - other.estimate
    return Interval(
        difference,
        difference - hypot(one.estimate - one.low, other.high - other.estimate),
        difference + hypot(one.high - one.estimate, other.estimate - other.low),
    )


def _same_tasks(a: pd.DataFrame, b: pd.DataFrame) -> bool:
    return len(a) > 0 and all(np.array_equal(a[name].to_numpy(), b[name].to_numpy()) for name in _SAME)


def _right_s(tasks: pd.DataFrame) -> NDArray[np.float64]:
    """Latency of each task, `[tasks]`; infinite where there is no answer, or a wrong one."""
    return np.where(tasks["correct"].to_numpy(dtype=bool), latencies_s(tasks), np.inf)


def _clusters(tasks: pd.DataFrame, point: SweepPoint) -> NDArray[np.intp]:
    """The cluster of each task: its replication of its cell, or its batch if there is only one of these."""
    scenario = point.scenario
    cell = tasks["device_id"].to_numpy() // scenario.cell_devices
    unit = tasks["replication"].to_numpy().astype(np.int64) * scenario.cells + cell
    numbers, cluster = np.unique(unit, return_inverse=True)
    return cluster if len(numbers) > 1 else clusters([len(tasks)]).astype(np.intp)


def _difference(right_a: NDArray[np.bool_], right_b: NDArray[np.bool_], cluster: NDArray[np.intp]) -> Paired:
    only_a, sizes = cluster_sums(right_a & ~right_b, cluster)
    only_b, _ = cluster_sums(right_b & ~right_a, cluster)
    found = paired_difference(only_a.astype(np.int64), only_b.astype(np.int64), sizes.astype(np.int64))
    return Paired(found, len(cluster))
