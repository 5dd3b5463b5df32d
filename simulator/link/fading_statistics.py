"""What theory says of fading, and the same quantities measured on traces.

In the closed forms `rho` is a threshold of amplitude over the root-mean-square amplitude, and `threshold` one
of power over the mean power, rho^2; both are ratios, not dB. Rates of crossings and durations of fades are in
units of the maximum Doppler shift f_d and of 1 / f_d. The processes have Clarke's spectrum.
"""

from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

FloatArray = NDArray[np.float64]
Ratio = float | FloatArray

PHASES = 4096
"""Points of the integral over the phase in Rice's crossing rate: enough for K up to 50 dB."""


def level_crossing_rate_hz(gains: FloatArray, slot_s: float, threshold: float) -> float:
    """Count how often a second a gain rises through a threshold.

    Args:
        gains: Periodic traces, `[..., slots]`; several are taken together.
        slot_s: The length of a slot in seconds.
        threshold: A power gain.

    Returns:
        Crossings a second.

    Examples:
        >>> level_crossing_rate_hz(np.array([0.1, 2.0, 3.0, 0.2]), slot_s=0.25, threshold=1.0)
        1.0
    """
    above = gains >= threshold
    rises = np.count_nonzero(above & ~np.roll(above, 1, axis=-1))
    return float(rises / (gains.size * slot_s))


def average_fade_duration_s(gains: FloatArray, slot_s: float, threshold: float) -> float:
    """Measure how long a gain stays below a threshold each time.

    Args:
        gains: Periodic traces, `[..., slots]`; several are taken together.
        slot_s: The length of a slot in seconds.
        threshold: A power gain.

    Returns:
        The mean duration in seconds.

    Raises:
        ValueError: If the gain never crosses the threshold.

    Examples:
        >>> average_fade_duration_s(np.array([0.1, 2.0, 3.0, 0.2]), slot_s=0.25, threshold=1.0)
        0.5
    """
    rate_hz = level_crossing_rate_hz(gains, slot_s, threshold)
    if not rate_hz:
        raise ValueError(f"no fade to measure: the gain never crosses {threshold}")
    return float(np.mean(gains < threshold) / rate_hz)


def autocorrelation(h: NDArray[np.complex128], lags: NDArray[np.int64]) -> NDArray[np.complex128]:
    """Average conj(h_n) h_(n + lag) over periodic traces, by FFT.

    Args:
        h: Periodic traces, `[..., slots]`; several are averaged.
        lags: Lags in slots, of any shape.

    Returns:
        The autocorrelation, not normalised, of the shape of `lags`.
    """
    power = np.square(np.abs(np.fft.fft(h, norm="forward"))).reshape(-1, h.shape[-1]).mean(axis=0)
    return np.asarray(np.fft.ifft(power, norm="forward")[np.mod(lags, h.shape[-1])])


def clarke_autocorrelation(doppler_periods: Ratio) -> FloatArray:
    """Give J0(2 pi f_d tau), the autocorrelation of the scattered paths (Clarke 1968).

    Args:
        doppler_periods: f_d tau, the lag in periods of the maximum Doppler shift.

    Examples:
        >>> round(float(clarke_autocorrelation(0.1)), 5)
        0.90371
    """
    return np.asarray(special.j0(2.0 * pi * np.asarray(doppler_periods)))


def rayleigh_level_crossing_rate(rho: Ratio) -> FloatArray:
    """Give sqrt(2 pi) rho exp(-rho^2), in units of f_d (Rice 1945; Jakes 1974, eq. 1.3-35).

    Examples:
        >>> round(float(rayleigh_level_crossing_rate(0.1)), 5)
        0.24817
    """
    return nakagami_level_crossing_rate(1.0, rho)


def rayleigh_sampled_crossing_rate(rho: Ratio, slot_periods: float) -> FloatArray:
    """Give the crossing rate seen from slot to slot, in units of f_d: shorter fades and peaks slip through.

    The chance that one slot is below the level and the next is not, from the joint distribution of two
    Rayleigh envelopes of correlation r = J0(2 pi slot_periods): with b = sqrt(2 / (1 - r^2)) it is
    exp(-rho^2) (Q1(b rho, r b rho) - Q1(r b rho, b rho)). The rate of all crossings is its limit.

    Args:
        rho: The level over the root-mean-square amplitude.
        slot_periods: The length of a slot in periods of the maximum Doppler shift, at most 1/64 in a trace.

    References:
        M. Schwartz, W. R. Bennett and S. Stein, "Communication Systems and Techniques" (1966), appendix A.

    Examples:
        >>> round(float(rayleigh_sampled_crossing_rate(0.1, slot_periods=1 / 64)), 5)
        0.24035
    """
    squared = np.square(float(clarke_autocorrelation(slot_periods)))
    far = 2.0 / (1.0 - squared) * np.square(np.asarray(rho))
    near = squared * far
    crossing = stats.ncx2.sf(near, 2, far) - stats.ncx2.sf(far, 2, near)
    return np.asarray(np.exp(-np.square(np.asarray(rho))) * crossing / slot_periods)


def rayleigh_average_fade_duration(rho: Ratio) -> FloatArray:
    """Give (exp(rho^2) - 1) / (sqrt(2 pi) rho), in units of 1 / f_d (Jakes 1974, eq. 1.3-41).

    Examples:
        >>> round(float(rayleigh_average_fade_duration(0.1)), 5)
        0.04009
    """
    rho = np.asarray(rho)
    return np.asarray(np.expm1(np.square(rho)) / (sqrt(2.0 * pi) * rho))


def nakagami_level_crossing_rate(m: float, rho: Ratio) -> FloatArray:
    """Give sqrt(2 pi) m^(m - 1/2) / Gamma(m) rho^(2 m - 1) exp(-m rho^2), in units of f_d.

    Our fading has it where 2 m is whole (and at most 64).

    References:
        Yacoub, Bautista and Guerra de Rezende Guedes, IEEE Trans. Veh. Technol. 48 (1999) 790-794.
    """
    rho = np.asarray(rho)
    shape = (m - 0.5) * np.log(m) - special.gammaln(m)
    return np.asarray(sqrt(2.0 * pi) * np.exp(shape - m * np.square(rho)) * rho ** (2.0 * m - 1.0))


def rician_level_crossing_rate(k: float, rho: Ratio, arrival_angle_deg: float = 90.0) -> FloatArray:
    """Give the rate at which a Rician envelope crosses a level, in units of f_d.

    At 90 degrees the line of sight has no Doppler shift, and the rate is Rice's
    sqrt(2 pi (K + 1)) rho exp(-K - (K + 1) rho^2) I0(2 rho sqrt(K (K + 1))). At other angles it depends on
    the angle: given the envelope and the phase theta between h and its line of sight A, the envelope's slope
    is normal with mean 2 pi f_d cos(angle) A sin(theta), and the rate is an integral over theta, done here.

    Args:
        k: The Rician factor K, a power ratio (not dB).
        rho: The level over the root-mean-square amplitude.
        arrival_angle_deg: The angle between the way of the device and the line of sight, in degrees.

    References:
        S. O. Rice, Bell Syst. Tech. J. 27 (1948); M. Paetzold et al., IEEE Trans. Veh. Technol. 47 (1998).
    """
    level = np.asarray(rho)[..., np.newaxis]
    theta = np.arange(PHASES) * (2.0 * pi / PHASES)
    sight = sqrt(k / (k + 1.0))
    distance = np.square(level) + sight**2 - 2.0 * level * sight * np.cos(theta)
    density = level * (k + 1.0) / pi * np.exp(-(k + 1.0) * distance)
    drift = 2.0 * pi * np.cos(np.radians(arrival_angle_deg)) * sight * np.sin(theta)
    spread = pi / sqrt(k + 1.0)
    score = drift / spread
    rise = spread * np.exp(-np.square(score) / 2.0) / sqrt(2.0 * pi) + drift * special.ndtr(score)
    return np.asarray(2.0 * pi * np.mean(density * rise, axis=-1))


def rayleigh_outage(threshold: Ratio) -> FloatArray:
    """Give P(gain < threshold) = 1 - exp(-threshold).

    Examples:
        >>> round(float(rayleigh_outage(0.1)), 6)
        0.095163
    """
    return np.asarray(-np.expm1(-np.asarray(threshold)))


def rician_outage(k: float, threshold: Ratio) -> FloatArray:
    """Give P(gain < threshold) = 1 - Q1(sqrt(2 K), sqrt(2 (K + 1) threshold)), K a ratio (Stueber, 2.1)."""
    return np.asarray(stats.ncx2.cdf(2.0 * (k + 1.0) * np.asarray(threshold), 2, 2.0 * k))


def nakagami_outage(m: float, threshold: Ratio) -> FloatArray:
    """Give P(gain < threshold), the regularised lower incomplete gamma function P(m, m threshold)."""
    return np.asarray(special.gammainc(m, m * np.asarray(threshold)))


def combining_outage(branches: int, threshold: Ratio, m: float = 1.0) -> FloatArray:
    """Give P(sum of gains < threshold) after maximum-ratio combining, P(L m, m threshold) (Brennan 1959).

    Args:
        branches: How many branches L are combined.
        threshold: The threshold over the mean of one branch.
        m: The shape of each branch's Nakagami-m fading; 1 is Rayleigh fading.
    """
    return np.asarray(special.gammainc(branches * m, m * np.asarray(threshold)))
