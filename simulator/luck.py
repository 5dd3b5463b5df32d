"""What chance gives each task beside its arrival and its channel, whatever the codec."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coinfer.simulator import blocks
from coinfer.simulator.link.backhaul import Backhaul
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.workload import Purpose, Streams, Workload, service_multipliers

FloatArray = NDArray[np.float64]
Rows = Sequence[NDArray[np.intp]]


@dataclass(frozen=True, eq=False)
class Luck:
    """A row a task; None where nothing varies, or nothing is.

    Attributes:
        device_factor: By how much its service at the device is longer than the profile says, `[tasks]`.
        edge_factor: The same at the edge, `[tasks]`.
        access_s: How long its payload waits for access, `[tasks]`, in seconds.
        backhaul_s: How long it takes from the base station to the edge, `[tasks]`, in seconds.
        crossing: Which of the ways of being damaged it meets, `[tasks]`, from 0 to 1.
    """

    device_factor: FloatArray | None
    edge_factor: FloatArray | None
    access_s: FloatArray | None
    backhaul_s: FloatArray | None
    crossing: FloatArray | None


def draw_luck(scenario: Scenario, workload: Workload, rows: Rows, streams: Streams) -> Luck:
    """Draw it device by device, so that one device more leaves the others as they were.

    Args:
        scenario: What to draw.
        workload: The tasks.
        rows: Those of each device, `[devices]`.
        streams: The random numbers of the replication.
    """
    link, access = scenario.link, blocks.access(scenario.link.access)
    backhaul = Backhaul(scenario.backhaul.median_s, scenario.backhaul.sigma_log)

    def drawn(purpose: Purpose, draw: Callable[[int, np.random.Generator], FloatArray]) -> FloatArray:
        column = np.empty(len(workload))
        for device, own in enumerate(rows):
            column[own] = draw(len(own), streams.rng(purpose, device))
        return column

    backhaul_s = None
    if backhaul.median_s and backhaul.sigma_log:
        backhaul_s = drawn("backhaul", backhaul.delays_s)
    elif backhaul.median_s:
        backhaul_s = np.broadcast_to(backhaul.median_s, len(workload))
    return Luck(
        *_service_factors(scenario, workload, rows, streams),
        None if link.access.model == "none" else drawn("access", access.delays_s),
        backhaul_s,
        None if link.loss.model == "none" else drawn("loss", lambda tasks, rng: rng.random(tasks)),
    )


def _service_factors(
    scenario: Scenario, workload: Workload, rows: Rows, streams: Streams
) -> tuple[FloatArray | None, FloatArray | None]:
    """Draw the factors of devices and edge, which share a stream."""
    device_cv = [profile.service_cv for profile in scenario.device_profiles]
    edge_cv = scenario.edge.profile.service_cv
    device_factor = np.ones(len(workload)) if any(device_cv) else None
    edge_factor = np.ones(len(workload)) if edge_cv else None
    if device_factor is None and edge_factor is None:
        return None, None
    for device, (own, cv) in enumerate(zip(rows, device_cv, strict=True)):
        rng = streams.rng("service", device)
        if device_factor is not None:
            device_factor[own] = service_multipliers(cv, len(own), rng)
        if edge_factor is not None:
            edge_factor[own] = service_multipliers(edge_cv, len(own), rng)
    return device_factor, edge_factor
