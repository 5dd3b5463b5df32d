"""The path-loss scenarios of 3GPP TR 38.901: urban micro, urban macro and indoor."""

from dataclasses import dataclass
from math import inf, log10
from typing import ClassVar

import numpy as np

from coinfer.simulator.link.fading import SPEED_OF_LIGHT_MPS
from coinfer.simulator.link.path_loss import NEAREST_M, BoolArray, FloatArray, check_range

ENVIRONMENT_HEIGHT_M = 1.0


class _Scenario:
    """The formulas that the scenarios share; each fills in its row of Table 7.4.1-1.

    Pairs are (obstructed, in sight).
    """

    carrier_hz: float
    base_height_m: float
    device_height_m: float
    _seen: ClassVar[tuple[float, float]]  # dB at 1 m and 1 GHz, dB a decade of distance
    _obstructed: ClassVar[tuple[float, float, float, float]]  # the same, dB a decade of frequency, dB a metre
    _nearest_2d_m: ClassVar[float]
    _sigma_db: ClassVar[tuple[float, float]]
    _correlation_m: ClassVar[tuple[float, float]]
    _state_correlation_m: ClassVar[float]

    @property
    def breakpoint_m(self) -> float:
        """Where the ray from the ground steepens the loss in sight, 4 (h_BS - 1 m) (h_UT - 1 m) f / c."""
        heights_m2 = (self.base_height_m - ENVIRONMENT_HEIGHT_M) * (
            self.device_height_m - ENVIRONMENT_HEIGHT_M
        )
        return 4.0 * heights_m2 * self.carrier_hz / SPEED_OF_LIGHT_MPS

    def db(self, distance_2d_m: FloatArray, line_of_sight: BoolArray) -> FloatArray:
        """Give the median loss at each horizontal distance in dB; see `PathLoss.db`."""
        distance_2d_m = np.maximum(distance_2d_m, self._nearest_2d_m)
        drop_m = self.base_height_m - self.device_height_m
        lg_m = np.log10(np.maximum(np.hypot(distance_2d_m, drop_m), NEAREST_M))
        lg_ghz = log10(self.carrier_hz / 1e9)
        start_db, slope_db = self._seen
        seen_db = start_db + slope_db * lg_m + 20.0 * lg_ghz
        if self.breakpoint_m < inf:
            # The report's second formula less its first is (40 - slope) lg(d3D / d3D at the breakpoint).
            bend_db = (40.0 - slope_db) * (lg_m - np.log10(np.hypot(self.breakpoint_m, drop_m)))
            seen_db = seen_db + np.where(distance_2d_m > self.breakpoint_m, bend_db, 0.0)
        start_db, slope_db, frequency_db, height_db = self._obstructed
        obstructed_db = start_db + slope_db * lg_m + frequency_db * lg_ghz
        obstructed_db = obstructed_db - height_db * (self.device_height_m - 1.5)
        return np.where(line_of_sight, seen_db, np.maximum(seen_db, obstructed_db))

    def shadowing_sigma_db(self, line_of_sight: bool) -> float:
        """Give the standard deviation of the shadowing in dB (Table 7.4.1-1)."""
        return self._sigma_db[bool(line_of_sight)]

    def shadowing_correlation_m(self, line_of_sight: bool) -> float:
        """Give the correlation distance of the shadowing in metres (Table 7.5-6)."""
        return self._correlation_m[bool(line_of_sight)]

    @property
    def line_of_sight_correlation_m(self) -> float:
        """The correlation distance of the line-of-sight state in metres (Table 7.6.3.1-2)."""
        return self._state_correlation_m

    def _check(self, highest_device_m: float) -> None:
        check_range("carrier frequency", self.carrier_hz, 0.5e9, 100e9, "Hz")
        check_range("height of the device", self.device_height_m, 1.5, highest_device_m, "m")
        if not ENVIRONMENT_HEIGHT_M < self.base_height_m < inf:
            raise ValueError(f"the base station must be higher than 1 m, got {self.base_height_m} m")


@dataclass(frozen=True)
class UrbanMicro(_Scenario):
    """UMi street canyon: a base station below the roofs.

    In sight, PL = 32.4 + 21 lg d3D + 20 lg f up to d_BP = 4 (h_BS - 1 m) (h_UT - 1 m) f / c, and beyond it
    32.4 + 40 lg d3D + 20 lg f - 9.5 lg(d_BP^2 + (h_BS - h_UT)^2); obstructed, the larger of that and
    22.4 + 35.3 lg d3D + 21.3 lg f - 0.3 (h_UT - 1.5 m); f in GHz, d in m. Shadowing: 4 dB, correlated over
    10 m, in sight; 7.82 dB over 13 m obstructed. In sight with probability 18/d + exp(-d/36) (1 - 18/d)
    beyond 18 m, correlated over 50 m.

    Valid from 10 m (nearer counts as 10 m) to 5 km; outdoors: no loss of entry into buildings or cars. c is
    the exact speed of light, where the report rounds it to 3e8 m/s: 0.006 dB beyond the breakpoint.

    Args:
        carrier_hz: The carrier frequency in hertz, 0.5 to 100 GHz.
        base_height_m: The height of the base station in metres; the report knows only 10.
        device_height_m: The height of the device in metres, 1.5 to 22.5.

    References:
        3GPP TR 38.901, Tables 7.4.1-1, 7.4.2-1, 7.5-6 and 7.6.3.1-2.

    Examples:
        >>> round(float(UrbanMicro(carrier_hz=3.5e9).db(np.array(100.0), np.array(True))), 5)
        85.31419
    """

    carrier_hz: float
    base_height_m: float = 10.0
    device_height_m: float = 1.5

    _state_correlation_m = 50.0
    _seen = (32.4, 21.0)
    _obstructed = (22.4, 35.3, 21.3, 0.3)
    _nearest_2d_m = 10.0
    _sigma_db = (7.82, 4.0)
    _correlation_m = (13.0, 10.0)

    def __post_init__(self) -> None:
        self._check(highest_device_m=22.5)

    def line_of_sight_probability(self, distance_2d_m: FloatArray) -> FloatArray:
        """Give the probability of a line of sight at each horizontal distance, of the same shape."""
        return _street_probability(distance_2d_m, decay_m=36.0)


@dataclass(frozen=True)
class UrbanMacro(_Scenario):
    """UMa: a base station above the roofs.

    In sight, PL = 28 + 22 lg d3D + 20 lg f up to d_BP as in `UrbanMicro`, and beyond it
    28 + 40 lg d3D + 20 lg f - 9 lg(d_BP^2 + (h_BS - h_UT)^2); obstructed, the larger of that and
    13.54 + 39.08 lg d3D + 20 lg f - 0.6 (h_UT - 1.5 m); f in GHz, d in m. Shadowing: 4 dB, correlated over
    37 m, in sight; 6 dB over 50 m obstructed. In sight with probability 18/d + exp(-d/63) (1 - 18/d) beyond
    18 m, correlated over 50 m.

    Valid from 10 m (nearer counts as 10 m) to 5 km; outdoors. Devices up to 13 m only, for which the
    report's effective height of the surroundings is 1 m and not random.

    Args:
        carrier_hz: The carrier frequency in hertz, 0.5 to 100 GHz.
        base_height_m: The height of the base station in metres; the report knows only 25.
        device_height_m: The height of the device in metres, 1.5 to 13.

    References:
        3GPP TR 38.901, Tables 7.4.1-1, 7.4.2-1, 7.5-6 and 7.6.3.1-2.
    """

    carrier_hz: float
    base_height_m: float = 25.0
    device_height_m: float = 1.5

    _state_correlation_m = 50.0
    _seen = (28.0, 22.0)
    _obstructed = (13.54, 39.08, 20.0, 0.6)
    _nearest_2d_m = 10.0
    _sigma_db = (6.0, 4.0)
    _correlation_m = (50.0, 37.0)

    def __post_init__(self) -> None:
        self._check(highest_device_m=13.0)

    def line_of_sight_probability(self, distance_2d_m: FloatArray) -> FloatArray:
        """Give the probability of a line of sight at each horizontal distance, of the same shape."""
        return _street_probability(distance_2d_m, decay_m=63.0)


@dataclass(frozen=True)
class Indoor(_Scenario):
    """InH, an office of rooms and open space (the report's mixed office).

    In sight, PL = 32.4 + 17.3 lg d3D + 20 lg f; obstructed, the larger of that and
    17.3 + 38.3 lg d3D + 24.9 lg f; f in GHz, d in m. Shadowing: 3 dB, correlated over 10 m, in sight;
    8.03 dB over 6 m obstructed. In sight with probability 1 up to 1.2 m, exp(-(d - 1.2)/4.7) up to 6.5 m and
    0.32 exp(-(d - 6.5)/32.6) beyond, correlated over 10 m.

    Valid for d3D from 1 m (nearer counts as 1 m) to 150 m; one floor.

    Args:
        carrier_hz: The carrier frequency in hertz, 0.5 to 100 GHz.
        base_height_m: The height of the base station in metres.
        device_height_m: The height of the device in metres.

    References:
        3GPP TR 38.901, Tables 7.4.1-1, 7.4.2-1, 7.5-6 and 7.6.3.1-2.
    """

    carrier_hz: float
    base_height_m: float = 3.0
    device_height_m: float = 1.0

    _state_correlation_m = 10.0
    _seen = (32.4, 17.3)
    _obstructed = (17.3, 38.3, 24.9, 0.0)
    _nearest_2d_m = 0.0
    _sigma_db = (8.03, 3.0)
    _correlation_m = (6.0, 10.0)

    def __post_init__(self) -> None:
        check_range("carrier frequency", self.carrier_hz, 0.5e9, 100e9, "Hz")
        check_range("height of the base station", self.base_height_m, 0.0, 20.0, "m")
        check_range("height of the device", self.device_height_m, 0.0, 20.0, "m")

    @property
    def breakpoint_m(self) -> float:
        """Infinite: one law of distance holds throughout."""
        return inf

    def line_of_sight_probability(self, distance_2d_m: FloatArray) -> FloatArray:
        """Give the probability of a line of sight at each horizontal distance, of the same shape."""
        room = np.exp(-(np.maximum(distance_2d_m, 1.2) - 1.2) / 4.7)
        hall = 0.32 * np.exp(-(np.maximum(distance_2d_m, 6.5) - 6.5) / 32.6)
        return np.where(np.less(distance_2d_m, 6.5), room, hall)


def _street_probability(distance_2d_m: FloatArray, decay_m: float) -> FloatArray:
    """Give 18/d + exp(-d / decay) (1 - 18/d) beyond 18 m, 1 up to there (Table 7.4.2-1)."""
    near = 18.0 / np.maximum(distance_2d_m, 18.0)
    return np.asarray(near + np.exp(-np.asarray(distance_2d_m) / decay_m) * (1.0 - near))
