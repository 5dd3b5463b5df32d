import numpy as np
import pytest

from coinfer.simulator.link.capacity import CapacityTrace, ConstantRate, fifo_finish_s
from coinfer.simulator.link.sharing.equal import EqualShareUplink
from coinfer.simulator.link.sharing.fifo import FifoUplink

NAN = float("nan")
TWO_ALIKE = [ConstantRate(8.0)] * 2


def over(channels, **settings):
    return lambda env, told: EqualShareUplink(env, told, channels, **settings)


def test_equal_share_by_hand(transmit):
    log = transmit(over(TWO_ALIKE), [(0.0, 0, 16.0), (1.0, 1, 4.0)])
    # Alone for 1 s (8 bits), halved until the other has its 4 bits through (4 bits), then alone (4 bits).
    assert log.start_s.tolist() == [0.0, 1.0]
    assert log.end_s.tolist() == [2.5, 2.0]


def test_equal_share_divides_time_not_bits(transmit):
    log = transmit(over([ConstantRate(8.0), ConstantRate(2.0)]), [(0.0, 0, 8.0), (0.0, 1, 8.0)])
    # Device 0 sends 4 bit/s until 2 s; device 1 has then 2 of its 8 bits through, and 6 left at 2 bit/s.
    assert log.end_s.tolist() == [2.0, 5.0]


def test_equal_share_follows_the_fading(transmit):
    trace = CapacityTrace(1.0, np.array([8.0, 2.0]))
    log = transmit(over([trace, ConstantRate(4.0)]), [(0.0, 0, 5.0), (0.5, 1, 8.0)])
    # 4 bits alone, then 1 bit at half of 8 bit/s; the other: 0.25 s at 2 bit/s, then alone.
    assert log.end_s.tolist() == [0.75, 2.625]


def test_a_device_sends_its_own_payloads_in_turn(transmit):
    log = transmit(over(TWO_ALIKE), [(0.0, 0, 8.0), (0.0, 0, 8.0), (0.0, 1, 8.0)])
    assert log.start_s.tolist() == [0.0, 2.0, 0.0]
    assert log.end_s.tolist() == [2.0, 3.0, 2.0]


def test_an_abort_gives_its_share_to_the_others(transmit):
    log = transmit(over(TWO_ALIKE), [(0.0, 0, 16.0), (0.0, 1, 16.0, 1.0), (0.0, 1, 8.0, 0.5)])
    # 4 bits by 1 s, then alone with 12 to go. The third expires behind the second.
    np.testing.assert_array_equal(log.start_s, [0.0, 0.0, NAN])
    np.testing.assert_array_equal(log.end_s, [2.5, NAN, NAN])
    np.testing.assert_array_equal(log.abort_s, [NAN, 1.0, 0.5])


def test_an_end_at_the_very_expiry_is_an_end(transmit):
    log = transmit(over(TWO_ALIKE), [(0.0, 0, 8.0, 2.0), (0.0, 1, 8.0, 2.0)])
    assert log.end_s.tolist() == [2.0, 2.0]


@pytest.mark.parametrize("seed", range(10))
def test_equal_share_conserves_work(seed, transmit, random_trace, random_payloads):
    """Over one trace, however it is shared, busy periods begin and end as with FIFO."""
    rng = np.random.default_rng(seed)
    trace, payloads = random_trace(rng), random_payloads(rng, devices=4)
    fifo_s = transmit(lambda env, told: FifoUplink(env, told, [trace] * 4), payloads).end_s
    equal_s = transmit(over([trace] * 4), payloads).end_s
    next_ready_s = np.array([ready_s for ready_s, *_ in payloads[1:]] + [np.inf])
    idle = np.maximum.accumulate(fifo_s) < next_ready_s
    assert np.count_nonzero(idle) > 10
    np.testing.assert_allclose(
        np.maximum.accumulate(equal_s)[idle], np.maximum.accumulate(fifo_s)[idle], rtol=0, atol=1e-9
    )
    assert not np.allclose(equal_s, fifo_s)


def test_one_device_alone_has_the_channel_to_itself(transmit, random_trace, random_payloads):
    rng = np.random.default_rng(1)
    trace, payloads = random_trace(rng), random_payloads(rng, devices=1)
    log = transmit(over([trace]), payloads)
    ready_s, _, bits = (np.array(column) for column in zip(*payloads, strict=True))
    np.testing.assert_allclose(log.end_s, fifo_finish_s(trace, ready_s, bits), rtol=0, atol=1e-9)


@pytest.mark.parametrize("shape", [0.5, 4.0])
def test_processor_sharing_is_insensitive(shape, transmit, interval_99):
    """M/G/1-PS: the mean sojourn is E[S] / (1 - rho) whatever the law of service; here 1 / (1 - .5) s.

    Every arrival has a device of its own. Queues forget their start within some tens of services.
    """
    means_s, count = [], 2000
    for seed in range(10):
        rng = np.random.default_rng(seed)
        ready_s = np.cumsum(rng.exponential(2.0, count))
        bits = rng.gamma(shape, 1.0 / shape, count)
        payloads = list(zip(ready_s.tolist(), range(count), bits.tolist(), strict=True))
        log = transmit(over([ConstantRate(1.0)] * count), payloads)
        means_s.append(np.mean((log.end_s - ready_s)[200:]))
    low, high = interval_99(means_s)
    assert low < 2.0 < high
    first_come_first_served_s = 1.0 + 0.5 * (1.0 + 1.0 / shape)
    assert not low < first_come_first_served_s < high


def test_a_frozen_fade_lasts_as_long_as_the_payload(transmit):
    trace = CapacityTrace(1.0, np.array([8.0, 2.0]))
    log = transmit(over([trace], frozen=True), [(0.5, 0, 16.0), (3.0, 0, 4.0)])
    assert log.end_s.tolist() == [2.5, 5.0]


def test_a_fade_frozen_at_nothing_never_ends(transmit):
    trace = CapacityTrace(1.0, np.array([8.0, 0.0]))
    log = transmit(over([trace], frozen=True), [(1.5, 0, 16.0), (3.0, 0, 4.0)])
    assert log.start_s[0] == 1.5
    assert np.isnan([*log.end_s, log.start_s[1]]).all()


def test_empty_payloads_take_no_time(transmit):
    log = transmit(over(TWO_ALIKE), [(1.0, 0, 0.0), (1.0, 1, 0.0), (1.0, 0, 0.0)])
    assert log.end_s.tolist() == [1.0, 1.0, 1.0]
