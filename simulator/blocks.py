"""From the sections of a scenario to the blocks of the link that they describe."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil, cos, pi, sin

import numpy as np
from numpy.typing import NDArray

from coinfer.simulator import link_plugins
from coinfer.simulator.errors import ScenarioError
from coinfer.simulator.link import access as access_blocks
from coinfer.simulator.link import fading as fading_blocks
from coinfer.simulator.link import loss as loss_blocks
from coinfer.simulator.link import path_loss as path_loss_blocks
from coinfer.simulator.link import tr38901
from coinfer.simulator.link.adaptation import LinkAdaptation
from coinfer.simulator.link.diversity import Diversity
from coinfer.simulator.link.framing import Framing
from coinfer.simulator.link.harq import HarqSettings
from coinfer.simulator.link.mobility import Line, RandomWaypoint, Route, Standing, uniform_in_disc
from coinfer.simulator.link.nakagami import Nakagami
from coinfer.simulator.link.noise import Interference
from coinfer.simulator.link.nr import NrRate
from coinfer.simulator.link.rate import Rate, ShannonRate
from coinfer.simulator.link.rician import Rician
from coinfer.simulator.link.tdd import TddPattern
from coinfer.simulator.link.wideband import Wideband
from coinfer.simulator.scenario_channel import Budget, Mobility, PathLoss
from coinfer.simulator.scenario_link import Access, Link, Loss
from coinfer.simulator.workload import Streams

FloatArray = NDArray[np.float64]

MOST_LEGS = 2**16
"""Of a random way; a longer one repeats itself."""


def fading(link: Link, device_speed_mps: float) -> fading_blocks.Fading:
    """Build the small-scale fading of a device of some speed."""
    described = link.fading
    speed_mps = described.speed_mps if described.speed_mps is not None else device_speed_mps or 1.0
    gain: fading_blocks.Fading = fading_blocks.NoFading()
    match described.model:
        case "rayleigh":
            gain = fading_blocks.Rayleigh(speed_mps, described.carrier_hz)
        case "rician":
            gain = Rician(speed_mps, described.carrier_hz, k_db=described.k_db or 0.0)
        case "nakagami":
            gain = Nakagami(speed_mps, described.carrier_hz, m=described.m or 1.0)
        case "wideband":
            spread_s = described.rms_delay_spread_s or 0.0
            gain = Wideband(speed_mps, described.carrier_hz, link.bandwidth_hz, spread_s)
        case "plugin":
            gain = link_plugins.fading(described, speed_mps, link.bandwidth_hz)
    return Diversity(gain, link.receive_antennas) if link.receive_antennas > 1 else gain


def interference(budget: Budget) -> Interference:
    """Build the rise over thermal noise."""
    described = budget.interference
    return Interference(described.rise_db, described.sigma_db, described.interval_s)


def path_loss(described: PathLoss, carrier_hz: float) -> path_loss_blocks.PathLoss:
    """Build the loss over distance."""
    with told_of("link.budget.path_loss"):
        if described.model == "log_distance":
            return path_loss_blocks.LogDistance(
                carrier_hz,
                described.exponent,
                described.reference_m,
                described.sigma_db,
                described.correlation_m,
            )
        if described.model == "free_space":
            return path_loss_blocks.FreeSpace(carrier_hz)
        return _tr38901(described, carrier_hz)


def _tr38901(described: PathLoss, carrier_hz: float) -> path_loss_blocks.PathLoss:
    given = {
        name: height_m
        for name, height_m in (
            ("base_height_m", described.base_height_m),
            ("device_height_m", described.device_height_m),
        )
        if height_m is not None
    }
    models: dict[str, Callable[..., path_loss_blocks.PathLoss]]
    models = {"umi": tr38901.UrbanMicro, "uma": tr38901.UrbanMacro, "indoor": tr38901.Indoor}
    return models[described.model](carrier_hz, **given)


def route(mobility: Mobility | None, horizon_s: float, streams: Streams, device: int) -> Route:
    """Draw where a device is; without mobility, nowhere in particular."""
    rng = streams.rng("place", device)
    match mobility:
        case None:
            return Standing(0.0)
        case Mobility(model="standing"):
            angle, distance_m = rng.uniform(0.0, 2.0 * pi), mobility.distance_m or 0.0
            return Standing(distance_m * cos(angle), distance_m * sin(angle))
        case Mobility(model="scattered"):
            return Standing(*uniform_in_disc(mobility.radius_m or 0.0, mobility.nearest_m, rng))
        case Mobility(model="line"):
            return Line(mobility.start_m or 0.0, mobility.end_m or 0.0, mobility.speed_mps or 0.0)
    radius_m, speed_mps = mobility.radius_m or 0.0, mobility.speed_mps or 0.0
    legs = max(8, ceil(min(horizon_s * speed_mps / (0.9 * radius_m), MOST_LEGS)))
    return RandomWaypoint.draw(radius_m, speed_mps, rng, legs)


def slot_s(link: Link) -> float:
    """Give the length of the link's slots: NR's, or a scheduler's turn."""
    return 15.0 / link.rate.subcarrier_hz if link.rate.model == "nr" else link.slot_s


def tdd(link: Link) -> TddPattern:
    """Build the pattern of uplink slots; all of them without `tdd`."""
    return TddPattern(link.tdd or "U", slot_s(link))


def rate(link: Link, sharers: int = 1) -> Rate:
    """Build the fluid rate of one of several devices that split the band, all uplink slots taken together."""
    bandwidth_hz, described = link.bandwidth_hz / sharers, link.rate
    whole: Rate
    if described.model == "plugin":
        whole = link_plugins.rate(described, bandwidth_hz)
    elif described.model == "nr":
        with told_of("link.bandwidth_hz"):
            whole = NrRate(bandwidth_hz, float(described.subcarrier_hz), described.mcs_table)
    else:
        whole = ShannonRate(bandwidth_hz, described.gap_db, described.efficiency, described.cap_bps_per_hz)
    share = tdd(link).share
    return whole if share == 1.0 else _Part(whole, share)


@dataclass(frozen=True)
class _Part:
    """A part of the airtime at a rate."""

    whole: Rate
    share: float

    def bits_per_s(self, snr: FloatArray) -> FloatArray:
        """Give the rate at each linear ratio, of the same shape."""
        return self.share * self.whole.bits_per_s(snr)


def adaptation(link: Link) -> LinkAdaptation:
    """Build the choice of NR's modulation and coding scheme."""
    described = link.rate
    with told_of("link.bandwidth_hz"):
        prbs = NrRate(link.bandwidth_hz, float(described.subcarrier_hz), described.mcs_table).prbs
        return LinkAdaptation(prbs, described.mcs_table, described.target_bler)


def harq(link: Link) -> HarqSettings:
    """Build the rules of retransmission."""
    with told_of("link.harq"):
        return HarqSettings(
            link.harq.max_transmissions,
            link.harq.combining,
            link.harq.round_trip_slots,
            link.rate.outer_loop,
            link.rate.report_delay_slots,
        )


def framing(link: Link) -> Framing:
    """Build the cutting of payloads into packets."""
    return Framing(link.framing.mtu_bytes, link.framing.header_bytes)


def access(described: Access) -> access_blocks.Access:
    """Build the wait before sending."""
    match described.model:
        case "grant":
            return access_blocks.Grant(described.min_s, described.max_s)
        case "configured":
            return access_blocks.ConfiguredGrant(described.period_s or 0.0)
    return access_blocks.NoAccess()


def loss(described: Loss) -> loss_blocks.Loss | None:
    """Build what damages payloads; None where nothing does."""
    match described.model:
        case "erasure":
            return loss_blocks.PacketErasure(described.probability or 0.0)
        case "bit_flips":
            return loss_blocks.BitFlips(described.probability or 0.0)
    return None


@contextmanager
def told_of(key: str) -> Iterator[None]:
    """Put the key before a block's own complaint about a value, or about two that do not go together."""
    try:
        yield
    except ValueError as error:
        raise ScenarioError(f"{key}: {error}") from error
