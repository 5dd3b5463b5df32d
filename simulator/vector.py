"""The lives of all tasks stage by stage, where nothing feeds back: no events, the same times.

Every stage serves first come, first served: all it needs is the order in which tasks reach it, and what they
ask. Times are those of `coinfer.simulator.engine`, to the last bit.
"""

from math import inf

import numpy as np
from numpy.typing import NDArray

from coinfer.simulator.busy_periods import Services, blocks, serve, sorted_by
from coinfer.simulator.crossing import cross
from coinfer.simulator.demand import Demand
from coinfer.simulator.devices import is_bounded, ready_in_order, serve_devices
from coinfer.simulator.engine import Limits, MakeUplink, answered
from coinfer.simulator.station import Station
from coinfer.simulator.timeline import Outcome, Timeline
from coinfer.simulator.workload import Workload

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.integer]


def simulate(
    workload: Workload,
    demand: Demand,
    limits: Limits,
    make_uplink: MakeUplink,
    timeline: Timeline | None = None,
) -> Timeline:
    """Let every task of a workload live its life; see `coinfer.simulator.engine.simulate`.

    Raises:
        ValueError: If a column of `demand` differs in length from the workload, a limit makes no sense, or
            what happens on the uplink depends on who comes later.
    """
    demand.check_length(len(workload))
    timeline = timeline or Timeline.blank(len(workload))
    if is_bounded(limits.device_buffer):
        stop_s = inf if limits.stop_s is None else limits.stop_s
        serve_devices(workload, demand, limits.device_buffer, stop_s, timeline)
    else:
        _serve_chains(workload.arrival_s, demand.encode_s, workload.device_id, timeline.encode_start_s)
    if not demand.answers_on_device:
        order, ready_s = ready_in_order(demand, timeline)
        cross(order, ready_s, workload, demand, limits, make_uplink, timeline)
        del ready_s
        _work_at_edge(order, demand, limits, timeline)
    return answered(timeline, demand, limits)


def _serve_chains(ready_s: FloatArray, service_s: FloatArray, chain: IntArray, start_s: FloatArray) -> None:
    """Serve the tasks of each chain one after the other; fill in when they start, `[tasks]` each."""
    free_s = np.zeros(int(chain.max(initial=-1)) + 1)
    for block in blocks(len(ready_s)):
        by_chain = sorted_by(chain[block]) if len(free_s) > 1 else slice(None)
        sorted_chain = chain[block][by_chain]
        heads = np.flatnonzero(np.diff(sorted_chain, prepend=-1))
        served, begin_s = sorted_chain[heads], ready_s[block][by_chain].copy()
        begin_s[heads] = np.maximum(begin_s[heads], free_s[served])
        begin_s, end_s = serve(begin_s, heads, Services(service_s[block][by_chain]))
        free_s[served] = end_s[np.append(heads[1:], len(end_s)) - 1]
        start_s[block][by_chain] = begin_s


def _work_at_edge(order: IntArray, demand: Demand, limits: Limits, timeline: Timeline) -> None:
    """Stamp when the edge starts on the tasks that cross the uplink, which they reached in this order."""
    crossed = ~np.isnan(timeline.tx_end_s[order]) & (timeline.outcome[order] != Outcome.ABORTED)
    if not crossed.all():
        order = order[crossed]
    reach_s = timeline.tx_end_s[order]
    if demand.backhaul_s is not None:
        reach_s += demand.backhaul_s[order]
    if not (reach_s[1:] >= reach_s[:-1]).all():
        by_time = np.argsort(reach_s, kind="stable")
        order, reach_s = order[by_time], reach_s[by_time]
        del by_time
    service_s, workers = demand.edge_s[order], limits.edge_workers
    if workers > 1 and len(order) and np.ptp(service_s) > 0.0:
        station, jobs = Station(workers), zip(reach_s.tolist(), service_s.tolist(), strict=True)
        timeline.edge_start_s[order] = [station.admit(*job) for job in jobs]
        return
    # Equal services end in the order they start, so that workers take turns.
    turn = np.zeros(1, dtype=np.int8) if workers == 1 else np.arange(len(order)) % workers
    _serve_chains(reach_s, service_s, np.broadcast_to(turn, len(order)), reach_s)
    timeline.edge_start_s[order] = reach_s
