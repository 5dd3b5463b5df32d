"""One replication of one sweep point: every codec through the same arrivals, images and fading."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from simpy import Environment

from coinfer.simulator.engine import Demand, Limits, simulate
from coinfer.simulator.fields import Scalar
from coinfer.simulator.link.capacity import CapacityTrace
from coinfer.simulator.link.fading import Fading, NoFading, Rayleigh
from coinfer.simulator.link.rate import ShannonRate
from coinfer.simulator.link.uplink import EqualShareUplink, FifoUplink, Uplink
from coinfer.simulator.measurements import Measurement
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.timeline import Outcome, Timeline
from coinfer.simulator.units import bytes_to_bits, db_to_linear, linear_to_db
from coinfer.simulator.workload import (
    Arrivals,
    Periodic,
    Poisson,
    Streams,
    Workload,
    draw_workload,
    service_multipliers,
)

MOST_SLOTS = 2**21
"""Slots of all devices' fading traces together; where time outruns a trace, the trace repeats."""

FEWEST_SLOTS = 2**14
"""Slots of a device's trace: at least 256 Doppler periods."""

STAMPS = (
    "encode_start_s",
    "encode_end_s",
    "tx_start_s",
    "tx_end_s",
    "edge_start_s",
    "edge_end_s",
    "done_s",
)


@dataclass(frozen=True)
class Experiment:
    """One sweep point, with what its codecs were measured to do.

    Args:
        coordinates: the swept values by dotted path.
        scenario: the scenario at that point.
        image_count: size of the image set.
        images: fingerprint of the image set.
        measurements: by the codec's label.
    """

    coordinates: Mapping[str, Scalar]
    scenario: Scenario
    image_count: int
    images: str
    measurements: Mapping[str, Measurement]


def run_replication(experiment: Experiment, replication: int) -> pd.DataFrame:
    """Simulates one replication of one sweep point.

    Args:
        experiment: what to simulate.
        replication: from 0 on.

    Returns:
        A row a task, all codecs, with the columns of tasks.parquet.
    """
    scenario = experiment.scenario
    streams = Streams(scenario.seed, replication)
    workload = _workload(scenario, experiment.image_count, streams)
    gains, slot_s = _gains(scenario, replication, float(workload.arrival_s.max(initial=0)))
    snr = [db_to_linear(scenario.link.mean_snr_db) * gain for gain in gains]
    traces = [CapacityTrace(slot_s, _rate(scenario).bits_per_s(ratio)) for ratio in snr]
    noise = _service_noise(scenario, workload, streams)
    tables = []
    for label, measurement in experiment.measurements.items():
        demand = _demand(scenario, workload, measurement, noise)
        limits = _limits(scenario, workload)
        timeline = simulate(workload, demand, limits, lambda env: _uplink(env, scenario, traces))
        table = _records(workload, measurement, timeline, snr, traces)
        for place, (key, value) in enumerate(
            {"codec": label, **experiment.coordinates, "replication": replication}.items()
        ):
            table.insert(place, key, value)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _workload(scenario: Scenario, image_count: int, streams: Streams) -> Workload:
    processes: dict[str, Callable[[float], Arrivals]] = {"poisson": Poisson, "periodic": Periodic}
    arrivals = [
        processes[group.arrivals.process](group.arrivals.rate_hz)
        for group in scenario.devices
        for _ in range(group.count)
    ]
    return draw_workload(arrivals, image_count, streams, tasks=scenario.tasks, duration_s=scenario.duration_s)


def _gains(scenario: Scenario, replication: int, horizon_s: float) -> tuple[list[NDArray[np.float64]], float]:
    """Fading of each device and the length of a slot; the same for every codec and SNR."""
    described, devices = scenario.link.fading, len(scenario.device_profiles)
    fading = (
        Rayleigh(described.speed_mps, described.carrier_hz) if described.model == "rayleigh" else NoFading()
    )
    slot_s = fading.longest_slot_s
    if not np.isfinite(slot_s):
        return _drawn_gains(fading, scenario.seed, replication, devices, 1, 1.0), 1.0
    wanted = 2 ** int(np.ceil(np.log2(max(horizon_s / slot_s, 1))))
    slots = max(FEWEST_SLOTS, min(wanted, MOST_SLOTS // 2 ** int(np.ceil(np.log2(devices)))))
    return _drawn_gains(fading, scenario.seed, replication, devices, slots, slot_s), slot_s


@lru_cache(maxsize=1)
def _drawn_gains(
    fading: Fading, seed: int, replication: int, devices: int, slots: int, slot_s: float
) -> list[NDArray[np.float64]]:
    streams = Streams(seed, replication)
    return [fading.gains(slots, slot_s, streams.rng("fading", device)) for device in range(devices)]


def _rate(scenario: Scenario) -> ShannonRate:
    rate = scenario.link.rate
    return ShannonRate(scenario.link.bandwidth_hz, rate.gap_db, rate.efficiency, rate.cap_bps_per_hz)


def _uplink(env: Environment, scenario: Scenario, traces: list[CapacityTrace]) -> Uplink:
    frozen = scenario.link.deep_fade == "frozen"
    if scenario.link.sharing == "equal":
        return EqualShareUplink(env, traces, frozen)
    return FifoUplink(env, traces, frozen)


def _limits(scenario: Scenario, workload: Workload) -> Limits:
    buffers = [group.buffer for group in scenario.devices for _ in range(group.count)]
    last_s = scenario.duration_s or float(workload.arrival_s.max(initial=0))
    return Limits(scenario.edge.workers, buffers, None if scenario.drain else last_s)


def _service_noise(
    scenario: Scenario, workload: Workload, streams: Streams
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Factors on the compute times of device and edge, `[tasks]` each, drawn device by device."""
    device, edge = np.ones(len(workload)), np.ones(len(workload))
    for number, profile in enumerate(scenario.device_profiles):
        rows = workload.device_id == number
        rng = streams.rng("service", number)
        device[rows] = service_multipliers(profile.service_cv, int(rows.sum()), rng)
        edge[rows] = service_multipliers(scenario.edge.profile.service_cv, int(rows.sum()), rng)
    return device, edge


def _demand(
    scenario: Scenario,
    workload: Workload,
    measurement: Measurement,
    noise: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> Demand:
    work = measurement.device_cost
    encode_s = np.array(
        [profile.compute_s(work.flops, work.serial_s) for profile in scenario.device_profiles]
    )
    work = measurement.edge_cost
    edge_s = scenario.edge.profile.compute_s(work.flops, work.serial_s)
    downlink = scenario.downlink
    downlink_s = downlink.delay_s + bytes_to_bits(downlink.answer_bytes) / downlink.rate_bps
    return Demand(
        encode_s=encode_s[workload.device_id] * noise[0],
        payload_bits=bytes_to_bits(measurement.payload_bytes[workload.image_id].astype(np.float64)),
        edge_s=edge_s * noise[1],
        downlink_s=np.full(len(workload), downlink_s),
        answers_on_device=measurement.answers_on_device,
    )


def _records(
    workload: Workload,
    measurement: Measurement,
    timeline: Timeline,
    snr: list[NDArray[np.float64]],
    traces: list[CapacityTrace],
) -> pd.DataFrame:
    snr_db = np.full(len(workload), np.nan)
    for device, (ratio, trace) in enumerate(zip(snr, traces, strict=True)):
        rows = (workload.device_id == device) & ~np.isnan(timeline.tx_start_s)
        snr_db[rows] = linear_to_db(ratio[trace.slot_index(timeline.tx_start_s[rows])])
    names = pd.Index([outcome.name.lower() for outcome in Outcome])
    return pd.DataFrame(
        {
            "device_id": workload.device_id,
            "task_id": workload.task_id,
            "image_id": workload.image_id,
            "arrival_s": workload.arrival_s,
            **{stamp: getattr(timeline, stamp) for stamp in STAMPS},
            "payload_bytes": measurement.payload_bytes[workload.image_id],
            "snr_db": snr_db,
            "outcome": pd.Categorical.from_codes(timeline.outcome, categories=names),
            "correct": measurement.correct[workload.image_id],
        }
    )
