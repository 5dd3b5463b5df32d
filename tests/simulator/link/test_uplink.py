import numpy as np
import pytest
import simpy

from coinfer.simulator.alarm import Alarm
from coinfer.simulator.link.capacity import CapacityTrace, ConstantRate, fifo_finish_s
from coinfer.simulator.link.uplink import EqualShareUplink, FifoUplink


def transmit(uplink_class, channels, payloads, **settings):
    """Send (ready, device, bits) rows; return the start and the end of each in seconds."""
    env = simpy.Environment()
    uplink = uplink_class(env, channels, **settings)
    start_s, end_s = np.full((2, len(payloads)), np.nan)
    for task, (ready_s, *payload) in enumerate(payloads):

        def send(_, task=task, payload=payload):
            uplink.send(task, *payload, start_s.__setitem__, end_s.__setitem__)

        Alarm(env, ready_s, send, None)
    env.run()
    return start_s, end_s


def random_trace(rng, slots=53, slot_s=0.02):
    return CapacityTrace(slot_s, rng.exponential(1000.0, slots) * (rng.random(slots) > 0.1))


def random_payloads(rng, devices, count=200):
    ready_s = np.cumsum(rng.exponential(0.3, count))
    return list(zip(ready_s, rng.integers(devices, size=count), rng.exponential(220.0, count), strict=True))


def test_fifo_by_hand():
    channels = [ConstantRate(8.0), ConstantRate(2.0)]
    payloads = [(0.0, 0, 8.0), (0.5, 1, 4.0), (0.75, 0, 4.0), (5.0, 1, 1.0)]
    start_s, end_s = transmit(FifoUplink, channels, payloads)
    assert start_s.tolist() == [0.0, 1.0, 3.0, 5.0]
    assert end_s.tolist() == [1.0, 3.0, 3.5, 5.5]


@pytest.mark.parametrize("seed", range(10))
def test_fifo_is_the_closed_form(seed):
    rng = np.random.default_rng(seed)
    trace, payloads = random_trace(rng), random_payloads(rng, devices=3)
    _, end_s = transmit(FifoUplink, [trace] * 3, payloads)
    ready_s, _, bits = (np.array(column) for column in zip(*payloads, strict=True))
    assert end_s[-1] > 30.0 * trace.period_s
    np.testing.assert_allclose(end_s, fifo_finish_s(trace, ready_s, bits), rtol=0, atol=1e-9)


def test_equal_share_by_hand():
    payloads = [(0.0, 0, 16.0), (1.0, 1, 4.0)]
    start_s, end_s = transmit(EqualShareUplink, [ConstantRate(8.0)] * 2, payloads)
    # Alone for 1 s (8 bits), halved until the other has its 4 bits through (4 bits), then alone (4 bits).
    assert start_s.tolist() == [0.0, 1.0]
    assert end_s.tolist() == [2.5, 2.0]


def test_equal_share_divides_time_not_bits():
    payloads = [(0.0, 0, 8.0), (0.0, 1, 8.0)]
    _, end_s = transmit(EqualShareUplink, [ConstantRate(8.0), ConstantRate(2.0)], payloads)
    # Device 0 sends 4 bit/s until 2 s; device 1 has then 2 of its 8 bits through, and 6 left at 2 bit/s.
    assert end_s.tolist() == [2.0, 5.0]


def test_equal_share_follows_the_fading():
    trace = CapacityTrace(1.0, np.array([8.0, 2.0]))
    _, end_s = transmit(EqualShareUplink, [trace, ConstantRate(4.0)], [(0.0, 0, 5.0), (0.5, 1, 8.0)])
    # 4 bits alone, then 1 bit at half of 8 bit/s; the other: 0.25 s at 2 bit/s, then alone.
    assert end_s.tolist() == [0.75, 2.625]


def test_a_device_sends_its_own_payloads_in_turn():
    payloads = [(0.0, 0, 8.0), (0.0, 0, 8.0), (0.0, 1, 8.0)]
    start_s, end_s = transmit(EqualShareUplink, [ConstantRate(8.0)] * 2, payloads)
    assert start_s.tolist() == [0.0, 2.0, 0.0]
    assert end_s.tolist() == [2.0, 3.0, 2.0]


@pytest.mark.parametrize("seed", range(10))
def test_equal_share_conserves_work(seed):
    """Over one trace, however it is shared, busy periods begin and end as with FIFO."""
    rng = np.random.default_rng(seed)
    trace, payloads = random_trace(rng), random_payloads(rng, devices=4)
    _, fifo_s = transmit(FifoUplink, [trace] * 4, payloads)
    _, equal_s = transmit(EqualShareUplink, [trace] * 4, payloads)
    next_ready_s = np.array([ready_s for ready_s, *_ in payloads[1:]] + [np.inf])
    idle = np.maximum.accumulate(fifo_s) < next_ready_s
    assert np.count_nonzero(idle) > 10
    np.testing.assert_allclose(
        np.maximum.accumulate(equal_s)[idle], np.maximum.accumulate(fifo_s)[idle], rtol=0, atol=1e-9
    )
    assert not np.allclose(equal_s, fifo_s)


def test_equal_share_is_round_robin_in_short_turns():
    rng = np.random.default_rng(1)
    channels = [random_trace(rng) for _ in range(3)]
    payloads = [(0.0, device, bits) for device, bits in enumerate((300.0, 500.0, 700.0))]
    _, end_s = transmit(EqualShareUplink, channels, payloads)
    np.testing.assert_allclose(end_s, round_robin(channels, [300.0, 500.0, 700.0], turn_s=1e-4), atol=1e-3)


def round_robin(channels, left_bits, turn_s):
    now_s, end_s = 0.0, np.full(len(channels), np.nan)
    while np.isnan(end_s).any():
        for device in np.flatnonzero(np.isnan(end_s)):
            left_bits[device] -= channels[device].sent_bits(now_s, now_s + turn_s)
            now_s += turn_s
            if left_bits[device] <= 0.0:
                end_s[device] = now_s
    return end_s


@pytest.mark.parametrize("uplink_class", [FifoUplink, EqualShareUplink])
def test_one_device_alone_is_the_same_under_any_sharing(uplink_class):
    rng = np.random.default_rng(1)
    trace, payloads = random_trace(rng), random_payloads(rng, devices=1)
    _, end_s = transmit(uplink_class, [trace], payloads)
    ready_s, _, bits = (np.array(column) for column in zip(*payloads, strict=True))
    np.testing.assert_allclose(end_s, fifo_finish_s(trace, ready_s, bits), rtol=0, atol=1e-9)


@pytest.mark.parametrize("uplink_class", [FifoUplink, EqualShareUplink])
def test_a_frozen_fade_lasts_as_long_as_the_payload(uplink_class):
    trace = CapacityTrace(1.0, np.array([8.0, 2.0]))
    _, end_s = transmit(uplink_class, [trace], [(0.5, 0, 16.0), (3.0, 0, 4.0)], frozen=True)
    assert end_s.tolist() == [2.5, 5.0]


@pytest.mark.parametrize("uplink_class", [FifoUplink, EqualShareUplink])
def test_a_fade_frozen_at_nothing_never_ends(uplink_class):
    trace = CapacityTrace(1.0, np.array([8.0, 0.0]))
    start_s, end_s = transmit(uplink_class, [trace], [(1.5, 0, 16.0), (3.0, 0, 4.0)], frozen=True)
    assert start_s[0] == 1.5
    assert np.isnan([*end_s, start_s[1]]).all()


@pytest.mark.parametrize("uplink_class", [FifoUplink, EqualShareUplink])
def test_empty_payloads_take_no_time(uplink_class):
    _, end_s = transmit(uplink_class, [ConstantRate(8.0)] * 2, [(1.0, 0, 0.0), (1.0, 1, 0.0), (1.0, 0, 0.0)])
    assert end_s.tolist() == [1.0, 1.0, 1.0]
