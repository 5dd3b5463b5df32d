"""A device that sends bit by bit over a trace, in the slots that a scheduler grants."""

from math import inf

from coinfer.simulator.link.capacity import Capacity


class TraceSender:
    """A `SlotSender` that sends in each slot it is granted whatever its channel carries, without loss.

    Args:
        trace: What the channel carries.
        slot_s: The length of the scheduler's slots in seconds; the trace may have others.

    Raises:
        ValueError: If a slot has no length.
    """

    def __init__(self, trace: Capacity, slot_s: float) -> None:
        if not 0.0 < slot_s < inf:
            raise ValueError(f"a slot must last longer than 0 s, got {slot_s} s")
        self.slot_s = slot_s
        self._trace = trace
        self._left_bits: float | None = None
        self._slot = -1
        self._slot_bits = 0.0

    def load(self, bits: float) -> None:
        """Take the next payload; the one before is through or cleared."""
        self._left_bits = bits

    def clear(self) -> None:
        """Give up the payload."""
        self._left_bits = None

    def ready(self, slot: int) -> bool:
        """Tell whether there is a payload, and the channel carries anything in a slot."""
        return self._left_bits is not None and self._carried_bits(slot) > 0.0

    def rate_bps(self, slot: int) -> float:
        """Give the mean rate of the channel in a slot."""
        return self._carried_bits(slot) / self.slot_s

    def use(self, slot: int) -> float | None:
        """Send in a slot; see `SlotSender.use`.

        Raises:
            ValueError: If there is no payload.
        """
        if self._left_bits is None:
            raise ValueError(f"slot {slot} was granted to a device without a payload")
        carried_bits = self._carried_bits(slot)
        if self._left_bits > carried_bits:
            self._left_bits -= carried_bits
            return None
        start_s = slot * self.slot_s
        through_s = self._trace.finish_s(start_s, self._left_bits)
        self._left_bits = None
        return min((through_s - start_s) / self.slot_s, 1.0)

    def next_slot(self, slot: int) -> int:
        """Give the first slot from `slot` on in which the channel carries anything."""
        while self._carried_bits(slot) <= 0.0:
            slot += 1
        return slot

    def _carried_bits(self, slot: int) -> float:
        """Give what the channel carries in a slot, of which everybody asks several times."""
        if slot != self._slot:
            self._slot = slot
            self._slot_bits = self._trace.sent_bits(slot * self.slot_s, (slot + 1) * self.slot_s)
        return self._slot_bits
