"""Warm-up: the tasks at the start of a run that its empty queues favour."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Context
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

SHORTEST = 1000
"""Tasks that a replication needs: in shorter ones MSER-5 cuts more by chance than there is to cut."""
_BATCH = 5
_FEWEST_KEPT = 5
"""Batches that a cut leaves at least; the variance of fewer means nothing."""

_TOLD = Context(prec=9, rounding=ROUND_FLOOR)
"""Digits of summary.csv, so that who reads the time there counts the same tasks."""


class Series(NamedTuple):
    """The tasks of one replication of a cell, in order of arrival.

    Attributes:
        arrival_s: when each arrives, `[tasks]` ascending.
        latency_s: how long it takes, `[tasks]`; infinite where it was never answered.
    """

    arrival_s: FloatArray
    latency_s: FloatArray


def mser5(values: FloatArray) -> int | None:
    """How many values of a series to leave out as its transient.

    Values are averaged in batches of five. The cut is where the squared standard error of the mean of what
    remains, computed as if batches were independent, is smallest.

    Args:
        values: `[tasks]` finite, in order of arrival; averaged over replications if there are any.

    Returns:
        A multiple of five, 0 without a transient; None if the smallest is in the second half: then the
        series is too short for its transient, or has no steady state.

    References:
        White (1997), An effective truncation heuristic for bias reduction in simulation output.
        Hoad, Robinson and Davies (2010), Automating warm-up length estimation.
    """
    batches = len(values) // _BATCH
    if batches <= _FEWEST_KEPT:
        return None
    means = values[: batches * _BATCH].reshape(batches, _BATCH).mean(axis=1)
    means -= means[-1]  # An end without variation is then free of rounding.
    kept = np.arange(batches, 0, -1)
    sums, squares = (np.cumsum(column[::-1])[::-1] for column in (means, means**2))
    error = np.maximum(squares - sums**2 / kept, 0.0) / kept.astype(np.float64) ** 2
    cut = int(np.argmin(error[: batches - _FEWEST_KEPT + 1]))
    return cut * _BATCH if 2 * cut <= batches else None


def steady_from_s(series: Sequence[Series], deadline_s: float) -> float | None:
    """From when on one operating point is in its steady state, by MSER-5 on its latencies.

    Latencies are averaged over replications and cells, first task with first task. One that was never
    answered counts as the longest of the others, or as the last deadline if that is longer.

    Args:
        series: of each replication and cell.
        deadline_s: the last deadline.

    Returns:
        When the first task that counts arrives, on average, rounded down to what summary.csv tells; 0 without
        a transient, or with a replication shorter than 1,000 tasks; None if there is no steady state.
    """
    tasks = min((len(one.arrival_s) for one in series), default=0)
    if tasks < SHORTEST:
        return 0.0
    longest_s = [one.latency_s.max(initial=0.0, where=np.isfinite(one.latency_s)) for one in series]
    never_s = max(deadline_s, *longest_s)
    mean_s = sum(np.minimum(one.latency_s[:tasks], never_s) for one in series) / len(series)
    cut = mser5(np.round(mean_s, 9))
    if not cut:
        return cut
    return float(_TOLD.create_decimal_from_float(float(np.mean([one.arrival_s[cut] for one in series]))))
