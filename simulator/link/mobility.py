"""Mobility: where a device is. The base station stands at the origin."""

from dataclasses import dataclass
from math import cos, inf, pi, sin, sqrt
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class Route(Protocol):
    """A way over the plane at constant speed, which repeats itself without a jump."""

    @property
    def speed_mps(self) -> float:
        """The speed in metres a second; 0 for a device that stands."""

    @property
    def period_s(self) -> float:
        """The time in seconds after which the way repeats itself; infinite for a device that stands."""

    def at(self, time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Give the place at each time.

        Args:
            time_s: Times in seconds, of any shape.

        Returns:
            x and y in metres from the base station, each of the same shape.
        """


@dataclass(frozen=True)
class Standing:
    """A device that stays where it is.

    Args:
        x_m: Its place east of the base station in metres.
        y_m: Its place north of the base station in metres.
    """

    x_m: float
    y_m: float = 0.0

    def __post_init__(self) -> None:
        if not np.isfinite((self.x_m, self.y_m)).all():
            raise ValueError(f"a place must be finite, got ({self.x_m}, {self.y_m}) m")

    @property
    def speed_mps(self) -> float:
        """Zero."""
        return 0.0

    @property
    def period_s(self) -> float:
        """Infinite: it never moves."""
        return inf

    def at(self, time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Give the same place for each time; see `Route.at`."""
        return np.full(np.shape(time_s), self.x_m), np.full(np.shape(time_s), self.y_m)


@dataclass(frozen=True)
class Line:
    """A device that walks straight away from the base station (or to it), then back again, for ever.

    Args:
        start_m: Its distance from the base station at time 0 in metres.
        end_m: The distance at which it turns round, in metres.
        speed_mps: Its speed in metres a second.

    Examples:
        >>> line = Line(start_m=10.0, end_m=40.0, speed_mps=2.0)
        >>> line.at(np.array([0.0, 5.0, 15.0, 20.0, 30.0]))[0].round(9).tolist()
        [10.0, 20.0, 40.0, 30.0, 10.0]
    """

    start_m: float
    end_m: float
    speed_mps: float

    def __post_init__(self) -> None:
        _check_speed(self.speed_mps)
        if not (0.0 <= self.start_m < inf and 0.0 <= self.end_m < inf):
            raise ValueError(f"distances must be at least 0 m, got {self.start_m} m and {self.end_m} m")
        if self.start_m == self.end_m:
            raise ValueError(f"a line must lead somewhere, got {self.start_m} m for its start and its end")

    @property
    def period_s(self) -> float:
        """The time there and back in seconds."""
        return 2.0 * abs(self.end_m - self.start_m) / self.speed_mps

    def at(self, time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Give the place at each time, on the x axis; see `Route.at`."""
        half = np.mod(np.asarray(time_s) / self.period_s, 1.0)
        part = 1.0 - np.abs(1.0 - 2.0 * half)
        x_m = self.start_m + part * (self.end_m - self.start_m)
        return np.asarray(x_m), np.zeros_like(x_m)


class RandomWaypoint:
    """A device that walks from waypoint to waypoint, straight, at constant speed and without a pause.

    After the last waypoint it goes back to the first and repeats its loop. Waypoints that are uniform in a
    disc do not make the device uniform: legs cross the middle, and its density is about 2 (1 - (r / R)^2)
    times the uniform one, highest at the base station. `draw` enters the loop at a uniformly random point, so
    that time 0 is no special moment.

    Args:
        waypoints_m: The corners of the loop, `[legs, 2]`, in metres.
        speed_mps: Its speed in metres a second.
        start_m: How far along the loop it is at time 0, in metres.

    Raises:
        ValueError: If there are fewer than two waypoints, two in a row are the same, or it does not move.

    References:
        C. Bettstetter and C. Wagner, "The spatial node distribution of the random waypoint mobility model",
        Proc. WMAN, Ulm (2002) 41-58: circular areas.
    """

    def __init__(self, waypoints_m: FloatArray, speed_mps: float, start_m: float = 0.0) -> None:
        waypoints_m = np.asarray(waypoints_m, dtype=np.float64)
        _check_speed(speed_mps)
        if waypoints_m.ndim != 2 or waypoints_m.shape[1] != 2 or len(waypoints_m) < 2:
            raise ValueError(f"a loop needs two or more (x, y) waypoints, got shape {waypoints_m.shape}")
        corners_m = np.concatenate((waypoints_m, waypoints_m[:1]))
        legs_m = np.hypot(*np.diff(corners_m, axis=0).T)
        if not (np.isfinite(legs_m).all() and legs_m.all()):
            raise ValueError("waypoints must be finite, and no two in a row the same")
        self.waypoints_m = waypoints_m
        self.speed_mps = float(speed_mps)
        self.start_m = float(start_m)
        self._corners_m = corners_m
        self._walked_m = np.concatenate(([0.0], np.cumsum(legs_m)))

    @classmethod
    def draw(
        cls, radius_m: float, speed_mps: float, rng: np.random.Generator, legs: int = 64
    ) -> "RandomWaypoint":
        """Draw a loop through uniform places of a disc around the base station.

        Args:
            radius_m: The radius of the disc in metres.
            speed_mps: The speed in metres a second.
            rng: The source of chance.
            legs: How many legs the loop has, each 0.9 radii long on average.
        """
        loop = cls(np.array([uniform_in_disc(radius_m, 0.0, rng) for _ in range(legs)]), speed_mps)
        return cls(loop.waypoints_m, speed_mps, start_m=float(rng.uniform(0.0, loop._walked_m[-1])))

    @property
    def period_s(self) -> float:
        """The time of one loop in seconds."""
        return float(self._walked_m[-1]) / self.speed_mps

    def at(self, time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Give the place at each time; see `Route.at`."""
        walked_m = np.mod(self.start_m + np.asarray(time_s) * self.speed_mps, self._walked_m[-1])
        x_m, y_m = (np.asarray(np.interp(walked_m, self._walked_m, axis)) for axis in self._corners_m.T)
        return x_m, y_m


def uniform_in_disc(radius_m: float, min_m: float, rng: np.random.Generator) -> tuple[float, float]:
    """Draw a place, uniform over a disc around the base station with a hole in its middle.

    Args:
        radius_m: The radius of the disc in metres.
        min_m: The radius of the hole in metres; 0 for none.
        rng: The source of chance.

    Returns:
        x and y in metres.

    Raises:
        ValueError: If not 0 <= min < radius.
    """
    if not 0.0 <= min_m < radius_m < inf:
        raise ValueError(f"a disc needs 0 <= min < radius, got min {min_m} m and radius {radius_m} m")
    distance_m = sqrt(rng.uniform(min_m**2, radius_m**2))
    angle = rng.uniform(0.0, 2.0 * pi)
    return distance_m * cos(angle), distance_m * sin(angle)


def _check_speed(speed_mps: float) -> None:
    if not 0.0 < speed_mps < inf:
        raise ValueError(f"a device on its way needs a speed above 0 m/s, got {speed_mps} m/s")
