"""Confidence intervals for shares of tasks that are not independent of each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """An estimate and the limits of its confidence interval."""

    estimate: float
    low: float
    high: float


def clustered_proportion(success: NDArray[np.bool_], cluster: NDArray[np.integer]) -> Interval:
    """95 % interval of a proportion whose trials share fading and queues within a replication.

    Wilson's score interval at the effective number of trials n / deff, where deff is the variance between
    replications over that of independent trials, and at least 1; Student's quantile allows for the few
    replications that deff is estimated from. With one replication, trials count as independent.

    The images are taken as given: the interval says what other arrivals and fading would do, not what other
    images would.

    Args:
        success: `[tasks]` outcomes.
        cluster: `[tasks]` the replication of each.

    References:
        Wilson (1927), Probable inference, the law of succession, and statistical inference.
        Korn and Graubard (1998), Confidence intervals for proportions with small expected number of positive
        counts estimated from survey data.
    """
    share, trials = float(success.mean()), len(success)
    _, index = np.unique(cluster, return_inverse=True)
    sizes = np.bincount(index)
    z = float(stats.norm.ppf(0.5 + CONFIDENCE / 2))
    if len(sizes) == 1:
        return wilson(share, trials, z)
    shares = np.bincount(index, weights=success) / sizes
    binomial = share * (1 - share) / trials
    between = float(shares.var(ddof=1)) / len(sizes)
    deff = max(1.0, between / binomial) if binomial > 0 else 1.0
    t = float(stats.t.ppf(0.5 + CONFIDENCE / 2, len(sizes) - 1))
    return wilson(share, trials / deff * (z / t) ** 2, z)


def wilson(share: float, trials: float, z: float) -> Interval:
    """Wilson's score interval for `share` of `trials`, which need not be a whole number."""
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * np.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return Interval(share, max(0.0, float(centre - half)), min(1.0, float(centre + half)))
