import numpy as np
import pytest

from coinfer.simulator.link.capacity import CapacityTrace
from coinfer.simulator.link.sharing.equal import EqualShareUplink
from coinfer.simulator.link.sharing.proportional_fair import ProportionalFair
from coinfer.simulator.link.sharing.round_robin import RoundRobin
from coinfer.simulator.link.sharing.slotted import SlottedUplink
from coinfer.simulator.link.sharing.trace_sender import TraceSender

NAN = float("nan")
EIGHT_BPS = CapacityTrace(1.0, np.array([8.0]))


def over(senders, policy=RoundRobin):
    return lambda env, told: SlottedUplink(env, told, senders, policy())


def alike(count):
    return [TraceSender(EIGHT_BPS, 1.0) for _ in range(count)]


def test_round_robin_by_hand(transmit):
    payloads = [(0.0, 0, 20.0), (0.5, 1, 8.0), (0.5, 0, 2.0), (9.25, 1, 4.0)]
    log = transmit(over(alike(2)), payloads)
    # Slots: 0 to device 0, 1 to 1, 2 and 3 to 0 (through in the middle of 3), 4 to its next; then 10 to 1.
    assert log.start_s.tolist() == [0.0, 1.0, 4.0, 10.0]
    assert log.end_s.tolist() == [3.5, 2.0, 4.25, 10.5]


def test_aborts_by_hand(transmit):
    payloads = [
        (0.0, 0, 80.0, 2.5),
        (0.0, 1, 24.0),
        (0.0, 0, 8.0, 2.0),
        (0.0, 0, 6.0, 3.75),
        (3.0, 0, 6.0, 5.75),
    ]
    log = transmit(over(alike(2)), payloads)
    # Slots 0 and 2 to device 0, which gives up in 2; 1, 3 and 5 to device 1. Device 0's second expires behind
    # its first, and its third unsent, as slot 3 goes to device 1; its fourth is through in slot 4.
    np.testing.assert_array_equal(log.start_s, [0.0, 1.0, NAN, NAN, 4.0])
    np.testing.assert_array_equal(log.end_s, [NAN, 6.0, NAN, NAN, 4.75])
    np.testing.assert_array_equal(log.abort_s, [2.5, NAN, 2.0, 3.75, NAN])


def test_an_end_at_the_very_expiry_is_an_end_and_a_later_one_is_not(transmit):
    log = transmit(over(alike(2)), [(0.0, 0, 4.0, 0.5), (0.0, 1, 4.0, 1.25), (0.0, 1, 8.0)])
    np.testing.assert_array_equal(log.end_s, [0.5, NAN, 3.0])
    assert log.abort_s[1] == 1.25


class Waiting:
    """Sends each payload in two slots of which the second is due four slots after the first."""

    slot_s = 1.0

    def __init__(self):
        self.asked, self.due, self.uses = [], 0, None

    def load(self, bits):
        self.due, self.uses = 0, 0

    def clear(self):
        self.uses = None

    def ready(self, slot):
        self.asked.append(slot)
        return self.uses is not None and slot >= self.due

    def rate_bps(self, slot):
        return 1.0

    def use(self, slot):
        self.uses += 1
        self.due = slot + 4
        return 1.0 if self.uses == 2 else None

    def next_slot(self, slot):
        return max(slot, self.due)


def test_slots_in_which_all_wait_are_skipped(transmit):
    sender = Waiting()
    log = transmit(over([sender]), [(0.5, 0, 1.0), (100.0, 0, 1.0, 103.0)])
    assert sender.asked == [1, 5, 100]
    assert log.start_s.tolist() == [1.0, 100.0]
    np.testing.assert_array_equal(log.end_s, [6.0, NAN])
    assert log.abort_s[1] == 103.0
    assert sender.uses is None, "told to clear what was given up"


def test_others_use_the_slots_in_which_one_waits(transmit):
    log = transmit(
        over([Waiting(), TraceSender(EIGHT_BPS, 1.0)]), [(0.0, 0, 1.0), (0.0, 1, 20.0), (2.0, 1, 8.0)]
    )
    # Device 1 has 1, 2, 3; device 0 is due in 4; then 5 to device 1.
    assert log.end_s.tolist() == [5.0, 3.5, 6.0]


class Recorder(TraceSender):
    used = None

    def use(self, slot):
        self.used.append(slot)
        return super().use(slot)


@pytest.mark.parametrize("policy", [RoundRobin, ProportionalFair])
@pytest.mark.parametrize("slot_s", [0.01, 0.03])
def test_no_slot_is_idle_while_somebody_waits_and_none_is_used_twice(
    policy, slot_s, transmit, random_payloads
):
    rng = np.random.default_rng(1)
    traces = [CapacityTrace(0.02, 100.0 + rng.exponential(1000.0, 53)) for _ in range(3)]
    senders = [Recorder(trace, slot_s) for trace in traces]
    used = Recorder.used = []
    payloads = random_payloads(rng, devices=3)
    log = transmit(over(senders, policy), payloads)
    wanted = set()
    for (ready_s, *_), end_s in zip(payloads, log.end_s, strict=True):
        wanted |= set(range(int(np.ceil(ready_s / slot_s)), int(np.ceil(end_s / slot_s - 1e-9))))
    assert sorted(used) == sorted(wanted)


def test_short_turns_are_equal_shares(transmit):
    # No slot is silent: equal shares would give it to a device, and the scheduler pass over it.
    rng = np.random.default_rng(1)
    traces = [CapacityTrace(0.02, 100.0 + rng.exponential(1000.0, 53)) for _ in range(3)]
    payloads = [(0.0, 0, 300.0), (0.3, 1, 500.0, 1.0), (0.5, 2, 700.0), (0.6, 0, 100.0)]
    equal = transmit(lambda env, told: EqualShareUplink(env, told, traces), payloads)
    short = transmit(over([TraceSender(trace, 2.5e-4) for trace in traces]), payloads)
    np.testing.assert_array_equal(np.isnan(short.end_s), np.isnan(equal.end_s))
    np.testing.assert_allclose(short.end_s, equal.end_s, rtol=0, atol=0.004)


def test_a_slot_carries_what_the_trace_carries_in_it(random_trace):
    trace = random_trace(np.random.default_rng(1))
    sender = TraceSender(trace, 0.013)
    sender.load(1500.0)
    slots, part = [], None
    while part is None:
        slots.append(sender.next_slot(slots[-1] + 2 if slots else 0))
        part = sender.use(slots[-1])
    whole = sum(trace.sent_bits(slot * 0.013, (slot + 1) * 0.013) for slot in slots[:-1])
    rest = trace.sent_bits(slots[-1] * 0.013, (slots[-1] + part) * 0.013)
    assert whole + rest == pytest.approx(1500.0, rel=1e-12)
    assert 0.0 < part <= 1.0
    assert not sender.ready(slots[-1])


def test_a_payload_as_large_as_a_slot_ends_within_it(random_trace):
    trace = random_trace(np.random.default_rng(1))
    sender = TraceSender(trace, 0.013)
    for slot in range(1000):
        bits = trace.sent_bits(slot * 0.013, (slot + 1) * 0.013)
        if bits > 1e-6:
            sender.load(bits)
            assert 0.0 < sender.use(slot) <= 1.0


def test_a_slot_is_waited_for_once_whoever_joins(transmit):
    """All are ready before slot 1: events are four that are ready, four slots and four ends."""
    payloads = [(0.1 * (device + 1), device, 4.0) for device in range(4)]
    clocks = []

    def make(env, told):
        clocks.append(env)
        return over(alike(4))(env, told)

    log = transmit(make, payloads)
    assert log.end_s.tolist() == [1.5, 2.5, 3.5, 4.5]
    assert next(clocks[0]._eid) == 4 + 4 + 4


def test_senseless_slots_are_refused():
    with pytest.raises(ValueError, match=r"slots of the same length, got \[1.0, 2.0\] s"):
        SlottedUplink(None, None, [TraceSender(EIGHT_BPS, 1.0), TraceSender(EIGHT_BPS, 2.0)], RoundRobin())
    with pytest.raises(ValueError, match=r"longer than 0 s, got 0.0 s"):
        TraceSender(EIGHT_BPS, 0.0)
    with pytest.raises(ValueError, match="slot 3 was granted to a device without a payload"):
        TraceSender(EIGHT_BPS, 1.0).use(3)
