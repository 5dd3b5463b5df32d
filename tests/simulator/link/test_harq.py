from math import ceil, inf

import numpy as np
import pytest
from scipy import stats

from coinfer.simulator.link.adaptation import LinkAdaptation
from coinfer.simulator.link.harq import HarqChannel, HarqSettings, _first_slot
from coinfer.simulator.link.slot_sender import SlotSender
from coinfer.simulator.link.tdd import TddPattern
from coinfer.simulator.units import db_to_linear

ADAPTATION = LinkAdaptation(51)
SIZE_BITS = ADAPTATION.sizes_bits[15]
SNR_15 = float(db_to_linear(ADAPTATION.thresholds_db[15] + 0.02))
FIXED = HarqSettings(outer_loop=False)
FAILS, SUCCEEDS = -1.0, 2.0


class Forced:
    """Uniforms by hand: the given slots fail whatever their error rate, all others succeed."""

    def __init__(self, *failing_slots):
        self.failing_slots = failing_slots
        self.drawn = 0

    def random(self, count):
        slots = np.arange(self.drawn, self.drawn + count)
        self.drawn += count
        return np.where(np.isin(slots, self.failing_slots), FAILS, SUCCEEDS)


def channel(rng=None, snr=(SNR_15,), settings=FIXED, pattern="U", slot_s=1.0):
    rng = rng or np.random.default_rng(1)
    return HarqChannel(np.array(snr), ADAPTATION, TddPattern(pattern, slot_s), settings, rng)


def send(sender: SlotSender, bits, first_slot=0):
    """Send a payload; return (slot, whether a block failed in it) for each slot that was used."""
    sender.load(bits)
    log, slot, used = [], first_slot, None
    while used is None:
        slot = sender.next_slot(slot)
        assert sender.ready(slot)
        before = len(sender._failed)
        retransmits = bool(sender._failed) and sender._failed[0].due_slot <= slot
        used = sender.use(slot)
        log.append((slot, len(sender._failed) > before - retransmits))
        slot += 1
    return log


def within_sampling_error(count, trials, probability):
    """Tell whether a binomial count lies in its central interval of 1 - 1e-4."""
    low, high = stats.binom.interval(1.0 - 1e-4, trials, probability)
    return low <= count <= high


def test_without_failures_a_payload_takes_as_many_slots_as_blocks():
    assert send(channel(Forced()), 3 * SIZE_BITS) == [(0, False), (1, False), (2, False)]
    assert channel(Forced()).finish_s(0.0, 3 * SIZE_BITS) == 3.0
    assert channel(Forced()).finish_s(0.0, 3 * SIZE_BITS + 1) == 4.0
    assert channel(Forced()).finish_s(5.5, 1) == 7.0
    assert channel(Forced()).finish_s(5.5, 0) == 5.5


def test_a_failed_block_is_repeated_after_the_round_trip():
    sender = channel(Forced(0))
    assert send(sender, 2 * SIZE_BITS + 1) == [(0, True), (1, False), (2, False), (8, False)]
    assert (sender.transmissions, sender.first_transmissions) == (4, 3)
    assert (sender.first_failures, sender.residual_failures) == (1, 0)


def test_a_due_retransmission_goes_before_new_bits():
    log = send(channel(Forced(1, 9)), 10 * SIZE_BITS)
    # Ten new blocks in slots 0 to 8 and 10; that of slot 1 again in 9, and in 17.
    assert [slot for slot, _ in log] == [*range(11), 17]
    assert [slot for slot, failed in log if failed] == [1, 9]


def test_a_block_out_of_tries_starts_anew():
    sender = channel(Forced(0, 8), settings=HarqSettings(max_transmissions=2, outer_loop=False))
    assert send(sender, SIZE_BITS) == [(0, True), (8, True), (16, False)]
    assert (sender.first_transmissions, sender.residual_failures) == (2, 1)


def test_only_uplink_slots_are_used():
    sender = channel(Forced(4), pattern="DDDSU")
    # The block of slot 4 is due in slot 12: the next uplink slot is 14.
    assert send(sender, 3 * SIZE_BITS) == [(4, True), (9, False), (14, False), (19, False)]
    sender.load(1)
    assert [sender.ready(slot) for slot in range(20, 26)] == [False] * 4 + [True, False]


def test_nothing_is_ready_while_the_round_trip_runs():
    sender = channel(Forced(0))
    sender.load(SIZE_BITS)
    assert sender.use(0) is None
    assert [slot for slot in range(1, 12) if sender.ready(slot)] == [8, 9, 10, 11]
    assert sender.next_slot(1) == 8
    assert sender.use(8) == 1.0
    assert not sender.ready(9)


@pytest.mark.parametrize("slot_s", [0.125e-3, 0.5e-3, 1e-3])
def test_slots_begin_at_the_floats_at_which_slots_end(slot_s):
    for slot in range(50_000):
        assert _first_slot(slot * slot_s, slot_s) == slot
    assert _first_slot(np.nextafter(7 * slot_s, inf), slot_s) == 8


def test_payloads_one_after_the_other_leave_no_slot_idle():
    sender = channel(Forced(), slot_s=0.5e-3)
    now_s = 0.0
    for _ in range(5000):
        now_s = sender.finish_s(now_s, 2 * SIZE_BITS)
    assert now_s == 10_000 * 0.5e-3


def test_a_payload_not_through_in_time_is_given_up():
    sender = channel(Forced(1))
    assert sender.finish_s(0.0, SIZE_BITS, until_s=1.0) == 1.0
    assert sender.finish_s(1.0, SIZE_BITS, until_s=9.9) == inf
    assert sender.transmissions == 2
    assert sender.finish_s(9.9, SIZE_BITS) == 11.0


def test_a_channel_on_which_all_is_lost_never_ends():
    assert channel(snr=[0.0, 1e-4]).finish_s(0.0, 1) == inf


@pytest.mark.parametrize("combining", ["chase", "none"])
def test_first_transmissions_fail_as_the_table_says(combining):
    sender = channel(settings=HarqSettings(outer_loop=False, combining=combining))
    sender.load(1e12)
    slot = 0
    while sender.first_transmissions < 20_000:
        sender.use(slot)
        slot += 1
    error_rate = ADAPTATION.errors[15].at(SNR_15)
    assert 0.05 < error_rate < 0.1
    assert within_sampling_error(sender.first_failures, 20_000, error_rate)
    assert not within_sampling_error(sender.first_failures, 20_000, 1.2 * error_rate)


@pytest.mark.parametrize(("combining", "gain"), [("chase", 2.0), ("none", 1.0)])
def test_second_transmissions_fail_at_the_accumulated_ratio(combining, gain):
    snr = 0.5 * float(db_to_linear(ADAPTATION.thresholds_db[0] - 0.2))
    sender = channel(snr=[snr], settings=HarqSettings(2, combining, outer_loop=False))
    sender.load(1e12)
    for slot in range(10_000):
        sender.use(slot)
    seconds = sender.transmissions - sender.first_transmissions
    assert sender.first_failures > 0.99 * sender.first_transmissions
    error_rate = ADAPTATION.errors[0].at(gain * snr)
    assert error_rate > 0.99 or 0.3 < error_rate < 0.6
    assert within_sampling_error(sender.residual_failures, seconds, error_rate)


@pytest.mark.parametrize("off_db", [-1.0, 0.3])
def test_the_outer_loop_settles_at_the_target(off_db):
    """Failures x step = successes x rise + offset, so that the share is exact but for the last offset."""
    sender = channel(snr=[SNR_15 * float(db_to_linear(off_db))], settings=HarqSettings())
    sender.load(1e12)
    for slot in range(30_000):
        sender.use(slot)
    share = sender.first_failures / sender.first_transmissions
    drift = 0.9 * sender.outer_loop.offset_db / (0.5 * sender.first_transmissions)
    # Eight outcomes are still on their way to the sender.
    assert share == pytest.approx(0.1 - drift, abs=8 / sender.first_transmissions)
    assert abs(sender.outer_loop.offset_db) < 3.0


def test_the_outer_loop_learns_after_the_round_trip_and_lives_on():
    sender = channel(Forced(0), settings=HarqSettings())
    sender.load(30 * SIZE_BITS)
    offsets_db = []
    for slot in range(10):
        sender.rate_bps(slot)
        offsets_db.append(sender.outer_loop.offset_db)
        sender.use(slot)
    assert offsets_db == pytest.approx([0.0] * 8 + [-0.5, -0.5 + 0.5 / 9.0])
    sender.clear()
    sender.load(1)
    assert sender.use(100) == 1.0
    # Slot 8 was the retransmission; slots 1 to 7 and 9 brought new blocks, all of them decoded.
    assert sender.outer_loop.offset_db == pytest.approx(-0.5 + 8 * 0.5 / 9.0)


def test_a_short_block_takes_no_higher_scheme_than_it_needs_and_teaches_nothing():
    sender = channel(snr=[float(db_to_linear(30.0))], settings=HarqSettings(), rng=Forced(0, 1, 2))
    sender.load(1)
    sender.use(0)
    assert sender._failed[0].mcs == 0
    sender.clear()
    sender.load(ADAPTATION.sizes_bits[20])
    sender.use(1)
    assert sender._failed[0].mcs == 20
    sender.clear()
    sender.load(1)
    sender.use(20)
    assert sender.outer_loop.offset_db == 0.0


def test_schemes_follow_the_delayed_report():
    snr = np.repeat([1.0, 100.0], 50)
    sender = channel(snr=snr, settings=HarqSettings(outer_loop=False, report_delay_slots=5))
    low_bps, high_bps = (ADAPTATION.sizes_bits[ADAPTATION.choose(snr_db)] for snr_db in (0.0, 20.0))
    rates_bps = [sender.rate_bps(slot) for slot in (5, 49, 50, 54, 55, 99, 100, 104, 105)]
    assert rates_bps == [low_bps] * 4 + [high_bps] * 4 + [low_bps]


@pytest.mark.parametrize("settings", [HarqSettings(2, outer_loop=False), HarqSettings(1, "none", 3, False)])
def test_bits_are_conserved(settings):
    """Every bit is decoded once, in full blocks but for the last of a payload, whatever failed in between."""
    decoded_bits = []

    class Counting(HarqChannel):
        def _count(self, slot, block, failed):
            super()._count(slot, block, failed)
            if not failed:
                decoded_bits.append(block.bits)

    rng = np.random.default_rng(2)
    luck = Forced(*np.flatnonzero(rng.random(20_000) < 0.4))
    sender = Counting(np.array([SNR_15]), ADAPTATION, TddPattern("UUD", 1.0), settings, luck)
    now_s = 0.0
    for bits in rng.integers(1, 8 * SIZE_BITS, 300).tolist():
        decoded_bits.clear()
        now_s = sender.finish_s(now_s, bits)
        assert sum(decoded_bits) == bits
        assert len(decoded_bits) == ceil(bits / SIZE_BITS)
    assert sender.residual_failures > 100
    assert sender.transmissions < now_s <= 20_000


def test_the_luck_of_a_slot_is_the_same_for_all_payloads():
    settings = HarqSettings(combining="none", outer_loop=False)
    failed = []
    for blocks in (1, 7, 1000):
        sender = channel(np.random.default_rng(3), settings=settings)
        log = []
        while not log or log[-1][0] < 3000:
            log += send(sender, blocks * SIZE_BITS, log[-1][0] + 1 if log else 0)
        failed.append(dict(log))
    for one, other in [(failed[0], failed[1]), (failed[0], failed[2]), (failed[1], failed[2])]:
        common = one.keys() & other.keys()
        assert len(common) > 1000
        assert [one[slot] for slot in common] == [other[slot] for slot in common]
    assert sum(failed[2].values()) > 50


def test_results_do_not_depend_on_the_length_of_the_trace():
    period = db_to_linear(np.random.default_rng(4).uniform(0.0, 20.0, 37))
    ends_s = []
    for repeats in (1, 2, 50):
        sender = channel(np.random.default_rng(5), np.tile(period, repeats), HarqSettings(), slot_s=0.5e-3)
        ends_s.append([sender.finish_s(0.01 * payload, 50_000) for payload in range(0, 4000, 40)])
    assert ends_s[0] == ends_s[1] == ends_s[2]
    assert len({round(end_s % 0.4, 6) for end_s in ends_s[0]}) > 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_transmissions": 0}, "at least once, got max_transmissions=0"),
        ({"combining": "soft"}, "'chase' or 'none', got 'soft'"),
        ({"round_trip_slots": 17}, "1 to 16 slots, got 17"),
        ({"report_delay_slots": -1}, "cannot be -1 slots old"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        HarqSettings(**settings)


@pytest.mark.parametrize(
    ("snr", "message"),
    [([], r"shape \(0,\)"), ([[1.0]], r"shape \(1, 1\)"), ([1.0, np.nan], "finite"), ([-1.0], "at least 0")],
)
def test_impossible_traces_are_refused(snr, message):
    with pytest.raises(ValueError, match=message):
        channel(snr=snr)


def test_misuse_is_refused():
    sender = channel()
    with pytest.raises(ValueError, match="nothing to send: load"):
        sender.next_slot(0)
    with pytest.raises(ValueError, match="nothing to send in slot 3"):
        sender.use(3)
    with pytest.raises(ValueError, match="more than 0 bits, got 0"):
        sender.load(0)
    sender.load(1e9)
    with pytest.raises(ValueError, match="still on its way"):
        sender.load(1)
    sender.use(5000)
    with pytest.raises(ValueError, match="slot 10 lies before"):
        sender.use(10)
