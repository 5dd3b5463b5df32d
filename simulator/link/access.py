"""How long a device with a payload waits until it may use the uplink."""

from dataclasses import dataclass
from math import inf
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Access(Protocol):
    """The delay before the uplink takes a payload that is ready; waiting for others comes on top."""

    def delays_s(self, tasks: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw the delay of each task.

        Args:
            tasks: How many.
            rng: The source of chance.

        Returns:
            Seconds, `[tasks]`.
        """


@dataclass(frozen=True)
class NoAccess:
    """A device that may send at once."""

    def delays_s(self, tasks: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Give zeros, `[tasks]`."""
        return np.zeros(tasks)


@dataclass(frozen=True)
class Grant:
    """A scheduling request answered by a grant: uniform between two times, for each task anew.

    The parts are the wait for the next request occasion, the base station's decision, and the device's
    preparation of the transmission. The default range suits NR at 30 kHz with an occasion every few slots.
    Every payload asks for itself: none rides on the buffer status report of another, and the delay does not
    grow with the load of the cell.

    Args:
        min_s: The shortest delay in seconds.
        max_s: The longest delay in seconds.

    Raises:
        ValueError: If the delays are negative, infinite or in the wrong order.

    References:
        3GPP TS 38.321, clause 5.4.4 (scheduling request); TS 38.214, clause 6.4 (preparation time).
    """

    min_s: float = 0.002
    max_s: float = 0.004

    def __post_init__(self) -> None:
        if not 0.0 <= self.min_s <= self.max_s < inf:
            raise ValueError(
                f"a grant must take from min_s >= 0 s to a finite max_s >= min_s, "
                f"got {self.min_s} s to {self.max_s} s"
            )

    def delays_s(self, tasks: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw the delay of each task, `[tasks]`; see `Access.delays_s`."""
        return rng.uniform(self.min_s, self.max_s, tasks)


@dataclass(frozen=True)
class ConfiguredGrant:
    """Occasions to send that come round without being asked for: uniform on [0, period).

    That is the wait of a task whose phase against the period is uniform. Each task draws its own, so tasks
    that are a multiple of the period apart do not share a phase.

    Args:
        period_s: The time between occasions in seconds; NR allows from 2 symbols to 640 ms.

    Raises:
        ValueError: If the period is not above 0 and finite.

    References:
        3GPP TS 38.321, clause 5.8.2; TS 38.214, clause 6.1.2.3 (configured grants); TS 38.331,
        ConfiguredGrantConfig (periods).
    """

    period_s: float

    def __post_init__(self) -> None:
        if not 0.0 < self.period_s < inf:
            raise ValueError(f"a configured grant must have a finite period above 0 s, got {self.period_s} s")

    def delays_s(self, tasks: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw the delay of each task, `[tasks]`; see `Access.delays_s`."""
        return rng.uniform(0.0, self.period_s, tasks)
