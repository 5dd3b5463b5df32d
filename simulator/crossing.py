"""All payloads of a workload over an uplink on which nobody who comes later delays those before."""

from collections.abc import Callable
from math import inf
from typing import cast

import numpy as np
from numpy.typing import NDArray
from simpy import Environment

from coinfer.simulator.alarm import OnTask
from coinfer.simulator.busy_periods import Server, Services, blocks, serve
from coinfer.simulator.demand import Demand
from coinfer.simulator.engine import Limits, MakeUplink
from coinfer.simulator.link.airtimes import Airtimes
from coinfer.simulator.link.capacity import CapacityTrace, ConstantRate
from coinfer.simulator.link.sharing.fifo import FifoUplink
from coinfer.simulator.link.traces import Traces
from coinfer.simulator.link.uplink import ForeseeingUplink, Notices, Uplink
from coinfer.simulator.timeline import Outcome, Timeline
from coinfer.simulator.workload import Workload

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.integer]

_HEAD = np.zeros(1, dtype=np.int64)


def cross(
    order: IntArray,
    ready_s: FloatArray,
    workload: Workload,
    demand: Demand,
    limits: Limits,
    make_uplink: MakeUplink,
    timeline: Timeline,
) -> None:
    """Stamp airtimes, and which tasks the uplink gives up.

    Args:
        order: The tasks in the order in which their payloads are ready.
        ready_s: When that is, in the same order, in seconds.
        workload: The tasks.
        demand: What they ask.
        limits: When the clock stops.
        make_uplink: Builds the uplink.
        timeline: Filled in; stamps may lie beyond the end of the clock.

    Raises:
        ValueError: If what happens on the uplink depends on who comes later.
    """
    needs_aborts = demand.expires_s is not None or limits.stop_s is not None
    aborted_s = np.full(len(workload) if needs_aborts else 0, np.nan)
    notices = Notices(_stamp(timeline.tx_start_s), _stamp(timeline.tx_end_s), _stamp(aborted_s))
    uplink = make_uplink(Environment(), notices)
    server_of = None if demand.expires_s is not None else _servers(uplink)
    if server_of is not None:
        _send_at_once(order, ready_s, workload, demand, server_of, timeline)
    elif isinstance(uplink, ForeseeingUplink):
        stop_s = inf if limits.stop_s is None else limits.stop_s
        _send_one_by_one(order, ready_s, workload, demand, stop_s, uplink, aborted_s)
        given_up = np.flatnonzero(aborted_s < stop_s)
        timeline.outcome[given_up] = Outcome.ABORTED
        on_air = given_up[~np.isnan(timeline.tx_start_s[given_up])]
        timeline.tx_end_s[on_air] = aborted_s[on_air]
    else:
        raise ValueError(f"{type(uplink).__name__} needs the event engine")


def _stamp(column: FloatArray) -> OnTask:
    return cast(OnTask, column.data.__setitem__)


def _servers(uplink: Uplink) -> Callable[[IntArray, FloatArray], Server] | None:
    """Give what serves payloads of some devices and sizes at once; None if they have to go one by one."""
    if not isinstance(uplink, FifoUplink) or uplink.size_at_start is not None:
        return None
    channels = uplink.channels
    fading = [channel for channel in channels if isinstance(channel, CapacityTrace)]
    steady_bps = np.array([channel.rate_bps for channel in channels if isinstance(channel, ConstantRate)])
    if len(fading) == len(channels):
        traces = channels if isinstance(channels, Traces) else Traces(fading)
        return lambda device, bits: Airtimes(traces, device, bits)
    if len(steady_bps) == len(channels) and steady_bps.all():
        return lambda device, bits: Services(bits / steady_bps[device])
    return None


def _send_at_once(
    order: IntArray,
    ready_s: FloatArray,
    workload: Workload,
    demand: Demand,
    server_of: Callable[[IntArray, FloatArray], Server],
    timeline: Timeline,
) -> None:
    free_s = 0.0
    for block in blocks(len(order)):
        task = order[block]
        begin_s = ready_s[block]
        begin_s[0] = max(begin_s[0], free_s)
        server = server_of(workload.device_id[task], demand.payload_bits[task])
        timeline.tx_start_s[task], end_s = serve(begin_s, _HEAD, server)
        timeline.tx_end_s[task] = end_s
        free_s = end_s[-1]


def _send_one_by_one(
    order: IntArray,
    ready_s: FloatArray,
    workload: Workload,
    demand: Demand,
    stop_s: float,
    uplink: ForeseeingUplink,
    aborted_s: FloatArray,
) -> None:
    """Let the uplink take payloads, of which those that are late already are given up."""
    for block in blocks(len(order)):
        task = order[block]
        at_s, expires_s = ready_s[block], np.full(len(task), stop_s)
        if demand.expires_s is not None:
            expires_s = np.minimum(demand.expires_s[task], stop_s)
        late = expires_s <= at_s
        aborted_s[task[late]] = at_s[late]
        payloads = (at_s, task, workload.device_id[task], demand.payload_bits[task], expires_s)
        for payload in zip(*(column[~late].tolist() for column in payloads), strict=True):
            uplink.take(*payload)
