"""Clarke's Doppler spectrum, and periodic traces made of its spectral lines."""

from dataclasses import dataclass
from math import floor, inf

import numpy as np
from numpy.typing import NDArray

SLOTS_PER_DOPPLER_PERIOD = 64


@dataclass(frozen=True)
class ClarkeSpectrum:
    """The Doppler spectrum S(f) = 1 / (pi sqrt(f_d^2 - f^2)) of like paths from all around a moving device.

    A trace of N slots is h_n = sum_k c_k exp(2 pi i k n / N), with one independent line c_k ~ CN(0, p_k) for
    each bin k = -K..K. p_k is the part of S that falls into bin k, one over the trace's length wide. Young
    and Beaulieu integrate S over the last bin below f_d, where it is infinite, and sample it in the others;
    here every bin is integrated, so that sum p_k = 1 and E|h|^2 = 1 for any number of slots. The
    autocorrelation of h tends to J0(2 pi f_d tau); real and imaginary part are independent.

    Slots may be at most 1 / (64 f_d) long. Of the crossings of a level of Rayleigh fading such slots miss
    0.3 % at -10 dB, 3.2 % at -20 dB and a third at -30 dB, where a fade is shorter than a slot.

    Args:
        doppler_hz: The maximum Doppler shift f_d in hertz; 0 leaves the one line at 0 Hz.

    References:
        R. H. Clarke, "A statistical theory of mobile-radio reception", Bell Syst. Tech. J. 47 (1968).
        D. J. Young and N. C. Beaulieu, "The generation of correlated Rayleigh random variates by inverse
        discrete Fourier transform", IEEE Trans. Commun. 48 (2000) 1114-1127.
    """

    doppler_hz: float

    @property
    def longest_slot_s(self) -> float:
        """1 / (64 f_d), in seconds: longer slots would miss level crossings. Infinite at 0 Hz."""
        return 1.0 / (SLOTS_PER_DOPPLER_PERIOD * self.doppler_hz) if self.doppler_hz else inf

    def check_slot(self, slot_s: float) -> None:
        """Refuse a length of slots that would miss level crossings.

        Raises:
            ValueError: If `slot_s` exceeds `longest_slot_s`.
        """
        if slot_s > self.longest_slot_s * (1.0 + 1e-12):
            raise ValueError(
                f"slots of {slot_s} s are too long for a Doppler shift of {self.doppler_hz} Hz: "
                f"use at most 1/({SLOTS_PER_DOPPLER_PERIOD} f_d) = {self.longest_slot_s} s"
            )

    def bin_powers(self, period_s: float) -> NDArray[np.float64]:
        """Integrate the spectrum over the bins -K..K, one 1 / period_s wide each: `[2 K + 1]`, of sum 1."""
        highest_bin = self.doppler_hz * period_s
        if highest_bin <= 0.5:
            return np.ones(1)
        highest = floor(highest_bin + 0.5)
        edges = np.arange(-highest, highest + 2) - 0.5
        angles: NDArray[np.float64] = np.arcsin(np.clip(edges / highest_bin, -1.0, 1.0))
        return np.diff(angles) / np.pi

    def lines(self, period_s: float, rng: np.random.Generator) -> NDArray[np.complex128]:
        """Draw the spectral lines of one process.

        Args:
            period_s: The length of the trace in seconds.
            rng: The source of chance.

        Returns:
            The lines of the bins -K..K, `[2 K + 1] complex128`.
        """
        power = self.bin_powers(period_s)
        noise = rng.standard_normal((len(power), 2)).view(np.complex128)[:, 0]
        return np.asarray(np.sqrt(power / 2.0) * noise)


def trace_of_lines(lines: NDArray[np.complex128], slots: int) -> NDArray[np.complex128]:
    """Add up spectral lines, one inverse FFT.

    Args:
        lines: The lines of the bins -K..K, `[2 K + 1]`.
        slots: How many slots the trace has: at least 2 K + 1.

    Returns:
        One period of the process, `[slots] complex128`.
    """
    highest = len(lines) // 2
    spectrum = np.zeros(slots, dtype=np.complex128)
    spectrum[np.arange(-highest, highest + 1)] = lines
    return np.fft.ifft(spectrum, norm="forward")
