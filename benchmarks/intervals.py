"""How often intervals of latency quantiles cover the truth, and what MSER-5 cuts where there is no transient.

Prints the figures of docs/statistics.md, from M/M/1 queues in their steady state. Run it with

python benchmarks/intervals.py
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from coinfer.simulator.intervals import clustered_quantiles, clusters
from coinfer.simulator.warmup import mser5

FloatArray = NDArray[np.float64]

SHARES = (0.5, 0.95, 0.99)
CASES = ((0.5, 5, 1000), (0.5, 20, 1000), (0.5, 1, 20_000), (0.8, 5, 5000), (0.8, 1, 20_000), (0.8, 1, 2000))
"""Load, replications, and tasks of each."""
FORGETTING = 2000
"""Tasks after which a queue that started empty has forgotten it."""


def sojourns_s(rng: np.random.Generator, load: float, tasks: int) -> FloatArray:
    """Times in an M/M/1 queue with services of 1 s on average, by Lindley's recursion."""
    services_s = rng.exponential(1.0, tasks + FORGETTING)
    steps_s = np.cumsum(services_s[:-1] - rng.exponential(1.0 / load, tasks + FORGETTING - 1))
    walk_s = np.concatenate([[0.0], steps_s])
    return (walk_s - np.minimum.accumulate(walk_s) + services_s)[FORGETTING:]


def by_student(latency_s: FloatArray, cluster: NDArray[np.integer], share: float) -> tuple[float, float]:
    """Student's interval over the quantiles of the clusters, to compare with."""
    parts = np.split(latency_s, np.flatnonzero(np.diff(cluster)) + 1)
    quantiles_s = [np.quantile(part, share, method="inverted_cdf") for part in parts]
    low, high = stats.t.interval(0.95, len(parts) - 1, np.mean(quantiles_s), stats.sem(quantiles_s))
    return float(low), float(high)


def coverage(load: float, replications: int, tasks: int) -> Iterator[str]:
    """The cells of one row: what Woodruff and Student cover, and how often the former has no upper limit."""
    rng, cluster = np.random.default_rng(1), clusters([tasks] * replications)
    ours, students = [], []
    for _ in range(200 if tasks == 20_000 else 400):
        latency_s = np.concatenate([sojourns_s(rng, load, tasks) for _ in range(replications)])
        found = clustered_quantiles(latency_s, cluster, SHARES)
        ours.append([(interval.low, interval.high) for interval in found])
        students.append([by_student(latency_s, cluster, share) for share in SHARES])
    truth_s = -np.log(1 - np.array(SHARES)) / (1 - load)
    for limits in (np.array(ours), np.array(students)):
        covered = ((limits[..., 0] <= truth_s) & (truth_s <= limits[..., 1])).mean(axis=0)
        yield ", ".join(f"{100 * share:.0f}" for share in covered)
    yield f"{100 * np.isinf(np.array(ours)[:, 2, 1]).mean():.0f}"


def cut_for_nothing(tasks: int) -> str:
    """The share of five replications at a load of 0.5 that MSER-5 cuts in one run of ten."""
    rng, runs = np.random.default_rng(2), 400
    series_s = [np.mean([sojourns_s(rng, 0.5, tasks) for _ in range(5)], axis=0) for _ in range(runs)]
    cuts = [cut for one_s in series_s if (cut := mser5(one_s)) is not None]
    return f"{100 * np.quantile(cuts, 0.9) / tasks:.0f} % of {tasks:,} tasks"


if __name__ == "__main__":
    print("| load | replications x tasks | covered, %: p50, p95, p99 | by Student's t | p99 unbounded, % |")
    print("| --: | --: | --: | --: | --: |")
    for load, replications, tasks in CASES:
        cells = " | ".join(coverage(load, replications, tasks))
        print(f"| {load} | {replications} x {tasks:,} | {cells} |")
    print("MSER-5 cuts for nothing:", ", ".join(cut_for_nothing(tasks) for tasks in (200, 500, 1000, 5000)))
