import numpy as np
import pytest

from coinfer.simulator import blocks
from coinfer.simulator.errors import ScenarioError
from coinfer.simulator.link.access import ConfiguredGrant, Grant, NoAccess
from coinfer.simulator.link.diversity import Diversity
from coinfer.simulator.link.fading import NoFading, Rayleigh
from coinfer.simulator.link.framing import Framing
from coinfer.simulator.link.harq import HarqSettings
from coinfer.simulator.link.loss import BitFlips, PacketErasure
from coinfer.simulator.link.mobility import Line
from coinfer.simulator.link.nakagami import Nakagami
from coinfer.simulator.link.noise import Interference
from coinfer.simulator.link.nr import NrRate
from coinfer.simulator.link.path_loss import FreeSpace, LogDistance
from coinfer.simulator.link.rate import ShannonRate
from coinfer.simulator.link.rician import Rician
from coinfer.simulator.link.tdd import TddPattern
from coinfer.simulator.link.tr38901 import Indoor, UrbanMacro, UrbanMicro
from coinfer.simulator.link.wideband import Wideband
from coinfer.simulator.scenario_channel import Budget, Mobility, PathLoss
from coinfer.simulator.scenario_link import Access, Link, Loss
from coinfer.simulator.workload import Streams

STREAMS = Streams(seed=1, replication=0)


def link(**changes):
    return Link.model_validate({"bandwidth_hz": 2e6, "mean_snr_db": 5} | changes)


@pytest.mark.parametrize(
    ("fading", "block"),
    [
        ({}, Rayleigh(1.5, 3.5e9)),
        ({"speed_mps": 2.0, "carrier_hz": 1e9}, Rayleigh(2.0, 1e9)),
        ({"speed_mps": 0.0}, Rayleigh(0.0, 3.5e9)),
        ({"model": "none"}, NoFading()),
        ({"model": "rician", "k_db": 6}, Rician(1.5, 3.5e9, 6.0)),
        ({"model": "nakagami", "m": 2.5}, Nakagami(1.5, 3.5e9, 2.5)),
        ({"model": "wideband", "rms_delay_spread_s": 1e-7}, Wideband(1.5, 3.5e9, 2e6, 1e-7)),
    ],
)
def test_fading(fading, block):
    assert blocks.fading(link(fading=fading), device_speed_mps=1.5) == block
    both = blocks.fading(link(fading=fading, receive_antennas=4), device_speed_mps=1.5)
    assert both == Diversity(block, 4)


def test_a_device_at_rest_has_people_around_it():
    assert blocks.fading(link(), device_speed_mps=0.0) == Rayleigh(1.0, 3.5e9)


@pytest.mark.parametrize(
    ("described", "block"),
    [
        ({}, UrbanMicro(2e9)),
        ({"model": "umi", "device_height_m": 3}, UrbanMicro(2e9, 10.0, 3.0)),
        ({"model": "uma", "base_height_m": 30}, UrbanMacro(2e9, 30.0)),
        ({"model": "indoor"}, Indoor(2e9)),
        ({"model": "free_space"}, FreeSpace(2e9)),
        ({"model": "log_distance", "exponent": 3, "sigma_db": 6}, LogDistance(2e9, 3.0, 1.0, 6.0, 50.0)),
    ],
)
def test_path_loss(described, block):
    assert blocks.path_loss(PathLoss.model_validate(described), carrier_hz=2e9) == block


@pytest.mark.parametrize(
    ("described", "carrier_hz", "line"),
    [
        ({"device_height_m": 1.2}, 2e9, "the height of the device must be from 1.5 to 22.5 m, got 1.2"),
        (
            {"model": "uma", "device_height_m": 14},
            2e9,
            "the height of the device must be from 1.5 to 13 m, got 14.0",
        ),
        (
            {"model": "indoor", "base_height_m": 25},
            2e9,
            "the height of the base station must be from 0 to 20 m, got 25.0",
        ),
        ({"base_height_m": 1}, 2e9, "the base station must be higher than 1 m, got 1.0 m"),
        ({}, 4e8, "the carrier frequency must be from 5e+08 to 1e+11 Hz, got 400000000.0"),
    ],
)
def test_what_path_loss_refuses_is_told_with_its_key(described, carrier_hz, line):
    with pytest.raises(ScenarioError) as caught:
        blocks.path_loss(PathLoss.model_validate(described), carrier_hz)
    assert str(caught.value) == f"link.budget.path_loss: {line}"


def test_interference():
    budget = Budget.model_validate({"interference": {"rise_db": 3, "sigma_db": 2, "interval_s": 0.5}})
    assert blocks.interference(budget) == Interference(3.0, 2.0, 0.5)


def test_places():
    standing = blocks.route(Mobility.model_validate({"distance_m": 50}), 10.0, STREAMS, 0)
    assert standing.speed_mps == 0
    assert np.hypot(*standing.at(np.array(0.0))) == pytest.approx(50.0)
    scattered = Mobility.model_validate({"model": "scattered", "radius_m": 50, "nearest_m": 49})
    distances_m = [
        float(np.hypot(*blocks.route(scattered, 10.0, STREAMS, device).at(np.array(0.0))))
        for device in range(9)
    ]
    assert all(49 <= distance_m <= 50 for distance_m in distances_m)
    assert len(set(distances_m)) == 9
    line = Mobility.model_validate({"model": "line", "start_m": 10, "end_m": 40, "speed_mps": 2})
    assert blocks.route(line, 10.0, STREAMS, 0) == Line(10.0, 40.0, 2.0)


@pytest.mark.parametrize(("horizon_s", "legs"), [(1.0, 8), (10_000.0, 112), (1e300, blocks.MOST_LEGS)])
def test_a_random_way_lasts_as_long_as_the_tasks(horizon_s, legs):
    mobility = Mobility.model_validate({"model": "waypoint", "radius_m": 100, "speed_mps": 1})
    route = blocks.route(mobility, horizon_s, STREAMS, 0)
    assert len(route.waypoints_m) == legs
    assert route.period_s == pytest.approx(legs * 90.5, rel=0.4)


@pytest.mark.parametrize(
    ("described", "slot_s"),
    [
        ({"slot_s": 0.02}, 0.02),
        ({"rate": {"model": "nr"}, "slot_s": 0.02}, 0.0005),
        ({"rate": {"model": "nr", "subcarrier_hz": 120_000}}, 0.000125),
    ],
)
def test_slots_are_those_of_nr_or_of_the_scheduler(described, slot_s):
    assert blocks.slot_s(link(**described)) == slot_s
    assert blocks.tdd(link(tdd="DDDSU", **described)) == TddPattern("DDDSU", slot_s)
    assert blocks.tdd(link(**described)).share == 1.0


@pytest.mark.parametrize(
    ("described", "whole"),
    [
        ({"gap_db": 3, "efficiency": 0.5, "cap_bps_per_hz": 6}, ShannonRate(5e5, 3.0, 0.5, 6.0)),
        ({"model": "nr", "mcs_table": 2}, NrRate(5e5, 30e3, 2)),
    ],
)
def test_rates_are_those_of_the_part_of_the_band_and_of_the_uplink_slots(described, whole):
    snr = np.array([0.1, 1.0, 100.0, 1e9])
    rate = blocks.rate(link(tdd="DDDSU", rate=described), sharers=4)
    np.testing.assert_allclose(rate.bits_per_s(snr), 0.2 * whole.bits_per_s(snr), rtol=1e-15)
    always = blocks.rate(link(rate=described), sharers=4)
    np.testing.assert_array_equal(always.bits_per_s(snr), whole.bits_per_s(snr))


def test_a_band_without_a_resource_block_is_told_with_its_key():
    described = link(rate={"model": "nr", "subcarrier_hz": 120_000})
    line = r"^link.bandwidth_hz: a resource block takes 1440000.0 Hz, got 1000000.0 Hz$"
    with pytest.raises(ScenarioError, match=line):
        blocks.rate(described, sharers=2)
    with pytest.raises(ScenarioError, match=r"^link.bandwidth_hz: a resource block takes 1440000.0 Hz"):
        blocks.adaptation(described.model_copy(update={"bandwidth_hz": 1e6}))


def test_adaptation_and_retransmissions():
    rate = {"model": "nr", "mcs_table": 2, "target_bler": 0.01, "report_delay_slots": 4, "outer_loop": False}
    described = link(rate=rate, harq={"max_transmissions": 2, "combining": "none", "round_trip_slots": 10})
    schemes = blocks.adaptation(described)
    assert (schemes.prbs, schemes.table, schemes.target) == (5, 2, 0.01)
    assert blocks.harq(described) == HarqSettings(2, "none", 10, outer_loop=False, report_delay_slots=4)


def test_packets_access_and_loss():
    assert blocks.framing(link(framing={"mtu_bytes": 1500, "header_bytes": 28})) == Framing(1500, 28)
    assert blocks.access(Access()) == NoAccess()
    assert blocks.access(Access(model="grant", min_s=0.001)) == Grant(0.001, 0.004)
    assert blocks.access(Access(model="configured", period_s=0.01)) == ConfiguredGrant(0.01)
    assert blocks.loss(Loss()) is None
    assert blocks.loss(Loss(model="erasure", probability=0.1)) == PacketErasure(0.1)
    assert blocks.loss(Loss(model="bit_flips", probability=0.0)) == BitFlips(0.0)
