"""One replication of one sweep point: every codec through the same arrivals, images and fading."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from coinfer.simulator import blocks, radio
from coinfer.simulator.channel import Channel, check_ways, draw_channels
from coinfer.simulator.cutting import Cutting, Forecast, forecasts
from coinfer.simulator.demand import Demand
from coinfer.simulator.engine import Limits, simulate
from coinfer.simulator.fields import Scalar
from coinfer.simulator.link.backhaul import Backhaul
from coinfer.simulator.measurements import Measurement
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.timeline import Outcome, Timeline
from coinfer.simulator.units import bytes_to_bits
from coinfer.simulator.workload import (
    Arrivals,
    Periodic,
    Poisson,
    Streams,
    Workload,
    draw_workload,
    service_multipliers,
)

FloatArray = NDArray[np.float64]

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
    channels = draw_channels(scenario, replication, float(workload.arrival_s.max(initial=0)))
    make_uplink = radio.uplink(scenario.link, channels, streams)
    luck = _draw_luck(scenario, workload, streams)
    answered_s = radio.answers(scenario.downlink, scenario.link, channels, workload.device_id)
    answer_s = radio.answer_s(scenario.downlink, scenario.link, channels)[workload.device_id]
    expected = forecasts(scenario.cut, scenario.link, channels) if scenario.cut else []
    tables = []
    for label, measurement in experiment.measurements.items():
        demand = _demand(scenario, workload, measurement, luck, answer_s, answered_s)
        cutting = _cutting(scenario, workload, measurement, answer_s, expected)
        make = cutting.over(make_uplink) if cutting else make_uplink
        timeline = simulate(workload, demand, _limits(scenario, workload), make)
        table = _records(workload, measurement, timeline, channels, luck, cutting)
        for place, (key, value) in enumerate(
            {"codec": label, **experiment.coordinates, "replication": replication}.items()
        ):
            table.insert(place, key, value)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def check_link(scenario: Scenario) -> None:
    """Build a scenario's link once, to find now what would fail later.

    Raises:
        ScenarioError: its parts do not go together.
        TraceError: its recording cannot be read.
    """
    slowest_hz = min(group.arrivals.rate_hz for group in scenario.devices)
    check_ways(scenario, scenario.duration_s or (scenario.tasks or 0) / slowest_hz)
    channels = draw_channels(scenario, 0, horizon_s=0.0)
    radio.uplink(scenario.link, channels, Streams(scenario.seed, 0))
    radio.answers(scenario.downlink, scenario.link, channels, np.empty(0, dtype=np.int32))
    if scenario.cut:
        forecasts(scenario.cut, scenario.link, channels)


def _workload(scenario: Scenario, image_count: int, streams: Streams) -> Workload:
    processes: dict[str, Callable[[float], Arrivals]] = {"poisson": Poisson, "periodic": Periodic}
    arrivals = [
        processes[group.arrivals.process](group.arrivals.rate_hz)
        for group in scenario.devices
        for _ in range(group.count)
    ]
    return draw_workload(arrivals, image_count, streams, tasks=scenario.tasks, duration_s=scenario.duration_s)


def _limits(scenario: Scenario, workload: Workload) -> Limits:
    buffers = [group.buffer for group in scenario.devices for _ in range(group.count)]
    last_s = scenario.duration_s or float(workload.arrival_s.max(initial=0))
    return Limits(scenario.edge.workers, buffers, None if scenario.drain else last_s)


@dataclass(frozen=True, eq=False)
class _Luck:
    """What chance gives each task beside its channel, whatever the codec: `[tasks]` each."""

    device_factor: FloatArray
    edge_factor: FloatArray
    access_s: FloatArray | None
    backhaul_s: FloatArray | None
    crossing: FloatArray


def _draw_luck(scenario: Scenario, workload: Workload, streams: Streams) -> _Luck:
    """Draw it device by device, so that one device more leaves the others as they were."""
    columns = np.ones((5, len(workload)))
    access = blocks.access(scenario.link.access)
    backhaul = Backhaul(scenario.backhaul.median_s, scenario.backhaul.sigma_log)
    for device, profile in enumerate(scenario.device_profiles):
        rows = workload.device_id == device
        tasks, rng = int(rows.sum()), streams.rng("service", device)
        columns[0, rows] = service_multipliers(profile.service_cv, tasks, rng)
        columns[1, rows] = service_multipliers(scenario.edge.profile.service_cv, tasks, rng)
        columns[2, rows] = access.delays_s(tasks, streams.rng("access", device))
        columns[3, rows] = backhaul.delays_s(tasks, streams.rng("backhaul", device))
        columns[4, rows] = streams.rng("loss", device).random(tasks)
    device_factor, edge_factor, access_s, backhaul_s, crossing = columns
    return _Luck(
        device_factor,
        edge_factor,
        access_s if access_s.any() else None,
        backhaul_s if backhaul_s.any() else None,
        crossing,
    )


def _demand(
    scenario: Scenario,
    workload: Workload,
    measurement: Measurement,
    luck: _Luck,
    answer_s: FloatArray,
    answered_s: Callable[[FloatArray], FloatArray] | None,
) -> Demand:
    work = measurement.device_cost
    encode_s = np.array(
        [profile.compute_s(work.flops, work.serial_s) for profile in scenario.device_profiles]
    )
    work = measurement.edge_cost
    edge_s = scenario.edge.profile.compute_s(work.flops, work.serial_s)
    on_air_bytes = blocks.framing(scenario.link).on_air_bytes(measurement.payload_bytes)
    gives_up = scenario.on_deadline == "abort"
    return Demand(
        encode_s=encode_s[workload.device_id] * luck.device_factor,
        payload_bits=bytes_to_bits(on_air_bytes[workload.image_id]),
        edge_s=edge_s * luck.edge_factor,
        downlink_s=answer_s,
        answers_on_device=measurement.answers_on_device,
        access_s=luck.access_s,
        backhaul_s=luck.backhaul_s,
        expires_s=workload.arrival_s + scenario.deadlines_s[-1] if gives_up else None,
        answered_s=answered_s,
    )


def _cutting(
    scenario: Scenario,
    workload: Workload,
    measurement: Measurement,
    answer_s: FloatArray,
    expected: Sequence[Forecast],
) -> Cutting | None:
    """Let devices cut what can be cut, so that it passes backhaul, an idle edge and downlink in time."""
    if scenario.cut is None or measurement.cut_bytes is None:
        return None
    work = measurement.edge_cost
    edge_s = scenario.edge.profile.compute_s(work.flops, work.serial_s)
    deadline_s = scenario.cut.deadline_s or scenario.deadlines_s[-1]
    until_s = workload.arrival_s + deadline_s - (scenario.backhaul.median_s + edge_s + answer_s)
    return Cutting(measurement, workload, until_s, expected, blocks.framing(scenario.link))


def _records(
    workload: Workload,
    measurement: Measurement,
    timeline: Timeline,
    channels: Sequence[Channel],
    luck: _Luck,
    cutting: Cutting | None,
) -> pd.DataFrame:
    snr_db = np.full(len(workload), np.nan)
    for device, channel in enumerate(channels):
        rows = (workload.device_id == device) & ~np.isnan(timeline.tx_start_s)
        snr_db[rows] = channel.snr_db_at(timeline.tx_start_s[rows])
    names = pd.Index([outcome.name.lower() for outcome in Outcome])
    return pd.DataFrame(
        {
            "device_id": workload.device_id,
            "task_id": workload.task_id,
            "image_id": workload.image_id,
            "arrival_s": workload.arrival_s,
            **{stamp: getattr(timeline, stamp) for stamp in STAMPS},
            "payload_bytes": (
                cutting.payload_bytes if cutting else measurement.payload_bytes[workload.image_id]
            ),
            "snr_db": snr_db,
            "outcome": pd.Categorical.from_codes(timeline.outcome, categories=names),
            "correct": cutting.correct if cutting else _correct(workload, measurement, luck),
        }
    )


def _correct(workload: Workload, measurement: Measurement, luck: _Luck) -> NDArray[np.bool_]:
    """Tell of each task if its answer is right, `[tasks]`; on a lossy link, after one of the crossings."""
    if measurement.correct_lossy is None:
        return np.asarray(measurement.correct[workload.image_id])
    crossing = (luck.crossing * len(measurement.correct_lossy)).astype(np.int64)
    return np.asarray(measurement.correct_lossy[crossing, workload.image_id])
