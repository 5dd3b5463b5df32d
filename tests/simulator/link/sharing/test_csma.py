import numpy as np
import pytest
import simpy

from coinfer.simulator.link.capacity import ConstantRate
from coinfer.simulator.link.sharing.bianchi import bianchi, saturation_throughput_bps
from coinfer.simulator.link.sharing.csma import CsmaUplink
from coinfer.simulator.link.sharing.dcf import Dcf
from coinfer.simulator.link.uplink import Notices

NAN = float("nan")
# A frame of 1 s after a preamble of 1 s, then 4 s until the next backoff slot, which lasts 1 s.
ROUND = Dcf(1.0, 1.0, 2.0, 1.0, 1.0, mac_header_bytes=0, mtu_bytes=1, window=4, stages=1)
RATE_BPS = 54e6
DURATION_S = 1.5


class Scripted:
    """Draws what it is told to, and keeps the windows it is asked for."""

    def __init__(self, draws):
        self.draws, self.windows = iter(draws), []

    def integers(self, window):
        self.windows.append(window)
        return next(self.draws)


def test_csma_by_hand(transmit):
    rng = Scripted([2, 1, 3, 0, 3, 1, 3, 0, 0])
    channels = [ConstantRate(8.0)] * 2
    payloads = [(0.0, 0, 16.0), (0.5, 1, 8.0), (99.5, 1, 4.0)]
    log = transmit(lambda env, told: CsmaUplink(env, told, channels, rng, ROUND), payloads)
    # 2 s: both send, 1 having joined at 1 s with 1 to go; busy until 8 s. There device 1 has 0 to go: its
    # frame ends at 10 s, busy until 14 s. Device 0 has 3 - 1 to go: 16 to 18 s, busy until 22 s, then 1.
    assert log.start_s.tolist() == [2.0, 2.0, 99.5]
    assert log.end_s.tolist() == [25.0, 10.0, 101.0]
    assert rng.windows == [4, 4, 8, 8, 4, 4, 4, 4, 4]
    assert (log.uplink.sent_frames, log.uplink.lost_frames) == (6, 2)


def test_aborts_by_hand(transmit):
    rng = Scripted([1, 3, 2, 0, 0])
    payloads = [(0.0, 0, 8.0, 0.5), (0.0, 1, 8.0, 4.5), (4.625, 0, 8.0, 11.0)]
    log = transmit(lambda env, told: CsmaUplink(env, told, [ConstantRate(8.0)] * 2, rng, ROUND), payloads)
    # The frame that device 1 gives up at 4.5 s is on the air until 5 s, and the air busy until 9 s.
    np.testing.assert_array_equal(log.start_s, [NAN, 3.0, 9.0])
    np.testing.assert_array_equal(log.end_s, [NAN, NAN, 11.0])
    np.testing.assert_array_equal(log.abort_s, [0.5, 4.5, NAN])


def test_the_next_payload_draws_anew_when_one_expires_in_its_backoff(transmit):
    rng = Scripted([3, 1, 0])
    payloads = [(0.0, 0, 8.0, 2.5), (0.0, 0, 8.0)]
    log = transmit(lambda env, told: CsmaUplink(env, told, [ConstantRate(8.0)], rng, ROUND), payloads)
    np.testing.assert_array_equal(log.start_s, [NAN, 3.5])
    np.testing.assert_array_equal(log.end_s, [NAN, 5.5])


def test_one_station_alone_sends_frame_after_frame(transmit):
    """With no backoff a payload lasts its frames and what surrounds them, less what follows the last."""
    dcf = Dcf(window=1, stages=0)
    send = lambda env, told: CsmaUplink(env, told, [ConstantRate(RATE_BPS)], np.random.default_rng(1), dcf)  # noqa: E731
    log = transmit(send, [(0.0, 0, 8.0 * 4000)])
    frames_s = 3 * dcf.preamble_s + (8.0 * 4000 + 3 * 8.0 * 36) / RATE_BPS
    assert log.end_s[0] == pytest.approx(frames_s + 2 * (16e-6 + 44e-6 + 34e-6), rel=1e-12)


def saturated(stations, dcf, seed):
    """Let every station always have a frame to send; give the share of collisions, and bits a second."""
    env = simpy.Environment()
    sent_bits = []

    def send_another(station, now_s):
        sent_bits.append(dcf.mtu_bits)
        uplink.send(station, station, dcf.mtu_bits, np.inf)

    told = Notices(lambda *_: None, send_another, lambda *_: None)
    uplink = CsmaUplink(env, told, [ConstantRate(RATE_BPS)] * stations, np.random.default_rng(seed), dcf)
    for station in range(stations):
        uplink.send(station, station, dcf.mtu_bits, np.inf)
    env.run(until=DURATION_S)
    return uplink.lost_frames / uplink.sent_frames, sum(sent_bits) / DURATION_S


def measured(stations, dcf, interval_99, seeds=8):
    collisions, throughputs_bps = zip(*(saturated(stations, dcf, seed) for seed in range(seeds)), strict=True)
    return interval_99(collisions), interval_99(throughputs_bps)


@pytest.mark.parametrize("stations", [2, 5, 10, 20])
def test_saturated_stations_as_bianchi_says(stations, interval_99):
    """Within sampling error, and the model's own: 2 % of the throughput, .01 of the collision probability.

    The model takes stations for independent, while after a collision both have doubled their windows.
    """
    collision, throughput_bps = measured(stations, Dcf(), interval_99)
    theory = bianchi(stations).collision
    assert collision[0] - 0.01 < theory < collision[1] + 0.01
    theory_bps = saturation_throughput_bps(stations, RATE_BPS)
    assert throughput_bps[0] * 0.98 < theory_bps < throughput_bps[1] * 1.02
    assert throughput_bps[1] - throughput_bps[0] < 0.03 * theory_bps


@pytest.mark.parametrize("stations", [2, 5, 12])
def test_without_doubling_the_model_is_exact(stations, interval_99):
    """Stations are then independent renewal processes: nothing but sampling error is left."""
    dcf = Dcf(window=16, stages=0)
    collision, throughput_bps = measured(stations, dcf, interval_99)
    assert collision[0] <= bianchi(stations, 16, 0).collision <= collision[1]
    assert throughput_bps[0] < saturation_throughput_bps(stations, RATE_BPS, dcf) < throughput_bps[1]
    assert not collision[0] <= bianchi(stations, 17, 0).collision <= collision[1], "one slot more is caught"


def exact_collision_of_two(window, stages):
    """Give the stationary share of collisions of two stations, their joint chain written out slot by slot."""
    states = [(stage, count) for stage in range(stages + 1) for count in range(window << stage)]
    size = len(states)
    wait, after = np.zeros((size, size)), np.zeros((stages + 1, size))
    for row, (stage, count) in enumerate(states):
        after[stage, row] = 1.0 / (window << stage)
        if count:
            wait[row, states.index((stage, count - 1))] = 1.0
    sends = np.array([count == 0 for _, count in states])
    through, collided = wait.copy(), wait.copy()
    through[sends] = after[0]
    collided[sends] = [after[min(stage + 1, stages)] for stage, count in states if count == 0]
    joint = np.full((size, size), 1.0 / size**2)
    both = np.outer(sends, sends)
    for _ in range(3000):
        joint = (
            through.T @ np.where(both, 0.0, joint) @ through
            + collided.T @ np.where(both, joint, 0.0) @ collided
        )
    return joint[both].sum() / joint[sends].sum()


@pytest.mark.parametrize(("window", "stages"), [(4, 1), (8, 2)])
def test_two_stations_collide_as_their_exact_chain_says(window, stages, interval_99):
    collision, _ = measured(2, Dcf(window=window, stages=stages), interval_99)
    exact = exact_collision_of_two(window, stages)
    assert collision[0] < exact < collision[1]
    assert abs(exact - bianchi(2, window, stages).collision) > 0.005, "the model's own error"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"window": 0}, "window must be at least 1, got 0"),
        ({"sifs_s": -1.0}, "sifs_s must be at least 0"),
        ({"slot_s": 0.0}, "longer than 0 s"),
    ],
)
def test_senseless_timing_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        Dcf(**values)
