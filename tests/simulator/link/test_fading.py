import numpy as np
import pytest
from scipy import special, stats

from coinfer.simulator.link.fading import NoFading, Rayleigh, doppler_hz
from coinfer.simulator.link.fading_statistics import (
    autocorrelation,
    average_fade_duration_s,
    clarke_autocorrelation,
    level_crossing_rate_hz,
    rayleigh_level_crossing_rate,
    rayleigh_outage,
    rayleigh_sampled_crossing_rate,
)
from coinfer.simulator.link.rate import ShannonRate
from coinfer.simulator.units import db_to_linear

WALK = Rayleigh(speed_mps=1.0, carrier_hz=3.5e9)
SLOT_S = 1.0 / (100.0 * WALK.doppler_hz)


def traces(count, slots=8192, fading=WALK):
    return [fading.gains(slots, SLOT_S, np.random.default_rng(seed)) for seed in range(count)]


def test_doppler_shift_of_known_speeds():
    assert doppler_hz(speed_mps=30.0, carrier_hz=299_792_458.0) == 30.0
    assert WALK.doppler_hz == pytest.approx(11.67474, rel=1e-6)
    assert WALK.longest_slot_s == 1.0 / (64.0 * WALK.doppler_hz)


def test_the_ensemble_mean_is_one_but_no_trace_is_normalised(interval_99):
    means = [gains.mean() for gains in traces(200)]
    low, high = interval_99(means)
    assert low < 1.0 < high
    assert np.std(means) > 0.01


@pytest.mark.parametrize("slots", [1, 7, 64, 100, 1000])
def test_the_ensemble_mean_is_one_for_any_number_of_slots(slots):
    power = WALK.spectrum.bin_powers(slots * SLOT_S)
    assert power.sum() == pytest.approx(1.0, rel=1e-12)
    np.testing.assert_allclose(power, power[::-1], rtol=1e-9)


@pytest.mark.parametrize("speed_mps", [0.0, 1.0])
def test_gains_are_exponential(speed_mps):
    fading = Rayleigh(speed_mps, carrier_hz=3.5e9)
    last_gains = [gains[-1] for gains in traces(3000, slots=512, fading=fading)]
    assert stats.kstest(last_gains, "expon").pvalue > 0.01


@pytest.mark.parametrize(("lag", "bessel"), [(5, 0.97548), (10, 0.90371), (20, 0.64251), (50, -0.30424)])
def test_the_autocorrelation_is_bessel_s_j0(lag, bessel, interval_99):
    assert special.j0(2.0 * np.pi * lag / 100.0) == pytest.approx(bessel, abs=5e-6)
    products = []
    for seed in range(500):
        h = WALK.channel(8192, SLOT_S, np.random.default_rng(seed))
        products.append(np.vdot(h, np.roll(h, lag)).real / len(h))
    low, high = interval_99(products)
    assert low < bessel < high
    assert high - low < 0.025


def test_the_autocorrelation_is_within_a_hundredth_of_j0_up_to_its_second_zero():
    lags = np.arange(round(special.jn_zeros(0, 2)[1] / (2.0 * np.pi) * 64.0) + 1)
    drawn = [WALK.channel(2**17, WALK.longest_slot_s, np.random.default_rng(seed)) for seed in range(40)]
    measured = np.mean([autocorrelation(h, lags) for h in drawn], axis=0)
    np.testing.assert_allclose(measured, clarke_autocorrelation(lags / 64.0), rtol=0.0, atol=0.01)


@pytest.mark.parametrize("slots", [2**14, 2**17])
def test_the_ensemble_s_autocorrelation_is_j0_for_any_length(slots):
    lags = np.arange(round(special.jn_zeros(0, 2)[1] / (2.0 * np.pi) * 64.0) + 1)
    power = WALK.spectrum.bin_powers(slots * WALK.longest_slot_s)
    bins = np.arange(len(power)) - len(power) // 2
    expected = np.cos(2.0 * np.pi / slots * np.outer(lags, bins)) @ power
    np.testing.assert_allclose(expected, clarke_autocorrelation(lags / 64.0), rtol=0.0, atol=1e-4)


@pytest.mark.parametrize(("level_db", "tolerance"), [(-20.0, 0.06), (-10.0, 0.03), (0.0, 0.03)])
@pytest.mark.parametrize(("slots", "count"), [(2**14, 160), (2**17, 20)])
def test_level_crossings_and_fades_are_rice_s_for_any_length(level_db, tolerance, slots, count):
    slot_s, level, rho = WALK.longest_slot_s, db_to_linear(level_db), db_to_linear(level_db / 2.0)
    drawn = np.stack([WALK.gains(slots, slot_s, np.random.default_rng(seed)) for seed in range(count)])
    rate = level_crossing_rate_hz(drawn, slot_s, level) / WALK.doppler_hz
    assert rate == pytest.approx(float(rayleigh_level_crossing_rate(rho)), rel=tolerance)
    duration = average_fade_duration_s(drawn, slot_s, level) * WALK.doppler_hz
    seen = rayleigh_outage(level) / rayleigh_sampled_crossing_rate(rho, 1.0 / 64.0)
    assert duration == pytest.approx(float(seen), rel=tolerance)


@pytest.mark.parametrize("level_db", [-20.0, -10.0, 0.0])
def test_crossings_between_slots_come_at_their_exact_rate(level_db, interval_99):
    expected = (
        float(rayleigh_sampled_crossing_rate(db_to_linear(level_db / 2.0), 1.0 / 64.0)) * WALK.doppler_hz
    )
    slot_s = WALK.longest_slot_s
    drawn = [WALK.gains(2**14, slot_s, np.random.default_rng(seed)) for seed in range(200)]
    low, high = interval_99(
        [level_crossing_rate_hz(gains, slot_s, db_to_linear(level_db)) for gains in drawn]
    )
    assert low < expected < high


@pytest.mark.parametrize(("slots", "count"), [(2**11, 320), (2**14, 160), (2**17, 20)])
def test_outage_does_not_depend_on_the_length_of_the_trace(slots, count, interval_99):
    drawn = [WALK.gains(slots, WALK.longest_slot_s, np.random.default_rng(seed)) for seed in range(count)]
    low, high = interval_99([np.mean(gains < 0.1) for gains in drawn])
    assert low < rayleigh_outage(0.1) < high


@pytest.mark.parametrize(("snr_db", "bps_per_hz"), [(0.0, 0.86035), (10.0, 2.90651), (20.0, 5.88405)])
def test_ergodic_capacity(snr_db, bps_per_hz, interval_99):
    rate = ShannonRate(bandwidth_hz=1.0)
    low, high = interval_99([rate.bits_per_s(db_to_linear(snr_db) * gains).mean() for gains in traces(200)])
    assert low < bps_per_hz < high
    assert high - low < 0.05 * bps_per_hz


@pytest.mark.parametrize(("mean_db", "threshold_db", "outage"), [(10, 0, 0.095163), (10, 5, 0.27111)])
def test_outage(mean_db, threshold_db, outage, interval_99):
    threshold = db_to_linear(threshold_db - mean_db)
    low, high = interval_99([np.mean(gains < threshold) for gains in traces(200)])
    assert low < outage < high


def test_the_trace_may_be_repeated_end_to_end():
    jumps = [abs(gains[0] - gains[-1]) for gains in traces(100)]
    steps = [np.abs(np.diff(gains)).mean() for gains in traces(100)]
    assert np.mean(jumps) == pytest.approx(np.mean(steps), rel=0.3)


def test_a_still_device_keeps_its_gain():
    still = Rayleigh(speed_mps=0.0, carrier_hz=3.5e9)
    gains = still.gains(1000, 3600.0, np.random.default_rng(1))
    assert np.ptp(gains) == 0.0
    assert gains[0] != still.gains(1, 1.0, np.random.default_rng(2))[0]


def test_no_fading_is_one():
    assert NoFading().gains(3, 1.0, np.random.default_rng(1)).tolist() == [1.0, 1.0, 1.0]
    assert NoFading().longest_slot_s == float("inf")


@pytest.mark.parametrize(
    ("speed_mps", "carrier_hz", "complaint"),
    [
        (-1.0, 1e9, "speed_mps must be finite and at least 0, got -1.0"),
        (np.inf, 1e9, "speed_mps .* got inf"),
        (np.nan, 1e9, "speed_mps .* got nan"),
        (1.0, 0.0, "carrier_hz must be finite and above 0, got 0.0"),
    ],
)
def test_impossible_motion_is_refused(speed_mps, carrier_hz, complaint):
    with pytest.raises(ValueError, match=complaint):
        Rayleigh(speed_mps, carrier_hz)


def test_slots_that_miss_level_crossings_are_refused():
    with pytest.raises(ValueError, match=r"slots of 0.01 s are too long .* use at most 1/\(64 f_d\)"):
        WALK.gains(100, 0.01, np.random.default_rng(1))


def test_the_seed_decides():
    first, again, other = (WALK.gains(256, SLOT_S, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
