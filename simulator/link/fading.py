"""Small-scale fading: how the power gain of the channel changes while a device moves."""

from dataclasses import dataclass
from math import inf
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from coinfer.simulator.link.clarke import ClarkeSpectrum, trace_of_lines

SPEED_OF_LIGHT_MPS = 299_792_458.0


def doppler_hz(speed_mps: float, carrier_hz: float) -> float:
    """Give the maximum Doppler shift f_d = v f / c.

    Examples:
        >>> round(doppler_hz(speed_mps=1.0, carrier_hz=3.5e9), 3)
        11.675
    """
    return speed_mps * carrier_hz / SPEED_OF_LIGHT_MPS


class Fading(Protocol):
    """A process of power gains with mean 1 (a sum of branches: one for each), constant in each slot."""

    def __hash__(self) -> int:
        """Tell equal fadings alike: traces are kept by the fading that they are of."""

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
            The power gain in each slot, `[slots] float64`.
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
class ClarkeFading:
    """What every fading of a moving device has: its motion, and with it Clarke's Doppler spectrum.

    Args:
        speed_mps: The speed of the device in metres a second; 0 draws one gain for the whole trace.
        carrier_hz: The carrier frequency in hertz.

    Raises:
        ValueError: If the speed is below 0, the carrier not above 0, or either not finite.
    """

    speed_mps: float
    carrier_hz: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.speed_mps < inf:
            raise ValueError(f"speed_mps must be finite and at least 0, got {self.speed_mps}")
        if not 0.0 < self.carrier_hz < inf:
            raise ValueError(f"carrier_hz must be finite and above 0, got {self.carrier_hz}")

    @property
    def doppler_hz(self) -> float:
        """The maximum Doppler shift in hertz."""
        return doppler_hz(self.speed_mps, self.carrier_hz)

    @property
    def spectrum(self) -> ClarkeSpectrum:
        """The Doppler spectrum of the scattered paths."""
        return ClarkeSpectrum(self.doppler_hz)

    @property
    def longest_slot_s(self) -> float:
        """1 / (64 f_d), in seconds: longer slots would miss level crossings. Infinite at speed 0."""
        return self.spectrum.longest_slot_s


@dataclass(frozen=True)
class Rayleigh(ClarkeFading):
    """Rayleigh fading with Clarke's spectrum: like paths from all around a moving device.

    |h|^2 is exponential with mean 1, and the autocorrelation of h is J0(2 pi f_d tau); see `ClarkeSpectrum`.
    Valid for a band narrower than the coherence bandwidth (see `Wideband`), without line of sight and with
    many paths. A trace repeats, and so should last for some hundred Doppler periods.

    Args:
        speed_mps: The speed of the device in metres a second; 0 draws one gain for the whole trace.
        carrier_hz: The carrier frequency in hertz.

    Raises:
        ValueError: If the speed is below 0, the carrier not above 0, or either not finite.

    References:
        R. H. Clarke, "A statistical theory of mobile-radio reception", Bell Syst. Tech. J. 47 (1968).
    """

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
        return trace_of_lines(self.spectrum.lines(slots * slot_s, rng), slots)
