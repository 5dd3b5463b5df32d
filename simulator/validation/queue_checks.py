"""Checks of the engine against queueing theory; every service lasts 1 s on average.

Waits of one run are not independent. So there are many runs, each long after its start, and the means of all
of them have Student's interval. Runs start empty and forget it like exp(-t (1 - sqrt(load))^2): what is left
of it after the warm-up is below 1e-4 of every quantity here.
"""

from collections.abc import Sequence
from math import exp

import numpy as np

from coinfer.simulator.demand import Demand
from coinfer.simulator.engine import Limits, simulate
from coinfer.simulator.link.capacity import ConstantRate
from coinfer.simulator.link.sharing.equal import EqualShareUplink
from coinfer.simulator.link.sharing.fifo import FifoUplink
from coinfer.simulator.timeline import Timeline
from coinfer.simulator.validation.check import Check, of_mean
from coinfer.simulator.workload import Poisson, Streams, Workload, draw_workload, service_multipliers

RUNS, TASKS, WARM_UP_TASKS = 50, 7000, 1500
EDGE_RUNS = 130
SHARED_RUNS, SHARED_TASKS, SHARED_WARM_UP_TASKS = 30, 3000, 300
WAITS = ((0.5, 0.0, 40), (0.8, 0.0, 40), (0.5, 1.0, 70), (0.8, 1.0, 100))
"""Load, coefficient of variation, and as many runs as it takes to catch a service 2 % too long."""
DEADLINES_S = (5.0, 10.0, 20.0)

DEVICE, EDGE, TANDEM = (1, 0, 0), (0, 0, 1), (1, 1, 1)
"""Which of device, uplink and edge serve; the others take no time."""


def pollaczek_khinchine_s(load: float, cv: float) -> float:
    """Give the mean wait rho (1 + c^2) / (2 (1 - rho)) of M/G/1 served in 1 s (Kleinrock 1975, 5.6)."""
    return load * (1.0 + cv**2) / (2.0 * (1.0 - load))


def late(load: float, deadline_s: float) -> float:
    """Give P(T > D) of three M/M/1 one after the other: Erlang-3 (Burke 1956; Reich 1957)."""
    x = (1.0 - load) * deadline_s
    return exp(-x) * (1.0 + x + x * x / 2.0)


def served(
    load: float, cv: float, seed: int, stages: Sequence[int] = DEVICE, edge_workers: int = 1
) -> tuple[Workload, Timeline]:
    """Let one device's Poisson arrivals pass the engine.

    Args:
        load: Arrivals a second.
        cv: The coefficient of variation of services: 0 or 1.
        seed: Of arrivals and services.
        stages: Which of device, uplink and edge serve.
        edge_workers: How many tasks the edge serves at once.
    """
    streams = Streams(seed, replication=0)
    workload = draw_workload([Poisson(load)], images=1, streams=streams, tasks=TASKS)
    rng = streams.rng("service", device=0)
    encode_s, airtime_s, edge_s = (on * service_multipliers(cv, TASKS, rng) for on in stages)
    alone = tuple(stages) == DEVICE
    demand = Demand(encode_s, airtime_s, edge_s, np.zeros(TASKS), answers_on_device=alone)
    limits = Limits(edge_workers=edge_workers)
    uplink = [ConstantRate(1.0)]
    return workload, simulate(workload, demand, limits, lambda env, told: FifoUplink(env, told, uplink))


def device_waits(rng: np.random.Generator) -> list[Check]:
    """Check mean waits of M/D/1 and M/M/1 at a device."""
    checks = []
    for load, cv, runs in WAITS:
        waits_s = [device_wait_s(load, cv, seed) for seed in _seeds(rng, runs)]
        theory_s = pollaczek_khinchine_s(load, cv)
        checks.append(of_mean(f"mean wait [s], M/{'M' if cv else 'D'}/1, load {load:g}", theory_s, waits_s))
    return checks


def device_wait_s(load: float, cv: float, seed: int) -> float:
    """Give the mean wait of one run after its warm-up, in seconds."""
    workload, line = served(load, cv, seed)
    return float((line.encode_start_s - workload.arrival_s)[WARM_UP_TASKS:].mean())


def edge_waits(rng: np.random.Generator) -> list[Check]:
    """Check Erlang C of two edge workers at a load of 1.6: who waits, and how long."""
    rows = []
    for seed in _seeds(rng, EDGE_RUNS):
        _, line = served(1.6, 1.0, seed, EDGE, edge_workers=2)
        wait_s = (line.edge_start_s - line.tx_end_s)[WARM_UP_TASKS:]
        rows.append((np.mean(wait_s > 0.0), wait_s.mean()))
    delayed, waits_s = np.transpose(rows)
    return [
        of_mean("P(wait), M/M/2, load 1.6 (Erlang C)", 0.64 / 0.9, delayed),
        of_mean("mean wait [s], M/M/2, load 1.6", 1.6 / 0.9, waits_s),
    ]


def tandem(rng: np.random.Generator) -> list[Check]:
    """Check the latency of device, uplink and edge, each M/M/1: Erlang-3, and so its misses of deadlines."""
    rows = []
    for seed in _seeds(rng):
        workload, line = served(0.7, 1.0, seed, TANDEM)
        sojourn_s = (line.done_s - workload.arrival_s)[WARM_UP_TASKS:]
        rows.append([sojourn_s.mean(), *(np.mean(sojourn_s > deadline_s) for deadline_s in DEADLINES_S)])
    means_s, *misses = np.transpose(rows)
    checks = [of_mean("mean latency [s], three M/M/1, load 0.7", 10.0, means_s)]
    for deadline_s, column in zip(DEADLINES_S, misses, strict=True):
        name = f"P(latency > {deadline_s:g} s), three M/M/1, load 0.7"
        checks.append(of_mean(name, late(0.7, deadline_s), column))
    return checks


def processor_sharing(rng: np.random.Generator) -> list[Check]:
    """Check the mean airtime 1 / (1 - rho) of an equally shared uplink, whatever the law of the sizes.

    Every task has a device of its own (M/G/1-PS; Kleinrock 1976, section 4.4).
    """
    checks = []
    for cv, name in ((0.0, "M/D/1-PS"), (1.0, "M/M/1-PS")):
        airtimes_s = [_shared_airtime_s(0.5, cv, seed) for seed in _seeds(rng, SHARED_RUNS)]
        checks.append(of_mean(f"mean airtime [s], {name}, load 0.5", 2.0, airtimes_s))
    return checks


def _shared_airtime_s(load: float, cv: float, seed: int) -> float:
    streams = Streams(seed, replication=0)
    drawn = draw_workload([Poisson(load)], images=1, streams=streams, tasks=SHARED_TASKS)
    device_id = np.arange(SHARED_TASKS, dtype=np.int32)
    workload = Workload(device_id, drawn.task_id, drawn.arrival_s, drawn.image_id)
    bits = service_multipliers(cv, SHARED_TASKS, streams.rng("service", device=0))
    zeros, channels = np.zeros(SHARED_TASKS), [ConstantRate(1.0)] * SHARED_TASKS
    demand = Demand(zeros, bits, zeros, zeros)
    line = simulate(workload, demand, Limits(), lambda env, told: EqualShareUplink(env, told, channels))
    return float((line.tx_end_s - line.tx_start_s)[SHARED_WARM_UP_TASKS:].mean())


def _seeds(rng: np.random.Generator, runs: int = RUNS) -> list[int]:
    return [int(seed) for seed in rng.integers(2**63, size=runs)]
