import numpy as np
import pytest

from coinfer.simulator.link.capacity import NEAR_SLOTS, CapacityTrace, ConstantRate, fifo_finish_s
from coinfer.simulator.link.fading import Rayleigh
from coinfer.simulator.link.rate import ShannonRate

# Four slots of 0.5 s: 4 + 0 + 8 + 2 = 14 bits in 2 s.
STEPS = CapacityTrace(0.5, np.array([8.0, 0.0, 16.0, 4.0]))


def random_trace(seed, slots=97, slot_s=0.013):
    rng = np.random.default_rng(seed)
    return CapacityTrace(slot_s, rng.exponential(1000.0, slots) * (rng.random(slots) > 0.2))


@pytest.mark.parametrize(
    ("start_s", "bits", "finish_s"),
    [
        (0.0, 2.0, 0.25),
        (0.0, 4.0, 0.5),  # the last bit is through before the silent slot
        (0.0, 6.0, 1.125),
        (0.25, 14.0, 2.25),  # exactly one period
        (0.75, 8.0, 1.5),
        (1.75, 1.0, 2.0),
        (1.75, 2.0, 2.125),
        (20.25, 29.0, 24.375),
        (0.75, 0.0, 0.75),
    ],
)
def test_payloads_by_hand(start_s, bits, finish_s):
    assert STEPS.finish_s(start_s, bits) == finish_s
    if bits:
        assert STEPS.time_s(STEPS.work_bits(np.array(start_s)) + bits) == finish_s
    assert STEPS.sent_bits(start_s, finish_s) == bits


def test_work_by_hand():
    times_s = np.array([0.0, 0.25, 0.5, 0.9, 1.25, 2.0, 3.75])
    np.testing.assert_array_equal(STEPS.work_bits(times_s), [0.0, 2.0, 4.0, 4.0, 8.0, 14.0, 27.0])


def test_slots_by_hand():
    assert STEPS.slot_index(np.array([0.0, 0.49, 0.5, 1.99, 2.0, 5.6])).tolist() == [0, 0, 1, 3, 0, 3]


@pytest.mark.parametrize("seed", range(5))
def test_time_inverts_work(seed):
    trace = random_trace(seed)
    work_bits = np.random.default_rng(seed).uniform(0.0, 50.0 * trace.work_bits(trace.period_s), 1000)
    np.testing.assert_allclose(trace.work_bits(trace.time_s(work_bits)), work_bits, rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_plain_floats_agree_with_arrays_and_with_stepping_through_slots(seed):
    trace, rng = random_trace(seed), np.random.default_rng(seed)
    start_s, bits = rng.uniform(0.0, 20.0, 300), rng.exponential(100.0, 300)
    finish_s = [trace.finish_s(*payload) for payload in zip(start_s, bits, strict=True)]
    np.testing.assert_allclose(finish_s, trace.time_s(trace.work_bits(start_s) + bits), rtol=0, atol=1e-9)
    stepped_s = [step_through_slots(trace, *payload) for payload in zip(start_s, bits, strict=True)]
    np.testing.assert_allclose(finish_s, stepped_s, rtol=0, atol=1e-9)


def step_through_slots(trace, start_s, bits):
    slot = int(start_s / trace.slot_s)
    now_s = start_s
    while True:
        rate_bps = trace.rates_bps[slot % len(trace.rates_bps)]
        carries_bits = rate_bps * ((slot + 1) * trace.slot_s - now_s)
        if carries_bits >= bits:
            return now_s + bits / rate_bps
        bits -= carries_bits
        slot += 1
        now_s = slot * trace.slot_s


def test_a_finish_is_never_before_its_start():
    trace, rng = random_trace(1), np.random.default_rng(1)
    for start_s in rng.uniform(0.0, 1e6, 1000):
        assert trace.finish_s(start_s, 1e-9) >= start_s


def test_whole_periods_that_end_in_a_silent_slot():
    """Here 31 periods of work, less 30 of them, are an ulp more than one: no slot is left to carry it."""
    period_bits = 1.9682369018029444
    trace = CapacityTrace(1.0, np.array([period_bits, 0.0]))
    bits = 31 * period_bits
    assert bits - 30 * period_bits > period_bits
    assert trace.finish_s(0.0, bits) == pytest.approx(61.0)
    assert trace.time_s(np.array([bits])) == pytest.approx([61.0])


@pytest.mark.parametrize("slots", [1, NEAR_SLOTS, NEAR_SLOTS + 1, 5 * NEAR_SLOTS])
def test_near_and_far_ends_agree_with_arrays(slots):
    trace, rng = random_trace(3, slots), np.random.default_rng(3)
    edges_s = np.repeat(np.arange(2.0 * slots) * trace.slot_s, 40)
    bits = rng.exponential(10.0 ** rng.uniform(-3.0, 4.0, len(edges_s)))
    finish_s = [trace.finish_s(*payload) for payload in zip(edges_s, bits, strict=True)]
    expected_s = np.maximum(trace.time_s(trace.work_bits(edges_s) + bits), edges_s)
    np.testing.assert_allclose(finish_s, expected_s, rtol=0, atol=1e-9)


def test_frozen_keeps_the_rate_of_the_start():
    assert STEPS.frozen_at(1.25) == ConstantRate(16.0)
    assert STEPS.frozen_at(1.25).finish_s(1.25, 32.0) == 3.25
    assert STEPS.frozen_at(2.75).finish_s(2.75, 1.0) == float("inf")
    assert STEPS.frozen_at(2.75).finish_s(2.75, 0.0) == 2.75


def test_closed_form_by_hand():
    ready_s, bits = np.array([0.0, 0.25, 1.25]), np.array([2.0, 6.0, 1.0])
    assert fifo_finish_s(STEPS, ready_s, bits).tolist() == [0.25, 1.25, 1.3125]


@pytest.mark.parametrize(
    ("slot_s", "rates_bps", "message"),
    [
        (0.5, [0.0, 0.0], "the link carries nothing: its rate is 0 in all 2 slots"),
        (0.5, [], "at least one slot"),
        (0.5, [1.0, -1.0], "finite and at least 0"),
        (0.5, [1.0, float("nan")], "finite and at least 0"),
        (0.0, [1.0], "longer than 0 s, got 0.0 s"),
    ],
)
def test_senseless_traces_are_refused(slot_s, rates_bps, message):
    with pytest.raises(ValueError, match=message):
        CapacityTrace(slot_s, np.array(rates_bps))


def test_airtime_over_rayleigh_fading(interval_99):
    # wireless.md: 80 kb, 1 MHz, 10 dB, f_d 10 Hz: P(T > 50 ms) = .0921 +- .0011, median 27.5 ms.
    fading, rate = Rayleigh(speed_mps=1.0, carrier_hz=10.0 * 299_792_458.0), ShannonRate(1e6)
    slot_s, late, medians_s = fading.longest_slot_s, [], []
    for seed in range(150):
        gains = fading.gains(16384, slot_s, np.random.default_rng(seed))
        trace = CapacityTrace(slot_s, rate.bits_per_s(10.0 * gains))
        start_s = np.linspace(0.0, trace.period_s, 1000, endpoint=False)
        airtime_s = trace.time_s(trace.work_bits(start_s) + 80e3) - start_s
        late.append(np.mean(airtime_s > 0.05))
        medians_s.append(np.median(airtime_s))
    low, high = interval_99(late)
    assert low - 0.0011 < 0.0921 < high + 0.0011
    assert high - low < 0.01
    assert np.mean(medians_s) == pytest.approx(0.0275, abs=0.0003)
