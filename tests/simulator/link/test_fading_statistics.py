import numpy as np
import pytest
from scipy import integrate, special, stats

from coinfer.simulator.link.fading_statistics import (
    autocorrelation,
    average_fade_duration_s,
    clarke_autocorrelation,
    combining_outage,
    level_crossing_rate_hz,
    nakagami_level_crossing_rate,
    nakagami_outage,
    rayleigh_average_fade_duration,
    rayleigh_level_crossing_rate,
    rayleigh_outage,
    rayleigh_sampled_crossing_rate,
    rician_level_crossing_rate,
    rician_outage,
)


@pytest.mark.parametrize(
    ("level_db", "rate", "duration"),
    [(-20, 0.24817, 0.04009), (-10, 0.71723, 0.13268), (0, 0.92214, 0.68550)],
)
def test_published_crossings_and_fades_of_rayleigh(level_db, rate, duration):
    rho = 10.0 ** (level_db / 20.0)
    assert rayleigh_level_crossing_rate(rho) == pytest.approx(rate, abs=5e-6)
    assert rayleigh_average_fade_duration(rho) == pytest.approx(duration, abs=5e-6)


@pytest.mark.parametrize(
    ("periods", "value"), [(0.05, 0.97548), (0.1, 0.90371), (0.2, 0.64251), (0.5, -0.30424)]
)
def test_published_values_of_j0(periods, value):
    assert clarke_autocorrelation(periods) == pytest.approx(value, abs=5e-6)


@pytest.mark.parametrize(
    ("mean_db", "threshold_db", "outage"), [(10, 0, 0.095163), (10, 5, 0.27111), (20, 0, 0.0099502)]
)
def test_published_outage_of_rayleigh(mean_db, threshold_db, outage):
    threshold = 10.0 ** ((threshold_db - mean_db) / 10.0)
    assert rayleigh_outage(threshold) == pytest.approx(outage, rel=2e-5)
    assert rician_outage(0.0, threshold) == pytest.approx(outage, rel=2e-5)
    assert nakagami_outage(1.0, threshold) == pytest.approx(outage, rel=2e-5)
    assert combining_outage(1, threshold) == pytest.approx(outage, rel=2e-5)


@pytest.mark.parametrize(("rho", "slot_periods"), [(0.1, 1 / 64), (0.5, 1 / 20), (1.0, 1 / 128)])
def test_crossings_from_slot_to_slot_are_the_integral_over_the_first_gain(rho, slot_periods):
    # Given one gain, the next is non-central chi-square.
    correlation = float(clarke_autocorrelation(slot_periods)) ** 2
    scale = 2.0 / (1.0 - correlation)
    expected, _ = integrate.quad(
        lambda gain: np.exp(-gain) * stats.ncx2.sf(scale * rho**2, 2, scale * correlation * gain),
        0.0,
        rho**2,
        points=[0.9 * rho**2],
    )
    assert rayleigh_sampled_crossing_rate(rho, slot_periods) == pytest.approx(expected / slot_periods)


@pytest.mark.parametrize(("level_db", "missed"), [(-30, 0.331), (-20, 0.0315), (-10, 0.0028), (0, 0.0004)])
def test_slots_of_a_sixty_fourth_miss_as_many_crossings_as_documented(level_db, missed):
    rho = 10.0 ** (level_db / 20.0)
    seen = rayleigh_sampled_crossing_rate(rho, 1 / 64) / rayleigh_level_crossing_rate(rho)
    assert 1.0 - seen == pytest.approx(missed, abs=6e-4)
    assert rayleigh_sampled_crossing_rate(rho, 1e-4) == pytest.approx(
        float(rayleigh_level_crossing_rate(rho)), rel=1e-4
    )


@pytest.mark.parametrize("m", [0.5, 1.5, 4.0])
def test_crossings_are_density_times_mean_rise(m):
    # The slope of a Nakagami envelope is N(0, pi^2 / m) in units of f_d, whatever the level.
    rho = np.array([0.1, 0.7, 1.5])
    density = stats.nakagami(m).pdf(rho)
    np.testing.assert_allclose(nakagami_level_crossing_rate(m, rho), density * np.sqrt(np.pi / (2.0 * m)))
    fades = rayleigh_outage(rho**2) / rayleigh_level_crossing_rate(rho)
    np.testing.assert_allclose(rayleigh_average_fade_duration(rho), fades)


@pytest.mark.parametrize("k", [0.0, 1.0, 4.0, 100.0, 1e4])
def test_rice_s_closed_form_without_doppler_shift_of_the_line_of_sight(k):
    rho = np.array([0.3, 0.9, 1.0, 1.1])
    bessel = 2.0 * rho * np.sqrt(k * (k + 1.0))
    exponent = bessel - k - (k + 1.0) * rho**2
    expected = np.sqrt(2.0 * np.pi * (k + 1.0)) * rho * np.exp(exponent) * special.ive(0, bessel)
    np.testing.assert_allclose(rician_level_crossing_rate(k, rho), expected, rtol=1e-9)


def test_a_line_of_sight_that_turns_is_crossed_more_often():
    rates = [float(rician_level_crossing_rate(4.0, 0.7, angle)) for angle in (90.0, 60.0, 30.0, 0.0)]
    assert rates == sorted(rates)
    assert rates[0] < 0.8 * rates[-1]
    assert rician_level_crossing_rate(4.0, 0.7, 120.0) == pytest.approx(rates[1], rel=1e-12)


def test_outage_of_rice_is_the_integral_of_its_density():
    k = 4.0

    def density(gain):
        root = 2.0 * np.sqrt(k * (k + 1.0) * gain)
        return (k + 1.0) * np.exp(root - k - (k + 1.0) * gain) * special.ive(0, root)

    expected, _ = integrate.quad(density, 0.0, 0.3)
    assert rician_outage(k, 0.3) == pytest.approx(expected, rel=1e-8)


def test_outage_of_two_combined_branches():
    # Erlang's distribution: 1 - e^-x (1 + x), and with four 1 - e^-x (1 + x + x^2/2 + x^3/6).
    assert combining_outage(2, 0.5) == pytest.approx(1.0 - np.exp(-0.5) * 1.5)
    assert combining_outage(4, 2.0) == pytest.approx(1.0 - np.exp(-2.0) * (1.0 + 2.0 + 2.0 + 8.0 / 6.0))
    assert combining_outage(2, 0.5, m=1.5) == pytest.approx(float(nakagami_outage(3.0, 0.25)))


def test_crossings_and_fades_of_a_made_up_trace():
    gains = np.array([[0.0, 2.0, 0.0, 2.0, 2.0, 0.0, 0.0, 0.0], [2.0, 2.0, 0.0, 0.0, 2.0, 2.0, 2.0, 2.0]])
    assert level_crossing_rate_hz(gains[0], 0.5, 1.0) == 2 / 4.0
    assert average_fade_duration_s(gains[0], 0.5, 1.0) == 5 * 0.5 / 2
    assert level_crossing_rate_hz(gains, 0.5, 1.0) == 3 / 8.0
    assert average_fade_duration_s(gains, 0.5, 1.0) == 7 * 0.5 / 3
    with pytest.raises(ValueError, match=r"the gain never crosses 3.0"):
        average_fade_duration_s(gains, 0.5, 3.0)


def test_autocorrelation_of_lines():
    n = np.arange(16)
    line = 2.0 * np.exp(2j * np.pi * 3 * n / 16)
    lags = np.array([0, 1, -1, 17])
    expected = 4.0 * np.exp(2j * np.pi * 3 * lags / 16)
    np.testing.assert_allclose(autocorrelation(line, lags), expected, atol=1e-12)
    both = np.stack([line, np.zeros(16)])
    np.testing.assert_allclose(autocorrelation(both, lags), expected / 2.0, atol=1e-12)
    h = np.random.default_rng(1).standard_normal((16, 2)).view(np.complex128)[:, 0]
    assert autocorrelation(h, np.array([5]))[0] == pytest.approx(np.mean(np.conj(h) * np.roll(h, -5)))
