"""The engine against Ciw (Palmer et al., J. Simulation 2019), a queueing simulator of other authors.

Both get the same arrivals and services, task by task, so that every single time must agree.
"""

import ciw
import numpy as np
import pytest
from ciw.dists import Sequential

from coinfer.simulator.engine import Demand, Limits, simulate
from coinfer.simulator.link.capacity import ConstantRate
from coinfer.simulator.link.sharing.fifo import FifoUplink
from coinfer.simulator.workload import Poisson, Streams, draw_workload, service_multipliers

TASKS = 3000
STAMPS = [("encode_start_s", "encode_end_s"), ("tx_start_s", "tx_end_s"), ("edge_start_s", "edge_end_s")]


def drawn(load, cv, seed):
    """Draw arrivals, and services of 1 s at the device, .9 s on the air and 1.8 s at the edge."""
    streams = Streams(seed, replication=0)
    workload = draw_workload([Poisson(load)], images=1, streams=streams, tasks=TASKS)
    rng = streams.rng("service", device=0)
    return workload, [mean_s * service_multipliers(cv, TASKS, rng) for mean_s in (1.0, 0.9, 1.8)]


def by_engine(workload, services_s, edge_workers):
    demand = Demand(*services_s, np.zeros(TASKS))
    return simulate(
        workload,
        demand,
        Limits(edge_workers=edge_workers),
        lambda env, told: FifoUplink(env, told, [ConstantRate(1.0)]),
    )


def by_ciw(workload, services_s, edge_workers):
    """Give start and end of each service, `[stages, 2, tasks]`; drawn in the order services start."""
    gaps_s = np.diff(workload.arrival_s, prepend=0.0)
    network = ciw.create_network(
        arrival_distributions=[Sequential([*gaps_s.tolist(), 1e9]), None, None],
        service_distributions=[Sequential(column.tolist()) for column in services_s],
        routing=[[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]],
        number_of_servers=[1, 1, edge_workers],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(1e8)
    found = np.full((3, 2, TASKS), np.nan)
    for record in simulation.get_all_records():
        # Ciw numbers its customers from 1 in the order they arrive.
        task = record.id_number - 1
        found[record.node - 1, :, task] = record.service_start_date, record.service_end_date
    return found


@pytest.mark.parametrize(("load", "cv", "edge_workers"), [(0.8, 1.0, 2), (0.8, 0.0, 2), (0.5, 1.0, 1)])
def test_every_time_is_ciw_s(load, cv, edge_workers):
    workload, services_s = drawn(load, cv, seed=5)
    line = by_engine(workload, services_s, edge_workers)
    found = by_ciw(workload, services_s, edge_workers)
    for (start, end), (start_s, end_s) in zip(STAMPS, found, strict=True):
        np.testing.assert_allclose(getattr(line, start), start_s, rtol=0.0, atol=1e-9)
        np.testing.assert_allclose(getattr(line, end), end_s, rtol=0.0, atol=1e-9)
    waits_s = line.edge_start_s - line.tx_end_s
    assert np.quantile(line.encode_start_s - workload.arrival_s, 0.9) > 1.0, "queues are in use"
    np.testing.assert_allclose(
        np.quantile(waits_s, [0.5, 0.9, 0.99]),
        np.quantile(found[2, 0] - found[1, 1], [0.5, 0.9, 0.99]),
        rtol=0.0,
        atol=1e-9,
    )


def test_a_service_two_percent_longer_is_seen():
    workload, services_s = drawn(0.8, 1.0, seed=5)
    line = by_engine(workload, services_s, edge_workers=2)
    found = by_ciw(workload, [services_s[0], 1.02 * services_s[1], services_s[2]], edge_workers=2)
    assert np.mean(found[2, 1] - workload.arrival_s) > 1.01 * np.mean(line.done_s - workload.arrival_s)
