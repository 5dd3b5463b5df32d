"""Small-scale fading: how the power gain of the channel changes while a device moves."""

from dataclasses import dataclass
from math import floor, inf
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

SPEED_OF_LIGHT_MPS = 299_792_458.0
SLOTS_PER_DOPPLER_PERIOD = 64


def doppler_hz(speed_mps: float, carrier_hz: float) -> float:
    """Give the maximum Doppler shift f_d = v f / c.

    Examples:
        >>> round(doppler_hz(speed_mps=1.0, carrier_hz=3.5e9), 3)
        11.675
    """
    return speed_mps * carrier_hz / SPEED_OF_LIGHT_MPS


class Fading(Protocol):
    """A process of power gains with mean 1, constant in each slot."""

    @property
    def longest_slot_s(self) -> float:
        """The longest slot, in seconds, in which the gain may pass for constant."""

    def gains(self, slots: int, slot_s: float, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw one trace that may be repeated end to end.

        Args:
            slots: How many slots the trace has.
            slot_s: The length of a slot in seconds.
            rng: The source of chance.

        Returns:
            The power gain in each slot, `[slots] float64`, of ensemble mean 1.
        """


@dataclass(frozen=True)
class NoFading:
    """A channel that stands still at its mean gain."""

    @property
    def longest_slot_s(self) -> float:
        """Infinite: the gain never changes."""
        return inf

    def gains(self, slots: int, slot_s: float, rng: np.random.Generator) -> NDArray[np.float64]:
        """Give ones, `[slots] float64`."""
        return np.ones(slots)


@dataclass(frozen=True)
class Rayleigh:
    """Rayleigh fading with Clarke's spectrum: like paths from all around a moving device.

    The channel is h_n = sum_k sqrt(p_k) Z_k exp(2 pi i k n / N) with independent Z_k ~ CN(0, 1), one inverse
    FFT of N slots. p_k is the part of the Doppler power S(f) = 1 / (pi sqrt(f_d^2 - f^2)) that falls into
    bin k. Young and Beaulieu integrate S over the last bin below f_d, where it is infinite, and sample it in
    the others; here every bin is integrated, so that sum p_k = 1 and E|h|^2 = 1 for any number of slots.
    The autocorrelation of h tends to J0(2 pi f_d tau), and |h|^2 is exponential.

    Args:
        speed_mps: The speed of the device in metres a second; 0 draws one gain for the whole trace.
        carrier_hz: The carrier frequency in hertz.

    References:
        R. H. Clarke, "A statistical theory of mobile-radio reception", Bell Syst. Tech. J. 47 (1968).
        D. J. Young and N. C. Beaulieu, "The generation of correlated Rayleigh random variates by inverse
        discrete Fourier transform", IEEE Trans. Commun. 48 (2000) 1114-1127.
    """

    speed_mps: float
    carrier_hz: float

    @property
    def doppler_hz(self) -> float:
        """The maximum Doppler shift in hertz."""
        return doppler_hz(self.speed_mps, self.carrier_hz)

    @property
    def longest_slot_s(self) -> float:
        """1 / (64 f_d), in seconds: longer slots would miss level crossings. Infinite at speed 0."""
        return 1.0 / (SLOTS_PER_DOPPLER_PERIOD * self.doppler_hz) if self.speed_mps else inf

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
        if slot_s > self.longest_slot_s * (1.0 + 1e-12):
            raise ValueError(
                f"slots of {slot_s} s are too long for a Doppler shift of {self.doppler_hz} Hz: "
                f"use at most 1/({SLOTS_PER_DOPPLER_PERIOD} f_d) = {self.longest_slot_s} s"
            )
        power = self._bin_powers(slots * slot_s)
        highest = len(power) // 2
        noise = rng.standard_normal((len(power), 2)).view(np.complex128)[:, 0]
        spectrum = np.zeros(slots, dtype=np.complex128)
        spectrum[np.arange(-highest, highest + 1)] = np.sqrt(power / 2.0) * noise
        return np.fft.ifft(spectrum, norm="forward")

    def _bin_powers(self, period_s: float) -> NDArray[np.float64]:
        """Integrate Clarke's spectrum over the bins -K..K, one 1 / period_s wide each: `[2 K + 1]`."""
        highest_bin = self.doppler_hz * period_s
        if highest_bin <= 0.5:
            return np.ones(1)
        highest = floor(highest_bin + 0.5)
        edges = np.arange(-highest, highest + 2) - 0.5
        angles: NDArray[np.float64] = np.arcsin(np.clip(edges / highest_bin, -1.0, 1.0))
        return np.diff(angles) / np.pi
