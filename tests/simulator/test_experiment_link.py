"""What the link adds to a task's life: packets, access, backhaul, downlink, expiry and loss."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from coinfer.codecs.protocol import Cost
from coinfer.simulator import channel
from coinfer.simulator.experiment import Experiment, check_link, run_replication
from coinfer.simulator.measurements import Measurement
from coinfer.simulator.records import STAMPS
from coinfer.simulator.scenario import Scenario

IMAGES = 4
PROFILE = {"effective_flops_per_s": 1e9, "overhead_s": 0.01}
NORMAL_1E_4 = stats.norm.isf(0.5e-4)


def scenario(link=None, count=1, **changes):
    """10 kbit/s without fading; with `run`, device and edge have nothing to compute."""
    level = {"bandwidth_hz": 1e4, "mean_snr_db": 0, "fading": {"model": "none"}}
    return Scenario.model_validate(
        {
            "name": "life",
            "seed": 3,
            "tasks": 50,
            "devices": [{"count": count, "profile": PROFILE, "arrivals": {"rate_hz": 1.0}}],
            "link": level | (link or {}),
            "downlink": {"delay_s": 0.0, "answer_bytes": 0},
            "edge": {"profile": PROFILE},
            "codecs": ["raw"],
            "deadlines_s": [0.5, 1.0],
            **changes,
        }
    )


def run(described, payload_bytes=77, replication=0, **measured):
    codec = Measurement(
        np.full(IMAGES, payload_bytes), np.ones(IMAGES, dtype=bool), Cost(), Cost(), False, **measured
    )
    return run_replication(Experiment({}, described, IMAGES, "", {"coded": codec}), replication)


def airtime_s(table):
    return (table["tx_end_s"] - table["tx_start_s"]).to_numpy()


@pytest.mark.parametrize(
    ("framing", "payload_bytes", "on_air_bytes"),
    [
        ({}, 77, 77 + 48),
        ({}, 1352, 1400),
        ({}, 1353, 1353 + 2 * 48),
        ({"mtu_bytes": 500, "header_bytes": 100}, 801, 801 + 3 * 100),
        ({"header_bytes": 0}, 5000, 5000),
    ],
)
def test_headers_are_on_the_air_and_not_in_the_payload(framing, payload_bytes, on_air_bytes):
    table = run(scenario({"framing": framing, "bandwidth_hz": 1e6}), payload_bytes)
    np.testing.assert_allclose(airtime_s(table), 8 * on_air_bytes / 1e6, rtol=1e-6)
    assert (table["payload_bytes"] == payload_bytes).all()


def test_access_and_backhaul_lie_between_the_stamps():
    access = {"model": "grant", "min_s": 0.02, "max_s": 0.03}
    table = run(scenario({"bandwidth_hz": 1e6, "access": access}, backhaul={"median_s": 0.004}))
    waited_s = table["tx_start_s"] - table["encode_end_s"]
    assert waited_s.between(0.02 - 1e-12, 0.03 + 0.001).all()
    assert waited_s.nunique() == 50
    carried_s = table["edge_start_s"] - table["tx_end_s"]
    assert (carried_s >= 0.004 - 1e-12).all()
    assert carried_s.min() == pytest.approx(0.004)
    stamps = table[["arrival_s", *STAMPS]].to_numpy()
    assert (np.diff(stamps, axis=1) >= 0).all()


def test_a_configured_grant_waits_up_to_a_period_and_a_backhaul_spreads():
    access = {"model": "configured", "period_s": 0.01}
    link = {"bandwidth_hz": 1e9, "access": access}
    table = run(scenario(link, backhaul={"median_s": 0.1, "sigma_log": 0.5}, tasks=400))
    waited_s = table["tx_start_s"] - table["encode_end_s"]
    assert stats.kstest(waited_s, stats.uniform(0, 0.01).cdf).pvalue > 1e-4
    carried_s = table["edge_start_s"] - table["tx_end_s"]
    assert stats.kstest(np.log(carried_s / 0.1), stats.norm(0, 0.5).cdf).pvalue > 1e-4


def test_an_answer_comes_back_over_the_link():
    downlink = {"model": "link", "delay_s": 0.002, "answer_bytes": 100, "snr_gain_db": 10}
    table = run(scenario(downlink=downlink))
    np.testing.assert_allclose(table["done_s"] - table["edge_end_s"], 0.002 + 800 / (1e4 * np.log2(11)))


def test_an_answer_over_a_fading_link_takes_its_time():
    downlink = {"model": "link", "delay_s": 0.0, "answer_bytes": 100, "snr_gain_db": 0}
    table = run(scenario({"fading": {"speed_mps": 5}}, downlink=downlink))
    assert (table["done_s"] - table["edge_end_s"]).std() > 0.01


def queue_of(on_deadline, tasks=12):
    """A task every 200 ms, each 304 ms on the air; the last deadline is 1 s."""
    device = {"profile": PROFILE, "arrivals": {"process": "periodic", "rate_hz": 5.0}}
    described = scenario(devices=[device], tasks=tasks, on_deadline=on_deadline)
    return run(described, payload_bytes=332)  # + 48 of headers: 3,040 bit


def test_giving_up_frees_the_air():
    finish, abort = queue_of("finish"), queue_of("abort")
    np.testing.assert_allclose(np.diff(finish["tx_start_s"]), 0.304, atol=1e-9)
    assert (finish["outcome"] == "done").all()
    # Task n is ready 0.104 n s before the air is, and through 0.304 s later: 1.032 s or more for n = 7.
    assert abort["outcome"].tolist()[:8] == ["done"] * 7 + ["aborted"]
    cut = abort.iloc[7]
    assert cut["tx_end_s"] == pytest.approx(cut["arrival_s"] + 1.0)
    assert abort["tx_start_s"].iloc[8] == cut["tx_end_s"] < finish["tx_start_s"].iloc[8]
    given_up = abort[abort["outcome"] == "aborted"]
    assert given_up[["edge_start_s", "edge_end_s", "done_s"]].isna().all(axis=None)
    assert ((abort["tx_end_s"] - abort["arrival_s"]) <= 1.0 + 1e-9).all()


def test_what_expires_before_its_grant_is_never_on_the_air():
    access = {"model": "grant", "min_s": 0.8, "max_s": 1.2}
    table = run(scenario({"bandwidth_hz": 1e9, "access": access}, tasks=400, on_deadline="abort"))
    never = table["tx_start_s"].isna()
    assert ((table["outcome"] == "aborted") == never).all()
    assert table.loc[never, ["tx_end_s", "snr_db", "done_s"]].isna().all(axis=None)
    low, high = stats.binom.ppf([0.5e-4, 1 - 0.5e-4], 400, 0.5)
    assert low <= never.sum() <= high


def test_verdicts_on_a_lossy_link_are_those_of_its_crossings():
    draws = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 1, 0]], dtype=bool)
    described = scenario({"loss": {"model": "erasure", "probability": 0.5}}, tasks=4000)
    table = run(described, payload_bytes=1, correct_lossy=draws)
    share = table.groupby("image_id")["correct"].mean()
    assert (share[0], share[3]) == (1.0, 0.0)
    # 1000 independent crossings an image, half of them right: binomial, at the 1e-4 level.
    low, high = stats.binom.ppf([0.5e-4, 1 - 0.5e-4], 1000, 0.5) / 1000
    assert low <= share[1] <= high
    assert low <= share[2] <= high
    assert (table["outcome"] == "done").all()


def test_every_codec_crosses_by_the_same_luck():
    described = scenario({"loss": {"model": "erasure", "probability": 0.5}}, tasks=200)
    draws = np.array([[1, 0, 1, 0], [0, 1, 0, 1]], dtype=bool)
    one, other = (run(described, payload_bytes=size, correct_lossy=draws) for size in (1, 100))
    assert one["correct"].tolist() == other["correct"].tolist()


def test_a_device_more_leaves_access_backhaul_and_verdicts_as_they_were():
    link = {
        "bandwidth_hz": 1e9,
        "access": {"model": "grant"},
        "loss": {"model": "erasure", "probability": 0.5},
    }
    draws = np.array([[1, 0, 1, 0], [0, 1, 0, 1]], dtype=bool)
    backhaul = {"median_s": 0.01, "sigma_log": 1}
    one, two = (
        run(scenario(link, count=count, backhaul=backhaul), payload_bytes=1, correct_lossy=draws)
        for count in (1, 2)
    )
    same = two[two["device_id"] == 0].reset_index(drop=True)
    assert same["correct"].tolist() == one["correct"].tolist()
    np.testing.assert_array_equal(same["encode_end_s"], one["encode_end_s"])
    for earlier, later in (("encode_end_s", "tx_start_s"), ("tx_end_s", "edge_start_s")):
        shift_s = (same[later] - same[earlier]) - (one[later] - one[earlier])
        assert (np.abs(shift_s) < 1e-6).mean() > 0.9


NR_15 = {"model": "nr", "subcarrier_hz": 15_000}


@pytest.mark.parametrize(
    ("rate", "bandwidth_hz", "payload_bytes", "deadline_s"),
    [({"model": "shannon"}, 1e4, 1000, 0.5), (NR_15, 3.6e5, 2000, 0.045)],
)
def test_results_do_not_depend_on_how_long_traces_are(
    rate, bandwidth_hz, payload_bytes, deadline_s, monkeypatch
):
    """Independent replications; the difference of their means is normal: at the 1e-4 level."""
    link = {"fading": {"speed_mps": 1}, "rate": rate, "bandwidth_hz": bandwidth_hz, "mean_snr_db": 6}
    shares = []
    for slots in (2**11, 2**15):
        monkeypatch.setattr(channel, "FEWEST_SLOTS", slots)
        monkeypatch.setattr(channel, "MOST_SLOTS", slots)
        described = scenario(link, seed=slots)
        tables = [run(described, payload_bytes, replication) for replication in range(50)]
        shares.append([(table["done_s"] - table["arrival_s"] <= deadline_s).mean() for table in tables])
    error = np.sqrt(np.var(shares, axis=1, ddof=1).sum() / 50)
    short, long = np.mean(shares, axis=1)
    assert 0.1 < short < 0.9
    assert error < 0.03
    assert short == pytest.approx(long, abs=NORMAL_1E_4 * error)


def test_tasks_of_a_replay_log_the_recorded_level(tmp_path):
    file = tmp_path / "day.csv"
    file.write_text("time_s,snr_db\n0,-3\n1,7\n2,17\n")
    link = {"mean_snr_db": None, "recording": {"file": str(file)}}
    described = scenario(link, count=2)
    check_link(described)
    table = run(described, payload_bytes=2)
    assert set(table["snr_db"]) == {-3.0, 7.0, 17.0}
    file.write_text("time_s,rate_bps\n0,1000\n1,2000\n")
    rates = run(described, payload_bytes=2)
    assert rates["snr_db"].isna().all()
    assert set(np.round(400 / airtime_s(rates))) <= set(range(1000, 2001))
    pd.testing.assert_frame_equal(rates, run(described, payload_bytes=2))
