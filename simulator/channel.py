"""Draws each device's channel in one replication: its signal-to-noise ratio over time.

Mean level (given, or power less losses over noise) times fading gain; or a recording of the whole.
"""

from functools import lru_cache
from math import ceil, inf, log2

import numpy as np
from numpy.typing import NDArray

from coinfer.simulator import blocks
from coinfer.simulator.channel_kinds import MOST_SLOTS_ON_THE_WAY, Channel, RecordedChannel, SlottedChannel
from coinfer.simulator.errors import ScenarioError
from coinfer.simulator.link.fading import Fading
from coinfer.simulator.link.large_scale import LargeScale
from coinfer.simulator.link.mobility import Route
from coinfer.simulator.link.noise import mean_snr_db
from coinfer.simulator.link.replay import Recording, read_recording
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.scenario_link import Link
from coinfer.simulator.scenario_link import Rate as RateSection
from coinfer.simulator.units import db_to_linear
from coinfer.simulator.workload import Streams

FloatArray = NDArray[np.float64]

MOST_SLOTS = 2**21
"""Slots of all devices' traces together, if these are not too short then; they repeat."""

FEWEST_SLOTS = 2**14
"""Slots of a device's trace of the longest slots allowed, 256 Doppler periods; of shorter slots more."""

CROWDED_SLOTS = 2**24
"""Slots of all devices' traces together where there are so many devices that each gets fewer than that:
10,000 have 16 Doppler periods each, which are enough together."""

SHORTEST_TRACE = 2**10
"""Slots of a device's trace at least, however many there are."""

MOST_PARTS = 16
"""How many times more at most: slow fading in short slots has to do with fewer Doppler periods."""

LONGEST_SLOT_S = 1e6
"""Of a trace; what changes more slowly stands still."""

STEP_M = 0.1
"""A moving device's channel is sampled at least this often, even where nothing fades."""


def draw_channels(scenario: Scenario, replication: int, horizon_s: float, cell: int = 0) -> list[Channel]:
    """Draw the channels of all devices; the same for every codec, and fading the same for every mean SNR.

    Args:
        scenario: What to draw.
        replication: From 0 on.
        horizon_s: How long, in seconds, traces should last if they may be that long.
        cell: From 0 on.

    Returns:
        A channel for each device, `[devices]`.

    Raises:
        ScenarioError: If the way of a device takes too many slots.
        TraceError: If the recording cannot be read.
    """
    streams = Streams(scenario.seed, replication, cell * scenario.cell_devices)
    if scenario.link.recording is not None:
        recording = read_recording(scenario.link.recording.file)
        _check_rates(scenario.link, recording)
        rows, devices = len(recording.time_s), len(scenario.device_profiles)
        starts = [int(streams.rng("recording", device).integers(rows)) for device in range(devices)]
        return [RecordedChannel(recording, start) for start in starts]
    routes = _routes(scenario, streams, horizon_s)
    fadings = [blocks.fading(scenario.link, route.speed_mps) for route in routes]
    grids = [_grid(scenario, *pair, horizon_s) for pair in zip(fadings, routes, strict=True)]
    drawn = _drawn_gains(tuple(zip(fadings, grids, strict=True)), streams)
    levels = (
        db_to_linear(_level_db(scenario.link, route, *grid, streams, device))
        for device, (route, grid) in enumerate(zip(routes, grids, strict=True))
    )
    return [
        SlottedChannel(slot_s, gain * level, scenario.link.receive_antennas * float(np.mean(level)))
        for gain, level, (_, slot_s) in zip(drawn, levels, grids, strict=True)
    ]


def check_ways(scenario: Scenario, horizon_s: float) -> None:
    """Refuse ways that take too many slots, without drawing their traces; see `draw_channels`."""
    _routes(scenario, Streams(scenario.seed, 0), horizon_s)


def _routes(scenario: Scenario, streams: Streams, horizon_s: float) -> list[Route]:
    """Draw the ways of all devices, and refuse those whose traces would take too many slots."""
    groups = [group for group in scenario.devices for _ in range(group.count)]
    routes = [blocks.route(group.mobility, horizon_s, streams, device) for device, group in enumerate(groups)]
    moving = [route for route in routes if route.speed_mps]
    fadings = [blocks.fading(scenario.link, route.speed_mps) for route in moving]
    slots = sum(_grid(scenario, *pair, horizon_s)[0] for pair in zip(fadings, moving, strict=True))
    if slots > MOST_SLOTS_ON_THE_WAY:
        raise ScenarioError(
            f"devices: their ways take {slots} slots of fading, expected at most {MOST_SLOTS_ON_THE_WAY}; "
            f"make ways shorter, or take fewer devices or tasks"
        )
    return routes


def _check_rates(link: Link, recording: Recording) -> None:
    if recording.rate_bps is not None and (link.tdd is not None or link.rate != RateSection()):
        raise ScenarioError("link.recording: rate_bps is what crosses already; remove link.rate and link.tdd")


@lru_cache(maxsize=1)
def _drawn_gains(devices: tuple[tuple[Fading, tuple[int, float]], ...], streams: Streams) -> list[FloatArray]:
    return [
        fading.gains(slots, slot_s, streams.rng("fading", device))
        for device, (fading, (slots, slot_s)) in enumerate(devices)
    ]


def _grid(scenario: Scenario, fading: Fading, route: Route, horizon_s: float) -> tuple[int, float]:
    """Give how many slots a device's trace has, and their length in seconds."""
    link = scenario.link
    interference = link.budget.interference if link.budget else None
    slot_s = min(
        fading.longest_slot_s,
        STEP_M / route.speed_mps if route.speed_mps else inf,
        interference.interval_s if interference and interference.sigma_db else inf,
    )
    changes, fades = slot_s < inf, fading.longest_slot_s < inf
    slot_s, parts = min(slot_s, LONGEST_SLOT_S), 1
    if link.rate.model == "nr":
        # A power of two, so that NR's slots divide a trace of a power of two without rest.
        nr_slot_s = 15.0 / link.rate.subcarrier_hz
        parts = 2 ** ceil(log2(max(nr_slot_s / slot_s, 1.0)) - 1e-12)
        slot_s = nr_slot_s / parts
    if not changes:
        return 1, min(slot_s, 1.0)
    if route.speed_mps:
        return parts * max(round(route.period_s / (parts * slot_s)), 1), slot_s
    wanted = 2 ** ceil(log2(max(horizon_s / slot_s, 1.0)))
    devices = sum(group.count for group in scenario.devices)
    shorter = 2 ** ceil(log2(min(fading.longest_slot_s / slot_s, MOST_PARTS)) - 1e-9) if fades else 1
    sharers = 2 ** ceil(log2(devices))
    fewest = min(FEWEST_SLOTS * shorter, max(CROWDED_SLOTS // sharers, SHORTEST_TRACE))
    return max(fewest, min(wanted, MOST_SLOTS // sharers)), slot_s


def _level_db(
    link: Link, route: Route, slots: int, slot_s: float, streams: Streams, device: int
) -> float | FloatArray:
    """Give the mean signal-to-noise ratio in dB: averaged over fading, after path loss and shadowing."""
    if link.budget is None:
        return float(link.mean_snr_db or 0.0)
    budget, time_s = link.budget, np.arange(slots, dtype=np.float64) * slot_s
    described = budget.path_loss
    large_scale = LargeScale(
        blocks.path_loss(described, link.fading.carrier_hz),
        route,
        described.line_of_sight,
        described.shadowing,
    )
    loss_db = large_scale.loss_db(
        time_s, streams.rng("line_of_sight", device), streams.rng("shadowing", device)
    )
    rise_db = blocks.interference(budget).rise_db_at(time_s, streams.rng("interference", device))
    return mean_snr_db(
        budget.tx_power_dbm,
        budget.antenna_gain_db,
        loss_db,
        link.bandwidth_hz,
        budget.noise_figure_db,
        rise_db,
    )
