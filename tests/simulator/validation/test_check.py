import numpy as np
import pytest
from scipy import stats

from coinfer.simulator.validation.check import FALSE_ALARM, Check, exact, of_mean, of_ratio, of_share


def test_the_ends_of_the_interval_belong_to_it():
    for measured, holds in [(0.9, True), (1.1, True), (0.8999, False), (1.1001, False), (np.nan, False)]:
        assert Check("x", 1.0, measured, 0.9, 1.1).holds == holds


def test_exact_values_may_be_off_by_their_rounding():
    assert exact("x", 85.31419, 85.314194).holds
    assert not exact("x", 85.31419, 85.314196).holds


@pytest.mark.parametrize("probability", [0.002, 0.1, 0.5, 0.9])
def test_a_share_is_outside_about_once_in_ten_thousand(probability):
    check = of_share("x", probability, 30, 1000)
    low, high = round(1000 * check.low), round(1000 * check.high)
    outside = stats.binom.cdf(low - 1, 1000, probability) + stats.binom.sf(high, 1000, probability)
    assert FALSE_ALARM / 10.0 < outside <= FALSE_ALARM
    assert check.measured == 0.03


def test_a_mean_lies_around_theory_as_student_s_t_says():
    drawn = np.random.default_rng(1).normal(3.0, 1.0, 40)
    check = of_mean("x", 3.0, drawn)
    low, high = stats.t.interval(1.0 - FALSE_ALARM, 39, loc=3.0, scale=stats.sem(drawn))
    assert (check.low, check.high, check.measured) == pytest.approx((low, high, drawn.mean()))
    wider = of_mean("x", 3.0, drawn, slack=0.5)
    assert (wider.low, wider.high) == pytest.approx((low - 0.5, high + 0.5))


def test_a_ratio_is_that_of_the_means():
    rng = np.random.default_rng(2)
    below = rng.uniform(1.0, 3.0, 2000)
    check = of_ratio("x", 0.5, 0.5 * below + rng.normal(0.0, 0.1, 2000), below)
    assert check.measured == pytest.approx(0.5, abs=0.004)
    # 3.9 standard errors of a mean of 0.1 / sqrt(2000), over the mean denominator of 2.
    assert check.high - 0.5 == pytest.approx(3.9 * 0.1 / 2000**0.5 / 2.0, rel=0.05)
    assert check.holds
