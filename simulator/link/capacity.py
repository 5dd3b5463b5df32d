"""What a link can carry: its rate over time, and when a payload that starts now is through.

With a rate r_i constant in each slot i of length T, the bits that a link can carry until t are
W(t) = C_i + (t - i T) r_i, where C_i is the sum of r_j T over j < i. A payload of L bits that starts at s
ends at W^-1(W(s) + L): exact, and without an event a slot. Traces repeat for ever.
"""

from bisect import bisect_left
from dataclasses import dataclass
from math import ceil, inf
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

NEAR_SLOTS = 16
"""Most payloads end within so many slots; for those no bisection of the whole trace is needed."""


class Sender(Protocol):
    """What an uplink asks of a device that sends its payloads whole, one at a time."""

    def finish_s(self, start_s: float, bits: float, until_s: float = inf) -> float:
        """Give the time at which the last of `bits` sent from `start_s` on is through.

        Args:
            start_s: When the first bit goes, in seconds.
            bits: The size of the payload in bits.
            until_s: When whoever asks stops sending, in seconds: any later end is as good as infinity.
        """


@runtime_checkable
class Capacity(Sender, Protocol):
    """What an uplink asks of a channel whose work can be divided among payloads."""

    def work_bits(self, time_s: FloatArray) -> FloatArray:
        """Give the bits that the link can carry from time 0 until each time, of the same shape."""

    def sent_bits(self, start_s: float, end_s: float) -> float:
        """Give the bits that cross between two times."""

    def frozen_at(self, time_s: float) -> "ConstantRate":
        """Give a channel that keeps for ever the rate of this one at a time."""


@dataclass(frozen=True)
class ConstantRate:
    """A channel of one rate: without fading, or with a fade frozen for the length of a payload.

    Args:
        rate_bps: The rate in bits a second; at 0 no payload ever ends.
    """

    rate_bps: float

    def finish_s(self, start_s: float, bits: float, until_s: float = inf) -> float:
        """Give the time at which the last of `bits` sent from `start_s` on is through; see `Sender`."""
        if bits <= 0.0:
            return start_s
        return start_s + bits / self.rate_bps if self.rate_bps else inf

    def work_bits(self, time_s: FloatArray) -> FloatArray:
        """Give the bits that the link can carry from time 0 until each time, of the same shape."""
        return np.asarray(self.rate_bps * np.asarray(time_s))

    def sent_bits(self, start_s: float, end_s: float) -> float:
        """Give the bits that cross between two times."""
        return (end_s - start_s) * self.rate_bps

    def frozen_at(self, time_s: float) -> "ConstantRate":
        """Give itself."""
        return self


class CapacityTrace:
    """A rate for each slot, repeated for ever.

    Args:
        slot_s: The length of a slot in seconds.
        rates_bps: The rate in each slot, `[slots]`, in bits a second.

    Attributes:
        slot_s: The length of a slot in seconds.
        rates_bps: The rate in each slot, `[slots]`, in bits a second.
        edges_bits: The bits carried until each slot begins, and until the last one ends, `[slots + 1]`.
        period_s: The length of the trace in seconds.
        period_bits: What it carries.

    Raises:
        ValueError: If the trace has no slot, a rate that is negative or not finite, or rates that are all 0.
    """

    def __init__(self, slot_s: float, rates_bps: FloatArray) -> None:
        rates_bps = np.ascontiguousarray(rates_bps, dtype=np.float64)
        if not 0.0 < slot_s < inf:
            raise ValueError(f"a slot must last longer than 0 s, got {slot_s} s")
        if rates_bps.ndim != 1 or not len(rates_bps):
            raise ValueError(f"rates must be a column of at least one slot, got shape {rates_bps.shape}")
        if not (np.isfinite(rates_bps).all() and (rates_bps >= 0.0).all()):
            raise ValueError("every rate must be finite and at least 0 bit/s")
        edges_bits = np.concatenate(([0.0], np.cumsum(rates_bps * slot_s)))
        if not edges_bits[-1] > 0.0:
            raise ValueError(f"the link carries nothing: its rate is 0 in all {len(rates_bps)} slots")
        self.slot_s = float(slot_s)
        self.rates_bps = rates_bps
        self.period_s = self.slot_s * len(rates_bps)
        self.edges_bits = edges_bits
        self.period_bits = float(edges_bits[-1])
        # A memoryview reads plain floats, several times faster than indexing the array itself.
        self._rates = rates_bps.data
        self._edges = edges_bits.data
        self._last_slot = len(rates_bps) - 1

    def slot_index(self, time_s: FloatArray) -> NDArray[np.int64]:
        """Give the slot of the trace in which each time falls, of the same shape."""
        return self._slot_at(np.mod(time_s, self.period_s))

    def work_bits(self, time_s: FloatArray) -> FloatArray:
        """Give W(t), the bits that the link can carry from time 0 until each time.

        Args:
            time_s: Times in seconds, of any shape.

        Returns:
            Bits, of the same shape.
        """
        periods, offset_s = np.divmod(time_s, self.period_s)
        slot = self._slot_at(offset_s)
        partial_bits = (offset_s - slot * self.slot_s) * self.rates_bps[slot]
        return np.asarray(periods * self.period_bits + self.edges_bits[slot] + partial_bits)

    def time_s(self, work_bits: FloatArray) -> FloatArray:
        """Give W^-1(w), the earliest time at which the link can have carried each number of bits.

        Args:
            work_bits: Bits, of any shape.

        Returns:
            Times in seconds, of the same shape.
        """
        work_bits = np.asarray(work_bits, dtype=np.float64)
        periods = np.maximum(np.ceil(work_bits / self.period_bits) - 1.0, 0.0)
        # Rounding may leave an ulp more than a period holds, which a last slot at rate 0 would never carry.
        rest_bits = np.minimum(work_bits - periods * self.period_bits, self.period_bits)
        slot = np.clip(np.searchsorted(self.edges_bits, rest_bits) - 1, 0, len(self.rates_bps) - 1)
        partial_bits = rest_bits - self.edges_bits[slot]
        partial_s = np.divide(
            partial_bits, self.rates_bps[slot], out=np.zeros_like(rest_bits), where=partial_bits > 0.0
        )
        return np.asarray(periods * self.period_s + slot * self.slot_s + partial_s)

    def finish_s(self, start_s: float, bits: float, until_s: float = inf) -> float:
        """Give W^-1(W(start) + bits) for one payload, on plain floats.

        Args:
            start_s: When the first bit goes, in seconds.
            bits: The size of the payload in bits; 0 ends where it starts.
            until_s: Not needed: the end costs the same whenever it is.

        Returns:
            When the last bit is through, in seconds.
        """
        if bits <= 0.0:
            return start_s
        edges, rates, slot_s = self._edges, self._rates, self.slot_s
        # Every payload of a simulation passes here: `_locate` is written out.
        periods, offset_s = (0.0, start_s) if start_s < self.period_s else divmod(start_s, self.period_s)
        slot = int(offset_s / slot_s)
        slot = slot if slot < self._last_slot else self._last_slot
        rest_bits, near = edges[slot] + (offset_s - slot * slot_s) * rates[slot] + bits, slot + NEAR_SLOTS
        if near <= self._last_slot and edges[near] >= rest_bits:
            slot = bisect_left(edges, rest_bits, slot, near) - 1
        else:
            more = max(ceil(rest_bits / self.period_bits) - 1, 0)
            periods, rest_bits = periods + more, min(rest_bits - more * self.period_bits, self.period_bits)
            slot = bisect_left(edges, rest_bits, 1) - 1
        partial_bits = rest_bits - edges[slot]
        end_s = periods * self.period_s + slot * slot_s
        if partial_bits > 0.0:
            end_s += partial_bits / rates[slot]
        return end_s if end_s > start_s else start_s

    def sent_bits(self, start_s: float, end_s: float) -> float:
        """Give W(end) - W(start), the bits that cross between two times, on plain floats."""
        start_periods, _, start_bits = self._locate(start_s)
        end_periods, _, end_bits = self._locate(end_s)
        return (end_periods - start_periods) * self.period_bits + end_bits - start_bits

    def frozen_at(self, time_s: float) -> ConstantRate:
        """Give a channel that keeps for ever the rate of this one at a time."""
        slot = int(time_s % self.period_s / self.slot_s)
        return ConstantRate(self._rates[min(slot, len(self._rates) - 1)])

    def _slot_at(self, offset_s: FloatArray) -> NDArray[np.int64]:
        """Give the slot in which each time since the last whole period falls."""
        return np.minimum((offset_s / self.slot_s).astype(np.int64), self._last_slot)

    def _locate(self, time_s: float) -> tuple[float, int, float]:
        """Give the whole periods before a time, and since then its slot and the bits carried."""
        periods, offset_s = divmod(time_s, self.period_s)
        slot = int(offset_s / self.slot_s)
        slot = slot if slot < self._last_slot else self._last_slot
        return periods, slot, self._edges[slot] + (offset_s - slot * self.slot_s) * self._rates[slot]


def fifo_finish_s(trace: CapacityTrace, ready_s: FloatArray, bits: FloatArray) -> FloatArray:
    """Give the end of every payload on a first-come-first-served uplink, in closed form.

    Lindley's recursion in the clock of the link: finish_k = W^-1(S_k + max_{j<=k}(W(a_j) - S_{j-1})) with
    S the cumulative bits. It needs no events, and so checks the engine.

    Args:
        trace: The channel, the same for all payloads.
        ready_s: When each payload is ready, `[payloads]`, ascending, in seconds.
        bits: Its size, `[payloads]`, in bits.

    Returns:
        When its last bit is through, `[payloads]`, in seconds.

    References:
        D. V. Lindley, "The theory of queues with a single server", Math. Proc. Camb. 48 (1952).
    """
    total_bits = np.cumsum(bits)
    idle_bits = np.maximum.accumulate(trace.work_bits(ready_s) - (total_bits - bits))
    return trace.time_s(total_bits + idle_bits)
