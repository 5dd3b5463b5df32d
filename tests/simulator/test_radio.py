from dataclasses import fields

import numpy as np
import pytest

from coinfer.simulator import channel, radio
from coinfer.simulator.channel import draw_channels
from coinfer.simulator.channel_kinds import SlottedChannel
from coinfer.simulator.demand import Demand
from coinfer.simulator.engine import Limits, simulate
from coinfer.simulator.errors import ScenarioError
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.scenario_link import Downlink, Link
from coinfer.simulator.timeline import Outcome
from coinfer.simulator.workload import Poisson, Streams, draw_workload

DEVICES = 3
SHARINGS = ("fifo", "equal", "tdma", "ofdma", "round_robin", "proportional_fair", "csma")
INTEGRATED = [("shannon", "integrate", sharing) for sharing in SHARINGS]
FLUID_NR = [("nr", "integrate", sharing) for sharing in ("fifo", "ofdma")]
REPEATED = [("nr", "harq", sharing) for sharing in ("fifo", "round_robin", "proportional_fair")]
FROZEN = [(rate, "frozen", sharing) for rate in ("shannon", "nr") for sharing in ("fifo", "equal")]
EVERY = [*INTEGRATED, *FLUID_NR, *REPEATED, *FROZEN]


@pytest.fixture(autouse=True)
def short_traces(monkeypatch):
    monkeypatch.setattr(channel, "FEWEST_SLOTS", 2**10)


def described(rate="shannon", deep_fade="integrate", sharing="fifo", **changes):
    return Scenario.model_validate(
        {
            "name": "radio",
            "seed": 2,
            "tasks": 40,
            "devices": [{"count": DEVICES, "profile": "jetson-nano", "arrivals": {"rate_hz": 5.0}}],
            "link": {
                "bandwidth_hz": 3.6e6,
                "mean_snr_db": 5,
                "fading": {"speed_mps": 3},
                "rate": {"model": rate},
                "deep_fade": deep_fade,
                "sharing": sharing,
                **changes,
            },
            "edge": {"profile": "rtx-3090"},
            "codecs": ["raw"],
            "deadlines_s": [0.1],
        }
    )


def system(scenario, kilobits=300.0, patience_s=None):
    """What `simulate` asks for: tasks at 5 Hz for each of three devices, about 60 % of the air."""
    streams = Streams(scenario.seed, 0)
    workload = draw_workload([Poisson(5.0)] * DEVICES, 10, streams, tasks=scenario.tasks)
    tasks = len(workload)
    demand = Demand(
        encode_s=np.full(tasks, 0.01),
        payload_bits=1e3 * kilobits * (0.5 + np.arange(tasks) % 7 / 6),
        edge_s=np.full(tasks, 0.005),
        downlink_s=np.full(tasks, 0.001),
        expires_s=None if patience_s is None else workload.arrival_s + patience_s,
    )
    channels = draw_channels(scenario, 0, 10.0)
    return workload, demand, radio.uplink(scenario.link, channels, streams)


@pytest.mark.parametrize(("rate", "deep_fade", "sharing"), EVERY)
@pytest.mark.parametrize("patience_s", [None, 0.08])
def test_every_task_ends_one_way(rate, deep_fade, sharing, patience_s):
    workload, demand, make_uplink = system(described(rate, deep_fade, sharing), patience_s=patience_s)
    timeline = simulate(workload, demand, Limits(), make_uplink)
    counts = timeline.counts()
    assert sum(counts.values()) == len(workload)
    # A rate of NR that is frozen in a deep fade is 0, and holds the air for ever unless it is given up.
    assert (counts["in_flight"] > 0) == (rate == "nr" and deep_fade == "frozen" and patience_s is None)
    assert (counts["aborted"] > 0) == (patience_s is not None)
    done = timeline.outcome == Outcome.DONE
    assert (timeline.tx_end_s[done] > timeline.tx_start_s[done]).all()
    assert np.isnan(timeline.edge_start_s[~done]).all()
    if patience_s is not None:
        assert (timeline.tx_end_s[done] <= demand.expires_s[done]).all()
        cut = ~done & ~np.isnan(timeline.tx_start_s)
        np.testing.assert_array_equal(timeline.tx_end_s[cut], demand.expires_s[cut])


@pytest.mark.parametrize(("rate", "deep_fade", "sharing"), EVERY)
def test_a_clock_that_stops_leaves_tasks_in_flight(rate, deep_fade, sharing):
    workload, demand, make_uplink = system(described(rate, deep_fade, sharing), kilobits=900.0)
    timeline = simulate(workload, demand, Limits(device_buffer=0, stop_s=4.0), make_uplink)
    counts = timeline.counts()
    assert sum(counts.values()) == len(workload)
    assert min(counts["done"], counts["in_flight"], counts["dropped"]) > 0
    assert np.nanmax(timeline.tx_end_s) < 4.0


@pytest.mark.parametrize(("rate", "deep_fade", "sharing"), EVERY)
def test_every_codec_meets_the_same_luck(rate, deep_fade, sharing):
    """An uplink is made anew for each codec: what another has sent before changes nothing."""
    scenario = described(rate, deep_fade, sharing)
    workload, demand, make_uplink = system(scenario)
    other = system(scenario, kilobits=30.0)[1]
    first, _, again = (simulate(workload, each, Limits(), make_uplink) for each in (demand, other, demand))
    fresh = simulate(workload, demand, Limits(), system(scenario)[2])
    for column in fields(first):
        for same in (again, fresh):
            np.testing.assert_array_equal(getattr(first, column.name), getattr(same, column.name))


def test_a_slot_of_nr_meets_the_same_luck_whatever_is_sent():
    """Block errors belong to slots, not to payloads: what is sent at the lowest rate fails together."""
    scenario = described("nr", "harq", mean_snr_db=-7, receive_antennas=1, harq={"max_transmissions": 1})
    timelines = []
    for kilobits in (1.0, 1.01):
        workload, demand, make_uplink = system(scenario, kilobits)
        timelines.append(simulate(workload, demand, Limits(), make_uplink))
    first, second = timelines
    same = first.tx_start_s == second.tx_start_s
    assert same.mean() > 0.5
    assert (first.tx_end_s[same] == second.tx_end_s[same]).mean() > 0.9
    assert len(np.unique(np.round((first.tx_end_s - first.tx_start_s)[same], 6))) > 3


def test_work_conserving_ways_of_sharing_are_ordered_by_what_they_waste():
    """Splitting the band wins power, turns of one's own waste what their owner leaves."""
    mean_s = {}
    for sharing in ("fifo", "equal", "ofdma", "tdma", "csma"):
        workload, demand, make_uplink = system(described(sharing=sharing))
        timeline = simulate(workload, demand, Limits(), make_uplink)
        mean_s[sharing] = float(np.mean(timeline.tx_end_s - workload.arrival_s))
    assert mean_s["ofdma"] < mean_s["equal"] < mean_s["tdma"]
    assert mean_s["fifo"] < mean_s["csma"]


@pytest.mark.parametrize("rate", ["shannon", "nr"])
def test_a_fifth_of_the_slots_takes_five_times_as_long(rate):
    airtimes_s = []
    for tdd in (None, "DDDSU"):
        link = {"tdd": tdd, "fading": {"model": "none"}, "mean_snr_db": 20}
        workload, demand, make_uplink = system(described(rate, None, **link), kilobits=100.0)
        timeline = simulate(workload, demand, Limits(), make_uplink)
        airtimes_s.append(timeline.tx_end_s - timeline.tx_start_s)
    np.testing.assert_allclose(airtimes_s[1] / airtimes_s[0], 5.0, rtol=1e-6 if rate == "shannon" else 0.5)


def channels_at(snr, devices=2):
    return [SlottedChannel(1.0, np.array([snr]), snr) for _ in range(devices)]


def answers(downlink, tdd=None, snr=1.0, **link):
    described = Link.model_validate({"bandwidth_hz": 1e3, "mean_snr_db": 0, "tdd": tdd, **link})
    return radio.answers(
        Downlink.model_validate(downlink), described, channels_at(snr), np.array([0, 1, 0], dtype=np.int32)
    )


@pytest.mark.parametrize(
    ("downlink", "tdd", "expected_s"),
    [
        ({"delay_s": 0.5, "answer_bytes": 100, "rate_bps": 400.0}, None, 2.5),
        ({"model": "link", "delay_s": 0.5, "answer_bytes": 100, "snr_gain_db": 0}, None, 1.3),
        ({"model": "link", "delay_s": 0.5, "answer_bytes": 100, "snr_gain_db": 0}, "DDDSU", 0.5 + 0.8 / 0.6),
        (
            {"model": "link", "delay_s": 0.5, "answer_bytes": 100, "snr_gain_db": 10},
            None,
            0.5 + 0.8 / np.log2(11),
        ),
    ],
)
def test_an_answer_takes_its_time_at_the_mean_snr(downlink, tdd, expected_s):
    link = Link.model_validate({"bandwidth_hz": 1e3, "mean_snr_db": 0, "tdd": tdd})
    taken_s = radio.answer_s(Downlink.model_validate(downlink), link, channels_at(1.0))
    np.testing.assert_allclose(taken_s, [expected_s] * 2)


def test_a_fixed_downlink_does_not_depend_on_the_time():
    assert answers({"model": "fixed"}) is None


@pytest.mark.parametrize(("tdd", "share"), [(None, 1.0), ("DDDSU", 0.6), ("DU", 0.5)])
def test_answers_come_back_over_the_devices_channel_at_another_power(tdd, share):
    # SNR 1 up and 10 dB more down: 1000 log2(1 + 10) bit/s in the slots marked D.
    arrive_s = answers({"model": "link", "delay_s": 0.5, "answer_bytes": 100, "snr_gain_db": 10}, tdd)
    done_s = arrive_s(np.array([0.0, np.nan, 7.0]))
    expected_s = 0.5 + 800 / (share * 1e3 * np.log2(11))
    np.testing.assert_allclose(done_s, [expected_s, np.nan, 7.0 + expected_s])


def test_answers_of_nothing_take_the_fixed_delay():
    arrive_s = answers({"model": "link", "delay_s": 0.5, "answer_bytes": 0})
    np.testing.assert_array_equal(arrive_s(np.array([1.0, 2.0, np.nan])), [1.5, 2.5, np.nan])


def test_a_downlink_needs_a_slot():
    with pytest.raises(ScenarioError) as caught:
        answers({"model": "link"}, tdd="SUU")
    assert str(caught.value) == "downlink.model: link needs a slot D in link.tdd, got 'SUU'"


def test_a_link_that_carries_nothing_is_told():
    link = Link.model_validate(
        {"bandwidth_hz": 1e6, "mean_snr_db": -90, "rate": {"model": "nr"}, "deep_fade": "integrate"}
    )
    with pytest.raises(ScenarioError) as caught:
        radio.uplink(link, channels_at(1e-9), Streams(0, 0))
    assert str(caught.value) == "link: the link carries nothing: its rate is 0 in all 1 slots"
