import numpy as np
import pytest
from scipy import stats

from coinfer.simulator.intervals import clustered_proportion, wilson

Z = stats.norm.ppf(0.975)


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
    assert clustered_proportion(alike, cluster) == independent


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
