"""Slots in a circle."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass
class RoundRobin:
    """Give each slot to the next device in a circle that is ready, whatever its channel."""

    _last: int = field(default=-1, init=False, repr=False)

    def choose(self, ready: Sequence[int], rate_bps: Callable[[int], float]) -> int:
        """Choose the device that gets a slot; see `Policy.choose`."""
        self._last = next((device for device in ready if device > self._last), ready[0])
        return self._last
