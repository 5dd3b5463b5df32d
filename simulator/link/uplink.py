"""How the payloads of all devices share one uplink."""

from collections import deque
from collections.abc import Sequence
from typing import Protocol

from simpy import Environment

from coinfer.simulator.alarm import Alarm, OnTask
from coinfer.simulator.link.capacity import Capacity

_Payload = tuple[int, int, float, OnTask, OnTask]


class Uplink(Protocol):
    """The contract between the engine and any way of sharing the air."""

    def send(self, task: int, device: int, bits: float, on_start: OnTask, on_end: OnTask) -> None:
        """Take a payload that is ready now.

        Args:
            task: The task's number.
            device: The device that sends.
            bits: The size of the payload in bits.
            on_start: Called when its first bit goes, which may be within this call.
            on_end: Called when its last bit is through.
        """


class FifoUplink:
    """One payload at a time over all devices, in the order they became ready, each at its device's rate.

    Args:
        env: The simulated time.
        channels: What each device's channel carries, `[devices]`.
        frozen: Keep for each payload the rate at its start, the block fading of much literature, whose
            mean airtime is infinite. By default the rate follows the fading.
    """

    def __init__(self, env: Environment, channels: Sequence[Capacity], frozen: bool = False) -> None:
        self._env = env
        self._channels = channels
        self._frozen = frozen
        self._waiting: deque[_Payload] = deque()
        self._busy = False

    def send(self, task: int, device: int, bits: float, on_start: OnTask, on_end: OnTask) -> None:
        """Take a payload that is ready now; see `Uplink.send`."""
        payload = (task, device, bits, on_start, on_end)
        if self._busy:
            self._waiting.append(payload)
        else:
            self._busy = True
            self._start(self._env.now, payload)

    def _start(self, now_s: float, payload: _Payload) -> None:
        task, device, bits, on_start, _ = payload
        on_start(task, now_s)
        channel = self._channels[device]
        if self._frozen:
            channel = channel.frozen_at(now_s)
        Alarm(self._env, channel.finish_s(now_s, bits), self._end, payload)

    def _end(self, alarm: Alarm) -> None:
        task, _, _, _, on_end = alarm.item
        on_end(task, alarm.time_s)
        if self._waiting:
            self._start(alarm.time_s, self._waiting.popleft())
        else:
            self._busy = False


class EqualShareUplink:
    """Every device with something to send gets the same part of the time.

    A device sends its own payloads one after the other. While n devices send, each has the rate r_i(t) / n
    of its channel, so that it needs n times its bits of that channel's work: the next end is the least
    W_i^-1(W_i(now) + n left_i), exact until n changes. This is the limit of round robin for short turns.

    Args:
        env: The simulated time.
        channels: What each device's channel carries, `[devices]`.
        frozen: Keep for each payload the rate at its start; see `FifoUplink`.
    """

    def __init__(self, env: Environment, channels: Sequence[Capacity], frozen: bool = False) -> None:
        self._env = env
        self._channels = channels
        self._frozen = frozen
        self._waiting: list[deque[_Payload]] = [deque() for _ in channels]
        self._transfers: dict[int, _Transfer] = {}
        self._counted_s = 0.0
        self._next_end: Alarm | None = None

    def send(self, task: int, device: int, bits: float, on_start: OnTask, on_end: OnTask) -> None:
        """Take a payload that is ready now; see `Uplink.send`."""
        payload = (task, device, bits, on_start, on_end)
        if device in self._transfers:
            self._waiting[device].append(payload)
            return
        self._count_sent_bits(self._env.now)
        self._start(self._env.now, payload)
        self._set_next_end(self._env.now)

    def _start(self, now_s: float, payload: _Payload) -> None:
        task, device, bits, on_start, on_end = payload
        on_start(task, now_s)
        channel = self._channels[device]
        if self._frozen:
            channel = channel.frozen_at(now_s)
        self._transfers[device] = _Transfer(task, device, bits, channel, on_end)

    def _end(self, alarm: Alarm) -> None:
        now_s, ended = alarm.time_s, alarm.item
        self._next_end = None
        self._count_sent_bits(now_s)
        ended.on_end(ended.task, now_s)
        if self._waiting[ended.device]:
            self._start(now_s, self._waiting[ended.device].popleft())
        else:
            del self._transfers[ended.device]
        self._set_next_end(now_s)

    def _count_sent_bits(self, now_s: float) -> None:
        """Take off every transfer what has crossed since the number of senders last changed."""
        senders = len(self._transfers)
        for transfer in self._transfers.values():
            transfer.left_bits -= transfer.channel.sent_bits(self._counted_s, now_s) / senders
        self._counted_s = now_s

    def _set_next_end(self, now_s: float) -> None:
        """Set the alarm for the transfer that ends first if nobody comes or goes before."""
        if self._next_end is not None:
            self._next_end.cancel()
            self._next_end = None
        if not self._transfers:
            return
        senders = len(self._transfers)
        end_s, device = min(
            (transfer.channel.finish_s(now_s, senders * transfer.left_bits), device)
            for device, transfer in self._transfers.items()
        )
        self._next_end = Alarm(self._env, end_s, self._end, self._transfers[device])


class _Transfer:
    """A payload on the air, with the bits that are left of it."""

    def __init__(self, task: int, device: int, bits: float, channel: Capacity, on_end: OnTask) -> None:
        self.task = task
        self.device = device
        self.left_bits = bits
        self.channel = channel
        self.on_end = on_end
