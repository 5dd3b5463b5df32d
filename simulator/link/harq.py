"""Hybrid ARQ over NR slots: what becomes of a payload when its transport blocks may fail."""

from collections import deque
from dataclasses import dataclass
from math import ceil, inf
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from coinfer.simulator.link.adaptation import LinkAdaptation, OuterLoop
from coinfer.simulator.link.tdd import TddPattern
from coinfer.simulator.units import linear_to_db

_PROCESSES = 16
_HOPELESS = 1.0 - 1e-6


@dataclass(frozen=True)
class HarqSettings:
    """How failed transport blocks are repeated, and how the sender learns.

    Args:
        max_transmissions: How often a block is sent before its bits start anew as new blocks.
        combining: "chase" adds the linear SNRs of all transmissions of a block; "none" is plain ARQ.
        round_trip_slots: Slots from a transmission to its repetition, 1 to 16, so that NR's 16 processes
            never run out: no more blocks are on their way than fit into a round trip.
        outer_loop: Whether to correct the reported SNR by what became of first transmissions.
        report_delay_slots: How old the SNR is by which a scheme is chosen, in slots.
        step_db: How far a failure lowers the offset of the outer loop, in dB; see `OuterLoop`.

    Raises:
        ValueError: If a value is out of its range.
    """

    max_transmissions: int = 4
    combining: Literal["chase", "none"] = "chase"
    round_trip_slots: int = 8
    outer_loop: bool = True
    report_delay_slots: int = 8
    step_db: float = 0.5

    def __post_init__(self) -> None:
        if self.max_transmissions < 1:
            raise ValueError(f"a block is sent at least once, got max_transmissions={self.max_transmissions}")
        if self.combining not in ("chase", "none"):
            raise ValueError(f"combining is 'chase' or 'none', got {self.combining!r}")
        if not 1 <= self.round_trip_slots <= _PROCESSES:
            raise ValueError(f"a round trip takes 1 to {_PROCESSES} slots, got {self.round_trip_slots}")
        if self.report_delay_slots < 0:
            raise ValueError(f"a report cannot be {self.report_delay_slots} slots old: at least 0")


class HarqChannel:
    """One device's sender over NR slots, with link adaptation and retransmissions (a `SlotSender`).

    A block takes one slot and all resource blocks. The last block of a payload is padded, and sent with no
    higher scheme than its bits need; it teaches the outer loop nothing then. A block whose SNR (after
    combining) is g fails if the slot's uniform number is below its error rate at g: independent draws at the
    accumulated SNR. The channel's luck depends on the slot alone, neither on the payload nor on the length of
    the trace. A due retransmission goes before new bits. The payload is through at the end of the slot in
    which its last block is decoded. The outer loop lives on from payload to payload.

    Args:
        snr: The linear SNR in each slot, `[slots] float64`, repeated for ever.
        adaptation: The schemes to choose from; may be shared between devices.
        tdd: Which slots carry the uplink, and how long a slot is.
        settings: Retransmissions and outer loop.
        rng: The source of the block errors, one uniform number a slot; not to be shared.

    Raises:
        ValueError: If the trace has no slot, or an SNR that is negative or not finite.

    References:
        D. Chase, "Code combining", IEEE Trans. Commun. 33 (1985).
        3GPP TS 38.321, section 5.4.2 (HARQ); TS 38.322 (RLC AM).
    """

    def __init__(
        self,
        snr: NDArray[np.float64],
        adaptation: LinkAdaptation,
        tdd: TddPattern,
        settings: HarqSettings,
        rng: np.random.Generator,
    ) -> None:
        snr = np.ascontiguousarray(snr, dtype=np.float64)
        if snr.ndim != 1 or not len(snr):
            raise ValueError(f"SNRs must be a column of at least one slot, got shape {snr.shape}")
        if not (np.isfinite(snr).all() and (snr >= 0.0).all()):
            raise ValueError("every SNR must be finite and at least 0")
        self.slot_s = tdd.slot_s
        self.transmissions = self.first_transmissions = self.first_failures = self.residual_failures = 0
        self.outer_loop = OuterLoop(adaptation.target, settings.step_db if settings.outer_loop else 0.0)
        self._adaptation, self._tdd = adaptation, tdd
        self._max_transmissions = settings.max_transmissions
        self._chase = settings.combining == "chase"
        self._round_trip_slots = settings.round_trip_slots
        self._report_delay_slots = settings.report_delay_slots
        self._errors_at = [errors.at for errors in adaptation.errors]
        # A memoryview reads plain floats, several times faster than indexing the array itself.
        self._snr, self._snr_db, self._slots = snr.data, linear_to_db(np.maximum(snr, 1e-30)).data, len(snr)
        self._luck = _Luck(rng)
        self._left_bits = 0.0
        self._failed: deque[_Block] = deque()
        self._lessons: deque[tuple[int, bool, bool]] = deque()
        rounds = settings.max_transmissions if self._chase else 1
        self._hopeless = self._errors_at[0](rounds * float(snr.max())) > _HOPELESS

    def load(self, bits: float) -> None:
        """Take the next payload; the one before is through or cleared.

        Raises:
            ValueError: If it has no bits, or another payload is on its way.
        """
        if not 0.0 < bits < inf:
            raise ValueError(f"a payload has more than 0 bits, got {bits}")
        if self._left_bits or self._failed:
            raise ValueError("a payload is still on its way: send it or clear it first")
        self._left_bits = float(bits)

    def clear(self) -> None:
        """Give up the payload, with its retransmissions."""
        self._left_bits = 0.0
        self._failed.clear()

    def ready(self, slot: int) -> bool:
        """Tell whether something can be sent in a slot: new bits, or a retransmission that is due."""
        waiting = self._left_bits > 0.0 or (self._failed and self._failed[0].due_slot <= slot)
        return bool(waiting) and not self._hopeless and self._tdd.next_uplink(slot) == slot

    def next_slot(self, slot: int) -> int | None:
        """Give the first uplink slot from `slot` on in which `ready` will hold if nothing else happens.

        None if even the best slot of the trace loses practically every block.

        Raises:
            ValueError: If there is no payload.
        """
        if not self._left_bits:
            if not self._failed:
                raise ValueError("nothing to send: load a payload first")
            slot = max(slot, self._failed[0].due_slot)
        return None if self._hopeless else self._tdd.next_uplink(slot)

    def rate_bps(self, slot: int) -> float:
        """Give the size of a new block in a slot over the slot's length, in bits a second."""
        return self._adaptation.sizes_bits[self._choose(slot)] / self.slot_s

    def use(self, slot: int) -> float | None:
        """Send in a slot; give 1 if the payload is through at its end, None if more is to come.

        Raises:
            ValueError: If there is nothing to send, or the slot lies far before one that was used.
        """
        block = self._due_block(slot) or self._new_block(slot)
        snr = self._snr[slot % self._slots]
        block.snr = block.snr + snr if self._chase else snr
        failed = self._luck.at(slot) < self._errors_at[block.mcs](block.snr)
        self._count(slot, block, failed)
        if failed:
            block.due_slot = slot + self._round_trip_slots
            self._failed.append(block)
            return None
        return None if self._left_bits or self._failed else 1.0

    def finish_s(self, start_s: float, bits: float, until_s: float = inf) -> float:
        """Send a payload in every slot it can have, from the first that begins at `start_s` or later.

        Args:
            start_s: When the payload is ready, in seconds.
            bits: Its size in bits; 0 ends where it starts.
            until_s: When it is given up, in seconds.

        Returns:
            The end of the slot in which its last block is decoded, in seconds; infinite if that is after
            `until_s`, or if even the best slot of the trace loses practically every block.
        """
        if bits <= 0.0:
            return start_s
        self.load(bits)
        slot = self.next_slot(_first_slot(start_s, self.slot_s))
        while slot is not None and (slot + 1) * self.slot_s <= until_s:
            if self.use(slot) is not None:
                return (slot + 1) * self.slot_s
            slot = self.next_slot(slot + 1)
        self.clear()
        return inf

    def _due_block(self, slot: int) -> "_Block | None":
        """Take the first retransmission that is due; send the bits of blocks that are out of tries anew."""
        while self._failed and self._failed[0].due_slot <= slot:
            block = self._failed.popleft()
            if block.transmissions < self._max_transmissions:
                return block
            self._left_bits += block.bits
        return None

    def _new_block(self, slot: int) -> "_Block":
        if not self._left_bits:
            raise ValueError(f"nothing to send in slot {slot}")
        adaptation = self._adaptation
        mcs = chosen = self._choose(slot)
        bits = float(adaptation.sizes_bits[mcs])
        if self._left_bits < bits:
            mcs = min(chosen, adaptation.enough_for(self._left_bits))
            bits = self._left_bits
        self._left_bits -= bits
        return _Block(mcs, bits, mcs == chosen)

    def _choose(self, slot: int) -> int:
        """Choose a scheme by the delayed report, corrected by all that is known by now."""
        while self._lessons and self._lessons[0][0] <= slot:
            _, failed, highest = self._lessons.popleft()
            self.outer_loop.learn(failed, highest)
        reported_db = self._snr_db[(slot - self._report_delay_slots) % self._slots]
        return self._adaptation.choose(reported_db + self.outer_loop.offset_db)

    def _count(self, slot: int, block: "_Block", failed: bool) -> None:
        self.transmissions += 1
        block.transmissions += 1
        if block.transmissions == 1:
            self.first_transmissions += 1
            self.first_failures += failed
            if block.teaches:
                highest = block.mcs == len(self._errors_at) - 1
                self._lessons.append((slot + self._round_trip_slots, failed, highest))
        if failed and block.transmissions == self._max_transmissions:
            self.residual_failures += 1


class _Block:
    """A transport block on its way, with the SNR it has gathered."""

    __slots__ = ("bits", "due_slot", "mcs", "snr", "teaches", "transmissions")

    def __init__(self, mcs: int, bits: float, teaches: bool) -> None:
        self.mcs = mcs
        self.bits = bits
        self.teaches = teaches
        self.snr = 0.0
        self.transmissions = 0
        self.due_slot = 0


class _Luck:
    """A uniform number for each slot, drawn in order and a block at a time, however few are looked at."""

    _SLOTS = 1024

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._first_slot = -self._SLOTS
        self._uniforms = memoryview(b"")

    def at(self, slot: int) -> float:
        index = slot - self._first_slot
        while index >= self._SLOTS:
            self._uniforms = self._rng.random(self._SLOTS).data
            self._first_slot += self._SLOTS
            index -= self._SLOTS
        if index < 0:
            raise ValueError(f"slot {slot} lies before slot {self._first_slot}, whose luck was drawn already")
        return float(self._uniforms[index])


def _first_slot(start_s: float, slot_s: float) -> int:
    """Give the first slot that begins at a time or later, by the very floats that slots begin at."""
    slot = ceil(start_s / slot_s)
    if (slot - 1) * slot_s >= start_s:
        return slot - 1
    return slot if slot * slot_s >= start_s else slot + 1
