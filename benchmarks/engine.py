"""How fast is the engine? Compare it with a bare SimPy program of the same tandem.

The bare program has a process a task that takes three Resources in turn, and keeps no records. Run it with

    python benchmarks/engine.py [TASKS]
"""

import sys
import time
from collections.abc import Callable, Generator
from statistics import median

import numpy as np
import simpy

from coinfer.simulator.engine import Demand, Limits, simulate
from coinfer.simulator.link.capacity import ConstantRate
from coinfer.simulator.link.sharing.fifo import FifoUplink
from coinfer.simulator.workload import Poisson, Streams, Workload, draw_workload

RATE_BPS = 1e6
ROUNDS = 5


def tandem(tasks: int) -> tuple[Workload, Demand]:
    """Draw three exponential stages of mean 1 s, each at 70 % load."""
    streams = Streams(seed=1, replication=0)
    workload = draw_workload([Poisson(0.7)], images=1, streams=streams, tasks=tasks)
    encode_s, airtime_s, edge_s = streams.rng("service", device=0).standard_exponential((3, tasks))
    return workload, Demand(encode_s, airtime_s * RATE_BPS, edge_s, np.zeros(tasks))


def run_engine(workload: Workload, demand: Demand) -> float:
    """Simulate with coinfer; return the last task's end in seconds."""
    channel = ConstantRate(RATE_BPS)
    timeline = simulate(workload, demand, Limits(), lambda env, told: FifoUplink(env, told, [channel]))
    return float(timeline.done_s[-1])


def run_bare(workload: Workload, demand: Demand) -> float:
    """Simulate with one process and three Resources a task; return the last task's end in seconds."""
    env = simpy.Environment()
    stages = [simpy.Resource(env) for _ in range(3)]

    def live(service_s: tuple[float, float, float]) -> Generator[simpy.Event]:
        for stage, stage_s in zip(stages, service_s, strict=True):
            with stage.request() as turn:
                yield turn
                yield env.timeout(stage_s)

    def arrive() -> Generator[simpy.Event]:
        columns = (workload.arrival_s, demand.encode_s, demand.payload_bits / RATE_BPS, demand.edge_s)
        for arrival_s, *service_s in zip(*(column.tolist() for column in columns), strict=True):
            yield env.timeout(arrival_s - env.now)
            env.process(live(tuple(service_s)))

    env.process(arrive())
    env.run()
    return float(env.now)


def cpu_s(program: Callable[[Workload, Demand], float], workload: Workload, demand: Demand) -> float:
    """Measure the CPU time of one run in seconds."""
    start_s = time.process_time()
    program(workload, demand)
    return time.process_time() - start_s


def main(tasks: int) -> None:
    """Write both times per task and their ratio, medians of rounds that take turns."""
    workload, demand = tandem(tasks)
    if abs(run_engine(workload, demand) - run_bare(workload, demand)) > 1e-6:
        raise RuntimeError("the two programs disagree")
    rounds = [(cpu_s(run_bare, workload, demand), cpu_s(run_engine, workload, demand)) for _ in range(ROUNDS)]
    bare_us, engine_us = (median(column) / tasks * 1e6 for column in zip(*rounds, strict=True))
    ratio = median(bare_s / engine_s for bare_s, engine_s in rounds)
    sys.stdout.write(
        f"bare SimPy {bare_us:.1f} us a task, engine {engine_us:.1f} us a task, "
        f"ratio {ratio:.2f} ({tasks} tasks, CPU time, median of {ROUNDS})\n"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
