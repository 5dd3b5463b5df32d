"""Which of the devices that are ready gets a slot."""

from collections.abc import Callable, Sequence
from typing import Protocol


class Policy(Protocol):
    """Gives slot after slot to one of the devices that are ready to use it; one policy for one uplink."""

    def choose(self, ready: Sequence[int], rate_bps: Callable[[int], float]) -> int:
        """Choose the device that gets a slot.

        Args:
            ready: The devices that can send in it, at least one, in ascending order.
            rate_bps: Gives the rate that a device would have in it.

        Returns:
            One of `ready`.
        """
