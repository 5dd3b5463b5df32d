"""The uplink of a scenario, put together from its channels; and the way of the answer back through it."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from simpy import Environment

from coinfer.simulator import blocks
from coinfer.simulator.channel_kinds import Channel
from coinfer.simulator.errors import ScenarioError
from coinfer.simulator.link.capacity import Capacity, CapacityTrace, ConstantRate
from coinfer.simulator.link.harq import HarqChannel
from coinfer.simulator.link.sharing.csma import CsmaUplink
from coinfer.simulator.link.sharing.dcf import Dcf
from coinfer.simulator.link.sharing.equal import EqualShareUplink
from coinfer.simulator.link.sharing.fifo import FifoUplink
from coinfer.simulator.link.sharing.ofdma import OfdmaUplink
from coinfer.simulator.link.sharing.policy import Policy
from coinfer.simulator.link.sharing.proportional_fair import ProportionalFair
from coinfer.simulator.link.sharing.round_robin import RoundRobin
from coinfer.simulator.link.sharing.slotted import SlottedUplink
from coinfer.simulator.link.sharing.tdma import TdmaUplink
from coinfer.simulator.link.sharing.trace_sender import TraceSender
from coinfer.simulator.link.traces import Traces
from coinfer.simulator.link.uplink import Notices, Uplink
from coinfer.simulator.scenario_link import Downlink, Link
from coinfer.simulator.units import bytes_to_bits, db_to_linear
from coinfer.simulator.workload import Streams

FloatArray = NDArray[np.float64]
MakeUplink = Callable[[Environment, Notices], Uplink]


def uplink(link: Link, channels: Sequence[Channel], streams: Streams) -> MakeUplink:
    """Put an uplink together.

    Args:
        link: What to build.
        channels: The channel of each device, `[devices]`.
        streams: The random numbers of the replication; every uplink made starts them anew, so that each
            codec meets the same luck.

    Returns:
        What builds the uplink in an environment, as often as wanted.

    Raises:
        ScenarioError: If a channel does not fit the rate or the way of sharing.
    """
    if link.policy == "harq":
        return _with_retransmissions(link, channels, streams)
    if link.sharing == "ofdma":
        return _in_bands(link, channels)
    carried = [channel.capacity(blocks.rate(link)) for channel in channels]
    fading = [channel for channel in carried if isinstance(channel, CapacityTrace)]
    if link.sharing == "fifo" and len(fading) == len(carried):
        # One for all codecs, so that they are put side by side once.
        side_by_side = Traces(fading)
        return lambda env, notices: FifoUplink(env, notices, side_by_side, link.policy == "frozen")
    if link.sharing == "csma":
        return _contending(link, carried, streams)
    return lambda env, notices: _fluid(link, env, notices, carried)


def _fluid(link: Link, env: Environment, notices: Notices, carried: Sequence[Capacity]) -> Uplink:
    match link.sharing:
        case "equal":
            return EqualShareUplink(env, notices, carried, link.policy == "frozen")
        case "tdma":
            return TdmaUplink(env, notices, carried, link.slot_s)
        case "round_robin" | "proportional_fair":
            senders = [TraceSender(channel, link.slot_s) for channel in carried]
            return SlottedUplink(env, notices, senders, _policy(link))
    return FifoUplink(env, notices, carried, link.policy == "frozen")


def _with_retransmissions(link: Link, channels: Sequence[Channel], streams: Streams) -> MakeUplink:
    schemes, pattern, settings = blocks.adaptation(link), blocks.tdd(link), blocks.harq(link)
    snr = [channel.slot_snr(pattern.slot_s) for channel in channels]

    def make(env: Environment, notices: Notices) -> Uplink:
        senders = [
            HarqChannel(ratio, schemes, pattern, settings, streams.rng("blocks", device))
            for device, ratio in enumerate(snr)
        ]
        if link.sharing == "fifo":
            return FifoUplink(env, notices, senders)
        return SlottedUplink(env, notices, senders, _policy(link))

    return make


def _in_bands(link: Link, channels: Sequence[Channel]) -> MakeUplink:
    blocks.rate(link, len(channels))

    def capacity_of(device: int, sharers: int) -> Capacity:
        return channels[device].capacity(blocks.rate(link, sharers), float(sharers))

    capacity_of(0, len(channels))
    return lambda env, notices: OfdmaUplink(env, notices, len(channels), capacity_of)


def _contending(link: Link, carried: Sequence[Capacity], streams: Streams) -> MakeUplink:
    timing = Dcf(mtu_bytes=link.framing.mtu_bytes)
    return lambda env, notices: CsmaUplink(env, notices, carried, streams.rng("backoff", 0), timing)


def _policy(link: Link) -> Policy:
    return RoundRobin() if link.sharing == "round_robin" else ProportionalFair(link.fairness_slots)


def answers(
    downlink: Downlink, link: Link, channels: Sequence[Channel], device_id: NDArray[np.int32]
) -> Callable[[FloatArray], FloatArray] | None:
    """Give when answers are at their devices, for those that come back over the device's own channel.

    In time-division duplex the channel is the same both ways; answers neither wait for each other nor for
    retransmissions, and are sent at the fluid rate in the slots marked D.

    Args:
        downlink: What to build.
        link: The uplink, whose band and rate the downlink shares.
        channels: The channel of each device, `[devices]`.
        device_id: The device of each task, `[tasks]`.

    Returns:
        From the end of each task at the edge, `[tasks]` in seconds, to the arrival of its answer; None if the
        downlink does not depend on the time.

    Raises:
        ScenarioError: If the pattern has no slot for it.
    """
    if downlink.model == "fixed":
        return None
    rate, factor = blocks.rate(_backwards(link)), db_to_linear(downlink.snr_gain_db)
    carried = [channel.capacity(rate, factor) for channel in channels]
    fading = [channel for channel in carried if isinstance(channel, CapacityTrace)]
    traces = Traces(fading) if fading and len(fading) == len(carried) else None
    bits = bytes_to_bits(downlink.answer_bytes)

    def arrive_s(edge_end_s: FloatArray) -> FloatArray:
        arrival_s, known = np.full(len(edge_end_s), np.nan), np.flatnonzero(~np.isnan(edge_end_s))
        start_s, device = edge_end_s[known] + downlink.delay_s, device_id[known]
        if traces is not None:
            arrival_s[known] = traces.finish_s(device, start_s, np.full(len(known), bits))
        else:
            sent = zip(start_s.tolist(), device.tolist(), strict=True)
            arrival_s[known] = [carried[number].finish_s(at_s, bits) for at_s, number in sent]
        return arrival_s

    return arrive_s


def answer_s(downlink: Downlink, link: Link, channels: Sequence[Channel]) -> FloatArray:
    """Give the time that an answer takes to each device, over its own channel at the rate of the mean SNR.

    Args:
        downlink: What to build.
        link: The uplink, whose band and rate the downlink shares.
        channels: The channel of each device, `[devices]`.

    Returns:
        Seconds, `[devices]`.

    Raises:
        ScenarioError: If the pattern has no slot for it.
    """
    if downlink.model == "fixed":
        rates_bps = [downlink.rate_bps] * len(channels)
    else:
        rate, factor = blocks.rate(_backwards(link)), db_to_linear(downlink.snr_gain_db)
        rates_bps = [channel.mean_rate_bps(rate, factor) for channel in channels]
    bits = bytes_to_bits(downlink.answer_bytes)
    return np.array([ConstantRate(rate_bps).finish_s(downlink.delay_s, bits) for rate_bps in rates_bps])


def _backwards(link: Link) -> Link:
    pattern = link.tdd
    if pattern is None:
        return link
    if "D" not in pattern:
        raise ScenarioError(f"downlink.model: link needs a slot D in link.tdd, got '{pattern}'")
    return link.model_copy(update={"tdd": pattern.translate(_TURNED)})


_TURNED = str.maketrans("DU", "UD")
