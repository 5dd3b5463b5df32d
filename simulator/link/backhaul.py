"""How long the wires between the base station and the edge server take."""

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Backhaul:
    """A delay that is constant, or log-normal: median exp(sigma Z) with Z ~ N(0, 1), for each task anew.

    Its mean is median exp(sigma^2 / 2). The wires have room for every payload: it neither queues on them nor
    takes longer for being larger. Payloads may overtake each other.

    Args:
        median_s: The median delay in seconds; 0 is an edge server at the base station.
        sigma_log: The standard deviation of the delay's natural logarithm; 0 makes it constant.

    Raises:
        ValueError: If either is negative or infinite.
    """

    median_s: float
    sigma_log: float = 0.0

    def __post_init__(self) -> None:
        for name, value in (("median_s", self.median_s), ("sigma_log", self.sigma_log)):
            if not 0.0 <= value < inf:
                raise ValueError(f"{name} of a backhaul must be finite and at least 0, got {value}")

    def delays_s(self, tasks: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw the delay of each task.

        Args:
            tasks: How many.
            rng: The source of chance.

        Returns:
            Seconds, `[tasks]`.
        """
        if self.sigma_log == 0.0:
            return np.full(tasks, self.median_s)
        return self.median_s * np.exp(self.sigma_log * rng.standard_normal(tasks))
