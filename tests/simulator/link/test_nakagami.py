import numpy as np
import pytest
from scipy import special, stats

from coinfer.simulator.link.fading import Rayleigh
from coinfer.simulator.link.fading_statistics import (
    clarke_autocorrelation,
    level_crossing_rate_hz,
    nakagami_level_crossing_rate,
    nakagami_outage,
)
from coinfer.simulator.link.nakagami import Nakagami, _mapped

CARRIER_HZ = 3.5e9
WALK = Rayleigh(speed_mps=1.0, carrier_hz=CARRIER_HZ)
SLOT_S = WALK.longest_slot_s


def traces(m, count, slots=2**14, slot_s=SLOT_S):
    fading = Nakagami(1.0, CARRIER_HZ, m)
    return np.stack([fading.gains(slots, slot_s, np.random.default_rng(seed)) for seed in range(count)])


@pytest.mark.parametrize("m", [0.5, 0.7, 1.0, 1.5, 2.3, 40.0])
def test_the_gain_of_a_still_device_is_gamma_distributed(m):
    fading, rng = Nakagami(0.0, CARRIER_HZ, m), np.random.default_rng(6)
    gains = np.array([fading.gains(1, 1.0, rng)[0] for _ in range(1000)])
    assert stats.kstest(gains, stats.gamma(m, scale=1.0 / m).cdf).pvalue > 1e-4
    outages = int(np.sum(gains < 0.5))
    assert stats.binomtest(outages, 1000, float(nakagami_outage(m, 0.5))).pvalue > 1e-4


@pytest.mark.parametrize("m", [0.7, 2.0, 3.3])
def test_a_moving_device_has_the_same_distribution(m, interval_99):
    drawn = traces(m, count=150, slots=4096)
    for measured, expected in [
        (drawn.mean(axis=1), 1.0),
        (np.square(drawn).mean(axis=1), 1.0 + 1.0 / m),
        ((drawn < 0.2).mean(axis=1), nakagami_outage(m, 0.2)),
    ]:
        low, high = interval_99(measured)
        assert low < expected < high


@pytest.mark.parametrize("m", [0.5, 1.0, 1.5, 3.0])
def test_levels_are_crossed_at_the_rate_of_yacoub_s_model(m):
    drawn = traces(m, count=100)
    for rho in (0.5, 0.8, 1.2):
        expected = float(nakagami_level_crossing_rate(m, rho))
        measured = level_crossing_rate_hz(drawn, SLOT_S, rho**2) / WALK.doppler_hz
        # A real Gaussian process, m = 0.5, dives through 0 within a slot, and is not seen to.
        assert measured == pytest.approx(expected, rel=0.03 if m > 0.5 else 0.05)


@pytest.mark.parametrize(("m", "nearest"), [(0.7, 0.5), (2.3, 2.5), (50.0, 32.0)])
def test_between_whole_2m_quantiles_are_crossed_at_the_rate_of_the_nearest(m, nearest):
    drawn = traces(m, count=50)
    for probability in (0.1, 0.5):
        gain, like = (special.gammaincinv(shape, probability) / shape for shape in (m, nearest))
        measured = level_crossing_rate_hz(drawn, SLOT_S, gain) / WALK.doppler_hz
        expected = float(nakagami_level_crossing_rate(nearest, np.sqrt(like)))
        assert measured == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize(("lowest_m", "tolerance"), [(0.75, 0.18), (1.0, 0.12), (1.5, 0.05), (32.0, 0.04)])
def test_the_nearest_rate_is_as_near_as_documented(lowest_m, tolerance):
    for m in np.linspace(lowest_m, 2.0 * lowest_m, 100):
        nearest = Nakagami(1.0, CARRIER_HZ, m).processes / 2.0
        rho, like = (np.sqrt(special.gammaincinv(shape, 0.1) / shape) for shape in (m, nearest))
        expected = float(nakagami_level_crossing_rate(m, rho))
        assert nakagami_level_crossing_rate(nearest, like) == pytest.approx(expected, rel=tolerance)


@pytest.mark.parametrize("m", [0.5, 2.0])
@pytest.mark.parametrize("lag", [6, 13, 25, 40])
def test_the_gain_s_autocovariance_is_j0_squared_over_m(m, lag, interval_99):
    drawn = traces(m, count=1500, slots=1024)
    products = (drawn * np.roll(drawn, -lag, axis=1)).mean(axis=1)
    low, high = interval_99(products)
    assert low < 1.0 + clarke_autocorrelation(lag / 64.0) ** 2 / m < high


@pytest.mark.parametrize("slots", [1, 5, 33, 64, 65, 1000, 8192])
def test_m_of_one_is_rayleigh_fading_for_any_number_of_slots(slots):
    rayleigh = WALK.gains(slots, SLOT_S, np.random.default_rng(3))
    nakagami = Nakagami(1.0, CARRIER_HZ, 1.0).gains(slots, SLOT_S, np.random.default_rng(3))
    np.testing.assert_allclose(nakagami, rayleigh, atol=1e-13)


@pytest.mark.parametrize(("of_shape", "to_shape"), [(0.5, 0.7), (1.0, 0.8), (2.5, 2.3), (32.0, 100.0)])
def test_the_map_between_gammas_keeps_quantiles(of_shape, to_shape):
    probability = np.concatenate([np.geomspace(1e-12, 0.4, 200), np.linspace(0.4, 0.999999, 200)])
    of, to = (special.gammaincinv(shape, probability) / shape for shape in (of_shape, to_shape))
    np.testing.assert_allclose(_mapped(of, of_shape, to_shape), to, rtol=1e-5)


@pytest.mark.parametrize("m", [0.5, 0.6, 2.3])
def test_gains_are_never_negative_nor_undefined(m):
    assert (traces(m, count=5) >= 0.0).all()
    assert np.isfinite(traces(m, count=5)).all()


@pytest.mark.parametrize("m", [2.0, 2.3])
def test_a_still_device_keeps_its_gain(m):
    assert np.ptp(Nakagami(0.0, CARRIER_HZ, m).gains(1000, 3600.0, np.random.default_rng(1))) == 0.0


@pytest.mark.parametrize("m", [0.49, np.nan, np.inf])
def test_a_shape_out_of_range_is_refused(m):
    with pytest.raises(ValueError, match=f"m must be finite and at least 0.5, got {m}"):
        Nakagami(1.0, CARRIER_HZ, m)


def test_slots_that_miss_level_crossings_are_refused():
    with pytest.raises(ValueError, match=r"slots of 0.01 s are too long"):
        Nakagami(1.0, CARRIER_HZ, 2.0).gains(100, 0.01, np.random.default_rng(1))
