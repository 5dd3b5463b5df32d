"""Paired differences: how much more often one codec answers right and on time than another.

All codecs of a sweep point meet the same arrivals, images and fading, so tasks are compared one by one, and
what happens to both codecs alike does not widen the interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from coinfer.simulator.intervals import Interval, Z, effective_trials
from coinfer.simulator.point_account import PointAccount
from coinfer.simulator.scenario import Scenario

_BISECTIONS = 50

Counts = NDArray[np.int64]


COLUMNS = ("deadline_s", "codec_a", "codec_b", "pairs", "difference", "difference_low", "difference_high")
"""Of differences.csv, after those of the sweep."""


def point_differences(point: PointAccount, codecs: Sequence[str], scenario: Scenario) -> pd.DataFrame:
    """Compares all codecs of a sweep point, pair by pair.

    Args:
        point: its tasks.
        codecs: their labels, in the order of the scenario.
        scenario: the scenario at that point.

    Returns:
        The columns of differences.csv from `deadline_s` on: a row for each deadline and pair of codecs, the
        first of them before the second in the scenario; `difference` is the on-time accuracy of `codec_a`
        less that of `codec_b`, `difference_low` and `difference_high` its 95 % interval, `pairs` the number
        of tasks.
    """
    rows = []
    for place, deadline_s in enumerate(scenario.deadlines_s):
        for pair in combinations(codecs, 2):
            sizes, (only_a, only_b) = point.codecs[pair[0]].sizes, point.discords[pair]
            found = paired_difference(only_a[place], only_b[place], sizes)
            rows.append((deadline_s, *pair, int(sizes.sum()), *astuple(found)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def paired_difference(only_a: Counts, only_b: Counts, sizes: Counts) -> Interval:
    """95 % interval of the difference of two shares, a - b, of the same tasks.

    Tango's score interval at the effective number of pairs, so that tasks may share fading and queues within
    a cluster; it is never narrower than for independent tasks.

    Args:
        only_a: `[clusters]` tasks of each cluster that a has right and b has not.
        only_b: `[clusters]` those that b has right and a has not.
        sizes: `[clusters]` all tasks of each cluster, above 0.

    References:
        Tango (1998), Equivalence test and confidence interval for the difference in proportions for the
        paired-sample design.
    """
    tasks = float(sizes.sum())
    share_a, share_b = float(only_a.sum()) / tasks, float(only_b.sum()) / tasks
    lead = (only_a - only_b).astype(np.float64)
    pairs = effective_trials(lead, sizes, share_a + share_b - (share_a - share_b) ** 2)
    return tango(share_a, share_b, pairs)


def tango(only_a: float, only_b: float, pairs: float) -> Interval:
    """Tango's 95 % score interval of the difference of paired proportions.

    Args:
        only_a: share of the pairs in which only a is right.
        only_b: share of the pairs in which only b is right.
        pairs: how many there are; need not be a whole number.
    """
    low, high = _lowest(only_a, only_b, pairs), -_lowest(only_b, only_a, pairs)
    return Interval(only_a - only_b, low, high)


def _lowest(only_a: float, only_b: float, pairs: float) -> float:
    """Smallest difference d that the score test does not reject, by bisection.

    Under d, the likeliest share q of pairs in which only b is right solves
    2 q^2 + ((2 - only_a + only_b) d - only_a - only_b) q = only_b d (1 - d), and a pair's variance is
    2 q + d (1 - d).
    """
    low, high = -1.0, only_a - only_b
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        linear = (2 - only_a + only_b) * middle - only_a - only_b
        likeliest_b = (np.sqrt(linear**2 + 8 * only_b * middle * (1 - middle)) - linear) / 4
        variance = max(0.0, 2 * likeliest_b + middle * (1 - middle))
        if only_a - only_b - middle > Z * np.sqrt(variance / pairs):
            low = middle
        else:
            high = middle
    return low
