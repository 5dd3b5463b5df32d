"""What a slot scheduler asks of a device that wants to send."""

from typing import Protocol


class SlotSender(Protocol):
    """One device's payload, sent in the slots that a scheduler grants, one payload at a time.

    Slot i runs from `i * slot_s` to `(i + 1) * slot_s`. Slots are asked for in ascending order.
    """

    slot_s: float

    def load(self, bits: float) -> None:
        """Take the next payload; the one before is through or cleared."""

    def clear(self) -> None:
        """Give up the payload, with its retransmissions."""

    def ready(self, slot: int) -> bool:
        """Tell whether something can be sent in a slot: new bits, or a retransmission that is due."""

    def rate_bps(self, slot: int) -> float:
        """Give the rate that new bits would have in a slot, for schedulers."""

    def use(self, slot: int) -> float | None:
        """Send in a slot.

        Returns:
            The part of the slot (0..1] after which the payload is through, None if more is to come.
        """

    def next_slot(self, slot: int) -> int | None:
        """Give the first uplink slot from `slot` on in which `ready` will hold if nothing else happens.

        None if nothing will ever get through.
        """
