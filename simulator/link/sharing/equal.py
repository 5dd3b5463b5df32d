"""Every device with something to send gets the same part of the time."""

from collections.abc import Sequence

from simpy import Environment

from coinfer.simulator.link.capacity import Capacity
from coinfer.simulator.link.sharing.shared import SharedUplink
from coinfer.simulator.link.uplink import Notices


class EqualShareUplink(SharedUplink):
    """Every device with something to send gets the same part of the time.

    While n devices send, each has the rate r_i(t) / n of its channel, so that it needs n times its bits of
    that channel's work: the next end is the least W_i^-1(W_i(now) + n left_i), exact until n changes. This is
    the limit of round robin for short turns, and with one constant rate it is processor sharing.

    Args:
        env: The simulated time.
        notices: Whom to tell.
        channels: What each device's channel carries, `[devices]`.
        frozen: Keep for each payload the rate at its start; see `FifoUplink`.
    """

    def __init__(
        self, env: Environment, notices: Notices, channels: Sequence[Capacity], frozen: bool = False
    ) -> None:
        super().__init__(env, notices, len(channels))
        self._channels = channels
        self._frozen = frozen

    def _part(self, device: int, started_s: float, sharers: int) -> tuple[Capacity, int]:
        channel = self._channels[device]
        return (channel.frozen_at(started_s) if self._frozen else channel), sharers
