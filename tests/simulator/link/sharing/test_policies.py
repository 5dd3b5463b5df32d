import numpy as np
import pytest

from coinfer.simulator.link.sharing.proportional_fair import ProportionalFair
from coinfer.simulator.link.sharing.round_robin import RoundRobin

SLOTS = 40_000


def served(policy, rates_bps):
    """Let all devices be ready in every slot; give who was served, `[slots]`."""
    ready = range(rates_bps.shape[1])
    return np.array([policy.choose(ready, row.__getitem__) for row in rates_bps.tolist()])


def test_round_robin_passes_over_those_who_are_not_ready():
    policy = RoundRobin()
    turns = [[0, 1, 2], [0, 1, 2], [0, 1], [2], [0, 2], [0, 2]]
    assert [policy.choose(ready, lambda _: 1.0) for ready in turns] == [0, 1, 0, 2, 0, 2]


def test_proportional_fair_by_hand():
    # Averages (device 0, device 1) after each slot: (1, 0), (.5, .5), (1.25, .25), (.625, .625), (1.3125, ..)
    assert served(ProportionalFair(2.0), np.full((5, 2), [2.0, 1.0])).tolist() == [0, 1, 0, 1, 0]


def test_proportional_fair_takes_a_good_slot():
    # Averages .09 and .1 after two slots; then 3/.1 beats 1/.09, and after that 1/.081 beats 3/.39.
    rates_bps = np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 3.0], [1.0, 3.0]])
    assert served(ProportionalFair(10.0), rates_bps).tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("devices", [2, 4, 8])
def test_the_gain_of_many_users_over_rayleigh_fading(devices):
    """At low SNR the rate is the gain, exponential: the best of n has sum 1/k times the mean.

    Shares: 4 standard deviations of independent choices, which vary more. Rates: 4 standard deviations of
    the mean of SLOTS maxima (variance sum 1/k^2 <= 1.65), and 1 % for the average's finite memory.
    """
    rates_bps = np.random.default_rng(1).exponential(1.0, (SLOTS, devices))
    harmonic = np.sum(1.0 / np.arange(1, devices + 1))
    for policy, gain in ((ProportionalFair(1000.0), harmonic), (RoundRobin(), 1.0)):
        chosen = served(policy, rates_bps)
        shares = np.bincount(chosen) / SLOTS
        assert np.abs(shares - 1.0 / devices).max() < 4.0 * np.sqrt(1.0 / devices / SLOTS)
        mean_bps = rates_bps[np.arange(SLOTS), chosen].mean()
        assert mean_bps == pytest.approx(gain, abs=4.0 * np.sqrt(1.65 / SLOTS) + 0.01 * gain)


def test_proportional_fair_is_fair_in_time_to_unequal_devices():
    """With gains of one law but unequal means every device gets the same part of the slots."""
    rates_bps = np.random.default_rng(1).exponential(1.0, (SLOTS, 4)) * [1.0, 3.0, 10.0, 100.0]
    shares = np.bincount(served(ProportionalFair(1000.0), rates_bps)) / SLOTS
    np.testing.assert_allclose(shares, 0.25, atol=0.01)


def test_a_memory_shorter_than_a_slot_is_refused():
    with pytest.raises(ValueError, match=r"at least 1, got 0.5"):
        ProportionalFair(0.5)
