"""One replication of one sweep point: every codec through the same arrivals, images and fading."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from coinfer.simulator import blocks, engine, radio, vector
from coinfer.simulator.channel import check_ways, draw_channels
from coinfer.simulator.cutting import Cutting, Forecast, forecasts
from coinfer.simulator.demand import Demand
from coinfer.simulator.engine import Limits
from coinfer.simulator.engine_choice import chosen
from coinfer.simulator.fields import Scalar
from coinfer.simulator.luck import Luck, draw_luck
from coinfer.simulator.measurements import Measurement
from coinfer.simulator.records import Records
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.units import bytes_to_bits
from coinfer.simulator.workload import Arrivals, Periodic, Poisson, Streams, Workload, draw_workload

FloatArray = NDArray[np.float64]

_ENGINES = {"events": engine.simulate, "vector": vector.simulate}


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

    coordinates: Mapping[str, Scalar | None]
    scenario: Scenario
    image_count: int
    images: str
    measurements: Mapping[str, Measurement]


def run_replication(experiment: Experiment, replication: int, cell: int = 0) -> pd.DataFrame:
    """Simulates one replication of one cell at one sweep point.

    Args:
        experiment: what to simulate.
        replication: from 0 on.
        cell: from 0 on.

    Returns:
        A row a task, all codecs, with the columns of tasks.parquet.
    """
    scenario = experiment.scenario
    first_device = cell * scenario.cell_devices
    streams = Streams(scenario.seed, replication, first_device)
    workload = _workload(scenario, experiment.image_count, streams)
    rows = workload.rows_of(len(scenario.device_profiles))
    channels = draw_channels(scenario, replication, float(workload.arrival_s.max(initial=0)), cell)
    make_uplink = radio.uplink(scenario.link, channels, streams)
    luck = draw_luck(scenario, workload, rows, streams)
    answered_s = radio.answers(scenario.downlink, scenario.link, channels, workload.device_id)
    answer_s = _each(radio.answer_s(scenario.downlink, scenario.link, channels), workload)
    expected = forecasts(scenario.cut, scenario.link, channels) if scenario.cut else []
    simulate = _ENGINES[chosen(scenario).engine]
    records = Records(workload, list(experiment.measurements))
    for place, measurement in enumerate(experiment.measurements.values()):
        demand = _demand(scenario, workload, measurement, luck, answer_s, answered_s)
        cutting = _cutting(scenario, workload, measurement, answer_s, expected)
        make = cutting.over(make_uplink) if cutting else make_uplink
        simulate(workload, demand, _limits(scenario, workload), make, records.timeline_of(place))
        payload_bytes, correct = _sent(workload, measurement, luck, cutting)
        records.fill(place, payload_bytes, correct, channels, rows)
    return records.table(experiment.coordinates, replication, first_device)


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


def _each(of_devices: FloatArray, workload: Workload) -> FloatArray:
    """Give each task what its device has, `[tasks]`; without a column of its own if all have the same."""
    if np.ptp(of_devices) == 0.0:
        return np.broadcast_to(of_devices[0], len(workload))
    return of_devices[workload.device_id]


def _demand(
    scenario: Scenario,
    workload: Workload,
    measurement: Measurement,
    luck: Luck,
    answer_s: FloatArray,
    answered_s: Callable[[FloatArray], FloatArray] | None,
) -> Demand:
    work, edge_work = measurement.device_cost, measurement.edge_cost
    encode_s = _each(
        np.array([profile.compute_s(work.flops, work.serial_s) for profile in scenario.device_profiles]),
        workload,
    )
    edge_s: FloatArray = np.broadcast_to(
        scenario.edge.profile.compute_s(edge_work.flops, edge_work.serial_s), len(workload)
    )
    on_air_bytes = blocks.framing(scenario.link).on_air_bytes(measurement.payload_bytes)
    gives_up = scenario.on_deadline == "abort"
    return Demand(
        encode_s=encode_s if luck.device_factor is None else encode_s * luck.device_factor,
        payload_bits=bytes_to_bits(on_air_bytes[workload.image_id]),
        edge_s=edge_s if luck.edge_factor is None else edge_s * luck.edge_factor,
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


def _sent(
    workload: Workload, measurement: Measurement, luck: Luck, cutting: Cutting | None
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Give the size of what was sent of each task, and if the answer to it is right, `[tasks]` each.

    On a lossy link, that is the answer after one of the crossings that were measured.
    """
    if cutting is not None:
        return cutting.payload_bytes, cutting.correct
    payload_bytes = measurement.payload_bytes[workload.image_id]
    if measurement.correct_lossy is None or luck.crossing is None:
        return payload_bytes, measurement.correct[workload.image_id]
    crossing = (luck.crossing * len(measurement.correct_lossy)).astype(np.int64)
    return payload_bytes, measurement.correct_lossy[crossing, workload.image_id]
