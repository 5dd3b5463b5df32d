"""Receive diversity: several antennas that seldom fade together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coinfer.simulator.link.fading import Fading


@dataclass(frozen=True)
class Diversity:
    """Maximum-ratio combining of independent branches with the same fading.

    The signal-to-noise ratios of the branches add up, so the gain is the sum of theirs. Its mean is the
    number of branches: the mean SNR of a scenario is that of one branch, and the array gain comes on top. The
    antennas must stand far enough apart to fade independently (half a wavelength among scatterers), and the
    receiver is taken to know the channel.

    Args:
        fading: The fading of each branch.
        branches: How many there are, at least 1; 1 leaves the fading as it is.

    Raises:
        ValueError: If there is no branch.

    References:
        D. G. Brennan, "Linear diversity combining techniques", Proc. IRE 47 (1959) 1075-1102.
    """

    fading: Fading
    branches: int

    def __post_init__(self) -> None:
        if self.branches < 1:
            raise ValueError(f"branches must be at least 1, got {self.branches}")

    @property
    def longest_slot_s(self) -> float:
        """The longest slot of a branch, in seconds."""
        return self.fading.longest_slot_s

    def gains(self, slots: int, slot_s: float, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw the combined gain of every slot of a trace, `[slots] float64`; see `Fading.gains`.

        Raises:
            ValueError: If `slot_s` exceeds `longest_slot_s`.
        """
        total = self.fading.gains(slots, slot_s, rng)
        for _ in range(1, self.branches):
            total = total + self.fading.gains(slots, slot_s, rng)
        return total
