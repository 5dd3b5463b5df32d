"""The device stage: each device's processor serves its own tasks, and hears nothing of link and edge."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from coinfer.simulator.busy_periods import blocks
from coinfer.simulator.demand import Demand
from coinfer.simulator.station import Station
from coinfer.simulator.timeline import Outcome, Timeline
from coinfer.simulator.workload import Workload

FloatArray = NDArray[np.float64]
Buffers = int | Sequence[int | None] | None
"""How many tasks may wait at a device: at each the same, or of each its own; None is without bound."""


def serve_devices(
    workload: Workload, demand: Demand, buffers: Buffers, stop_s: float, timeline: Timeline
) -> None:
    """Stamp when devices start on tasks, and which they turn away, task by task.

    Args:
        workload: The tasks.
        demand: What they ask.
        buffers: How many tasks may wait.
        stop_s: Tasks that arrive then or later, in seconds, find nobody.
        timeline: Filled in.

    Raises:
        ValueError: If there are devices without an entry in `buffers`.
    """
    stations = _stations(workload, buffers)
    tasks = int(np.searchsorted(workload.arrival_s, stop_s))
    for block in blocks(tasks):
        rows = slice(block.start, min(block.stop, tasks))
        columns = (workload.device_id[rows], workload.arrival_s[rows], demand.encode_s[rows])
        jobs = zip(*(column.tolist() for column in columns), strict=True)
        starts_s = [stations[device].admit(arrival_s, encode_s) for device, arrival_s, encode_s in jobs]
        timeline.encode_start_s[rows] = np.array(starts_s, dtype=np.float64)
    dropped = np.isnan(timeline.encode_start_s[:tasks])
    timeline.outcome[:tasks][dropped] = Outcome.DROPPED


def ready_in_order(demand: Demand, timeline: Timeline) -> tuple[NDArray[np.intp], FloatArray]:
    """Give who reaches the uplink, in that order, and when.

    Args:
        demand: What tasks ask.
        timeline: With the starts of devices' services.

    Returns:
        The tasks that devices serve, in the order in which their payloads may be sent, and when that is, in
        seconds. Of those ready together, the one that arrived first comes first.
    """
    ready_s = timeline.encode_start_s + demand.encode_s
    if demand.access_s is not None:
        ready_s += demand.access_s
    order = np.argsort(ready_s, kind="stable")
    order = order[: len(order) - np.count_nonzero(np.isnan(ready_s))]
    return order, ready_s[order]


def is_bounded(buffers: Buffers) -> bool:
    """Tell whether any device may turn tasks away."""
    return any(buffer is not None for buffer in (buffers if isinstance(buffers, Sequence) else [buffers]))


def _stations(workload: Workload, buffers: Buffers) -> list[Station]:
    devices = int(workload.device_id.max(initial=-1)) + 1
    if not isinstance(buffers, Sequence):
        buffers = [buffers] * devices
    if len(buffers) < devices:
        raise ValueError(f"device_buffer has {len(buffers)} entries for {devices} devices")
    return [Station(buffer=buffer) for buffer in buffers]
