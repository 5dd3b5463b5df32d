"""One payload at a time, first come first served."""

from collections.abc import Sequence
from math import inf

from simpy import Environment

from coinfer.simulator.link.capacity import Capacity, Sender
from coinfer.simulator.link.uplink import Notices


class FifoUplink:
    """One payload at a time over all devices, in the order they became ready, each at its device's rate.

    Work conserving: the air is idle only while no payload waits. Nobody who comes later delays a payload, so
    that its start and its end, or that it expires, are told when it is ready (a `ForeseeingUplink`).

    Args:
        env: The simulated time.
        notices: Whom to tell.
        channels: How each device sends, `[devices]`.
        frozen: Keep for each payload the rate at its start, the block fading of much literature, whose
            mean airtime is infinite. By default the rate follows the fading.

    Attributes:
        channels: How each device sends, `[devices]`.
        size_at_start: Asked how large a payload is when its first bit goes, if not None.

    Raises:
        ValueError: If `frozen` is asked of a channel that has no rate to freeze.
    """

    def __init__(
        self, env: Environment, notices: Notices, channels: Sequence[Sender], frozen: bool = False
    ) -> None:
        self.channels = [_Frozen(channel) for channel in channels] if frozen else channels
        self._env = env
        self._started = notices.started
        self._ended = notices.ended
        self._aborted = notices.aborted
        self.size_at_start = notices.size_at_start
        self._finish_s = [channel.finish_s for channel in self.channels]
        self._free_s = -inf

    def send(self, task: int, device: int, bits: float, expires_s: float) -> None:
        """Take a payload that is ready now; see `Uplink.send`."""
        self.take(self._env.now, task, device, bits, expires_s)

    def take(self, ready_s: float, task: int, device: int, bits: float, expires_s: float) -> None:
        """Take a payload that is ready at a time; see `ForeseeingUplink.take`."""
        free_s = self._free_s
        start_s = free_s if free_s > ready_s else ready_s
        if start_s >= expires_s:
            if expires_s < inf:
                self._aborted(task, expires_s)
            return
        self._started(task, start_s)
        if self.size_at_start is not None:
            bits = self.size_at_start(task, start_s)
        end_s = self._finish_s[device](start_s, bits, expires_s)
        if end_s > expires_s:
            self._free_s = expires_s
            self._aborted(task, expires_s)
        else:
            self._free_s = end_s
            if end_s < inf:
                self._ended(task, end_s)


class _Frozen:
    """A channel that keeps for each payload the rate it has at the payload's start."""

    def __init__(self, channel: Sender) -> None:
        if not isinstance(channel, Capacity):
            raise ValueError(f"a frozen fade needs a channel with a rate, not a {type(channel).__name__}")
        self._channel = channel

    def finish_s(self, start_s: float, bits: float, until_s: float = inf) -> float:
        """Give the time at which the last bit is through; see `Sender.finish_s`."""
        return self._channel.frozen_at(start_s).finish_s(start_s, bits)
