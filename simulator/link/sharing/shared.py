"""What time sharing and band sharing have in common: everybody sends at once, slower for each one more."""

from abc import ABC, abstractmethod

from simpy import Environment

from coinfer.simulator.alarm import Alarm, OnTask
from coinfer.simulator.link.capacity import Capacity
from coinfer.simulator.link.sharing.backlog import Backlog, Payload
from coinfer.simulator.link.uplink import Notices


class SharedUplink(ABC):
    """An uplink over which all devices with something to send do so at once, each its own payloads in turn.

    What a device gets depends on the number n of those who send, and changes only when somebody starts or
    stops: in between every end is known beforehand, and the earliest end or expiry is the one event
    waited for. Exact.

    Args:
        env: The simulated time.
        notices: Whom to tell.
        devices: How many there are.
    """

    def __init__(self, env: Environment, notices: Notices, devices: int) -> None:
        self._env = env
        self._notices = notices
        self._waiting = [Backlog(env, notices.aborted) for _ in range(devices)]
        self._transfers: dict[int, _Transfer] = {}
        self._counted_s = 0.0
        self._next_change: Alarm | None = None

    @abstractmethod
    def _part(self, device: int, started_s: float, sharers: int) -> tuple[Capacity, int]:
        """Give the channel of a device among `sharers`, and how many bits of its work each sent bit costs."""

    def send(self, task: int, device: int, bits: float, expires_s: float) -> None:
        """Take a payload that is ready now; see `Uplink.send`."""
        payload = Payload(task, device, bits, expires_s)
        if device in self._transfers:
            self._waiting[device].add(payload)
            return
        self._count_sent_bits(self._env.now)
        self._start(self._env.now, payload)
        self._set_next_change(self._env.now)

    def _start(self, now_s: float, payload: Payload) -> None:
        self._notices.started(payload.task, now_s)
        self._transfers[payload.device] = _Transfer(payload, now_s)

    def _end(self, alarm: Alarm) -> None:
        self._stop(alarm, self._notices.ended)

    def _abort(self, alarm: Alarm) -> None:
        self._stop(alarm, self._notices.aborted)

    def _stop(self, alarm: Alarm, notice: OnTask) -> None:
        """Let a device's next payload follow one that ended or expired."""
        now_s, stopped = alarm.time_s, alarm.item
        self._next_change = None
        self._count_sent_bits(now_s)
        notice(stopped.task, now_s)
        payload = self._waiting[stopped.device].next(now_s)
        if payload is None:
            del self._transfers[stopped.device]
        else:
            self._start(now_s, payload)
        self._set_next_change(now_s)

    def _count_sent_bits(self, now_s: float) -> None:
        """Take off every transfer what has crossed since the number of senders last changed."""
        sharers = len(self._transfers)
        for device, transfer in self._transfers.items():
            channel, cost = self._part(device, transfer.started_s, sharers)
            transfer.left_bits -= channel.sent_bits(self._counted_s, now_s) / cost
        self._counted_s = now_s

    def _set_next_change(self, now_s: float) -> None:
        """Set the alarm for the transfer that ends or expires first if nobody comes or goes before."""
        if self._next_change is not None:
            self._next_change.cancel()
            self._next_change = None
        if not self._transfers:
            return
        end_s, ending = min((self._end_s(device, now_s), device) for device in self._transfers)
        expires_s, expiring = min((t.payload.expires_s, device) for device, t in self._transfers.items())
        if end_s <= expires_s:
            self._next_change = Alarm(self._env, end_s, self._end, self._transfers[ending].payload)
        else:
            self._next_change = Alarm(self._env, expires_s, self._abort, self._transfers[expiring].payload)

    def _end_s(self, device: int, now_s: float) -> float:
        transfer = self._transfers[device]
        channel, cost = self._part(device, transfer.started_s, len(self._transfers))
        return channel.finish_s(now_s, cost * transfer.left_bits)


class _Transfer:
    """A payload on the air, with the bits that are left of it."""

    __slots__ = ("left_bits", "payload", "started_s")

    def __init__(self, payload: Payload, started_s: float) -> None:
        self.payload = payload
        self.started_s = started_s
        self.left_bits = payload.bits
