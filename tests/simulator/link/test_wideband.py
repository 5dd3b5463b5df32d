import numpy as np
import pytest
from scipy import integrate

from coinfer.simulator.link.fading import Rayleigh
from coinfer.simulator.link.fading_statistics import nakagami_outage
from coinfer.simulator.link.wideband import Wideband, band_variance

CARRIER_HZ = 3.5e9
SLOT_S = Rayleigh(1.0, CARRIER_HZ).longest_slot_s


@pytest.mark.parametrize(("bandwidth_hz", "spread_s"), [(1e5, 1e-7), (1e6, 1e-7), (20e6, 1e-7), (1e8, 3e-7)])
def test_the_variance_is_the_mean_covariance_of_two_frequencies_of_the_band(bandwidth_hz, spread_s):
    width = bandwidth_hz * spread_s  # The integral over both frequencies, on the diagonals f1 - f2 = u / tau.
    expected, _ = integrate.quad(lambda u: 2.0 * (width - u) / (1.0 + (2.0 * np.pi * u) ** 2), 0.0, width)
    assert band_variance(bandwidth_hz, spread_s) == pytest.approx(expected / width**2, rel=1e-7)


def test_the_variance_is_that_of_a_channel_with_an_exponential_power_delay_profile():
    rng, subcarriers, taps = np.random.default_rng(2), 64, 400
    delays_s = rng.exponential(100e-9, taps)  # Like powers at exponential delays: an exponential profile.
    frequencies_hz = (np.arange(subcarriers) + 0.5) / subcarriers * 20e6
    steering = np.exp(-2j * np.pi * np.outer(delays_s, frequencies_hz)) / np.sqrt(taps)
    noise = rng.standard_normal((4000, taps, 2)).view(np.complex128)[..., 0] / np.sqrt(2.0)
    gains = np.square(np.abs(noise @ steering)).mean(axis=1)
    # 4 standard errors of a variance: sqrt(kurtosis / 4000), a relative 2.2 % each; 400 taps add 5 %.
    assert np.var(gains) == pytest.approx(band_variance(20e6, 100e-9), rel=0.12)


def test_a_narrow_band_fades_like_rayleigh():
    flat, rayleigh = Wideband(1.0, CARRIER_HZ, 1e6, 0.0), Rayleigh(1.0, CARRIER_HZ)
    assert flat.m_eff == 1.0
    np.testing.assert_allclose(
        flat.gains(1000, SLOT_S, np.random.default_rng(1)),
        rayleigh.gains(1000, SLOT_S, np.random.default_rng(1)),
        atol=1e-13,
    )
    for spread_s in (1e-12, 1e-10):
        x = 2.0 * np.pi * 1e6 * spread_s
        assert Wideband(1.0, CARRIER_HZ, 1e6, spread_s).m_eff == pytest.approx(1.0 + x**2 / 6.0, rel=1e-12)


def test_the_series_joins_the_closed_form():
    edge_s = 1e-3 / (2.0 * np.pi)
    below, above = band_variance(1.0, edge_s * (1.0 - 1e-9)), band_variance(1.0, edge_s * (1.0 + 1e-9))
    assert below == pytest.approx(above, rel=1e-9)


def test_a_wide_band_hardly_fades():
    # 2 x atan x -> pi x: m_eff tends to x / pi = 2 B tau.
    assert Wideband(1.0, CARRIER_HZ, 1e9, 1e-3).m_eff == pytest.approx(2e6, rel=1e-4)
    shapes = [Wideband(1.0, CARRIER_HZ, bandwidth_hz, 1e-7).m_eff for bandwidth_hz in np.geomspace(1e5, 1e8)]
    assert (np.diff(shapes) > 0.0).all()


def test_gains_have_mean_one_and_the_band_s_variance(interval_99):
    fading = Wideband(1.0, CARRIER_HZ, bandwidth_hz=20e6, rms_delay_spread_s=100e-9)
    drawn = [fading.gains(4096, SLOT_S, np.random.default_rng(seed)) for seed in range(150)]
    for measured, expected in [
        ([gains.mean() for gains in drawn], 1.0),
        ([np.square(gains).mean() for gains in drawn], 1.0 + band_variance(20e6, 100e-9)),
        ([np.mean(gains < 0.5) for gains in drawn], nakagami_outage(fading.m_eff, 0.5)),
    ]:
        low, high = interval_99(measured)
        assert low < expected < high


@pytest.mark.parametrize(
    ("bandwidth_hz", "spread_s", "complaint"),
    [(0.0, 1e-7, "bandwidth_hz .* got 0.0"), (1e6, -1e-9, "rms_delay_spread_s .* got -1e-09")],
)
def test_arguments_out_of_range_are_refused(bandwidth_hz, spread_s, complaint):
    with pytest.raises(ValueError, match=complaint):
        Wideband(1.0, CARRIER_HZ, bandwidth_hz, spread_s)
