"""Confidence intervals for shares and quantiles of tasks that are not independent of each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from coinfer.simulator.distribution import Distribution

CONFIDENCE = 0.95
BATCHES = 20
"""Clusters that a single replication is cut into."""

Z = float(ndtri(0.5 + CONFIDENCE / 2))
"""Quantile of the normal distribution for a two-sided interval of that confidence."""

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """An estimate and the limits of its confidence interval."""

    estimate: float
    low: float
    high: float


def clusters(replications: Sequence[int]) -> NDArray[np.integer]:
    """Tells which tasks share fading and queues: those of a replication.

    Of a single replication nothing is independent. It is cut into 20 batches of consecutive tasks, which are
    nearly so if each is far longer than a fade and a busy period (batch means). Fewer than 40 tasks make no
    batches; they count as independent, for nothing else can be told of them.

    Args:
        replications: number of tasks in each.

    Returns:
        `[tasks]` the cluster of each, from 0 on; replication by replication, each in order of arrival.

    References:
        Law and Carson (1979), A sequential procedure for determining the length of a steady-state simulation.
    """
    if len(replications) > 1:
        return np.repeat(np.arange(len(replications)), replications)
    (tasks,) = replications
    batches = BATCHES if tasks >= 2 * BATCHES else 1
    return np.arange(tasks) * batches // tasks


def effective_trials(sums: NDArray[Any], sizes: NDArray[np.integer], variance: float) -> float:
    """Number of independent trials that tell as much as all trials in these clusters.

    It is n / deff (z / t)^2: deff is the variance of the mean as the clusters show it over that of
    independent trials, and at least 1; Student's t allows for the few clusters that deff is estimated from.
    The trials of a single cluster count as independent.

    Args:
        sums: `[clusters]` sum of the trials in each.
        sizes: `[clusters]` number of trials in each, above 0.
        variance: of one trial, if trials were independent.

    References:
        Kish (1965), Survey sampling, sections 5.4 and 8.2.
        Korn and Graubard (1998), Confidence intervals for proportions with small expected number of positive
        counts estimated from survey data.
    """
    count, trials = len(sizes), float(sizes.sum())
    if count == 1:
        return trials
    residual = sums - sizes * (sums.sum() / trials)
    between = count / (count - 1) * float((residual**2).sum()) / trials**2
    deff = max(1.0, between / (variance / trials)) if variance > 0 else 1.0
    return trials / deff * (Z / float(stdtrit(count - 1, 0.5 + CONFIDENCE / 2))) ** 2


def cluster_sums(
    values: NDArray[np.bool_] | NDArray[np.integer], cluster: NDArray[np.integer]
) -> tuple[FloatArray, NDArray[np.integer]]:
    """Sum of the values in each cluster that has any, and how many it has."""
    sizes = np.bincount(cluster)
    sums = np.bincount(cluster, weights=values).astype(np.float64)
    return sums[sizes > 0], sizes[sizes > 0]


def clustered_proportion(success: NDArray[np.bool_], cluster: NDArray[np.integer]) -> Interval:
    """95 % interval of a proportion whose trials share fading and queues within a cluster.

    Wilson's score interval at the effective number of trials. The images are taken as given: the interval
    says what other arrivals and fading would do, not what other images would.

    Args:
        success: `[tasks]` outcomes.
        cluster: `[tasks]` the cluster of each, from 0 on; see `clusters`.

    References:
        Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    return proportion(*cluster_sums(success, cluster))


def proportion(successes: NDArray[Any], sizes: NDArray[np.integer]) -> Interval:
    """The same from successes and trials of each cluster, `[clusters]`; see `clustered_proportion`."""
    share = float(successes.sum()) / float(sizes.sum())
    return wilson(share, effective_trials(successes, sizes, share * (1 - share)), Z)


def wilson(share: float, trials: float, z: float) -> Interval:
    """Wilson's score interval for `share` of `trials`, which need not be a whole number."""
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * np.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return Interval(share, max(0.0, float(centre - half)), min(1.0, float(centre + half)))


def clustered_quantiles(
    values: FloatArray, cluster: NDArray[np.integer], shares: Sequence[float]
) -> list[Interval]:
    """Quantiles with their 95 % intervals, of values that share fading and queues within a cluster.

    Woodruff's interval: the limits are themselves quantiles, at the shares that a score test at the effective
    number of trials cannot tell from the one asked for. A share above 1 has no quantile: then the upper limit
    is infinite, which says that so few tasks do not bound the quantile.

    Args:
        values: `[tasks]` at least 0; infinite where there is none, as of a task that is never answered.
        cluster: `[tasks]` the cluster of each, from 0 on; see `clusters`.
        shares: which quantiles, above 0 and below 1.

    References:
        Woodruff (1952), Confidence intervals for medians and other position measures.
        Francisco and Fuller (1991), Quantile estimation with a complex survey design.
    """
    whole = Distribution.of(values)
    return [
        quantile(whole, share, *cluster_sums(values <= whole.quantile(share), cluster)) for share in shares
    ]


def quantile(
    whole: Distribution, share: float, at_most: NDArray[Any], sizes: NDArray[np.integer]
) -> Interval:
    """One quantile with its 95 % interval; see `clustered_quantiles`.

    Args:
        whole: all values.
        share: which quantile.
        at_most: `[clusters]` how many values of each cluster do not exceed that quantile.
        sizes: `[clusters]` how many values it has, above 0.
    """
    trials = effective_trials(at_most, sizes, share * (1 - share))
    reach = Z * float(np.sqrt(share * (1 - share) / trials))
    low = whole.quantile(share - reach) if share > reach else 0.0
    high = whole.quantile(share + reach) if share + reach <= 1 else np.inf
    return Interval(whole.quantile(share), low, high)
