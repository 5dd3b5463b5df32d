"""The traces of several devices side by side, for many payloads at once."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import overload

import numpy as np
from numpy.typing import NDArray

from coinfer.simulator.link.capacity import NEAR_SLOTS, CapacityTrace

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.integer]

NOT_YET = np.zeros(1)
"""Whole periods that have passed, where none has."""

AT_ONCE = 2**13
"""Payloads whose columns fit into a processor's cache."""


class Traces(Sequence[CapacityTrace]):
    """The channels of several devices, which also tell of many payloads at once when they are through.

    The times are those of `CapacityTrace.finish_s`, to the last bit. Columns of several traces are joined
    when they are first asked for, and then kept.

    Args:
        traces: The channel of each device, `[devices]`.
    """

    def __init__(self, traces: Sequence[CapacityTrace]) -> None:
        self._traces = list(traces)
        slots = np.array([len(trace.rates_bps) for trace in traces])
        self._slot_s = np.array([trace.slot_s for trace in traces])
        self._period_s = np.array([trace.period_s for trace in traces])
        self._period_bits = np.array([trace.period_bits for trace in traces])
        # Where each trace begins and ends in the joined columns: there is an edge more than slots in each.
        self._first = np.cumsum(slots + 1) - (slots + 1)
        self._last = self._first + slots

    def __len__(self) -> int:
        return len(self._traces)

    @overload
    def __getitem__(self, device: int) -> CapacityTrace: ...
    @overload
    def __getitem__(self, device: slice) -> list[CapacityTrace]: ...
    def __getitem__(self, device: int | slice) -> CapacityTrace | list[CapacityTrace]:
        return self._traces[device]

    @cached_property
    def _edges_bits(self) -> FloatArray:
        return self._joined([trace.edges_bits for trace in self._traces])

    @cached_property
    def _rates_bps(self) -> FloatArray:
        return self._joined([trace.rates_bps for trace in self._traces])

    def _joined(self, columns: Sequence[FloatArray]) -> FloatArray:
        if len(columns) == 1:
            return columns[0]
        joined = np.empty(int(self._last[-1]) + 1)
        for first, column in zip(self._first.tolist(), columns, strict=True):
            joined[first : first + len(column)] = column
        return joined

    def finish_s(self, device: IntArray, start_s: FloatArray, bits: FloatArray) -> FloatArray:
        """Give the time at which the last bit of each payload is through.

        Args:
            device: Who sends it, `[payloads]`.
            start_s: When the first bit goes, `[payloads]`, in seconds.
            bits: Its size, `[payloads]`, in bits; 0 ends where it starts.

        Returns:
            Seconds, `[payloads]`.
        """
        return self._by_parts(self._finish_s, device, start_s, bits)

    def work_bits(self, device: IntArray, time_s: FloatArray) -> FloatArray:
        """Give the bits that each device's channel can carry from time 0 until each time, `[times]`."""
        return self._by_parts(self._work_bits, device, time_s)

    def _by_parts(
        self, function: Callable[..., FloatArray], device: IntArray, *columns: FloatArray
    ) -> FloatArray:
        result = np.empty_like(columns[0])
        if len(self._first) == 1:
            device = np.zeros(1, dtype=np.int64)
        for begin in range(0, len(result), AT_ONCE):
            part = slice(begin, begin + AT_ONCE)
            of_part = device if len(self._first) == 1 else device[part]
            result[part] = function(of_part, *(column[part] for column in columns))
        return result

    def _work_bits(self, device: IntArray, time_s: FloatArray) -> FloatArray:
        periods, _, carried_bits = self._locate(device, time_s)
        return np.asarray(periods * self._period_bits[device] + carried_bits)

    def _finish_s(self, device: IntArray, start_s: FloatArray, bits: FloatArray) -> FloatArray:
        periods, edge, rest_bits = self._locate(device, start_s)
        rest_bits += bits
        period_bits, first = self._period_bits[device], self._first[device]
        if (wraps := rest_bits > period_bits).any():
            more = np.maximum(np.ceil(rest_bits / period_bits) - 1.0, 0.0)
            rest_bits = np.minimum(rest_bits - more * period_bits, period_bits)
            periods, edge = periods + more, np.where(wraps, first, edge)
        edge = self._last_before(edge, rest_bits, self._last[device])
        partial_s = rest_bits - self._edges_bits[edge]
        np.divide(partial_s, self._rates_bps[edge], out=partial_s, where=partial_s > 0.0)
        end_s = (edge - first) * self._slot_s[device]
        if periods is not NOT_YET:
            end_s += periods * self._period_s[device]
        end_s += partial_s
        return np.where(bits > 0.0, np.maximum(end_s, start_s), start_s)

    def _locate(self, device: IntArray, time_s: FloatArray) -> tuple[FloatArray, IntArray, FloatArray]:
        """Give the whole periods before each time, and since then the edge before it and the bits carried."""
        slot_s, period_s, first = self._slot_s[device], self._period_s[device], self._first[device]
        periods, offset_s = NOT_YET, time_s
        if (time_s >= period_s).any():
            offset_s = np.fmod(time_s, period_s)
            periods = np.rint((time_s - offset_s) / period_s)
        edge = (offset_s / slot_s).astype(np.int64)
        edge += first
        np.minimum(edge, self._last[device] - 1, out=edge)
        carried_bits = offset_s - (edge - first) * slot_s
        carried_bits *= self._rates_bps[edge]
        carried_bits += self._edges_bits[edge]
        return periods, edge, carried_bits

    def _last_before(self, edge: IntArray, rest_bits: FloatArray, last: IntArray) -> IntArray:
        """Give the last edge, from `edge` on, until which fewer bits than `rest_bits` are carried."""
        edges_bits, step = self._edges_bits, NEAR_SLOTS
        far = np.flatnonzero(edges_bits[np.minimum(edge + step, last)] < rest_bits)
        while len(far):
            edge[far] += step
            step *= 2
            ahead = np.minimum(edge[far] + step, last if len(last) == 1 else last[far])
            far = far[edges_bits[ahead] < rest_bits[far]]
        while step > 1:
            step //= 2
            edge += step * (edges_bits[np.minimum(edge + step, last)] < rest_bits)
        return edge
