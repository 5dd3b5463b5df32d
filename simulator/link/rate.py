"""From the signal-to-noise ratio of a slot to the bits that cross in a second."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from coinfer.simulator.units import db_to_linear


class Rate(Protocol):
    """Bits a second at a signal-to-noise ratio."""

    def bits_per_s(self, snr: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the rate at each linear ratio, of the same shape."""


@dataclass(frozen=True)
class ShannonRate:
    """The ideal rate min(eta log2(1 + snr / Gamma), cap) B: capacity, less the losses of a real modem.

    Args:
        bandwidth_hz: The occupied bandwidth B in hertz.
        gap_db: The distance Gamma to capacity in dB; 0 is Shannon's limit.
        efficiency: The part eta of the time and band that carries payload, above 0 and at most 1.
        cap_bps_per_hz: The most bits a second and hertz (the densest modulation); None is without bound.

    References:
        C. E. Shannon, "Communication in the presence of noise", Proc. IRE 37 (1949).

    Examples:
        >>> float(ShannonRate(bandwidth_hz=1e6).bits_per_s(np.array(3.0)))
        2000000.0
    """

    bandwidth_hz: float
    gap_db: float = 0.0
    efficiency: float = 1.0
    cap_bps_per_hz: float | None = None

    def bits_per_s(self, snr: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the rate at each signal-to-noise ratio.

        Args:
            snr: Signal-to-noise ratios as power ratios (not dB), of any shape.

        Returns:
            Bits a second, of the same shape.
        """
        bps_per_hz = self.efficiency * np.log1p(snr / db_to_linear(self.gap_db)) / np.log(2.0)
        if self.cap_bps_per_hz is not None:
            bps_per_hz = np.minimum(bps_per_hz, self.cap_bps_per_hz)
        return np.asarray(self.bandwidth_hz * bps_per_hz)
