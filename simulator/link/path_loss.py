"""Path loss: how much weaker a signal is, on average, at a distance from the base station.

Every model tells also the shadowing and the chance of a line of sight in the same surroundings. The models
of TR 38.901 are in `coinfer.simulator.link.tr38901`.
"""

from dataclasses import dataclass
from math import inf, log10, pi
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from coinfer.simulator.link.fading import SPEED_OF_LIGHT_MPS

NEAREST_M = 1.0

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


class PathLoss(Protocol):
    """The loss over a distance, and the large-scale statistics of the same surroundings."""

    def db(self, distance_2d_m: FloatArray, line_of_sight: BoolArray) -> FloatArray:
        """Give the median loss at each horizontal distance, without shadowing.

        Args:
            distance_2d_m: Horizontal distances from the base station in metres, of any shape.
            line_of_sight: Whether the base station is in sight, of the same shape or broadcast to it.

        Returns:
            The loss in dB, of the same shape.
        """

    def line_of_sight_probability(self, distance_2d_m: FloatArray) -> FloatArray:
        """Give the probability of a line of sight at each horizontal distance, of the same shape."""

    def shadowing_sigma_db(self, line_of_sight: bool) -> float:
        """Give the standard deviation of the shadowing in dB, with or without a line of sight."""

    def shadowing_correlation_m(self, line_of_sight: bool) -> float:
        """Give the distance in metres over which the shadowing's correlation falls to 1/e; 0 if none."""

    @property
    def line_of_sight_correlation_m(self) -> float:
        """The correlation distance of the line-of-sight state in metres; 0 where it is certain."""


@dataclass(frozen=True)
class LogDistance:
    """The log-distance law: free space up to a reference distance, then 10 n lg d.

    PL = 20 lg(4 pi d f / c) up to d0, and PL(d0) + 10 n lg(d / d0) beyond. Base station and device are taken
    to be of one height; distances below 1 m count as 1 m. It knows no line of sight: the exponent stands for
    all. The shadowing is our choice, to be replaced by measured values: 8 dB is usual for obstructed places,
    50 m is what TR 38.901 has for an obstructed macro cell.

    Args:
        carrier_hz: The carrier frequency in hertz.
        exponent: The path-loss exponent n: 2 is free space, 2.7 to 3.5 a town, 4 to 6 obstructed buildings.
        reference_m: The reference distance d0 in metres.
        sigma_db: The standard deviation of the shadowing in dB.
        correlation_m: The correlation distance of the shadowing in metres.

    References:
        T. S. Rappaport, "Wireless Communications: Principles and Practice", 2nd ed. (2002), section 4.9.

    Examples:
        >>> model = LogDistance(carrier_hz=1e9, exponent=3.0)
        >>> model.db(np.array([1.0, 10.0]), np.array(True)).round(3).tolist()
        [32.448, 62.448]
    """

    carrier_hz: float
    exponent: float
    reference_m: float = 1.0
    sigma_db: float = 8.0
    correlation_m: float = 50.0

    def __post_init__(self) -> None:
        check_range("carrier frequency", self.carrier_hz, 1e6, 1e12, "Hz")
        check_range("path-loss exponent", self.exponent, 1.0, 10.0, "")
        check_range("reference distance", self.reference_m, 1e-3, 1e5, "m")
        check_range("shadowing sigma", self.sigma_db, 0.0, 30.0, "dB")
        if not 0.0 < self.correlation_m < inf:
            raise ValueError(f"the correlation distance must be above 0 m, got {self.correlation_m} m")

    def db(self, distance_2d_m: FloatArray, line_of_sight: BoolArray) -> FloatArray:
        """Give the median loss at each distance in dB, in sight or not; see `PathLoss.db`."""
        distance_m = np.maximum(distance_2d_m, NEAREST_M)
        beyond = np.log10(np.maximum(distance_m / self.reference_m, 1.0))
        excess_db = (10.0 * self.exponent - 20.0) * beyond
        return np.asarray(free_space_db(distance_m, self.carrier_hz) + excess_db)

    def line_of_sight_probability(self, distance_2d_m: FloatArray) -> FloatArray:
        """Give ones, of the same shape."""
        return np.ones_like(distance_2d_m)

    def shadowing_sigma_db(self, line_of_sight: bool) -> float:
        """Give the standard deviation of the shadowing in dB, in sight or not."""
        return self.sigma_db

    def shadowing_correlation_m(self, line_of_sight: bool) -> float:
        """Give the correlation distance of the shadowing in metres, in sight or not."""
        return self.correlation_m

    @property
    def line_of_sight_correlation_m(self) -> float:
        """Zero: the state never changes."""
        return 0.0


@dataclass(frozen=True)
class FreeSpace:
    """Free space: 20 lg(4 pi d f / c), always in sight, without shadowing; below 1 m as at 1 m.

    Args:
        carrier_hz: The carrier frequency in hertz.

    References:
        H. T. Friis, "A note on a simple transmission formula", Proc. IRE 34 (1946).

    Examples:
        >>> round(float(FreeSpace(carrier_hz=1e9).db(np.array(1000.0), np.array(True))), 3)
        92.448
    """

    carrier_hz: float

    def __post_init__(self) -> None:
        check_range("carrier frequency", self.carrier_hz, 1e6, 1e12, "Hz")

    def db(self, distance_2d_m: FloatArray, line_of_sight: BoolArray) -> FloatArray:
        """Give the loss at each distance in dB, in sight or not; see `PathLoss.db`."""
        return free_space_db(np.maximum(distance_2d_m, NEAREST_M), self.carrier_hz)

    def line_of_sight_probability(self, distance_2d_m: FloatArray) -> FloatArray:
        """Give ones, of the same shape."""
        return np.ones_like(distance_2d_m)

    def shadowing_sigma_db(self, line_of_sight: bool) -> float:
        """Give zero: nothing casts a shadow."""
        return 0.0

    def shadowing_correlation_m(self, line_of_sight: bool) -> float:
        """Give zero: nothing casts a shadow."""
        return 0.0

    @property
    def line_of_sight_correlation_m(self) -> float:
        """Zero: the state never changes."""
        return 0.0


def free_space_db(distance_m: FloatArray, carrier_hz: float) -> FloatArray:
    """Give Friis' loss 20 lg(4 pi d f / c) in dB at each distance in metres, of the same shape."""
    return np.asarray(20.0 * (np.log10(distance_m) + log10(4.0 * pi * carrier_hz / SPEED_OF_LIGHT_MPS)))


def check_range(name: str, value: float, lowest: float, highest: float, unit: str) -> None:
    """Refuse a value outside its range.

    Raises:
        ValueError: If it is outside, or NaN.
    """
    if not lowest <= value <= highest:
        raise ValueError(
            f"the {name} must be from {lowest:g} to {highest:g} {unit}".rstrip() + f", got {value}"
        )
