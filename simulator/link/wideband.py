"""Wideband fading: the gain averaged over a band in which the channel varies."""

from dataclasses import dataclass
from math import atan, inf, log1p, pi

import numpy as np
from numpy.typing import NDArray

from coinfer.simulator.link.fading import ClarkeFading
from coinfer.simulator.link.nakagami import Nakagami


def band_variance(bandwidth_hz: float, rms_delay_spread_s: float) -> float:
    """Give the variance of a Rayleigh-fading gain averaged over a band.

    With an exponential power-delay profile, gains at f1 and f2 have the covariance 1 / (1 + (2 pi (f1 - f2)
    tau)^2). Its mean over both frequencies of the band is (2 x atan x - ln(1 + x^2)) / x^2, x = 2 pi B tau.

    Args:
        bandwidth_hz: The bandwidth B in hertz.
        rms_delay_spread_s: The root-mean-square delay spread tau in seconds.

    Returns:
        The variance of the band's mean gain, which itself has mean 1: from 1 (flat) down towards 0.

    Examples:
        >>> band_variance(bandwidth_hz=1e6, rms_delay_spread_s=0.0)
        1.0
        >>> round(band_variance(bandwidth_hz=20e6, rms_delay_spread_s=100e-9), 4)
        0.2053
    """
    x = 2.0 * pi * bandwidth_hz * rms_delay_spread_s
    if x < 1e-3:
        return 1.0 - x * x / 6.0  # The closed form would lose its digits; the next term is x^4 / 15.
    return (2.0 * x * atan(x) - log1p(x * x)) / (x * x)


@dataclass(frozen=True)
class Wideband(ClarkeFading):
    """Wideband fading: the gain of a band wider than the coherence bandwidth, gamma-distributed.

    Frequencies that fade apart average out: the band's mean gain has the variance `band_variance`, and is
    taken for gamma-distributed with m_eff = 1 / variance, as Nakagami-m fading in time. This holds the mean
    and the variance exactly; deep fades come too often, so that it is on the safe side: at 20 MHz and 100 ns,
    P(gain < 0.5) is 0.113 and should be 0.097, P(gain < 0.2) is 0.0041 and should be 0.0008. The paths have
    an exponential power-delay profile, and each delay Rayleigh fading with Clarke's spectrum. Rates follow
    from the mean gain; the small loss that a concave rate suffers when the gain varies inside the band is
    left to the gap of the rate.

    Args:
        speed_mps: The speed of the device in metres a second; 0 draws one gain for the whole trace.
        carrier_hz: The carrier frequency in hertz.
        bandwidth_hz: The occupied bandwidth in hertz.
        rms_delay_spread_s: The root-mean-square delay spread in seconds; 0 is Rayleigh fading. Medians at
            3.5 GHz: 20 to 45 ns in offices, 50 to 100 ns in streets, 100 to 400 ns under roof-top stations.

    Raises:
        ValueError: If an argument is out of its range.

    References:
        W. C. Jakes, "Microwave Mobile Communications" (1974), section 1.5 (coherence between frequencies).
        3GPP TR 38.901, table 7.5-6 (delay spreads).
    """

    bandwidth_hz: float
    rms_delay_spread_s: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 < self.bandwidth_hz < inf:
            raise ValueError(f"bandwidth_hz must be finite and above 0, got {self.bandwidth_hz}")
        if not 0.0 <= self.rms_delay_spread_s < inf:
            raise ValueError(
                f"rms_delay_spread_s must be finite and at least 0, got {self.rms_delay_spread_s}"
            )

    @property
    def m_eff(self) -> float:
        """The shape of the gain's gamma distribution, at least 1."""
        return 1.0 / band_variance(self.bandwidth_hz, self.rms_delay_spread_s)

    def gains(self, slots: int, slot_s: float, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw the band's mean gain for every slot of a trace, `[slots] float64`; see `Fading.gains`.

        Raises:
            ValueError: If `slot_s` exceeds `longest_slot_s`.
        """
        return Nakagami(self.speed_mps, self.carrier_hz, self.m_eff).gains(slots, slot_s, rng)
