"""The engine against queueing theory: closed forms of wireless.md, inside exact 99 % intervals."""

import numpy as np
import pytest

from coinfer.simulator.engine import Demand, Limits, simulate
from coinfer.simulator.link.capacity import ConstantRate
from coinfer.simulator.link.sharing.fifo import FifoUplink
from coinfer.simulator.workload import Poisson, Streams, draw_workload, service_multipliers

# Queues start empty; at the loads used here they forget it within some hundred services,
# about (1 - sqrt(rho))^-2 services to each factor e.
WARM_UP_TASKS = 1000
TASKS = 11_000
REPLICATIONS = 25


def simulated(replication, load, cv, *, stages=(1, 0, 0), service_mean_s=1.0, edge_workers=1):
    """Simulate Poisson arrivals at one device; give workload and timeline.

    `stages` tells which of device, uplink and edge work for 1 s on average; the others take no time.
    """
    streams = Streams(seed=2026, replication=replication)
    workload = draw_workload([Poisson(load)], images=1, streams=streams, tasks=TASKS)
    rng = streams.rng("service", device=0)
    encode_s, airtime_s, edge_s = (on * service_mean_s * service_multipliers(cv, TASKS, rng) for on in stages)
    demand = Demand(encode_s, airtime_s, edge_s, np.zeros(TASKS), answers_on_device=stages == (1, 0, 0))
    limits = Limits(edge_workers=edge_workers)
    timeline = simulate(
        workload, demand, limits, lambda env, told: FifoUplink(env, told, [ConstantRate(1.0)])
    )
    return workload, timeline


def device_waits_s(load, cv, service_mean_s=1.0):
    """Give the mean wait for the device in each replication."""
    runs = (simulated(seed, load, cv, service_mean_s=service_mean_s) for seed in range(REPLICATIONS))
    return [np.mean((line.encode_start_s - work.arrival_s)[WARM_UP_TASKS:]) for work, line in runs]


def pollaczek_khinchine_s(load, cv):
    return load * (1.0 + cv**2) / (2.0 * (1.0 - load))


@pytest.mark.parametrize(("cv", "wait_s"), [(0.0, 0.5), (1.0, 1.0)], ids=["M/D/1", "M/M/1"])
def test_waiting_at_half_load(cv, wait_s, interval_99):
    assert pollaczek_khinchine_s(0.5, cv) == wait_s
    low, high = interval_99(device_waits_s(0.5, cv))
    assert low < wait_s < high


@pytest.mark.parametrize(("cv", "wait_s"), [(0.0, 0.5), (1.0, 1.0)], ids=["M/D/1", "M/M/1"])
def test_a_service_mean_two_percent_off_is_caught(cv, wait_s, interval_99):
    low, high = interval_99(device_waits_s(0.5, cv, service_mean_s=1.02))
    assert not low < wait_s < high


def test_two_edge_workers_wait_as_erlang_c_says(interval_99):
    waits_s, delayed = [], []
    for replication in range(REPLICATIONS):
        _, line = simulated(replication, 1.6, 1.0, stages=(0, 0, 1), edge_workers=2)
        wait_s = (line.edge_start_s - line.tx_end_s)[WARM_UP_TASKS:]
        waits_s.append(wait_s.mean())
        delayed.append(np.mean(wait_s > 0.0))
    low, high = interval_99(waits_s)
    assert low < 1.77778 < high
    low, high = interval_99(delayed)
    assert low < 0.71111 < high


def test_a_tandem_of_three_stages_meets_deadlines_as_erlang_3_says(interval_99):
    """Burke: each of device, uplink and edge is M/M/1, and the sojourn is Erlang-3(mu - lambda)."""
    deadlines_s = np.array([5.0, 10.0, 20.0])
    x = 0.3 * deadlines_s
    late = np.exp(-x) * (1.0 + x + x**2 / 2.0)
    means_s, misses = [], []
    for replication in range(REPLICATIONS):
        work, line = simulated(replication, 0.7, 1.0, stages=(1, 1, 1))
        sojourn_s = (line.done_s - work.arrival_s)[WARM_UP_TASKS:]
        means_s.append(sojourn_s.mean())
        misses.append(np.mean(sojourn_s[:, None] > deadlines_s, axis=0))
    low, high = interval_99(means_s)
    assert low < 10.0 < high
    for deadline, column in enumerate(np.transpose(misses)):
        low, high = interval_99(column)
        assert low < late[deadline] < high
