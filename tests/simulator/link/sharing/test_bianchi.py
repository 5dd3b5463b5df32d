import pytest

from coinfer.simulator.link.sharing.bianchi import bianchi, saturation_throughput_bps
from coinfer.simulator.link.sharing.dcf import Dcf


@pytest.mark.parametrize("stations", [2, 7, 50])
@pytest.mark.parametrize(("window", "stages"), [(16, 6), (32, 3), (32, 5), (128, 3)])
def test_the_fixed_point_solves_both_equations(stations, window, stages):
    """Equations (7), as Bianchi writes it, and (9)."""
    tau, p = bianchi(stations, window, stages)
    assert p == pytest.approx(1.0 - (1.0 - tau) ** (stations - 1), rel=1e-9)
    fraction = (
        2.0 * (1.0 - 2.0 * p) / ((1.0 - 2.0 * p) * (window + 1) + p * window * (1.0 - (2.0 * p) ** stages))
    )
    assert tau == pytest.approx(fraction, rel=1e-9)


@pytest.mark.parametrize("stations", [1, 3, 30])
def test_a_constant_window(stations):
    """Bianchi's equation (8): tau = 2 / (W + 1), whatever collides."""
    assert bianchi(stations, 31, 0).tau == pytest.approx(1.0 / 16.0)


def test_more_stations_collide_more():
    collisions = [bianchi(stations).collision for stations in (1, 2, 5, 10, 20, 50, 200)]
    assert collisions == sorted(collisions)
    assert collisions[0] == 0.0


def test_the_throughput_of_one_station_by_hand():
    """A full frame after 7.5 slots on average: 20 + 1536 x 8 / 54 + 16 + 44 + 34 us."""
    frame_s = 7.5 * 9e-6 + 114e-6 + 1536 * 8 / 54e6
    assert saturation_throughput_bps(1, 54e6) == pytest.approx(12_000 / frame_s)
    assert saturation_throughput_bps(1, 54e6, Dcf(slot_s=18e-6)) == pytest.approx(
        12_000 / (frame_s + 7.5 * 9e-6)
    )


def test_nobody_and_nothing_are_refused():
    with pytest.raises(ValueError, match="got 0, 16 and 6"):
        bianchi(0)
