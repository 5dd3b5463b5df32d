"""What time sharing and band sharing have in common: everybody sends at once, slower for each one more."""

from abc import ABC, abstractmethod
from operator import attrgetter

from simpy import Environment

from coinfer.simulator.alarm import Alarm, OnTask
from coinfer.simulator.link.capacity import Capacity
from coinfer.simulator.link.sharing.backlog import Backlog, Payload
from coinfer.simulator.link.uplink import Notices


class SharedUplink(ABC):
    """An uplink over which all devices with something to send do so at once, each its own payloads in turn.

    What a device gets depends on the number n of those who send, and changes only when n does: in between
    every end is known beforehand, and the earliest end or expiry is the one event waited for. Exact.

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
        now_s = self._env.now
        sharers = len(self._transfers) + 1
        self._divide(now_s, sharers)
        self._start(now_s, payload, sharers)
        self._set_next_change()

    def _divide(self, now_s: float, sharers: int) -> None:
        """Let those who send go on as `sharers`, each without the bits that have crossed so far."""
        for device, transfer in self._transfers.items():
            crossed_bits = transfer.channel.sent_bits(transfer.counted_s, now_s) / transfer.cost
            left_bits = transfer.left_bits - crossed_bits
            transfer.go_on(now_s, left_bits, *self._part(device, transfer.started_s, sharers))

    def _start(self, now_s: float, payload: Payload, sharers: int) -> None:
        self._notices.started(payload.task, now_s)
        transfer = self._transfers[payload.device] = _Transfer(payload, now_s)
        transfer.go_on(now_s, payload.bits, *self._part(payload.device, now_s, sharers))

    def _set_next_change(self) -> None:
        """Set the alarm for the transfer that ends or expires first if nobody comes or goes before."""
        if self._next_change is not None:
            self._next_change.cancel()
            self._next_change = None
        if self._transfers:
            first = min(self._transfers.values(), key=attrgetter("due"))
            due_s, expires, _ = first.due
            callback = self._abort if expires else self._end
            self._next_change = Alarm(self._env, due_s, callback, first.payload)

    def _end(self, alarm: Alarm) -> None:
        self._stop(alarm, self._notices.ended)

    def _abort(self, alarm: Alarm) -> None:
        self._stop(alarm, self._notices.aborted)

    def _stop(self, alarm: Alarm, notice: OnTask) -> None:
        """Let a device's next payload follow one that ended or expired."""
        now_s, stopped = alarm.time_s, alarm.item
        self._next_change = None
        notice(stopped.task, now_s)
        sharers = len(self._transfers)
        del self._transfers[stopped.device]
        payload = self._waiting[stopped.device].next(now_s)
        if payload is None:
            self._divide(now_s, sharers - 1)
        else:
            self._start(now_s, payload, sharers)
        self._set_next_change()


class _Transfer:
    """A payload on the air, as it goes on since the number of senders last changed.

    Attributes:
        left_bits: The bits that were left of it at `counted_s`.
        channel: What carries it, `cost` bits of work for each of its own.
        due: When it ends or expires if that number stays, whether it expires, and its device.
    """

    __slots__ = ("channel", "cost", "counted_s", "due", "left_bits", "payload", "started_s")

    channel: Capacity
    cost: int
    counted_s: float
    due: tuple[float, bool, int]
    left_bits: float

    def __init__(self, payload: Payload, started_s: float) -> None:
        self.payload = payload
        self.started_s = started_s

    def go_on(self, now_s: float, left_bits: float, channel: Capacity, cost: int) -> None:
        """Send what is left over a channel from now on."""
        self.counted_s, self.left_bits, self.channel, self.cost = now_s, left_bits, channel, cost
        end_s = channel.finish_s(now_s, cost * left_bits)
        expires_s = self.payload.expires_s
        expires = expires_s < end_s
        self.due = (expires_s if expires else end_s, expires, self.payload.device)
