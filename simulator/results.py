"""The tables of a run, sweep point by sweep point: no more than one point's tasks are in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from coinfer.simulator.by_point import PointKey, point_key
from coinfer.simulator.differences import point_differences
from coinfer.simulator.experiment import Experiment
from coinfer.simulator.fields import Scalar
from coinfer.simulator.judging import Judged, judge
from coinfer.simulator.metrics import summarise_point
from coinfer.simulator.point_account import CodecTotal, PointAccount
from coinfer.simulator.timeline import Outcome


@dataclass(frozen=True, eq=False)
class Results:
    """What a run found.

    Attributes:
        summary: the table of summary.csv: codecs in the scenario's order, sweep points and deadlines below
            each.
        differences: the table of differences.csv: sweep points in their order, deadlines and pairs below.
        outcomes: number of tasks by codec and outcome, those of the warm-up included.
        shown: the accounts of the sweep points that figures show.
    """

    summary: pd.DataFrame
    differences: pd.DataFrame
    outcomes: Mapping[str, Mapping[str, int]]
    shown: Mapping[PointKey, PointAccount]


def results(
    experiments: Sequence[Experiment], units: Sequence[Sequence[Path]], shown: Collection[PointKey] = ()
) -> Results:
    """Makes the tables.

    Args:
        experiments: the sweep points.
        units: the files of the units of each.
        shown: sweep points whose accounts are kept.

    Raises:
        InputError: no task arrived, or none after the warm-up.
    """
    labels = dict.fromkeys(label for experiment in experiments for label in experiment.measurements)
    summaries: dict[str, list[pd.DataFrame]] = {codec: [] for codec in labels}
    counts = {codec: dict.fromkeys((outcome.name.lower() for outcome in Outcome), 0) for codec in labels}
    differences, kept = [], dict[PointKey, PointAccount]()
    for experiment, of_point in zip(experiments, units, strict=True):
        judged = judge(experiment, of_point)
        for codec, table in summarised(experiment, judged).items():
            summaries[codec].append(table)
        compared = point_differences(judged.point, list(experiment.measurements), experiment.scenario)
        differences.append(_with(experiment.coordinates, compared))
        for codec, total in judged.point.codecs.items():
            for outcome, count in zip(Outcome, _outcomes(total), strict=True):
                counts[codec][outcome.name.lower()] += int(count)
        if point_key(experiment.coordinates) in shown:
            kept[point_key(experiment.coordinates)] = judged.point
    tables = [table for of_codec in summaries.values() for table in of_codec]
    return Results(
        pd.concat(tables, ignore_index=True),
        pd.concat([table for table in differences if len(table)] or differences[:1], ignore_index=True),
        counts,
        kept,
    )


def summarised(experiment: Experiment, judged: Judged) -> dict[str, pd.DataFrame]:
    """The rows of summary.csv of one sweep point, by codec.

    Raises:
        InputError: no task arrived, or none after the warm-up.
    """
    return {
        codec: _with(
            {"codec": codec, **experiment.coordinates},
            summarise_point(judged.point, codec, experiment.scenario, judged.warmup_s),
        )
        for codec in experiment.measurements
    }


def _outcomes(total: CodecTotal) -> NDArray[np.int64]:
    outcomes: NDArray[np.int64] = np.sum([unit.outcomes for unit in total.units], axis=0)
    return outcomes


def _with(columns: Mapping[str, Scalar | None], table: pd.DataFrame) -> pd.DataFrame:
    """Puts columns of one value before the others."""
    for place, (key, value) in enumerate(columns.items()):
        table.insert(place, key, [value] * len(table))
    return table
