"""One payload at a time, first come first served."""

from collections.abc import Sequence
from math import inf

from simpy import Environment

from coinfer.simulator.alarm import Alarm
from coinfer.simulator.link.capacity import Capacity, Sender
from coinfer.simulator.link.sharing.backlog import Backlog, Payload
from coinfer.simulator.link.uplink import Notices


class FifoUplink:
    """One payload at a time over all devices, in the order they became ready, each at its device's rate.

    Work conserving: the air is idle only while no payload waits. One event a payload.

    Args:
        env: The simulated time.
        notices: Whom to tell.
        channels: How each device sends, `[devices]`.
        frozen: Keep for each payload the rate at its start, the block fading of much literature, whose
            mean airtime is infinite. By default the rate follows the fading.

    Raises:
        ValueError: If `frozen` is asked of a channel that has no rate to freeze.
    """

    def __init__(
        self, env: Environment, notices: Notices, channels: Sequence[Sender], frozen: bool = False
    ) -> None:
        self._env = env
        self._notices = notices
        self._size_at_start = notices.size_at_start
        self._channels = [_Frozen(channel) for channel in channels] if frozen else channels
        self._waiting = Backlog(env, notices.aborted)
        self._busy = False

    def send(self, task: int, device: int, bits: float, expires_s: float) -> None:
        """Take a payload that is ready now; see `Uplink.send`."""
        payload = Payload(task, device, bits, expires_s)
        if self._busy:
            self._waiting.add(payload)
        else:
            self._busy = True
            self._start(self._env.now, payload)

    def _start(self, now_s: float, payload: Payload) -> None:
        self._notices.started(payload.task, now_s)
        bits = payload.bits if self._size_at_start is None else self._size_at_start(payload.task, now_s)
        end_s = self._channels[payload.device].finish_s(now_s, bits, payload.expires_s)
        if end_s <= payload.expires_s:
            Alarm(self._env, end_s, self._end, payload)
        else:
            Alarm(self._env, payload.expires_s, self._abort, payload)

    def _end(self, alarm: Alarm) -> None:
        self._notices.ended(alarm.item.task, alarm.time_s)
        self._start_next(alarm.time_s)

    def _abort(self, alarm: Alarm) -> None:
        self._notices.aborted(alarm.item.task, alarm.time_s)
        self._start_next(alarm.time_s)

    def _start_next(self, now_s: float) -> None:
        payload = self._waiting.next(now_s)
        if payload is None:
            self._busy = False
        else:
            self._start(now_s, payload)


class _Frozen:
    """A channel that keeps for each payload the rate it has at the payload's start."""

    def __init__(self, channel: Sender) -> None:
        if not isinstance(channel, Capacity):
            raise ValueError(f"a frozen fade needs a channel with a rate, not a {type(channel).__name__}")
        self._channel = channel

    def finish_s(self, start_s: float, bits: float, until_s: float = inf) -> float:
        """Give the time at which the last bit is through; see `Sender.finish_s`."""
        return self._channel.frozen_at(start_s).finish_s(start_s, bits)
