"""The programs that the benchmarks of the engine time: a tandem of three stages, and a whole scenario."""

from collections import deque
from collections.abc import Callable, Generator

import numpy as np
import simpy

from coinfer.codecs.protocol import Cost
from coinfer.simulator import engine, radio, vector
from coinfer.simulator.channel import draw_channels
from coinfer.simulator.demand import Demand
from coinfer.simulator.engine import Limits
from coinfer.simulator.experiment import Experiment, run_replication
from coinfer.simulator.link.capacity import ConstantRate
from coinfer.simulator.link.sharing.fifo import FifoUplink
from coinfer.simulator.measurements import Measurement
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.timeline import Timeline
from coinfer.simulator.workload import Poisson, Streams, Workload, draw_workload

RATE_BPS = 1e6
IMAGES = 256
Program = Callable[[], float]
"""Simulates, and returns when the last task ends, in seconds."""


def tandem(tasks: int) -> tuple[Workload, Demand]:
    """Draw three exponential stages of mean 1 s, each at 70 % load."""
    streams = Streams(seed=1, replication=0)
    workload = draw_workload([Poisson(0.7)], images=IMAGES, streams=streams, tasks=tasks)
    encode_s, airtime_s, edge_s = streams.rng("service", device=0).standard_exponential((3, tasks))
    return workload, Demand(encode_s, airtime_s * RATE_BPS, edge_s, np.zeros(tasks))


def by_resources(workload: Workload, demand: Demand) -> float:
    """Bare SimPy: a process a task that takes three Resources in turn, without records."""
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


def by_callbacks(workload: Workload, demand: Demand) -> float:
    """SimPy with a callback at the end of each service in place of processes and Resources."""
    env = simpy.Environment()
    columns = (demand.encode_s, demand.payload_bits / RATE_BPS, demand.edge_s)
    services_s = [column.tolist() for column in columns]
    waiting: list[deque[int]] = [deque(), deque(), deque()]
    busy = [False, False, False]

    def reach(task: int, stage: int) -> None:
        if busy[stage]:
            waiting[stage].append(task)
        else:
            busy[stage] = True
            serve(task, stage)

    def serve(task: int, stage: int) -> None:
        after(services_s[stage][task], lambda _: leave(task, stage))

    def leave(task: int, stage: int) -> None:
        if stage < 2:
            reach(task, stage + 1)
        if waiting[stage]:
            serve(waiting[stage].popleft(), stage)
        else:
            busy[stage] = False

    def after(delay_s: float, callback: Callable[[simpy.Event], None]) -> None:
        timeout = env.timeout(delay_s)
        if timeout.callbacks is not None:
            timeout.callbacks.append(callback)

    arrivals_s = workload.arrival_s.tolist()

    def arrive(task: int) -> None:
        if task + 1 < len(arrivals_s):
            after(arrivals_s[task + 1] - env.now, lambda _: arrive(task + 1))
        reach(task, 0)

    after(arrivals_s[0], lambda _: arrive(0))
    env.run()
    return float(env.now)


def by_coinfer(simulate: Callable[..., Timeline], workload: Workload, demand: Demand) -> float:
    """coinfer, with either engine."""
    channel = ConstantRate(RATE_BPS)
    line = simulate(workload, demand, Limits(), lambda env, told: FifoUplink(env, told, [channel]))
    return float(line.done_s[-1])


def of_tandem(tasks: int) -> dict[str, Program]:
    """Give the programs of the tandem, by name."""
    drawn = tandem(tasks)
    return {
        "bare SimPy": lambda: by_resources(*drawn),
        "SimPy with callbacks": lambda: by_callbacks(*drawn),
        "events": lambda: by_coinfer(engine.simulate, *drawn),
        "vector": lambda: by_coinfer(vector.simulate, *drawn),
    }


def of_fading(tasks: int) -> dict[str, Program]:
    """Give the engines' programs of the camera's frames over its fading channel, without what is drawn."""
    experiment = camera(tasks, "auto")
    streams = Streams(experiment.scenario.seed, 0)
    workload = draw_workload([Poisson(30.0)], images=IMAGES, streams=streams, tasks=tasks)
    channels = draw_channels(experiment.scenario, 0, float(workload.arrival_s[-1]))
    make_uplink = radio.uplink(experiment.scenario.link, channels, streams)
    bits = 8.0 * experiment.measurements["coded"].payload_bytes[workload.image_id]
    encode_s, edge_s = 0.01 * streams.rng("service", 0).standard_gamma(100.0, (2, tasks)) / 100.0
    demand = Demand(encode_s, bits, edge_s, np.zeros(tasks))

    def program(simulate: Callable[..., Timeline]) -> Program:
        return lambda: float(simulate(workload, demand, Limits(), make_uplink).done_s[-1])

    return {"events": program(engine.simulate), "vector": program(vector.simulate)}


def camera(tasks: int, engine_name: str, devices: int = 1) -> Experiment:
    """Thirty frames a second of about 1.5 kB over 1 MHz of Rayleigh fading, with all that delays them.

    Args:
        tasks: Frames of all cameras together.
        engine_name: As in a scenario.
        devices: Cameras that share these frames and the uplink.
    """
    noisy = {"effective_flops_per_s": 1e9, "overhead_s": 0.01, "service_cv": 0.1}
    scenario = Scenario.model_validate(
        {
            "name": "camera",
            "seed": 1,
            "engine": engine_name,
            "tasks": tasks // devices,
            "devices": [{"count": devices, "profile": noisy, "arrivals": {"rate_hz": 30.0 / devices}}],
            "link": {
                "bandwidth_hz": 1e6,
                "mean_snr_db": 5,
                "fading": {"model": "rayleigh", "speed_mps": 1.0},
                "access": {"model": "grant"},
            },
            "backhaul": {"median_s": 0.005, "sigma_log": 0.3},
            "edge": {"profile": noisy},
            "codecs": ["raw"],
            "deadlines_s": [0.1],
        }
    )
    sizes = np.random.default_rng(1).normal(1473.0, 200.0, IMAGES).astype(np.int64)
    measured = Measurement(sizes, sizes % 2 == 0, Cost(5e6), Cost(5e6), False)
    return Experiment({}, scenario, IMAGES, "", {"coded": measured})


def of_camera(tasks: int, engine_name: str) -> Program:
    """Give the program of a whole replication of the camera's scenario, its records as a table included."""
    experiment = camera(tasks, engine_name)
    return lambda: float(run_replication(experiment, 0)["done_s"].iloc[-1])
