"""The life of a task, from its arrival at a device to its answer there, as callbacks on one clock."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isnan
from typing import cast

import numpy as np
from numpy.typing import NDArray
from simpy import Environment

from coinfer.simulator.alarm import Alarm, OnTask
from coinfer.simulator.demand import Demand
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
    device_buffer: int | Sequence[int | None] | None = None
    stop_s: float | None = None


MakeUplink = Callable[[Environment, Notices], Uplink]
"""Builds an uplink in an environment, with those it tells of its payloads."""


def simulate(workload: Workload, demand: Demand, limits: Limits, make_uplink: MakeUplink) -> Timeline:
    """Let every task of a workload live its life.

    Args:
        workload: The tasks.
        demand: What they ask, row by row.
        limits: How much of everything there is.
        make_uplink: Builds the uplink.

    Returns:
        When each task entered and left each stage, and how it ended.

    Raises:
        ValueError: If a column of `demand` differs in length from the workload, or a limit makes no sense.
    """
    demand.check_length(len(workload))
    env = Environment()
    lives = _Lives(workload, demand, limits, env, make_uplink)
    lives.expect(0)
    env.run(until=limits.stop_s)
    return _answered(lives.timeline, demand, limits)


class _Lives:
    """The stages of a task in the order it passes them; each hands it on to the next.

    arrival -> device (one task at a time) -> [access] -> uplink -> [backhaul] -> edge (k at a time)
    -> answer. A device encodes the next task while its radio sends. Only the uplink gives tasks up.
    """

    def __init__(
        self, workload: Workload, demand: Demand, limits: Limits, env: Environment, make_uplink: MakeUplink
    ) -> None:
        self.timeline = timeline = Timeline.blank(len(workload))
        self._env = env
        self._answers_on_device = demand.answers_on_device
        self._device_id = np.ascontiguousarray(workload.device_id).data
        self._arrival_s = _floats(workload.arrival_s)
        self._encode_s = _floats(demand.encode_s)
        self._access_s = _optional(demand.access_s)
        self._payload_bits = _floats(demand.payload_bits)
        self._expires_s = _optional(demand.expires_s)
        self._backhaul_s = _optional(demand.backhaul_s)
        self._edge_s = _floats(demand.edge_s)
        self._tx_start_s = _floats(timeline.tx_start_s)
        self._stamp_encode_start: OnTask = _floats(timeline.encode_start_s).__setitem__
        self._stamp_encode_end: OnTask = _floats(timeline.encode_end_s).__setitem__
        self._stamp_tx_end: OnTask = _floats(timeline.tx_end_s).__setitem__
        self._stamp_edge_start: OnTask = _floats(timeline.edge_start_s).__setitem__
        self._stamp_edge_end: OnTask = _floats(timeline.edge_end_s).__setitem__
        self._devices = _device_stations(workload, limits, env)
        self._uplink = make_uplink(env, Notices(self._tx_start_s.__setitem__, self._sent, self._given_up))
        self._edge = Station(env, limits.edge_workers)

    def expect(self, task: int) -> None:
        """Wait for the arrival of a task, if there is one of that number."""
        if task < len(self._arrival_s):
            Alarm(self._env, self._arrival_s[task], self._arrive, task)

    def _arrive(self, alarm: Alarm) -> None:
        task = alarm.item
        self.expect(task + 1)
        device = self._devices[self._device_id[task]]
        if not device.submit(task, self._encode_s[task], self._stamp_encode_start, self._encoded):
            self.timeline.outcome[task] = Outcome.DROPPED

    def _encoded(self, task: int, now_s: float) -> None:
        self._stamp_encode_end(task, now_s)
        if self._answers_on_device:
            return
        if self._access_s is None:
            self._send(task, now_s)
        else:
            Alarm(self._env, now_s + self._access_s[task], self._granted, task)

    def _granted(self, alarm: Alarm) -> None:
        self._send(alarm.item, alarm.time_s)

    def _send(self, task: int, now_s: float) -> None:
        expires_s = inf if self._expires_s is None else self._expires_s[task]
        if expires_s > now_s:
            self._uplink.send(task, self._device_id[task], self._payload_bits[task], expires_s)
        else:
            self._given_up(task, now_s)

    def _given_up(self, task: int, now_s: float) -> None:
        self.timeline.outcome[task] = Outcome.ABORTED
        if not isnan(self._tx_start_s[task]):
            self._stamp_tx_end(task, now_s)

    def _sent(self, task: int, now_s: float) -> None:
        self._stamp_tx_end(task, now_s)
        if self._backhaul_s is None:
            self._edge.submit(task, self._edge_s[task], self._stamp_edge_start, self._stamp_edge_end)
        else:
            Alarm(self._env, now_s + self._backhaul_s[task], self._reach_edge, task)

    def _reach_edge(self, alarm: Alarm) -> None:
        task = alarm.item
        self._edge.submit(task, self._edge_s[task], self._stamp_edge_start, self._stamp_edge_end)


def _answered(timeline: Timeline, demand: Demand, limits: Limits) -> Timeline:
    """Stamp the answers, which nothing delays any more, and tell which came before the clock stopped."""
    if demand.answers_on_device:
        for column in (timeline.tx_start_s, timeline.tx_end_s, timeline.edge_start_s, timeline.edge_end_s):
            column[:] = timeline.encode_end_s
        timeline.done_s[:] = timeline.encode_end_s
    elif demand.answered_s is not None:
        timeline.done_s[:] = demand.answered_s(timeline.edge_end_s)
    else:
        timeline.done_s[:] = timeline.edge_end_s + demand.downlink_s
    if limits.stop_s is not None:
        timeline.done_s[timeline.done_s >= limits.stop_s] = np.nan
    timeline.outcome[~np.isnan(timeline.done_s)] = Outcome.DONE
    return timeline


def _device_stations(workload: Workload, limits: Limits, env: Environment) -> list[Station]:
    devices = int(workload.device_id.max(initial=-1)) + 1
    buffers = limits.device_buffer
    if not isinstance(buffers, Sequence):
        buffers = [buffers] * devices
    if len(buffers) < devices:
        raise ValueError(f"device_buffer has {len(buffers)} entries for {devices} devices")
    return [Station(env, workers=1, buffer=buffer) for buffer in buffers]


def _floats(column: FloatArray) -> "memoryview[float]":
    """View a column as plain floats, which are far faster to read and write one by one than NumPy's."""
    return cast("memoryview[float]", np.ascontiguousarray(column, dtype=np.float64).data)


def _optional(column: FloatArray | None) -> "memoryview[float] | None":
    return None if column is None else _floats(column)
