"""Checks of those who share the air: contention, proportional fairness, and blocks that are repeated."""

from collections.abc import Callable, Sequence
from math import inf

import numpy as np
from numpy.typing import NDArray
from simpy import Environment

from coinfer.simulator.link.adaptation import LinkAdaptation
from coinfer.simulator.link.blocklength import SHANNON_GAP_DB, block_error_rate
from coinfer.simulator.link.capacity import CapacityTrace, ConstantRate
from coinfer.simulator.link.harq import HarqChannel, HarqSettings
from coinfer.simulator.link.nr_tables import mcs_table
from coinfer.simulator.link.sharing.bianchi import bianchi, saturation_throughput_bps
from coinfer.simulator.link.sharing.csma import CsmaUplink
from coinfer.simulator.link.sharing.dcf import Dcf
from coinfer.simulator.link.sharing.policy import Policy
from coinfer.simulator.link.sharing.proportional_fair import ProportionalFair
from coinfer.simulator.link.sharing.slotted import SlottedUplink
from coinfer.simulator.link.sharing.trace_sender import TraceSender
from coinfer.simulator.link.tdd import TddPattern
from coinfer.simulator.link.transport_block import Segmentation
from coinfer.simulator.link.uplink import Notices
from coinfer.simulator.units import db_to_linear
from coinfer.simulator.validation.check import Check, of_mean, of_share

FloatArray = NDArray[np.float64]

STATIONS, RATE_BPS, PAYLOAD_BITS = (2, 5, 10, 20), 54e6, 12_000.0
RUNS = 30
WARM_UP_S, SATURATED_S = 0.2, 0.3
COLLISION_SLACK, THROUGHPUT_SLACK = 0.01, 0.02
"""The model's own error: it takes stations for independent, while both windows double after a collision."""

DEVICES, FAIR_RUNS, FAIR_SLOTS, MEMORY_SLOTS, FAIR_SLACK = 4, 30, 2000, 1000.0, 0.01
"""The average's finite memory costs up to 1 % of the gain."""

BLOCKS = 50_000
SCHEMES = ((0, -0.4), (10, 0.1), (15, 0.02), (27, -0.1))
"""The index of a scheme in MCS table 1, and how far the SNR is from its 10 % point in dB."""


def contention(rng: np.random.Generator) -> list[Check]:
    """Check collisions and throughput of saturated stations against Bianchi's model."""
    checks = []
    for stations in STATIONS:
        drawn = [saturated(stations, seed) for seed in rng.integers(2**63, size=RUNS)]
        collisions, throughputs_bps = np.transpose(drawn)
        theory = bianchi(stations).collision
        name = f"collision probability, {stations} stations"
        checks.append(of_mean(name, theory, collisions, slack=COLLISION_SLACK))
        theory = saturation_throughput_bps(stations, RATE_BPS)
        slack = THROUGHPUT_SLACK * theory / 1e6
        name = f"throughput [Mbit/s], {stations} stations, 54 Mbit/s"
        checks.append(of_mean(name, theory / 1e6, throughputs_bps / 1e6, slack=slack))
    plain = Dcf(stages=0)
    collisions = [saturated(5, seed, plain)[0] for seed in rng.integers(2**63, size=RUNS)]
    theory = bianchi(5, plain.window, plain.stages).collision
    checks.append(of_mean("collision probability, 5 stations, no doubling", theory, collisions))
    return checks


def saturated(stations: int, seed: int, dcf: Dcf | None = None) -> tuple[float, float]:
    """Let stations always have a full frame to send.

    Args:
        stations: How many.
        seed: Of their backoffs.
        dcf: Windows and timing; 802.11a/g by default.

    Returns:
        The part of frames that collide, and the payload bits a second of all together.
    """
    env = Environment()
    through = 0

    def ended(device: int, now_s: float) -> None:
        nonlocal through
        through += 1
        uplink.send(device, device, PAYLOAD_BITS, inf)

    channels = [ConstantRate(RATE_BPS)] * stations
    notices = Notices(_ignore, ended, _ignore)
    uplink = CsmaUplink(env, notices, channels, np.random.default_rng(seed), dcf)
    for device in range(stations):
        uplink.send(device, device, PAYLOAD_BITS, inf)
    env.run(until=WARM_UP_S)
    lost, sent, before = uplink.lost_frames, uplink.sent_frames, through
    env.run(until=WARM_UP_S + SATURATED_S)
    collision = (uplink.lost_frames - lost) / (uplink.sent_frames - sent)
    return collision, (through - before) * PAYLOAD_BITS / SATURATED_S


def _ignore(task: int, now_s: float) -> None:
    pass


def fairness(rng: np.random.Generator) -> list[Check]:
    """Check the gain of proportional fairness over n Rayleigh channels of low SNR, sum 1/k for k up to n.

    There the rate is in proportion to the gain, here drawn anew in every slot; the best of n exponential
    rates is on average sum 1/k times the mean, and every device gets the same part of the slots.
    """
    gains, shares = np.transpose([_proportional(rng) for _ in range(FAIR_RUNS)])
    harmonic = float(np.sum(1.0 / np.arange(1, DEVICES + 1)))
    return [
        of_mean(f"gain of proportional fairness, {DEVICES} devices", harmonic, gains, FAIR_SLACK * harmonic),
        of_mean(f"part of slots of one device of {DEVICES}", 1.0 / DEVICES, shares),
    ]


class _Overheard:
    """A policy that writes down whom it chose, and at which rate."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.log: list[tuple[int, float]] = []

    def choose(self, ready: Sequence[int], rate_bps: Callable[[int], float]) -> int:
        chosen = self._policy.choose(ready, rate_bps)
        self.log.append((chosen, rate_bps(chosen)))
        return chosen


def _proportional(rng: np.random.Generator) -> tuple[float, float]:
    policy, env = _Overheard(ProportionalFair(MEMORY_SLOTS)), Environment()
    senders = [TraceSender(CapacityTrace(1.0, rng.exponential(1.0, FAIR_SLOTS)), 1.0) for _ in range(DEVICES)]
    uplink = SlottedUplink(env, Notices(_ignore, _ignore, _ignore), senders, policy)
    for device in range(DEVICES):
        uplink.send(device, device, 10.0 * FAIR_SLOTS, inf)
    env.run(until=float(FAIR_SLOTS))
    chosen, rates = np.transpose(policy.log[FAIR_SLOTS // 4 :])
    return float(rates.mean()), float(np.mean(chosen == 0.0))


def repetitions(rng: np.random.Generator) -> list[Check]:
    """Check how many transport blocks fail at a constant SNR, at first and after chase combining."""
    adaptation = LinkAdaptation(prbs=51)
    checks = []
    for index, offset_db in SCHEMES:
        snr = db_to_linear(adaptation.thresholds_db[index] + offset_db)
        sender = send_blocks(adaptation, index, snr, rng, max_transmissions=1)
        theory = block_errors(index, adaptation.sizes_bits[index], snr)
        name = f"first transmissions that fail, MCS {index}, {10.0 * np.log10(snr):.2f} dB"
        checks.append(of_share(name, theory, sender.first_failures, sender.first_transmissions))
    snr = 0.49 * db_to_linear(adaptation.thresholds_db[0])
    sender = send_blocks(adaptation, 0, snr, rng, max_transmissions=2)
    theory = block_errors(0, adaptation.sizes_bits[0], snr)
    theory *= block_errors(0, adaptation.sizes_bits[0], 2.0 * snr)
    name = "blocks that fail twice, chase combining, MCS 0"
    checks.append(of_share(name, theory, sender.residual_failures, sender.first_transmissions))
    return checks


def send_blocks(
    adaptation: LinkAdaptation,
    index: int,
    snr: float,
    rng: np.random.Generator,
    max_transmissions: int,
    blocks: int = BLOCKS,
) -> HarqChannel:
    """Send full blocks of one scheme at a constant SNR; give the sender with its counters.

    Args:
        adaptation: The schemes.
        index: The one to use.
        snr: A power ratio.
        rng: The source of block errors.
        max_transmissions: How often a block is sent before its bits start anew in another.
        blocks: How many blocks are sent, repetitions included.
    """
    settings = HarqSettings(max_transmissions, outer_loop=False)
    only = _Only(adaptation, index)
    sender = HarqChannel(np.array([snr]), only, TddPattern("U", 1.0), settings, rng)
    sender.finish_s(0.0, float(blocks * adaptation.sizes_bits[index]), until_s=float(blocks))
    return sender


class _Only(LinkAdaptation):
    """Link adaptation that always chooses one scheme."""

    def __init__(self, like: LinkAdaptation, index: int) -> None:
        super().__init__(like.prbs, like.table, like.target)
        self._index = index

    def choose(self, snr_db: float) -> int:
        return self._index

    def enough_for(self, bits: float) -> int:
        return self._index


def block_errors(index: int, size_bits: int, snr: float) -> float:
    """Give 1 - (1 - p)^C, p by the normal approximation at the SNR less the gap of the modulation."""
    mcs = mcs_table(1)[index]
    cut = Segmentation.of(size_bits, mcs.code_rate)
    gap = db_to_linear(SHANNON_GAP_DB[mcs.bits_per_symbol])
    code_block = float(block_error_rate(cut.block_bits, cut.block_bits / mcs.efficiency, snr / gap))
    return float(1.0 - (1.0 - code_block) ** cut.blocks)
