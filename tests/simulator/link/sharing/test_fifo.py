from dataclasses import replace

import numpy as np
import pytest

from coinfer.simulator.link.capacity import CapacityTrace, ConstantRate, fifo_finish_s
from coinfer.simulator.link.sharing.fifo import FifoUplink

NAN = float("nan")
UNEQUAL = [ConstantRate(8.0), ConstantRate(2.0)]


def over(channels, **settings):
    return lambda env, told: FifoUplink(env, told, channels, **settings)


def test_fifo_by_hand(transmit):
    payloads = [(0.0, 0, 8.0), (0.5, 1, 4.0), (0.75, 0, 4.0), (5.0, 1, 1.0)]
    log = transmit(over(UNEQUAL), payloads)
    assert log.start_s.tolist() == [0.0, 1.0, 3.0, 5.0]
    assert log.end_s.tolist() == [1.0, 3.0, 3.5, 5.5]


def test_aborts_by_hand(transmit):
    payloads = [(0.0, 0, 8.0, 1.0), (0.5, 1, 4.0, 2.5), (0.5, 0, 4.0, 2.0), (0.75, 0, 4.0, 9.0)]
    log = transmit(over(UNEQUAL), payloads)
    # The first ends as it expires; the second is cut after 3 of its 4 bits; the third expires in the queue.
    np.testing.assert_array_equal(log.start_s, [0.0, 1.0, NAN, 2.5])
    np.testing.assert_array_equal(log.end_s, [1.0, NAN, NAN, 3.0])
    np.testing.assert_array_equal(log.abort_s, [NAN, 2.5, 2.0, NAN])


def test_one_that_expires_when_it_could_start_does_not(transmit):
    log = transmit(over(UNEQUAL), [(0.0, 0, 8.0), (0.5, 0, 8.0, 1.0)])
    np.testing.assert_array_equal(log.start_s, [0.0, NAN])
    np.testing.assert_array_equal(log.abort_s, [NAN, 1.0])


@pytest.mark.parametrize("seed", range(10))
def test_fifo_is_the_closed_form(seed, transmit, random_trace, random_payloads):
    rng = np.random.default_rng(seed)
    trace, payloads = random_trace(rng), random_payloads(rng, devices=3)
    log = transmit(over([trace] * 3), payloads)
    ready_s, _, bits = (np.array(column) for column in zip(*payloads, strict=True))
    assert log.end_s[-1] > 30.0 * trace.period_s
    np.testing.assert_allclose(log.end_s, fifo_finish_s(trace, ready_s, bits), rtol=0, atol=1e-9)


def test_the_air_is_idle_only_while_nobody_waits(transmit, random_trace, random_payloads):
    rng = np.random.default_rng(1)
    payloads = random_payloads(rng, devices=3, patience_s=1.0)
    log = transmit(over([random_trace(rng) for _ in range(3)]), payloads)
    sent = ~np.isnan(log.start_s)
    ready_s = np.array([row[0] for row in payloads])[sent]
    off_s = np.where(np.isnan(log.end_s), log.abort_s, log.end_s)[sent]
    np.testing.assert_array_equal(log.start_s[sent][1:], np.maximum(ready_s[1:], off_s[:-1]))


def test_a_channel_hears_when_to_stop(transmit):
    heard = []

    class Modem:
        def finish_s(self, start_s, bits, until_s=float("inf")):
            heard.append((start_s, bits, until_s))
            return start_s + bits

    transmit(over([Modem()]), [(0.0, 0, 1.0), (2.0, 0, 5.0, 4.0)])
    assert heard == [(0.0, 1.0, float("inf")), (2.0, 5.0, 4.0)]
    with pytest.raises(ValueError, match="needs a channel with a rate, not a Modem"):
        transmit(over([Modem()], frozen=True), [])


def test_a_frozen_fade_lasts_as_long_as_the_payload(transmit):
    trace = CapacityTrace(1.0, np.array([8.0, 2.0]))
    log = transmit(over([trace], frozen=True), [(0.5, 0, 16.0), (3.0, 0, 4.0)])
    assert log.end_s.tolist() == [2.5, 5.0]


def test_a_fade_frozen_at_nothing_ends_with_its_expiry_only(transmit):
    trace = CapacityTrace(1.0, np.array([8.0, 0.0]))
    log = transmit(
        over([trace], frozen=True), [(1.5, 0, 16.0, 2.0), (1.75, 0, 4.0), (3.0, 0, 4.0), (3.0, 0, 4.0)]
    )
    np.testing.assert_array_equal(log.end_s, [NAN, 2.5, NAN, NAN])
    np.testing.assert_array_equal(log.start_s, [1.5, 2.0, 3.0, NAN])
    assert log.abort_s[0] == 2.0


def test_a_size_may_be_settled_when_the_first_bit_goes(transmit):
    asked = []

    def size_at_start(task, now_s):
        asked.append((task, now_s))
        return 4.0 * (task + 1)

    def make(env, told):
        return FifoUplink(env, replace(told, size_at_start=size_at_start), UNEQUAL)

    log = transmit(make, [(0.0, 0, 99.0), (0.25, 0, 99.0, 0.5), (0.25, 0, 99.0, 1.0), (0.25, 1, 99.0, 4.0)])
    assert asked == [(0, 0.0), (2, 0.5), (3, 1.0)]
    np.testing.assert_array_equal(log.start_s, [0.0, NAN, 0.5, 1.0])
    np.testing.assert_array_equal(log.end_s, [0.5, NAN, NAN, NAN])
    np.testing.assert_array_equal(log.abort_s, [NAN, 0.5, 1.0, 4.0])


def test_empty_payloads_take_no_time(transmit):
    log = transmit(over(UNEQUAL), [(1.0, 0, 0.0), (1.0, 1, 0.0), (1.0, 0, 0.0)])
    assert log.end_s.tolist() == [1.0, 1.0, 1.0]
