import numpy as np
import pytest
from scipy import stats

from coinfer.simulator.intervals import Z, clustered_proportion, clustered_quantiles, clusters, wilson

LOAD = 0.5


def sojourns(rng, runs, tasks):
    """Times in an M/M/1 queue with services of 1 s by Lindley's recursion, long after its start."""
    gaps, services = rng.exponential(1 / LOAD, (runs, tasks + 500)), rng.exponential(1.0, (runs, tasks + 500))
    steps = np.cumsum(services[:, :-1] - gaps[:, 1:], axis=1)
    walk = np.concatenate([np.zeros((runs, 1)), steps], axis=1)
    return (walk - np.minimum.accumulate(walk, axis=1) + services)[:, 500:]


def covered(intervals, truth):
    return np.mean([interval.low <= truth <= interval.high for interval in intervals])


def outcomes(successes, trials):
    return np.arange(trials) < successes


@pytest.mark.parametrize(("successes", "trials"), [(0, 7), (7, 7), (1, 2), (3, 10), (61, 100), (1999, 2000)])
def test_one_cluster_gives_wilsons_interval(successes, trials):
    interval = clustered_proportion(outcomes(successes, trials), np.zeros(trials, dtype=int))
    theory = stats.binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    assert interval.estimate == successes / trials
    assert interval.low == pytest.approx(theory.low, abs=1e-12)
    assert interval.high == pytest.approx(theory.high, abs=1e-12)


def test_a_share_of_trials_may_be_fractional():
    whole, between, more = (wilson(0.25, trials, Z) for trials in (8, 9.5, 11))
    assert whole.low < between.low < more.low < 0.25 < more.high < between.high < whole.high


@pytest.mark.parametrize("share", [0, 1])
def test_no_variation_leaves_an_interval_of_some_width(share):
    interval = clustered_proportion(np.full(500, share, dtype=bool), np.repeat(np.arange(5), 100))
    assert interval.estimate == share
    assert 0 <= interval.low < interval.high <= 1
    assert interval.high - interval.low > 3.8 / 503


def test_replications_that_agree_too_well_do_not_narrow_the_interval():
    cluster = np.repeat(np.arange(4), 50)
    alike = np.tile(outcomes(25, 50), 4)
    independent = wilson(0.5, 200 * (Z / stats.t.ppf(0.975, 3)) ** 2, Z)
    found = clustered_proportion(alike, cluster)
    assert [found.low, found.high] == pytest.approx([independent.low, independent.high], rel=1e-12)


def test_the_order_and_the_names_of_the_replications_do_not_matter():
    rng = np.random.default_rng(1)
    cluster, success = np.repeat([0, 1, 2], [30, 60, 90]), rng.random(180) < 0.4
    shuffled = rng.permutation(180)
    first = clustered_proportion(success, cluster)
    assert clustered_proportion(success[shuffled], 7 * cluster[shuffled] + 2) == first


@pytest.mark.parametrize(("mean", "correlation"), [(0.7, 0.1), (0.9, 0.02), (0.5, 0.0)])
def test_the_interval_covers_the_truth(mean, correlation):
    rng = np.random.default_rng(2)
    runs, clusters, trials = 1000, 5, 200
    concentration = 1 / correlation - 1 if correlation else 1e12
    shares = rng.beta(mean * concentration, (1 - mean) * concentration, (runs, clusters, 1))
    success = (rng.random((runs, clusters, trials)) < shares).reshape(runs, -1)
    cluster = np.repeat(np.arange(clusters), trials)
    covered = [clustered_proportion(row, cluster) for row in success]
    naive = [wilson(row.mean(), len(row), Z) for row in success]
    assert np.mean([interval.low <= mean <= interval.high for interval in covered]) >= 0.93
    if correlation == 0.1:
        assert np.mean([interval.low <= mean <= interval.high for interval in naive]) < 0.6


def test_tasks_of_a_replication_are_a_cluster():
    assert clusters([2, 1, 3]).tolist() == [0, 0, 1, 2, 2, 2]


def test_a_single_replication_is_cut_into_batches_of_consecutive_tasks():
    sizes = np.bincount(clusters([1010]))
    assert (np.diff(clusters([1010])) >= 0).all()
    assert len(sizes) == 20
    assert set(sizes) == {50, 51}
    assert clusters([40]).max() == 19
    assert clusters([39]).max() == 0


@pytest.mark.parametrize("truth", [0.7, 0.95])
def test_batches_of_one_replication_cover_a_share_of_a_queue(truth):
    rng = np.random.default_rng(3)
    deadline_s = -np.log(1 - truth) / (1 - LOAD)
    on_time = sojourns(rng, runs=200, tasks=10_000) <= deadline_s
    batches, independent = clusters([10_000]), np.zeros(10_000, dtype=int)
    assert 0.9 <= covered([clustered_proportion(row, batches) for row in on_time], truth) <= 0.99
    assert covered([clustered_proportion(row, independent) for row in on_time], truth) < 0.8


@pytest.mark.parametrize(("replications", "tasks"), [(5, 1000), (1, 20_000)])
def test_the_intervals_of_quantiles_cover_those_of_a_queue(replications, tasks):
    rng, shares, runs = np.random.default_rng(4), [0.5, 0.95, 0.99], 100 if replications == 1 else 200
    latency_s = sojourns(rng, runs * replications, tasks).reshape(runs, -1)
    cluster = clusters([tasks] * replications)
    found = np.array(
        [
            [(interval.low, interval.high) for interval in clustered_quantiles(row, cluster, shares)]
            for row in latency_s
        ]
    )
    truth_s = -np.log(1 - np.array(shares)) / (1 - LOAD)
    share_covered = ((found[..., 0] <= truth_s) & (truth_s <= found[..., 1])).mean(axis=0)
    assert (share_covered >= 0.9).all()
    assert (share_covered <= 0.99).all()
    assert np.isfinite(found[:, :2, 1]).mean() > 0.99
    width_s = np.median(found[..., 1] - found[..., 0], axis=0)
    assert (width_s[:2] < 0.4 * truth_s[:2]).all()
    naive = [clustered_quantiles(row, np.zeros(len(row), dtype=int), [0.5])[0] for row in latency_s]
    assert covered(naive, truth_s[0]) < 0.8


def test_quantiles_are_values_that_occurred_and_keep_what_is_infinite():
    values = np.repeat([3.0, 1.0, np.inf, 2.0], 100)
    cluster = np.arange(400) % 4
    median, upper = clustered_quantiles(values, cluster, [0.5, 0.76])
    assert (median.low, median.estimate, median.high) == (2.0, 2.0, 3.0)
    assert (upper.estimate, upper.high) == (np.inf, np.inf)
    assert upper.low == 3.0


def test_a_quantile_that_so_few_tasks_do_not_bound_has_no_upper_limit():
    (interval,) = clustered_quantiles(np.arange(50.0), np.zeros(50, dtype=int), [0.99])
    assert interval.estimate == 49.0
    assert interval.high == np.inf
    (interval,) = clustered_quantiles(np.arange(5000.0), np.zeros(5000, dtype=int), [0.99])
    assert interval.low < 4949 < interval.high < 4999
