import numpy as np
import pytest

from coinfer.simulator.errors import TraceError
from coinfer.simulator.link.capacity import CapacityTrace, ConstantRate
from coinfer.simulator.link.replay import Recording, StepCapacity, read_recording

# Steps of 0.5, 1, 0.25 and 0.25 s: 4 + 0 + 4 + 1 = 9 bits in 2 s.
STEPS = StepCapacity(np.array([0.0, 0.5, 1.5, 1.75, 2.0]), np.array([8.0, 0.0, 16.0, 4.0]))


@pytest.fixture
def read(tmp_path):
    def write_and_read(text, **options):
        path = tmp_path / "drive.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_recording(path, **options)

    return write_and_read


def random_steps(seed, steps=97):
    rng = np.random.default_rng(seed)
    edges_s = np.concatenate(([0.0], np.cumsum(rng.exponential(0.013, steps))))
    return StepCapacity(edges_s, rng.exponential(1000.0, steps) * (rng.random(steps) > 0.2))


def test_a_recording_of_ratios(read):
    recording = read("time_s,snr_db\n100.0,3\n100.5,-1.5\n101.5,2e1\n")
    assert recording.time_s.tolist() == [100.0, 100.5, 101.5]
    assert recording.snr_db.tolist() == [3.0, -1.5, 20.0]
    assert recording.rate_bps is None
    assert recording.edges_s.tolist() == [0.0, 0.5, 1.5, 2.25]  # the last row lasts the median step, 0.75 s


def test_comments_blank_lines_spaces_quotes_and_any_order_of_columns(read):
    text = '\ufeff# by iperf\r\n"rate_bps" , "time_s"\r\n\r\n 1e6, "0"\r\n# here\r\n0 ,1\r\n'
    recording = read(text)
    assert (recording.time_s.tolist(), recording.rate_bps.tolist()) == ([0.0, 1.0], [1e6, 0.0])
    assert recording.snr_db is None


def test_steps_up_to_the_longest_gap_are_read(read):
    rows = "".join(f"{time_s},1\n" for time_s in (0.0, 0.1, 0.2, 0.3, 1.3, 1.4))
    assert len(read("time_s,snr_db\n" + rows).time_s) == 6
    with pytest.raises(TraceError, match=r"line 6: .* at most 9 times .* got a gap of 1 s"):
        read("time_s,snr_db\n" + rows, max_gap_factor=9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: expected the header 'time_s,snr_db' or 'time_s,rate_bps', got ''; keep the time"),
        ("0,1\n1,2\n", "line 1: unknown column '0'; known: rate_bps, snr_db, time_s; expected the header"),
        ("# x\ntime_s,snrdb\n", "line 2: unknown column 'snrdb', did you mean 'snr_db'?; expected the"),
        ("time_s;snr_db\n", "separated by commas"),
        ("time_s\n0\n1\n", "got 'time_s'; keep the time and one other column"),
        ("snr_db\n0\n1\n", "line 1: expected the header"),
        ("time_s,snr_db,rate_bps\n", "got 'time_s,snr_db,rate_bps'; keep the time and one other column"),
        ("time_s,time_s\n", "line 1: expected the header"),
        ("time_s,snr_db\n", "drive.csv: expected at least 2 rows of values, got 0; record for longer"),
        ("time_s,snr_db\n0,1\n", "expected at least 2 rows of values, got 1"),
        (
            "time_s,snr_db\n0,1\n1,1,5\n",
            "line 3: expected 2 values, got 3; mend or remove the row, and",
        ),
        ("time_s,snr_db\n0\n1,1\n", "line 2: expected 2 values, got 1"),
        ("time_s,snr_db\n0,high\n", "line 2: snr_db: expected a number, got 'high'; mend or remove the row"),
        ("time_s,snr_db\n0,1\n1,\n", "line 3: snr_db: expected a number, got ''"),
        ("time_s,snr_db\n0,NaN\n", "line 2: snr_db: expected a number from -300 to 300, got 'NaN'"),
        ("time_s,snr_db\n0,-inf\n", "got '-inf'"),
        ("time_s,snr_db\nnan,1\n", "line 2: time_s: expected a number from -1e+12 to 1e+12, got 'nan'"),
        ("time_s,snr_db\n1.7e15,1\n", "got '1.7e15'"),  # a clock in microseconds
        ("time_s,rate_bps\n0,1\n1,-1\n", "line 3: rate_bps: expected a number from 0 to 1e+15, got '-1'"),
        ("time_s,rate_bps\n0,0\n1,0\n", "rate_bps: expected a rate above 0 somewhere, got 0 in all 2 rows"),
        (
            "time_s,snr_db\n0,1\n# x\n2,1\n1,1\n",
            "line 5: time_s: expected a time after 2.0 s, got 1.0 s; sort the rows by time and keep one",
        ),
        ("time_s,snr_db\n0,1\n0,2\n", "line 3: time_s: expected a time after 0.0 s, got 0.0 s"),
        (
            "time_s,snr_db\n0,1\n1,1\n2,1\n13,1\n14,1\n",
            "line 5: time_s: expected at most 10 times the median step of 1 s after 2.0 s, "
            "got a gap of 11 s; fill the gap, or cut the recording there",
        ),
        (b"time_s,snr_db\n0,1\n1,\xff\n", "line 3: expected UTF-8 text, got byte 0xff; export the recording"),
        ("time_s,snr_db\n0," + "9" * 500, "got '" + "9" * 40 + "...'"),
    ],
)
def test_mistakes_are_told_in_a_line(read, text, message):
    with pytest.raises(TraceError) as caught:
        read(text)
    assert message in str(caught.value)
    assert str(caught.value).startswith("drive.csv: ")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_file_that_cannot_be_read(tmp_path):
    missing = tmp_path / "none.csv"
    with pytest.raises(TraceError) as caught:
        read_recording(missing)
    assert str(caught.value) == (
        f"{missing}: cannot be read (No such file or directory); give the path of a CSV file"
    )
    with pytest.raises(TraceError, match=r"Is a directory"):
        read_recording(tmp_path)


@pytest.mark.parametrize(
    ("start_s", "bits", "finish_s"),
    [
        (0.0, 2.0, 0.25),
        (0.0, 4.0, 0.5),  # the last bit is through before the silent step
        (0.0, 6.0, 1.625),
        (0.25, 9.0, 2.25),  # exactly one period
        (1.0, 4.5, 1.875),
        (20.25, 15.5, 23.875),
        (1.0, 0.0, 1.0),
    ],
)
def test_payloads_by_hand(start_s, bits, finish_s):
    assert STEPS.finish_s(start_s, bits) == STEPS.finish_s(start_s, bits, start_s) == finish_s
    if bits:
        assert STEPS.time_s(STEPS.work_bits(np.array(start_s)) + bits) == finish_s
    assert STEPS.sent_bits(start_s, finish_s) == bits


def test_steps_work_and_frozen_rates_by_hand():
    times_s = np.array([0.0, 0.49, 0.5, 1.49, 1.5, 1.8, 2.0, 5.6])
    assert STEPS.slot_index(times_s).tolist() == [0, 0, 1, 1, 2, 3, 0, 2]
    np.testing.assert_array_equal(STEPS.work_bits(np.array([0.25, 1.0, 1.625, 2.0, 3.75])), [2, 4, 6, 9, 17])
    assert [STEPS.frozen_at(time_s) for time_s in (1.625, 2.5)] == [ConstantRate(16.0), ConstantRate(0.0)]


@pytest.mark.parametrize("seed", range(3))
def test_equal_steps_are_bit_for_bit_a_capacity_trace(seed):
    rng = np.random.default_rng(seed)
    rates_bps = rng.exponential(1000.0, 128) * (rng.random(128) > 0.2)
    steps, trace = StepCapacity(np.arange(129) / 64.0, rates_bps), CapacityTrace(1.0 / 64.0, rates_bps)
    times_s, bits = np.sort(rng.uniform(0.0, 50.0, 500)), rng.exponential(3000.0, 500)
    np.testing.assert_array_equal(steps.work_bits(times_s), trace.work_bits(times_s))
    np.testing.assert_array_equal(steps.time_s(10.0 * bits), trace.time_s(10.0 * bits))
    np.testing.assert_array_equal(steps.slot_index(times_s), trace.slot_index(times_s))
    for now_s, later_s, size in zip(times_s.tolist(), (times_s + 0.3).tolist(), bits.tolist(), strict=True):
        assert steps.finish_s(now_s, size) == trace.finish_s(now_s, size)
        assert steps.sent_bits(now_s, later_s) == trace.sent_bits(now_s, later_s)
        assert steps.frozen_at(now_s) == trace.frozen_at(now_s)


@pytest.mark.parametrize("seed", range(3))
def test_finish_inverts_work_on_unequal_steps(seed):
    steps, rng = random_steps(seed), np.random.default_rng(seed)
    start_s, bits = rng.uniform(0.0, 20.0, 300), rng.exponential(500.0, 300)
    finish_s = np.array([steps.finish_s(*payload) for payload in zip(start_s, bits, strict=True)])
    np.testing.assert_allclose(finish_s, steps.time_s(steps.work_bits(start_s) + bits), rtol=0, atol=1e-9)
    np.testing.assert_allclose(steps.work_bits(finish_s) - steps.work_bits(start_s), bits, atol=1e-8)
    # Earliest: any time before, less was through.
    assert (steps.work_bits(finish_s - 1e-7) < steps.work_bits(finish_s)).all()


def test_whole_periods_end_with_their_last_bit_however_they_are_rounded():
    rate_bps = 1.9682369018029444
    steps = StepCapacity(np.array([0.0, 1.0, 2.0]), np.array([rate_bps, 0.0]))
    bits = 31 * rate_bps
    assert bits - 30 * rate_bps > rate_bps  # or there would be nothing to test
    assert steps.finish_s(0.0, bits) == steps.time_s(np.array(bits)) == 61.0


def test_a_recording_is_replayed(read):
    recording = read("time_s,rate_bps\n7,8\n7.5,0\n8.5,4\n")
    steps = StepCapacity(recording.edges_s, recording.rate_bps)
    assert steps.period_s == 2.25
    assert steps.finish_s(0.0, 5.0) == 1.75
    assert steps.finish_s(2.25, 5.0) == 4.0


@pytest.mark.parametrize(
    ("edges_s", "rates_bps", "message"),
    [
        ([0.0, 1.0], [1.0, 2.0], r"one edge more than rates, got \(2,\) and \(2,\)"),
        ([0.0], [], "one edge more than rates"),
        ([1.0, 2.0], [1.0], "ascend from 0 s"),
        ([0.0, 1.0, 1.0], [1.0, 1.0], "ascend from 0 s"),
        ([0.0, float("inf")], [1.0], "finite"),
        ([0.0, float("nan")], [1.0], "ascend"),
        ([0.0, 1.0], [-1.0], "finite and at least 0"),
        ([0.0, 1.0], [float("nan")], "finite and at least 0"),
        ([0.0, 1.0, 2.0], [0.0, 0.0], "the link carries nothing: its rate is 0 in all 2 steps"),
    ],
)
def test_senseless_steps_are_refused(edges_s, rates_bps, message):
    with pytest.raises(ValueError, match=message):
        StepCapacity(np.array(edges_s), np.array(rates_bps))


def test_only_differences_of_times_count():
    first, later = (Recording(np.array([0.0, 1.0, 3.0]) + start_s) for start_s in (0.0, 1.7e9))
    np.testing.assert_array_equal(first.edges_s, later.edges_s)
