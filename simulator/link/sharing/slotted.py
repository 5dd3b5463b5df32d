"""A scheduler gives slot after slot to one device."""

from collections.abc import Sequence

from simpy import Environment

from coinfer.simulator.alarm import Alarm
from coinfer.simulator.link.sharing.backlog import Backlog, Payload
from coinfer.simulator.link.sharing.policy import Policy
from coinfer.simulator.link.slot_sender import SlotSender
from coinfer.simulator.link.uplink import Notices


class SlottedUplink:
    """A scheduler gives each slot, whole, to one of the devices with something to send.

    Slot i runs from i T to (i + 1) T. A payload starts with a slot, the first that its device gets, and ends
    within one or at its end; what is left of that slot is padding. A device sends its own payloads in turn,
    and a payload on the air that is given up leaves the slot it is in unused. Work conserving by slots: no
    slot is idle in which somebody is ready. An event a slot, but only while somebody is ready: it skips
    slots in which all wait (for an uplink slot, or for retransmissions to fall due).

    Args:
        env: The simulated time.
        notices: Whom to tell.
        senders: How each device sends, `[devices]`, at least one, with slots of the same length.
        policy: Who gets a slot.

    Raises:
        ValueError: If there is no device, or the lengths of slots differ.
    """

    def __init__(
        self, env: Environment, notices: Notices, senders: Sequence[SlotSender], policy: Policy
    ) -> None:
        lengths_s = {sender.slot_s for sender in senders}
        if len(lengths_s) != 1:
            raise ValueError(f"all devices need slots of the same length, got {sorted(lengths_s)} s")
        self._env = env
        self._notices = notices
        self._senders = senders
        self._policy = policy
        self._slot_s = lengths_s.pop()
        self._waiting = [Backlog(env, notices.aborted) for _ in senders]
        self._transfers: dict[int, _Transfer] = {}
        self._free_slot = 0
        self._next_slot: Alarm | None = None

    def send(self, task: int, device: int, bits: float, expires_s: float) -> None:
        """Take a payload that is ready now; see `Uplink.send`."""
        payload = Payload(task, device, bits, expires_s)
        if device in self._transfers:
            self._waiting[device].add(payload)
        else:
            self._load(payload)
            self._set_next_slot(self._env.now)

    def _load(self, payload: Payload) -> None:
        self._senders[payload.device].load(payload.bits)
        expiry = Alarm(self._env, payload.expires_s, self._abort, payload)
        self._transfers[payload.device] = _Transfer(payload, expiry)

    def _set_next_slot(self, now_s: float) -> None:
        """Set the alarm for the first slot, from now on and not yet given, in which somebody is ready."""
        first = int(now_s / self._slot_s)
        first = max(first + (first * self._slot_s < now_s), self._free_slot)
        if self._next_slot is not None:
            if self._next_slot.item == first:
                return
            self._next_slot.cancel()
            self._next_slot = None
        slot = self._first_wanted(first)
        if slot is not None:
            self._next_slot = Alarm(self._env, slot * self._slot_s, self._give, slot)

    def _first_wanted(self, first: int) -> int | None:
        """Give the first slot from `first` on in which somebody is ready; None if nobody ever is."""
        soonest: int | None = None
        for device, transfer in self._transfers.items():
            if not transfer.is_through:
                slot = self._senders[device].next_slot(first)
                if slot == first:
                    return first
                if slot is not None and (soonest is None or slot < soonest):
                    soonest = slot
        return soonest

    def _give(self, alarm: Alarm) -> None:
        slot = alarm.item
        self._next_slot = None
        self._free_slot = slot + 1
        ready = [
            device
            for device in sorted(self._transfers)
            if not self._transfers[device].is_through and self._senders[device].ready(slot)
        ]
        if ready:
            device = self._policy.choose(ready, lambda device: self._senders[device].rate_bps(slot))
            self._use(self._transfers[device], slot, alarm.time_s)
        self._set_next_slot(alarm.time_s)

    def _use(self, transfer: "_Transfer", slot: int, now_s: float) -> None:
        payload = transfer.payload
        if not transfer.is_started:
            transfer.is_started = True
            self._notices.started(payload.task, now_s)
        part = self._senders[payload.device].use(slot)
        if part is None:
            return
        transfer.is_through = True
        end_s = max((slot + part) * self._slot_s, now_s)
        if end_s <= payload.expires_s:
            transfer.expiry.cancel()
            Alarm(self._env, end_s, self._end, payload)

    def _end(self, alarm: Alarm) -> None:
        self._notices.ended(alarm.item.task, alarm.time_s)
        self._replace(alarm.item.device, alarm.time_s)

    def _abort(self, alarm: Alarm) -> None:
        self._notices.aborted(alarm.item.task, alarm.time_s)
        self._senders[alarm.item.device].clear()
        self._replace(alarm.item.device, alarm.time_s)

    def _replace(self, device: int, now_s: float) -> None:
        del self._transfers[device]
        payload = self._waiting[device].next(now_s)
        if payload is not None:
            self._load(payload)
        self._set_next_slot(now_s)


class _Transfer:
    """A payload at the head of its device's queue.

    Attributes:
        is_started: A slot was given to it.
        is_through: Its last slot was given to it.
    """

    __slots__ = ("expiry", "is_started", "is_through", "payload")

    def __init__(self, payload: Payload, expiry: Alarm) -> None:
        self.payload = payload
        self.expiry = expiry
        self.is_started = False
        self.is_through = False
