import numpy as np
import pytest
from scipy import stats

from coinfer.simulator.link.backhaul import Backhaul

TASKS = 20_000


def rng():
    return np.random.default_rng(1)


def test_without_spread_every_delay_is_the_median():
    assert Backhaul(0.01).delays_s(3, rng()).tolist() == [0.01] * 3
    assert Backhaul(0.0, sigma_log=0.5).delays_s(2, rng()).tolist() == [0.0] * 2


@pytest.mark.parametrize("sigma_log", [0.1, 0.5, 1.0])
def test_delays_are_log_normal(sigma_log):
    delays_s = Backhaul(0.02, sigma_log).delays_s(TASKS, rng())
    assert delays_s.shape == (TASKS,)
    # Kolmogorov-Smirnov with its exact distribution, at the level of 1e-4.
    assert stats.kstest(delays_s, stats.lognorm(sigma_log, scale=0.02).cdf).pvalue > 1e-4


def test_mean_is_the_closed_form():
    # exp(.02) 10 ms at sigma .2; the standard error comes from the log-normal's own variance.
    delays_s = Backhaul(0.01, 0.2).delays_s(TASKS, rng())
    error_s = stats.lognorm(0.2, scale=0.01).std() / np.sqrt(TASKS)
    assert abs(delays_s.mean() - 0.01 * np.exp(0.02)) < stats.norm.isf(5e-5) * error_s


@pytest.mark.parametrize(
    ("median_s", "sigma_log", "message"),
    [
        (-0.001, 0.0, r"median_s of a backhaul must be finite and at least 0, got -0\.001"),
        (float("inf"), 0.0, "median_s .* got inf"),
        (0.01, -1.0, r"sigma_log .* got -1\.0"),
        (0.01, float("nan"), "sigma_log .* got nan"),
    ],
)
def test_senseless_delays_are_refused(median_s, sigma_log, message):
    with pytest.raises(ValueError, match=message):
        Backhaul(median_s, sigma_log)
