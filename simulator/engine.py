"""The life of a task, from its arrival at a device to its answer there.

Devices hear nothing of link and edge, so that all they do is known beforehand; from there on, tasks meet, and
their lives are callbacks on one clock.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isnan, nan
from typing import cast

import numpy as np
from numpy.typing import NDArray
from simpy import Environment

from coinfer.simulator.alarm import Alarm
from coinfer.simulator.demand import Demand
from coinfer.simulator.devices import Buffers, ready_in_order, serve_devices
from coinfer.simulator.link.uplink import Notices, Uplink
from coinfer.simulator.station import Station
from coinfer.simulator.timeline import Outcome, Timeline
from coinfer.simulator.workload import Workload

__all__ = ["Demand", "Limits", "MakeUplink", "simulate"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Limits:
    """How much of everything there is.

    Attributes:
        edge_workers: How many tasks the edge works on at once.
        device_buffer: How many tasks may wait for a device's processor, one more is dropped; None is without
            bound. A sequence gives each device its own. Encoded payloads wait for the uplink without bound.
        stop_s: When the clock stops, in seconds, before what would happen at that very time; None goes on
            until all tasks are answered.
    """

    edge_workers: int = 1
    device_buffer: Buffers = None
    stop_s: float | None = None


MakeUplink = Callable[[Environment, Notices], Uplink]
"""Builds an uplink in an environment, with those it tells of its payloads."""


def simulate(
    workload: Workload,
    demand: Demand,
    limits: Limits,
    make_uplink: MakeUplink,
    timeline: Timeline | None = None,
) -> Timeline:
    """Let every task of a workload live its life.

    Args:
        workload: The tasks.
        demand: What they ask, row by row.
        limits: How much of everything there is.
        make_uplink: Builds the uplink.
        timeline: Filled in, if given: blank, with contiguous columns.

    Returns:
        When each task entered and left each stage, and how it ended.

    Raises:
        ValueError: If a column of `demand` differs in length from the workload, or a limit makes no sense.
    """
    demand.check_length(len(workload))
    env = Environment()
    timeline = timeline or Timeline.blank(len(workload))
    stop_s = inf if limits.stop_s is None else limits.stop_s
    serve_devices(workload, demand, limits.device_buffer, stop_s, timeline)
    if not demand.answers_on_device:
        _Lives(workload, demand, limits, env, make_uplink, timeline).expect(0)
    env.run(until=limits.stop_s)
    return answered(timeline, demand, limits)


class _Lives:
    """What follows a task's service at its device, with an event where the order of tasks is settled anew.

    device -> [access] -> uplink -> [backhaul] -> edge (k at a time) -> answer. A device encodes the next task
    while its radio sends. Only the uplink gives tasks up. Tasks that reach the uplink together are taken in
    the order they arrived, and those that reach the edge together in the order they reached the uplink, if
    that is first come, first served.
    """

    def __init__(
        self,
        workload: Workload,
        demand: Demand,
        limits: Limits,
        env: Environment,
        make_uplink: MakeUplink,
        timeline: Timeline,
    ) -> None:
        order, ready_s = ready_in_order(demand, timeline)
        self._env = env
        self._stop_s = inf if limits.stop_s is None else limits.stop_s
        self._order, self._ready_s = order.data, ready_s.data
        self._device_id = np.ascontiguousarray(workload.device_id).data
        self._payload_bits = _floats(demand.payload_bits)
        self._expires_s = _optional(demand.expires_s)
        self._backhaul_s = _optional(demand.backhaul_s)
        self._edge_s = _floats(demand.edge_s)
        self._tx_start_s = _floats(timeline.tx_start_s)
        self._tx_end_s = _floats(timeline.tx_end_s)
        self._edge_start_s = _floats(timeline.edge_start_s)
        self._outcome = timeline.outcome.data
        self._uplink = make_uplink(env, Notices(self._tx_start_s.__setitem__, self._sent, self._given_up))
        self._edge = Station(limits.edge_workers)

    def expect(self, place: int) -> None:
        """Wait until the next payload is ready, if there is one at that place in their order."""
        if place < len(self._order):
            Alarm(self._env, self._ready_s[place], self._send, place)

    def _send(self, alarm: Alarm) -> None:
        self.expect(alarm.item + 1)
        task, expires_s = self._order[alarm.item], self._stop_s
        if self._expires_s is not None:
            expires_s = min(expires_s, self._expires_s[task])
        if expires_s > alarm.time_s:
            self._uplink.send(task, self._device_id[task], self._payload_bits[task], expires_s)
        else:
            self._given_up(task, alarm.time_s)

    def _given_up(self, task: int, time_s: float) -> None:
        if time_s < self._stop_s:
            self._outcome[task] = Outcome.ABORTED
            if not isnan(self._tx_start_s[task]):
                self._tx_end_s[task] = time_s

    def _sent(self, task: int, time_s: float) -> None:
        self._tx_end_s[task] = time_s
        reach_s = time_s if self._backhaul_s is None else time_s + self._backhaul_s[task]
        Alarm(self._env, reach_s, self._reach_edge, task)

    def _reach_edge(self, alarm: Alarm) -> None:
        task = alarm.item
        start_s = self._edge.admit(alarm.time_s, self._edge_s[task])
        self._edge_start_s[task] = nan if start_s is None else start_s


def answered(timeline: Timeline, demand: Demand, limits: Limits) -> Timeline:
    """Stamp what follows from other stamps, and tell which answers came before the clock stopped.

    Args:
        timeline: When services and airtimes start, and airtimes end; changed in place.
        demand: What the tasks ask.
        limits: When the clock stops.

    Returns:
        The timeline.
    """
    np.add(timeline.encode_start_s, demand.encode_s, out=timeline.encode_end_s)
    if demand.answers_on_device:
        for column in timeline.stamps()[2:]:
            column[:] = timeline.encode_end_s
    else:
        np.add(timeline.edge_start_s, demand.edge_s, out=timeline.edge_end_s)
        if demand.answered_s is None:
            np.add(timeline.edge_end_s, demand.downlink_s, out=timeline.done_s)
        else:
            timeline.done_s[:] = demand.answered_s(timeline.edge_end_s)
    if limits.stop_s is not None:
        for column in timeline.stamps():
            column[column >= limits.stop_s] = np.nan
    timeline.outcome[~np.isnan(timeline.done_s)] = Outcome.DONE
    return timeline


def _floats(column: FloatArray) -> "memoryview[float]":
    """View a column as plain floats, which are far faster to read and write one by one than NumPy's."""
    return cast("memoryview[float]", np.ascontiguousarray(column, dtype=np.float64).data)


def _optional(column: FloatArray | None) -> "memoryview[float] | None":
    return None if column is None else _floats(column)
