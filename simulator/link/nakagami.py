"""Nakagami-m fading: a gamma-distributed gain, milder than Rayleigh for m > 1 and harsher for m < 1."""

from dataclasses import dataclass
from functools import lru_cache
from math import floor, inf

import numpy as np
from numpy.typing import NDArray

from coinfer.simulator.link.clarke import trace_of_lines
from coinfer.simulator.link.fading import ClarkeFading

MOST_PROCESSES = 64
"""Real Gaussian processes in a gain: beyond m = 32 the gain is nearly normal, and more make no difference."""

QUANTILE_POINTS = 2048
OUTERMOST_PROBABILITY = 1e-15


@dataclass(frozen=True)
class Nakagami(ClarkeFading):
    """Nakagami-m fading: a gain with the gamma distribution of shape m and mean 1.

    Where 2 m is whole, the gain is the mean of 2 m squares of independent real Gaussian processes with
    Clarke's spectrum: distribution and level crossings are those of the Nakagami-m model, and the gain has
    the autocovariance J0(2 pi f_d tau)^2 / m. For other m, and above m = 32, the nearest such gain x goes
    through the rising map F_m^-1(F_nearest(x)): the distribution is exact for every m, and the level
    crossings are near to the model's: at the threshold of 10 % outage within 5 % for m > 1.5, 11 % for
    m > 1, 18 % for m > 0.75; farther off in deeper fades, and at m between 0.5 and 0.75.

    Args:
        speed_mps: The speed of the device in metres a second; 0 draws one gain for the whole trace.
        carrier_hz: The carrier frequency in hertz.
        m: The shape, at least 0.5; 1 is Rayleigh fading, and the variance of the gain is 1 / m.

    Raises:
        ValueError: If an argument is out of its range.

    References:
        M. Nakagami, "The m-distribution", in "Statistical Methods in Radio Wave Propagation" (1960).
        M. D. Yacoub, J. E. V. Bautista and L. Guerra de Rezende Guedes, "On higher order statistics of the
        Nakagami-m distribution", IEEE Trans. Veh. Technol. 48 (1999) 790-794.
    """

    m: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.5 <= self.m < inf:
            raise ValueError(f"m must be finite and at least 0.5, got {self.m}")

    @property
    def processes(self) -> int:
        """How many real Gaussian processes make the gain."""
        return min(floor(2.0 * self.m + 0.5), MOST_PROCESSES)

    def gains(self, slots: int, slot_s: float, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw the gain of every slot of a trace, `[slots] float64`; see `Fading.gains`.

        Raises:
            ValueError: If `slot_s` exceeds `longest_slot_s`.
        """
        self.spectrum.check_slot(slot_s)
        gains = self._mean_square(slots, slots * slot_s, rng)
        nearest = self.processes / 2.0
        return gains if nearest == self.m else _mapped(gains, nearest, self.m)

    def _mean_square(self, slots: int, period_s: float, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw the mean of the squared processes.

        Squares of processes without power beyond bin K have none beyond bin 2 K. So more than 4 K points
        hold all there is to know, and the other slots follow by interpolation with an FFT, exactly.
        """
        highest = len(self.spectrum.bin_powers(period_s)) // 2
        points = min(1 << (4 * highest).bit_length(), slots)
        total = np.zeros(points)
        for process in range(0, self.processes, 2):
            h = trace_of_lines(self.spectrum.lines(period_s, rng), points)
            total += np.square(h.real)
            if process + 1 < self.processes:
                total += np.square(h.imag)
        total *= 2.0 / self.processes
        if points == slots:
            return total
        gains = np.fft.irfft(np.fft.rfft(total, norm="forward"), slots, norm="forward")
        return np.asarray(np.maximum(gains, 0.0))


def _mapped(gains: NDArray[np.float64], of_shape: float, to_shape: float) -> NDArray[np.float64]:
    """Turn gains of one gamma distribution into those of another, quantile by quantile."""
    log_from, log_to = _quantiles(of_shape, to_shape)
    log_gains = np.log(np.maximum(gains, np.exp(log_from[0])))
    return np.asarray(np.exp(np.interp(log_gains, log_from, log_to)))


@lru_cache(maxsize=64)
def _quantiles(of_shape: float, to_shape: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pair the logarithms of equal quantiles of two gamma distributions of mean 1, `[points]` each.

    Between logarithms the map is so nearly straight that linear interpolation is within 1e-5 of it.
    """
    from scipy import special  # Slow to load, and most scenarios have no use for it.

    lowest = float(special.gammaincinv(of_shape, OUTERMOST_PROBABILITY))
    highest = float(special.gammainccinv(of_shape, OUTERMOST_PROBABILITY))
    x = np.geomspace(lowest, highest, QUANTILE_POINTS)
    below, above = special.gammainc(of_shape, x), special.gammaincc(of_shape, x)
    # Each tail by its own inverse: 1 - probability would round the upper one away.
    y = np.where(below < 0.5, special.gammaincinv(to_shape, below), special.gammainccinv(to_shape, above))
    return np.log(x / of_shape), np.log(y / to_shape)
