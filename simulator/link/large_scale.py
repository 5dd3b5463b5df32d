"""The large-scale loss along a route: path loss, line of sight and shadowing put together."""

from dataclasses import dataclass
from math import ceil, floor
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from coinfer.simulator.link.line_of_sight import line_of_sight
from coinfer.simulator.link.mobility import Route
from coinfer.simulator.link.path_loss import PathLoss
from coinfer.simulator.link.shadowing import CorrelatedField

LONGEST_STEP_M = 0.5
STEPS_PER_CORRELATION = 20

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
LineOfSightMode = Literal["probability", "always", "never"]


@dataclass(frozen=True)
class LargeScale:
    """What distance and obstacles take from the signal while a device goes its way.

    The loss is evaluated at places a step apart along the route, a step being a twentieth of the shortest
    correlation distance and at most half a metre, and interpolated linearly in dB over time between them
    (which takes 0.8 % on average from the standard deviation of the shadowing). A change of the line-of-sight
    state is thus a ramp one step long. In sight and obstructed, the shadowing comes from two independent
    fields. The steps belong to the route: the loss at a time does not depend on which other times are asked.

    Args:
        path_loss: The model of the surroundings.
        route: Where the device is.
        line_of_sight: "probability" draws a map of places in sight; "always" and "never" settle it.
        shadowing: Whether to add the model's shadowing.

    References:
        3GPP TR 38.901, sections 7.4.1, 7.4.2 and 7.6.3.
    """

    path_loss: PathLoss
    route: Route
    line_of_sight: LineOfSightMode = "probability"
    shadowing: bool = True

    def __post_init__(self) -> None:
        if self.line_of_sight not in ("probability", "always", "never"):
            raise ValueError(
                f"line of sight must be 'probability', 'always' or 'never', got {self.line_of_sight!r}"
            )

    @property
    def step_m(self) -> float:
        """The distance in metres between places at which the loss is evaluated."""
        correlation_m = [self.path_loss.shadowing_correlation_m(seen) for seen in (False, True)]
        correlation_m.append(self.path_loss.line_of_sight_correlation_m)
        steps_m = [distance_m / STEPS_PER_CORRELATION for distance_m in correlation_m if distance_m]
        return min([LONGEST_STEP_M, *steps_m])

    def loss_db(
        self,
        time_s: FloatArray,
        line_of_sight_rng: np.random.Generator,
        shadowing_rng: np.random.Generator,
    ) -> FloatArray:
        """Give path loss and shadowing at each time.

        Args:
            time_s: Times in seconds, `[slots]`, ascending.
            line_of_sight_rng: The source of the map of places in sight.
            shadowing_rng: The source of the maps of shadowing. Devices that are given equal seeds live on
                one map, devices with seeds of their own each on another.

        Returns:
            The loss in dB, `[slots] float64`.
        """
        if not self.route.speed_mps:
            here = self._loss_at_places_db(np.zeros(1), line_of_sight_rng, shadowing_rng)
            return np.full(len(time_s), here[0])
        # An even number of steps a period, so that a way there and back is sampled where it turns.
        steps = 2 * ceil(self.route.period_s * self.route.speed_mps / self.step_m / 2.0)
        step_s = self.route.period_s / steps
        first, last = floor(time_s[0] / step_s), ceil(time_s[-1] / step_s)
        points = np.arange(first, last + 1)
        once = self._loss_at_places_db(points[:steps] * step_s, line_of_sight_rng, shadowing_rng)
        # Beyond a period the places come again, and so do their losses.
        return np.asarray(np.interp(time_s, points * step_s, np.resize(once, len(points))))

    def seen_at(self, time_s: FloatArray, line_of_sight_rng: np.random.Generator) -> BoolArray:
        """Tell at which times the base station is in sight, `[times] bool`.

        Args:
            time_s: Times in seconds, `[times]`.
            line_of_sight_rng: The source of the map of places in sight; one of the same seed as for
                `loss_db` gives the same map.
        """
        if self.line_of_sight != "probability":
            return np.full(len(time_s), self.line_of_sight == "always")
        x_m, y_m = self.route.at(time_s)
        probability = self.path_loss.line_of_sight_probability(np.hypot(x_m, y_m))
        if probability.min(initial=1.0) >= 1.0:
            return np.ones(len(time_s), dtype=np.bool_)
        state = CorrelatedField.draw(self.path_loss.line_of_sight_correlation_m, line_of_sight_rng)
        return line_of_sight(probability, state.at(x_m, y_m))

    def _loss_at_places_db(
        self,
        time_s: FloatArray,
        line_of_sight_rng: np.random.Generator,
        shadowing_rng: np.random.Generator,
    ) -> FloatArray:
        """Give path loss and shadowing where the device is at each time, without interpolation."""
        seen = self.seen_at(time_s, line_of_sight_rng)
        x_m, y_m = self.route.at(time_s)
        loss_db = self.path_loss.db(np.hypot(x_m, y_m), seen)
        if not self.shadowing:
            return loss_db
        for state in (False, True):
            sigma_db = self.path_loss.shadowing_sigma_db(state)
            if sigma_db:
                shadows = CorrelatedField.draw(self.path_loss.shadowing_correlation_m(state), shadowing_rng)
                places = seen == state
                loss_db[places] += sigma_db * shadows.at(x_m[places], y_m[places])
        return loss_db
