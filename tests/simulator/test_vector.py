"""Both engines give the same times, to the last bit, and the same outcomes."""

from dataclasses import fields, replace

import numpy as np
import pytest

from coinfer.simulator import busy_periods, engine, vector
from coinfer.simulator.demand import Demand
from coinfer.simulator.engine import Limits
from coinfer.simulator.link.capacity import CapacityTrace, ConstantRate
from coinfer.simulator.link.replay import StepCapacity
from coinfer.simulator.link.sharing.equal import EqualShareUplink
from coinfer.simulator.link.sharing.fifo import FifoUplink
from coinfer.simulator.link.sharing.tdma import TdmaUplink
from coinfer.simulator.timeline import Outcome
from coinfer.simulator.workload import Workload

TASKS, SEEDS = 400, 80


def tasks_of(arrival_s, device_id):
    order = np.argsort(arrival_s, kind="stable")
    zeros = np.zeros(len(order), dtype=np.int32)
    return Workload(device_id[order].astype(np.int32), zeros, arrival_s[order], zeros)


def draw_workload(rng, devices):
    """Arrivals at a mean distance of 1 s: random, or periodic with many at the very same time."""
    device_id = np.arange(TASKS) % devices
    if rng.random() < 0.5:
        return tasks_of(np.cumsum(rng.exponential(1.0, TASKS)), rng.permutation(device_id))
    return tasks_of((np.arange(TASKS) // devices) * float(devices), device_id)


def draw_service_s(rng, mean_s):
    """Services of any length, all alike, or none."""
    kind = rng.integers(4)
    if kind == 0:
        return np.full(TASKS, mean_s)
    if kind == 1:
        return np.full(TASKS, 0.0)
    return rng.exponential(mean_s, TASKS) * (rng.random(TASKS) < 0.9)


def draw_trace(rng, mean_bps):
    """A short trace, which repeats, with slots in which nothing is carried."""
    slots = int(rng.integers(1, 200))
    rates_bps = rng.exponential(mean_bps, slots) * (rng.random(slots) > 0.2)
    rates_bps[rng.integers(slots)] = mean_bps
    return CapacityTrace(rng.choice([0.01, 0.25, 1.0 / 3.0]), rates_bps)


def draw_uplink(rng, devices, mean_bps):
    traces = [draw_trace(rng, mean_bps) for _ in range(devices)]
    steps = [StepCapacity(np.array([0.0, 0.3, 1.0]), np.array([1.0, 0.5]) * mean_bps)] * devices
    steady = [ConstantRate(mean_bps * (1 + device)) for device in range(devices)]
    kinds = [
        lambda env, told: FifoUplink(env, told, traces),
        lambda env, told: FifoUplink(env, told, traces),
        lambda env, told: FifoUplink(env, told, [traces[0]] * devices),
        lambda env, told: FifoUplink(env, told, steady),
        lambda env, told: FifoUplink(env, told, [*traces[:-1], steady[0]]),
        lambda env, told: FifoUplink(env, told, steps),
        lambda env, told: FifoUplink(env, told, traces, frozen=True),
        lambda env, told: TdmaUplink(env, told, traces, 0.013),
    ]
    make = kinds[rng.integers(len(kinds))]
    if rng.random() < 0.15:
        return lambda env, told: make(env, replace(told, size_at_start=lambda _, now_s: 50.0 * (now_s % 3)))
    return make


def draw_system(rng):
    devices = int(rng.choice([1, 1, 3, 20]))
    loads = rng.choice([0.1, 0.7, 0.95, 1.5], 3)
    workers = int(rng.choice([1, 1, 2, 3]))
    workload = draw_workload(rng, devices)
    delays = (rng.exponential(0.5, TASKS), np.full(TASKS, 0.25), None)
    last_s = workload.arrival_s[-1]
    demand = Demand(
        encode_s=draw_service_s(rng, loads[0] * devices),
        payload_bits=np.round(rng.exponential(100.0, TASKS)) * (rng.random(TASKS) < 0.9),
        edge_s=draw_service_s(rng, loads[2] * workers),
        downlink_s=np.full(TASKS, 0.125),
        answers_on_device=bool(rng.random() < 0.05),
        access_s=delays[rng.integers(3)],
        backhaul_s=delays[rng.integers(3)],
        expires_s=workload.arrival_s + rng.exponential(5.0, TASKS) if rng.random() < 0.2 else None,
    )
    buffer = int(rng.integers(4)) if rng.random() < 0.2 else None
    limits = Limits(workers, buffer, stop_s=rng.uniform(0.1, 1.1) * last_s if rng.random() < 0.3 else None)
    return workload, demand, limits, draw_uplink(rng, devices, 90.0 / loads[1])


def by_both(system):
    with np.errstate(all="raise"):
        return [simulate(*system) for simulate in (engine.simulate, vector.simulate)]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_all_stamps_and_outcomes_are_those_of_the_event_engine(seed, monkeypatch):
    monkeypatch.setattr(busy_periods, "BLOCK", 50 if seed % 2 else 2**16)
    by_events, by_stage = by_both(draw_system(np.random.default_rng(seed)))
    for column in fields(by_events):
        np.testing.assert_array_equal(getattr(by_stage, column.name), getattr(by_events, column.name))


def test_the_drawn_systems_are_of_all_kinds():
    lines = [engine.simulate(*draw_system(np.random.default_rng(seed))) for seed in range(SEEDS)]
    counts = np.array([list(line.counts().values()) for line in lines])
    assert (counts > 0).sum(axis=0)[[Outcome.IN_FLIGHT, Outcome.DONE, Outcome.ABORTED]].min() >= 10
    waits = [np.nan_to_num(line.tx_start_s - line.encode_end_s).max() for line in lines]
    assert min(waits) == 0.0
    assert max(waits) > 50.0


def test_a_service_one_part_in_a_billion_longer_is_seen(monkeypatch):
    services = vector.Services
    monkeypatch.setattr(vector, "Services", lambda service_s: services(service_s * (1.0 + 1e-9)))
    lines = [by_both(draw_system(np.random.default_rng(seed))) for seed in range(10)]
    assert sum(np.array_equal(first.done_s, second.done_s, equal_nan=True) for first, second in lines) <= 2


def test_a_hundred_thousand_tasks_of_one_long_busy_period_stay_exact():
    """The last of a long sum of services, where a cumulative sum of another order would be off."""
    tasks = 100_000
    rng = np.random.default_rng(1)
    zeros = np.zeros(tasks, dtype=np.int32)
    workload = Workload(zeros, zeros, np.cumsum(rng.exponential(9.0, tasks)), zeros)
    service_s = rng.exponential(10.0, tasks)
    nothing = np.zeros(tasks)
    demand = Demand(service_s, nothing, nothing, nothing, answers_on_device=True)
    line = vector.simulate(workload, demand, Limits(), lambda env, told: FifoUplink(env, told, []))
    end_s = 0.0
    for arrival_s, asked_s in zip(workload.arrival_s.tolist(), service_s.tolist(), strict=True):
        end_s = max(arrival_s, end_s) + asked_s
    assert line.done_s[-1] == end_s


def test_no_tasks_at_all():
    nothing = np.empty(0)
    workload = tasks_of(nothing, nothing)
    line = vector.simulate(
        workload,
        Demand(nothing, nothing, nothing, nothing),
        Limits(),
        lambda env, told: FifoUplink(env, told, [ConstantRate(1.0)]),
    )
    assert line.counts() == {"in_flight": 0, "done": 0, "dropped": 0, "aborted": 0}


def test_what_feeds_back_is_refused():
    workload, demand, _, _ = draw_system(np.random.default_rng(0))
    with pytest.raises(ValueError, match="EqualShareUplink needs the event engine"):
        vector.simulate(
            workload, demand, Limits(), lambda env, told: EqualShareUplink(env, told, [ConstantRate(1.0)])
        )
