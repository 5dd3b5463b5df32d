import numpy as np
import pytest
from scipy import stats

from coinfer.simulator.link.diversity import Diversity
from coinfer.simulator.link.fading import NoFading, Rayleigh
from coinfer.simulator.link.fading_statistics import (
    combining_outage,
    level_crossing_rate_hz,
    nakagami_level_crossing_rate,
)
from coinfer.simulator.link.nakagami import Nakagami

WALK, STILL = Rayleigh(1.0, 3.5e9), Rayleigh(0.0, 3.5e9)


def test_one_branch_is_the_fading_itself():
    inner = WALK.gains(512, 1e-3, np.random.default_rng(1))
    np.testing.assert_array_equal(Diversity(WALK, 1).gains(512, 1e-3, np.random.default_rng(1)), inner)
    assert Diversity(WALK, 4).longest_slot_s == WALK.longest_slot_s


def test_gains_of_branches_add_up():
    rng = np.random.default_rng(1)
    by_hand = WALK.gains(512, 1e-3, rng) + WALK.gains(512, 1e-3, rng)
    np.testing.assert_array_equal(Diversity(WALK, 2).gains(512, 1e-3, np.random.default_rng(1)), by_hand)
    assert Diversity(NoFading(), 4).gains(2, 1.0, rng).tolist() == [4.0, 4.0]


@pytest.mark.parametrize(("branches", "m"), [(2, 1.0), (4, 1.0), (3, 0.5), (2, 1.7)])
def test_outage_of_maximum_ratio_combining(branches, m):
    rng = np.random.default_rng(9)
    combined = Diversity(Nakagami(0.0, 3.5e9, m), branches)
    gains = np.array([combined.gains(1, 1.0, rng)[0] for _ in range(2000)])
    assert stats.kstest(gains, stats.gamma(branches * m, scale=1.0 / m).cdf).pvalue > 1e-4
    for threshold in (0.3, 1.0):
        expected = float(combining_outage(branches, threshold, m))
        assert stats.binomtest(int(np.sum(gains < threshold)), 2000, expected).pvalue > 1e-4


@pytest.mark.parametrize("branches", [2, 4])
def test_the_mean_is_the_number_of_branches(branches, interval_99):
    combined = Diversity(WALK, branches)
    means = [combined.gains(2048, 1e-3, np.random.default_rng(seed)).mean() for seed in range(150)]
    low, high = interval_99(means)
    assert low < branches < high


def test_two_branches_cross_levels_like_nakagami_fading_of_m_two():
    combined, slot_s = Diversity(WALK, 2), WALK.longest_slot_s
    drawn = np.stack([combined.gains(2**14, slot_s, np.random.default_rng(seed)) for seed in range(60)])
    for rho in (0.5, 1.0):
        expected = float(nakagami_level_crossing_rate(2.0, rho)) * WALK.doppler_hz
        assert level_crossing_rate_hz(drawn, slot_s, 2.0 * rho**2) == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("branches", [0, -1])
def test_no_branch_is_refused(branches):
    with pytest.raises(ValueError, match=f"branches must be at least 1, got {branches}"):
        Diversity(WALK, branches)
