import numpy as np
import pytest
from scipy import stats

from coinfer.simulator.link.fading import Rayleigh
from coinfer.simulator.link.fading_statistics import (
    autocorrelation,
    clarke_autocorrelation,
    level_crossing_rate_hz,
    rician_level_crossing_rate,
    rician_outage,
)
from coinfer.simulator.link.rician import Rician
from coinfer.simulator.units import db_to_linear

CARRIER_HZ = 3.5e9
WALK = Rayleigh(speed_mps=1.0, carrier_hz=CARRIER_HZ)


def still_gains(k_db, count=4000):
    fading = Rician(speed_mps=0.0, carrier_hz=CARRIER_HZ, k_db=k_db)
    rng = np.random.default_rng(5)
    return np.array([fading.gains(1, 1.0, rng)[0] for _ in range(count)])


@pytest.mark.parametrize("k_db", [-10.0, 3.0, 6.0, 13.0])
def test_the_gain_of_a_still_device_is_rician(k_db):
    k = db_to_linear(k_db)
    gain = stats.ncx2(2, 2.0 * k, scale=0.5 / (k + 1.0))
    assert gain.mean() == pytest.approx(1.0, rel=1e-9)
    assert stats.kstest(still_gains(k_db), gain.cdf).pvalue > 1e-4


@pytest.mark.parametrize(("k_db", "threshold"), [(3.0, 0.1), (6.0, 0.3)])
def test_outage_of_a_still_device_is_marcum_s_q(k_db, threshold):
    outages = int(np.sum(still_gains(k_db) < threshold))
    expected = float(rician_outage(db_to_linear(k_db), threshold))
    assert stats.binomtest(outages, 4000, expected).pvalue > 1e-4


@pytest.mark.parametrize("arrival_angle_deg", [0.0, 60.0, 90.0, 135.0])
def test_a_moving_device_has_mean_gain_one_and_the_same_outage(arrival_angle_deg, interval_99):
    fading = Rician(1.0, CARRIER_HZ, 6.0, arrival_angle_deg)
    traces = [fading.gains(4096, WALK.longest_slot_s, np.random.default_rng(seed)) for seed in range(150)]
    low, high = interval_99([trace.mean() for trace in traces])
    assert low < 1.0 < high
    low, high = interval_99([np.mean(trace < 0.3) for trace in traces])
    assert low < rician_outage(db_to_linear(6.0), 0.3) < high


@pytest.mark.parametrize("arrival_angle_deg", [0.0, 60.0, 90.0])
def test_levels_are_crossed_at_rice_s_rate(arrival_angle_deg):
    fading, slot_s = Rician(1.0, CARRIER_HZ, 6.0, arrival_angle_deg), WALK.longest_slot_s
    traces = np.stack([fading.gains(2**15, slot_s, np.random.default_rng(seed)) for seed in range(50)])
    for rho in (0.5, 0.8, 1.2):
        expected = rician_level_crossing_rate(db_to_linear(6.0), rho, arrival_angle_deg) * WALK.doppler_hz
        assert level_crossing_rate_hz(traces, slot_s, rho**2) == pytest.approx(float(expected), rel=0.03)


def test_the_autocorrelation_turns_with_the_line_of_sight():
    fading, slot_s, lags = Rician(1.0, CARRIER_HZ, 3.0, 60.0), WALK.longest_slot_s, np.arange(0, 60, 4)
    traces = np.stack([fading.channel(2**14, slot_s, np.random.default_rng(seed)) for seed in range(100)])
    k, periods = db_to_linear(3.0), lags / 64.0
    sight = k * np.exp(2j * np.pi * 0.5 * periods)  # cos 60 deg = 1/2
    expected = (sight + clarke_autocorrelation(periods)) / (k + 1.0)
    np.testing.assert_allclose(autocorrelation(traces, lags), expected, atol=0.015)


def test_the_scattered_paths_are_those_of_rayleigh():
    slot_s, rng = WALK.longest_slot_s, np.random.default_rng
    without = Rician(1.0, CARRIER_HZ, k_db=-np.inf).channel(256, slot_s, rng(1))
    np.testing.assert_allclose(without, WALK.channel(256, slot_s, rng(1)), rtol=1e-12)
    hardly = Rician(1.0, CARRIER_HZ, k_db=200.0, arrival_angle_deg=30.0).gains(256, slot_s, rng(1))
    np.testing.assert_allclose(hardly, 1.0, rtol=1e-9)


@pytest.mark.parametrize("slots", [1, 7, 31, 32, 33, 64, 96, 97, 160, 1000])
def test_the_line_of_sight_closes_its_last_turn(slots):
    fading = Rician(1.0, CARRIER_HZ, k_db=200.0, arrival_angle_deg=0.0)
    h = fading.channel(slots, WALK.longest_slot_s, np.random.default_rng(1))
    turns = round(slots / 64)
    np.testing.assert_allclose(h / h[0], np.exp(2j * np.pi * turns * np.arange(slots) / slots), atol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((-1.0, 1e9, 3.0, 0.0), "speed_mps .* got -1.0"),
        ((1.0, 1e9, np.nan, 0.0), "k_db .* got nan"),
        ((1.0, 1e9, np.inf, 0.0), "k_db .* got inf"),
        ((1.0, 1e9, 3.0, np.inf), "arrival_angle_deg .* got inf"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        Rician(*arguments)


def test_slots_that_miss_level_crossings_are_refused():
    with pytest.raises(ValueError, match=r"slots of 0.01 s are too long"):
        Rician(1.0, CARRIER_HZ, 3.0).gains(100, 0.01, np.random.default_rng(1))
