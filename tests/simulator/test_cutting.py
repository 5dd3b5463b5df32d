"""A device cuts each payload, when it starts, to what the uplink should carry by the deadline."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from coinfer.codecs.protocol import Cost
from coinfer.simulator.channel import draw_channels
from coinfer.simulator.cutting import Cutting
from coinfer.simulator.engine import Demand, Limits, simulate
from coinfer.simulator.experiment import Experiment, run_replication
from coinfer.simulator.link.capacity import ConstantRate
from coinfer.simulator.link.framing import Framing
from coinfer.simulator.link.nr import NrRate
from coinfer.simulator.link.rate import ShannonRate
from coinfer.simulator.link.sharing.fifo import FifoUplink
from coinfer.simulator.measurements import Measurement
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.workload import Workload

IMAGES = 4
HEADER_BYTES = 48
PROFILE = {"effective_flops_per_s": 1e9}
WHOLE = Measurement(
    np.array([1000, 900, 1100, 300]), np.array([True, True, False, True]), Cost(), Cost(), False
)
CUTTABLE = replace(
    WHOLE,
    cut_bytes=np.array([[100, 100, 100, 100], [400, 400, 399, 300]]),
    cut_correct=np.array([[False, True, False, False], [True, True, False, True]]),
)
"""On the air 1184, 3584 and 8384 bits of image 0; a longer prefix is never wrong where a shorter is right."""


def scenario(cut=None, link=None, device=None, **changes):
    """10 kbit/s at 0 dB without fading; a task a second, nothing to compute, answers at once."""
    level = {"bandwidth_hz": 1e4, "mean_snr_db": 0, "fading": {"model": "none"}}
    arrivals = {"process": "periodic", "rate_hz": 1.0}
    return Scenario.model_validate(
        {
            "name": "cut",
            "seed": 5,
            "tasks": 40,
            "devices": [{"profile": PROFILE, "arrivals": arrivals, **(device or {})}],
            "link": level | (link or {}),
            "downlink": {"delay_s": 0.0, "answer_bytes": 0},
            "edge": {"profile": PROFILE, "workers": 100},
            "codecs": ["raw"],
            "deadlines_s": [0.1, 0.5],
            "cut": cut,
            **changes,
        }
    )


def run(described, measurement=CUTTABLE, **others):
    codecs = {"coded": measurement, **others}
    return run_replication(Experiment({}, described, IMAGES, "", codecs), 0)


def version(table):
    """Which of the three versions each task sent, by its size."""
    sizes = np.vstack([CUTTABLE.cut_bytes, CUTTABLE.payload_bytes])[:, table["image_id"]]
    return np.where(
        sizes[2] == table["payload_bytes"], 2, (sizes == table["payload_bytes"].to_numpy()).argmax(0)
    )


def bits_of(table, of_version):
    """Bits on the air of a version of each task's image; one packet each."""
    sizes = np.vstack([CUTTABLE.cut_bytes, CUTTABLE.payload_bytes])
    return 8.0 * (sizes[of_version, table["image_id"]] + HEADER_BYTES)


def late_by_s(table, deadline_s):
    return table["done_s"] - table["arrival_s"] - deadline_s


SLOW_ANSWER = {"delay_s": 0.1, "answer_bytes": 10, "rate_bps": 1e3}  # 0.18 s
OWN_CHANNEL = {"model": "link", "delay_s": 0.1, "answer_bytes": 125, "snr_gain_db": 0}  # 0.2 s


@pytest.mark.parametrize("knowledge", ["perfect", "delayed", "none"])
@pytest.mark.parametrize(
    ("deadline_s", "payload_bytes"), [(0.84, 1000), (0.83, 400), (0.36, 400), (0.35, 100), (0.119, 100)]
)
def test_a_constant_link_by_hand(knowledge, deadline_s, payload_bytes):
    """10 bits a millisecond."""
    table = run(scenario({"deadline_s": deadline_s, "knowledge": knowledge}))
    of_first = table[table["image_id"] == 0]
    assert len(of_first) == 10
    assert set(of_first["payload_bytes"]) == {payload_bytes}
    unused_s = deadline_s - 8 * (payload_bytes + HEADER_BYTES) / 1e4
    np.testing.assert_allclose(late_by_s(of_first, deadline_s), -unused_s, atol=1e-9)


@pytest.mark.parametrize(
    ("taken_s", "device_flops", "edge_flops", "changes"),
    [
        (0.2, 2e8, 0.0, {}),
        (0.2, 0.0, 2e8, {}),
        (0.3, 0.0, 0.0, {"backhaul": {"median_s": 0.3}}),
        (0.18, 0.0, 0.0, {"downlink": SLOW_ANSWER}),
        (0.2, 0.0, 0.0, {"downlink": OWN_CHANNEL}),
    ],
)
def test_what_other_stages_take_is_left_to_them(taken_s, device_flops, edge_flops, changes):
    measurement = replace(CUTTABLE, device_cost=Cost(device_flops), edge_cost=Cost(edge_flops))
    for spare_s, payload_bytes in ((0.36, 400), (0.35, 100)):
        table = run(scenario({"deadline_s": spare_s + taken_s}, **changes), measurement)
        of_first = table[table["image_id"] == 0]
        assert set(of_first["payload_bytes"]) == {payload_bytes}
        unused_s = spare_s - 8 * (payload_bytes + HEADER_BYTES) / 1e4
        np.testing.assert_allclose(late_by_s(of_first, spare_s + taken_s), -unused_s, atol=1e-9)


def test_where_nothing_fits_the_smallest_goes():
    table = run(scenario({"deadline_s": 0.1}))
    assert set(table["payload_bytes"]) == {100}
    assert (late_by_s(table, 0.1) > 0.01).all()
    assert table["correct"].tolist() == CUTTABLE.cut_correct[0, table["image_id"]].tolist()


def test_the_last_deadline_is_aimed_at_unless_told():
    pd.testing.assert_frame_equal(run(scenario({})), run(scenario({"deadline_s": 0.5})))
    assert not run(scenario({"deadline_s": 0.2})).equals(run(scenario({})))


@pytest.mark.parametrize("knowledge", ["perfect", "delayed", "none"])
def test_a_margin_takes_a_share_of_the_bits(knowledge):
    for margin, payload_bytes in ((1.0, 1000), (0.99, 400), (0.43, 400), (0.42, 100)):
        cut = {"deadline_s": 0.84, "knowledge": knowledge, "margin": margin}
        table = run(scenario(cut))
        assert set(table.loc[table["image_id"] == 0, "payload_bytes"]) == {payload_bytes}


def test_it_is_decided_when_the_first_bit_goes():
    workload = Workload(
        np.array([0, 1, 0], dtype=np.int32), np.array([0, 0, 1]), np.zeros(3), np.zeros(3, dtype=np.int32)
    )
    channels = [ConstantRate(1e4), ConstantRate(2e4)]
    expected = [channel.sent_bits for channel in channels]
    cutting = Cutting(CUTTABLE, workload, np.array([0.5, 0.5, 0.6]), expected, Framing())
    demand = Demand(np.zeros(3), np.full(3, 8384.0), np.zeros(3), np.zeros(3))
    timeline = simulate(
        workload, demand, Limits(), cutting.over(lambda env, told: FifoUplink(env, told, channels))
    )
    # 5000 bits are left to the first, 0.1416 s * 20 kbit/s to the second, 0.1824 s * 10 kbit/s to the third.
    assert cutting.payload_bytes.tolist() == [400, 100, 100]
    assert cutting.correct.tolist() == [True, False, False]
    np.testing.assert_allclose(timeline.tx_end_s, [0.3584, 0.3584 + 0.0592, 0.4176 + 0.1184])


RAYLEIGH = {"bandwidth_hz": 1e4, "mean_snr_db": 3, "fading": {"speed_mps": 0.3}}
QUEUEING = {"device": {"count": 3, "profile": PROFILE, "arrivals": {"rate_hz": 0.7}}, "tasks": 150}
BEHIND = {"backhaul": {"median_s": 0.02}, "downlink": {"delay_s": 0.03, "answer_bytes": 0}}


@pytest.mark.parametrize("deep_fade", ["integrate", "frozen"])
def test_with_perfect_knowledge_what_fits_arrives_and_a_larger_would_not(deep_fade):
    cut = {"deadline_s": 0.4, "knowledge": "perfect"}
    described = scenario(cut, RAYLEIGH | {"deep_fade": deep_fade}, **QUEUEING, **BEHIND)
    table = run(described, replace(CUTTABLE, edge_cost=Cost(1e7)))
    sent = version(table)
    assert (np.bincount(sent, minlength=3) > 20).all()
    late_s = late_by_s(table, 0.4)
    assert (late_s[sent > 0] <= 1e-9).all()
    assert (late_s[sent == 0] > 0).any()
    channels = draw_channels(described, 0, float(table["arrival_s"].max()))
    capacities = [channel.capacity(ShannonRate(1e4)) for channel in channels]
    until_s = table["arrival_s"] + 0.4 - 0.06
    larger_bits = bits_of(table, np.minimum(sent + 1, 2))
    for row in np.flatnonzero(sent < 2):
        start_s, capacity = table["tx_start_s"][row], capacities[table["device_id"][row]]
        if deep_fade == "frozen":
            capacity = capacity.frozen_at(start_s)
        assert capacity.finish_s(start_s, larger_bits[row]) > until_s[row] - 1e-9


@pytest.mark.parametrize("margin", [1.0, 0.7])
@pytest.mark.parametrize("delay_s", [0.0, 0.2])
def test_a_delayed_report_is_taken_to_last(margin, delay_s):
    cut = {"knowledge": "delayed", "delay_s": delay_s, "margin": margin}
    described = scenario(cut, RAYLEIGH, **QUEUEING, **BEHIND)
    table = run(described)
    channels = draw_channels(described, 0, float(table["arrival_s"].max()))
    snr_db = np.empty(len(table))
    for device, channel in enumerate(channels):
        rows = (table["device_id"] == device).to_numpy()
        snr_db[rows] = channel.snr_db_at(table["tx_start_s"][rows].to_numpy() - delay_s)
    rate_bps = 1e4 * np.log2(1 + 10 ** (snr_db / 10))
    left_s = np.maximum(table["arrival_s"] + 0.5 - 0.05 - table["tx_start_s"], 0)
    fits = np.array([bits_of(table, which) <= margin * rate_bps * left_s for which in (1, 2)])
    np.testing.assert_array_equal(version(table), np.where(fits[1], 2, np.where(fits[0], 1, 0)))
    assert (np.bincount(version(table), minlength=3) > 20).all()


@pytest.mark.parametrize(
    ("link", "rate_bps"),
    [
        (RAYLEIGH, 1e4 * np.log2(1 + 10**0.3)),
        (RAYLEIGH | {"receive_antennas": 2}, 1e4 * np.log2(1 + 2 * 10**0.3)),
        (RAYLEIGH | {"fading": {"speed_mps": 0}}, 1e4 * np.log2(1 + 10**0.3)),
    ],
)
def test_without_knowledge_the_rate_of_the_mean_snr_is_expected(link, rate_bps):
    table = run(scenario({"knowledge": "none"}, link, **QUEUEING))
    left_s = np.maximum(table["arrival_s"] + 0.5 - table["tx_start_s"], 0)
    fits = np.array([bits_of(table, which) <= rate_bps * left_s for which in (1, 2)])
    np.testing.assert_array_equal(version(table), np.where(fits[1], 2, np.where(fits[0], 1, 0)))


NR = {"rate": {"model": "nr"}, "bandwidth_hz": 7.2e5, "mean_snr_db": 0}


@pytest.mark.parametrize("knowledge", ["delayed", "none"])
def test_retransmissions_are_expected_at_the_fluid_rate(knowledge):
    cut = {"knowledge": knowledge, "deadline_s": 0.02, "delay_s": 0.003}
    described = scenario(cut, NR | {"fading": {"speed_mps": 3}}, tasks=200)
    table = run(described)
    (channel,) = draw_channels(described, 0, float(table["arrival_s"].max()))
    snr = np.ones(len(table))
    if knowledge == "delayed":
        snr = 10 ** (channel.snr_db_at(table["tx_start_s"].to_numpy() - 0.003) / 10)
    left_s = np.maximum(table["arrival_s"] + 0.02 - table["tx_start_s"], 0)
    carried = NrRate(7.2e5, 30e3, 1).bits_per_s(snr) * left_s
    fits = np.array([bits_of(table, which) <= carried for which in (1, 2)])
    np.testing.assert_array_equal(version(table), np.where(fits[1], 2, np.where(fits[0], 1, 0)))
    assert len(set(version(table))) > 1


def test_size_and_verdict_belong_together():
    table = run(scenario({}, RAYLEIGH, **QUEUEING))
    verdicts = np.vstack([CUTTABLE.cut_correct, CUTTABLE.correct])
    assert len(set(version(table))) == 3
    assert table["correct"].tolist() == verdicts[version(table), table["image_id"]].tolist()
    steady = run(scenario({}))
    airtime_s = 8 * (steady["payload_bytes"] + HEADER_BYTES) / 1e4
    np.testing.assert_allclose(steady["tx_end_s"] - steady["tx_start_s"], airtime_s)


def test_knowing_more_is_never_worse_without_a_queue():
    right = {}
    for knowledge in ("perfect", "delayed", "none"):
        table = run(scenario({"knowledge": knowledge, "delay_s": 0.3}, RAYLEIGH, tasks=400))
        right[knowledge] = (table["correct"] & (late_by_s(table, 0.5) <= 1e-9)).to_numpy()
    for knowledge in ("delayed", "none"):
        assert (right["perfect"] >= right[knowledge]).all()
        assert right["perfect"].mean() > right[knowledge].mean() + 0.02


def test_other_codecs_are_left_alone_and_the_same_seed_gives_the_same():
    on_device = replace(CUTTABLE, answers_on_device=True)
    others = {"plain": WHOLE, "own": on_device}
    without, first, again = (
        run(scenario(cut, RAYLEIGH, **QUEUEING), **others) for cut in (None, {}, {"margin": 1.0})
    )
    pd.testing.assert_frame_equal(first, again)
    for label in others:
        pd.testing.assert_frame_equal(first[first["codec"] == label], without[without["codec"] == label])
    uncut = without[without["codec"] == "coded"].drop(columns="codec")
    plain = without[without["codec"] == "plain"].drop(columns="codec")
    pd.testing.assert_frame_equal(uncut.reset_index(drop=True), plain.reset_index(drop=True))
    cut = first[first["codec"] == "coded"]
    drawn = ["device_id", "task_id", "image_id", "arrival_s", "encode_end_s"]
    pd.testing.assert_frame_equal(cut[drawn].reset_index(drop=True), plain[drawn].reset_index(drop=True))


def test_what_is_given_up_stays_as_it_was_sent():
    link = RAYLEIGH | {"mean_snr_db": -3, "access": {"model": "grant", "min_s": 0.2, "max_s": 0.8}}
    table = run(scenario({}, link, on_deadline="abort", **QUEUEING))
    given_up, started = table["outcome"] == "aborted", table["tx_start_s"].notna()
    assert (given_up & started).sum() > 20
    assert (given_up & ~started).sum() > 20
    assert set(version(table[~started])) == {2}
    assert set(version(table[given_up & started])) >= {0, 1}
    assert (table["tx_end_s"] - table["arrival_s"])[started].max() <= 0.5 + 1e-9


def test_a_measurement_without_cuts_cannot_be_cut():
    workload = Workload(*(np.zeros(0, dtype=kind) for kind in (np.int32, np.int64, np.float64, np.int32)))
    with pytest.raises(ValueError, match="were not cut when it was measured"):
        Cutting(WHOLE, workload, np.zeros(0), [], Framing())
