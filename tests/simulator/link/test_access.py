import numpy as np
import pytest
from scipy import stats

from coinfer.simulator.link.access import ConfiguredGrant, Grant, NoAccess

TASKS = 20_000


def rng():
    return np.random.default_rng(1)


def test_no_access_takes_no_time():
    assert NoAccess().delays_s(3, rng()).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("access", "low_s", "high_s"),
    [(Grant(), 0.002, 0.004), (Grant(0.001, 0.01), 0.001, 0.01), (ConfiguredGrant(0.005), 0.0, 0.005)],
    ids=repr,
)
def test_delays_are_uniform(access, low_s, high_s):
    delays_s = access.delays_s(TASKS, rng())
    assert delays_s.shape == (TASKS,)
    assert low_s <= delays_s.min()
    assert delays_s.max() < high_s
    # Kolmogorov-Smirnov with its exact distribution, at the level of 1e-4.
    assert stats.kstest(delays_s, "uniform", args=(low_s, high_s - low_s)).pvalue > 1e-4


def test_that_test_would_see_a_bias_of_2_percent():
    delays_s = 1.02 * ConfiguredGrant(0.005).delays_s(TASKS, rng())
    assert stats.kstest(delays_s, "uniform", args=(0.0, 0.005)).pvalue < 1e-4


def test_a_grant_may_take_a_constant_time():
    assert Grant(0.003, 0.003).delays_s(2, rng()).tolist() == [0.003, 0.003]


def test_the_same_chance_gives_the_same_delays():
    np.testing.assert_array_equal(Grant().delays_s(9, rng()), Grant().delays_s(9, rng()))


@pytest.mark.parametrize(
    ("min_s", "max_s"),
    [(-0.001, 0.004), (0.004, 0.002), (0.0, float("inf")), (float("nan"), 0.004), (0.0, float("nan"))],
)
def test_senseless_grants_are_refused(min_s, max_s):
    with pytest.raises(ValueError, match=f"got {min_s} s to {max_s} s"):
        Grant(min_s, max_s)


@pytest.mark.parametrize("period_s", [0.0, -1.0, float("inf"), float("nan")])
def test_senseless_periods_are_refused(period_s):
    with pytest.raises(ValueError, match=f"finite period above 0 s, got {period_s} s"):
        ConfiguredGrant(period_s)
