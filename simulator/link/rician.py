"""Rician fading: a line of sight among scattered paths."""

from dataclasses import dataclass
from math import cos, inf, isfinite, radians, sqrt

import numpy as np
from numpy.typing import NDArray

from coinfer.simulator.link.clarke import trace_of_lines
from coinfer.simulator.link.fading import ClarkeFading
from coinfer.simulator.units import db_to_linear


@dataclass(frozen=True)
class Rician(ClarkeFading):
    """Rician fading: h = sqrt(K / (K + 1)) exp(i (2 pi f_LOS t + phi)) + sqrt(1 / (K + 1)) h_Rayleigh.

    K is the power of the line of sight over that of the scattered paths, which have Clarke's spectrum, and
    phi is uniform. f_LOS = f_d cos(angle) is rounded to a whole number of periods of the trace, by at most
    half of one over its length, so that the trace may be repeated end to end. The gain has mean 1.
    The default of 90 degrees, f_LOS = 0, is that of Rice's textbook formulas; the angle changes the level
    crossings and the autocorrelation, and not the distribution of the gain. K is the same everywhere:
    that it falls with distance is not modelled.

    Args:
        speed_mps: The speed of the device in metres a second; 0 draws one gain for the whole trace.
        carrier_hz: The carrier frequency in hertz.
        k_db: The Rician factor K in dB; minus infinity is Rayleigh fading.
        arrival_angle_deg: The angle between the way of the device and the line of sight, in degrees.

    Raises:
        ValueError: If an argument is out of its range.

    References:
        S. O. Rice, "Statistical properties of a sine wave plus random noise", Bell Syst. Tech. J. 27 (1948).
        G. L. Stueber, "Principles of Mobile Communication", 4th ed. (2017), section 2.1.
    """

    k_db: float
    arrival_angle_deg: float = 90.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.k_db < inf:
            raise ValueError(f"k_db must be a number below infinity, got {self.k_db}")
        if not isfinite(self.arrival_angle_deg):
            raise ValueError(f"arrival_angle_deg must be finite, got {self.arrival_angle_deg}")

    def gains(self, slots: int, slot_s: float, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw |h|^2 for every slot of a trace, `[slots] float64`; see `Fading.gains`.

        Raises:
            ValueError: If `slot_s` exceeds `longest_slot_s`.
        """
        h = self.channel(slots, slot_s, rng)
        return np.square(h.real) + np.square(h.imag)

    def channel(self, slots: int, slot_s: float, rng: np.random.Generator) -> NDArray[np.complex128]:
        """Draw h for every slot of a trace, `[slots] complex128`; see `Fading.gains`.

        Raises:
            ValueError: If `slot_s` exceeds `longest_slot_s`.
        """
        self.spectrum.check_slot(slot_s)
        scattered_power = 1.0 / (1.0 + db_to_linear(self.k_db))
        lines = sqrt(scattered_power) * self.spectrum.lines(slots * slot_s, rng)
        # Spectral lines stand at whole multiples of one over the length of the trace: so must this one.
        sight = round(self.doppler_hz * slots * slot_s * cos(radians(self.arrival_angle_deg)))
        phase = rng.uniform(0.0, 2.0 * np.pi)
        lines[len(lines) // 2 + sight] += sqrt(1.0 - scattered_power) * np.exp(1j * phase)
        return trace_of_lines(lines, slots)
