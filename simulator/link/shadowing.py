"""Shadowing: what buildings and trees add to the path loss, alike at places that are close together."""

from dataclasses import dataclass, field
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

WAVES = 512
_PLACES_AT_ONCE = 256  # what the cache holds


@dataclass(frozen=True, eq=False)
class CorrelatedField:
    """A random field over the plane, N(0, 1) at each place, with correlation exp(-d / d_c) at a distance d.

    Shadowing is sigma (in dB) times this field; the line-of-sight state is a threshold on another one. The
    field is the sum of W plane waves, sqrt(2 / W) sum_i R_i cos(k_i x + phi_i), with directions uniform and
    wave numbers drawn from the spectrum of the correlation, k = sqrt((1 - u)^-2 - 1) / d_c with u uniform.
    The phases are uniform and the amplitudes R_i Rayleigh with E R^2 = 1, so that each value is exactly
    normal for any W, and the correlation over many fields is exactly exp(-d / d_c). Averaged over the plane
    of one field, it differs from that by about 1 / sqrt(W), 0.04 with the usual 512 waves. The field is
    defined everywhere at once: a device that returns to a place finds the same value.

    Args:
        correlation_m: The correlation distance d_c in metres.
        waves_per_m: The wave vectors in cycles a metre, `[2, waves]`.
        phases: The phases in cycles, `[waves]`.
        amplitudes: The amplitudes, scaled by sqrt(2 / W), `[waves] float32`.

    References:
        M. Gudmundson, "Correlation model for shadow fading in mobile radio systems", Electron. Lett. 27
        (1991) 2145-2146.
        X. Cai and G. B. Giannakis, "A two-dimensional channel simulation model for shadowing processes",
        IEEE Trans. Veh. Technol. 52 (2003) 1558-1567.
    """

    correlation_m: float
    waves_per_m: FloatArray = field(repr=False)
    phases: FloatArray = field(repr=False)
    amplitudes: NDArray[np.float32] = field(repr=False)

    @classmethod
    def draw(cls, correlation_m: float, rng: np.random.Generator, waves: int = WAVES) -> "CorrelatedField":
        """Draw a field.

        Args:
            correlation_m: The correlation distance d_c in metres.
            rng: The source of chance; the same seed gives the same map.
            waves: How many plane waves to sum.

        Raises:
            ValueError: If the correlation distance is not above 0 m, or there is no wave.
        """
        if not 0.0 < correlation_m < inf:
            raise ValueError(f"the correlation distance must be above 0 m, got {correlation_m} m")
        if waves < 1:
            raise ValueError(f"a field needs at least 1 wave, got {waves}")
        wave_number = np.sqrt(np.square(1.0 / (1.0 - rng.random(waves))) - 1.0) / correlation_m
        direction = rng.uniform(0.0, 2.0 * np.pi, waves)
        waves_per_m = wave_number / (2.0 * np.pi) * np.stack((np.cos(direction), np.sin(direction)))
        phases = rng.random(waves)
        amplitudes = np.sqrt(rng.exponential(1.0, waves)) * sqrt(2.0 / waves)
        return cls(correlation_m, waves_per_m, phases, amplitudes.astype(np.float32))

    def at(self, x_m: FloatArray, y_m: FloatArray) -> FloatArray:
        """Give the value of the field at each place.

        Args:
            x_m: Coordinates in metres, `[places]`.
            y_m: The same, `[places]`.

        Returns:
            Values of mean 0 and variance 1, `[places] float64`.
        """
        values = np.empty(len(x_m))
        for first in range(0, len(x_m), _PLACES_AT_ONCE):
            some = slice(first, first + _PLACES_AT_ONCE)
            cycles = np.multiply.outer(x_m[some], self.waves_per_m[0])
            cycles += np.multiply.outer(y_m[some], self.waves_per_m[1])
            cycles += self.phases
            # Whole cycles go while the phase has all its digits; cosines of float32 are then good to 1e-6
            # and an order of magnitude faster.
            cycles -= np.rint(cycles)
            cosines = np.cos(cycles.astype(np.float32) * np.float32(2.0 * np.pi))
            # Unlike a matrix product, einsum adds up in the same order however many places are asked.
            values[some] = np.einsum("pw,w->p", cosines, self.amplitudes)
        return values
