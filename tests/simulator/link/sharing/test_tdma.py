import numpy as np
import pytest

from coinfer.simulator.link.capacity import CapacityTrace, ConstantRate
from coinfer.simulator.link.sharing.tdma import TdmaUplink
from coinfer.simulator.link.sharing.turns import InTurns

NAN = float("nan")


def over(channels, turn_s):
    return lambda env, told: TdmaUplink(env, told, channels, turn_s)


def test_tdma_by_hand(transmit):
    payloads = [(0.0, 0, 12.0), (0.0, 1, 4.0), (0.5, 1, 8.0), (2.75, 0, 2.0), (3.5, 0, 9.0)]
    log = transmit(over([ConstantRate(8.0)] * 2, 1.0), payloads)
    # Device 0 owns 0-1, 2-3, 4-5 s, and device 1 the rest.
    assert log.start_s.tolist() == [0.0, 1.0, 1.5, 2.75, 4.0]
    assert log.end_s.tolist() == [2.5, 1.5, 3.5, 3.0, 6.125]


def test_aborts_by_hand(transmit):
    payloads = [(0.0, 0, 12.0, 2.25), (0.0, 0, 4.0), (0.0, 1, 4.0, 1.0), (0.5, 1, 16.0, 2.5), (0.5, 1, 8.0)]
    log = transmit(over([ConstantRate(8.0)] * 2, 1.0), payloads)
    # Device 1's first expires as its turn opens; its second in somebody else's turn, half sent.
    np.testing.assert_array_equal(log.start_s, [0.0, 2.25, NAN, 1.0, 3.0])
    np.testing.assert_array_equal(log.end_s, [NAN, 2.75, NAN, NAN, 4.0])
    np.testing.assert_array_equal(log.abort_s, [2.25, NAN, 1.0, 2.5, NAN])


def test_no_device_feels_another_s_load(transmit, random_trace, random_payloads):
    rng = np.random.default_rng(1)
    traces = [random_trace(rng) for _ in range(3)]
    payloads = random_payloads(rng, devices=3)
    log = transmit(over(traces, 0.007), payloads)
    own = [row for row, payload in enumerate(payloads) if payload[1] == 1]
    alone = transmit(over(traces, 0.007), [payloads[row] for row in own])
    np.testing.assert_array_equal(log.start_s[own], alone.start_s)
    np.testing.assert_array_equal(log.end_s[own], alone.end_s)


@pytest.mark.parametrize("turn_s", [0.004, 0.02, 0.0317, 0.5])
def test_turns_carry_what_the_trace_carries_in_them(turn_s, random_trace):
    """Against adding up the trace turn by turn; turns need not fit the trace's slots or its period."""
    rng = np.random.default_rng(5)
    trace, turns = random_trace(rng), 5
    channel = InTurns(trace, turn_s, 2, turns)
    for start_s, bits in zip(rng.uniform(0.0, 50.0, 50), rng.exponential(2000.0, 50), strict=True):
        now_s = max(start_s, channel.opens_s(start_s))
        left_bits, frame = bits, int(now_s / (turns * turn_s))
        while True:
            end_s = (frame * turns + 3) * turn_s
            carried = trace.sent_bits(now_s, end_s)
            if carried >= left_bits:
                break
            left_bits, frame = left_bits - carried, frame + 1
            now_s = (frame * turns + 2) * turn_s
        expected_s = trace.finish_s(now_s, left_bits)
        assert channel.finish_s(start_s, bits) == pytest.approx(expected_s, abs=1e-9)


@pytest.mark.parametrize("turn_s", [0.004, 0.0317, 0.5])
def test_a_payload_that_follows_at_once_ends_as_if_it_were_the_first(turn_s, random_trace):
    rng = np.random.default_rng(6)
    trace = random_trace(rng)
    channel, end_s = InTurns(trace, turn_s, 2, 5), 0.0
    for bits in rng.exponential(200.0, 500):
        first_s = InTurns(trace, turn_s, 2, 5).finish_s(end_s, bits)
        end_s = channel.finish_s(end_s, bits)
        assert end_s == pytest.approx(first_s, rel=0, abs=1e-9)


def test_a_channel_with_nothing_in_its_turns_never_ends():
    trace = CapacityTrace(1.0, np.array([8.0, 0.0]))
    assert InTurns(trace, 1.0, 1, 2).finish_s(0.0, 1.0) == float("inf")
    assert InTurns(trace, 1.0, 0, 2).finish_s(0.0, 1e9, until_s=10.0) == float("inf")
    assert InTurns(ConstantRate(0.0), 1.0, 0, 1).finish_s(1e5, 1.0) == float("inf")


@pytest.mark.parametrize(
    ("turn_s", "turn", "message"), [(0.0, 0, "got 0.0 s"), (1.0, 2, "one of 0 to 1, got 2")]
)
def test_senseless_turns_are_refused(turn_s, turn, message):
    with pytest.raises(ValueError, match=message):
        InTurns(ConstantRate(1.0), turn_s, turn, 2)
