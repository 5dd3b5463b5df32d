"""A first-come-first-served uplink over fading channels, for many payloads at once."""

import numpy as np
from numpy.typing import NDArray

from coinfer.simulator.busy_periods import begins_by_work
from coinfer.simulator.link.traces import Traces

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.integer]
BoolArray = NDArray[np.bool_]


class Airtimes:
    """A server of `coinfer.simulator.busy_periods` for payloads that last as long as fading makes them.

    Args:
        traces: The channel of each device, `[devices]`.
        device: Who sends each payload, `[payloads]`.
        bits: Its size, `[payloads]`, in bits.
    """

    few = 32

    def __init__(self, traces: Traces, device: IntArray, bits: FloatArray) -> None:
        self._traces = traces
        self._device = device
        self._bits = bits

    def likely_begins(self, ready_s: FloatArray, heads: IntArray) -> BoolArray:
        """Tell by the work of the only channel; with several, take each payload to find them idle."""
        if len(self._traces) > 1:
            return np.ones(len(ready_s), dtype=bool)
        return begins_by_work(self._traces.work_bits(self._device, ready_s), self._bits, heads)

    def end_s(self, task: IntArray, start_s: FloatArray) -> FloatArray:
        """Give when payloads are through that start at these times, in seconds."""
        return self._traces.finish_s(self._device[task], start_s, self._bits[task])

    def follow(
        self, first: int, last: int, ready_s: FloatArray, start_s: FloatArray, end_s: FloatArray
    ) -> None:
        """Send payloads one after the other."""
        end = float(end_s[first - 1])
        rows = zip(
            range(first, last),
            self._device[first:last].tolist(),
            ready_s[first:last].tolist(),
            self._bits[first:last].tolist(),
            strict=True,
        )
        for task, device, ready, bits in rows:
            start = ready if ready > end else end
            end = self._traces[device].finish_s(start, bits)
            start_s[task], end_s[task] = start, end
