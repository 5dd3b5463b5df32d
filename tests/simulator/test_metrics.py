import numpy as np
import pandas as pd
import pytest

from coinfer.simulator.errors import InputError
from coinfer.simulator.intervals import clustered_proportion
from coinfer.simulator.metrics import summarise_point
from coinfer.simulator.records import STAMPS
from coinfer.simulator.scenario import Scenario

NAN, INF = float("nan"), float("inf")
NOWHERE = [NAN] * 7
COLUMNS = [
    "deadline_s",
    "tasks",
    "accuracy",
    "on_time_ratio",
    "on_time_accuracy",
    "on_time_accuracy_low",
    "on_time_accuracy_high",
    "dropped_ratio",
    "aborted_ratio",
    "payload_bytes_mean",
    "payload_bytes_p95",
    *(
        f"latency_s_{quantile}{limit}"
        for quantile in ("p50", "p95", "p99")
        for limit in ("", "_low", "_high")
    ),
    "device_energy_j_mean",
    "link_utilisation",
    "edge_utilisation",
    "stable",
    "bottleneck",
    "bottleneck_load",
    "backlog_slope_hz",
    "warmup_s",
]


def scenario(**changes):
    profile = {"effective_flops_per_s": 1e9, "power_compute_w": 10.0, "power_transmit_w": 2.0}
    return Scenario.model_validate(
        {
            "name": "by_hand",
            "tasks": 4,
            "devices": [{"count": 2, "profile": profile, "arrivals": {"rate_hz": 1.0}}],
            "link": {"bandwidth_hz": 1e6, "mean_snr_db": 5},
            "edge": {"profile": "rtx-3090", "workers": 2},
            "codecs": ["raw"],
            "deadlines_s": [0.5, 1.0],
            **changes,
        }
    )


def records(*rows):
    """Rows of (replication, device_id, arrival_s, the seven stamps, payload_bytes, outcome, correct)."""
    names = ["replication", "device_id", "arrival_s", "stamps", "payload_bytes", "outcome", "correct"]
    table = pd.DataFrame(rows, columns=names)
    stamps = pd.DataFrame(np.array(table.pop("stamps").tolist(), dtype=float), columns=list(STAMPS))
    return pd.concat([table, stamps], axis=1)


def by_hand():
    return records(
        (0, 0, 0.0, [0.0, 0.25, 0.25, 0.5, 0.5, 0.75, 0.875], 100, "done", True),
        (0, 1, 0.5, [0.5, 0.75, 0.75, 1.25, 1.25, 1.5, 1.625], 200, "done", True),
        (0, 0, 1.0, [1.0, 1.25, 1.25, 1.375, 1.375, 1.5, 1.5], 300, "done", False),
        (0, 1, 2.0, NOWHERE, 400, "dropped", True),
        (1, 0, 1.0, [1.0, 1.25, 1.25, 1.5, 1.5, 1.75, 1.875], 100, "done", True),
        (1, 0, 4.0, [4.0, 4.25, 4.25, NAN, NAN, NAN, NAN], 100, "in_flight", True),
    )


@pytest.fixture
def summarised(judged):
    def summarise(table, described):
        return summarise_point(judged(table.assign(codec="raw"), described).point, "raw", described)

    return summarise


@pytest.fixture
def point(summarised):
    return summarised(by_hand(), scenario())


def test_the_columns_are_those_of_the_contract(point):
    assert point.columns.tolist() == COLUMNS
    assert point["deadline_s"].tolist() == [0.5, 1.0]
    assert point["tasks"].tolist() == [6, 6]


def test_late_dropped_and_unanswered_count_as_wrong(point):
    assert point["accuracy"].tolist() == [5 / 6, 5 / 6]
    assert point["on_time_ratio"].tolist() == [1 / 6, 3 / 6]
    assert point["on_time_accuracy"].tolist() == [0.0, 2 / 6]
    right = np.array([True, False, False, False, True, False])
    interval = clustered_proportion(right, np.array([0, 0, 0, 0, 1, 1]))
    second = point.iloc[1]
    assert (second["on_time_accuracy_low"], second["on_time_accuracy_high"]) == (interval.low, interval.high)


def test_an_answer_at_the_deadline_is_on_time(point):
    assert point["on_time_ratio"].iloc[0] == 1 / 6


def test_a_task_without_an_answer_took_for_ever(point):
    assert point["latency_s_p50"].tolist() == [0.875] * 2
    assert point["latency_s_p95"].tolist() == point["latency_s_p99"].tolist() == [INF] * 2


def test_quantiles_are_latencies_that_occurred(summarised):
    rows = [(0, 0, 0.0, [0, 0, 0, 0, 0, 0, 0.01 * n], 10 * n, "done", True) for n in range(1, 101)]
    row = summarised(records(*rows), scenario()).iloc[0]
    assert [row[f"latency_s_p{p}"] for p in (50, 95, 99)] == pytest.approx([0.5, 0.95, 0.99], abs=1e-15)
    assert row["payload_bytes_p95"] == pytest.approx(950.5)


def test_payloads_and_energy_are_means_over_all_tasks(point):
    assert point["payload_bytes_mean"].tolist() == [200.0] * 2
    assert point["payload_bytes_p95"].tolist() == [375.0] * 2
    joules = [3.0, 3.5, 2.75, 0.0, 3.0, 2.5]
    assert point["device_energy_j_mean"].iloc[0] == pytest.approx(sum(joules) / 6, rel=1e-15)


def test_utilisations_are_busy_shares_meaned_over_the_replications(point):
    assert point["link_utilisation"].iloc[0] == (0.875 / 2.0 + 0.25 / 4.0) / 2
    assert point["edge_utilisation"].iloc[0] == (0.625 / 2 / 2.0 + 0.25 / 2 / 4.0) / 2
    assert point["stable"].tolist() == [True, True]


def test_payloads_that_share_the_air_do_not_count_twice(summarised):
    shared = records(
        (0, 0, 0.0, [0.0, 0.0, 0.0, 3.0, 3.0, 3.0, 3.0], 1, "done", True),
        (0, 1, 1.0, [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0], 1, "done", True),
        (0, 1, 6.0, [6.0, 6.0, 6.0, 7.0, 7.0, 7.0, 7.0], 1, "done", True),
        (0, 0, 8.0, [8.0, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0], 1, "done", True),
    )
    assert summarised(shared, scenario())["link_utilisation"].iloc[0] == 4.0 / 8.0


def queue(encode_s=0.0, tx_s=0.0, edge_s=0.0, stop_s=INF, tasks=40, workers=1):
    """One device; an arrival a second at stages of one or more servers, by Lindley's recursion."""
    arrival_s = np.arange(1.0, tasks + 1.0)
    stamps, ready_s = [], arrival_s
    for service_s, servers in ((encode_s, 1), (tx_s, 1), (edge_s, workers)):
        start_s, end_s = ready_s.copy(), ready_s + service_s
        for task in range(servers, tasks):
            start_s[task] = max(ready_s[task], end_s[task - servers])
            end_s[task] = start_s[task] + service_s
        stamps += [start_s, end_s]
        ready_s = end_s
    columns = np.array([*stamps, ready_s]).T
    columns[columns >= stop_s] = NAN
    outcomes = np.where(np.isnan(columns[:, -1]), "in_flight", "done")
    return records(
        *((0, 0, a, list(row), 1, o, True) for a, row, o in zip(arrival_s, columns, outcomes, strict=True))
    )


@pytest.mark.parametrize("stop_s", [INF, 40.5])
@pytest.mark.parametrize("stage", ["encode_s", "tx_s", "edge_s"])
@pytest.mark.parametrize(("service_s", "stable"), [(0.5, True), (0.9, True), (1.25, False), (5.0, False)])
def test_a_stage_that_cannot_keep_up_is_not_stable(stage, service_s, stable, stop_s, summarised):
    tasks = queue(**{stage: service_s}, stop_s=stop_s)
    row = summarised(tasks, scenario(edge={"profile": "rtx-3090", "workers": 1})).iloc[0]
    assert row["stable"] == stable
    assert 0 <= row["link_utilisation"] <= 1
    assert 0 <= row["edge_utilisation"] <= 1


def test_workers_share_the_work(summarised):
    row = summarised(queue(edge_s=1.5, workers=2), scenario()).iloc[0]
    assert row["stable"]
    assert row["edge_utilisation"] == pytest.approx(40 * 1.5 / 2 / 41.5)


def test_a_run_in_which_nothing_ever_arrived_at_the_edge_is_not_stable(summarised):
    row = summarised(queue(tx_s=100.0, stop_s=50.0), scenario()).iloc[0]
    assert not row["stable"]
    assert row["on_time_ratio"] == row["link_utilisation"] == row["edge_utilisation"] == 0


def test_a_run_that_dropped_everything_can_be_summarised(summarised):
    row = summarised(records((0, 0, 1.0, NOWHERE, 1, "dropped", True)), scenario()).iloc[0]
    assert row["on_time_ratio"] == row["device_energy_j_mean"] == row["link_utilisation"] == 0
    assert row["stable"]


def given_up(queued, patience_s):
    """A queue's records, with what the link gives up: waiting, or on the air."""
    table = queued.copy()
    expires_s = table["arrival_s"] + patience_s
    waiting, cut = expires_s <= table["tx_start_s"], expires_s < table["tx_end_s"]
    table.loc[waiting, ["tx_start_s", "tx_end_s"]] = NAN
    table.loc[cut & ~waiting, "tx_end_s"] = expires_s
    table.loc[cut, ["edge_start_s", "edge_end_s", "done_s"]] = NAN
    table.loc[cut, "outcome"] = "aborted"
    return table


def test_an_overloaded_link_that_gives_payloads_up_keeps_up(summarised):
    overloaded = queue(tx_s=2.0)
    assert not summarised(overloaded, scenario())["stable"].any()
    aborted = given_up(overloaded, patience_s=10.5)
    row = summarised(aborted, scenario(on_deadline="abort")).iloc[0]
    assert row["stable"]
    # An arrival a second, 2 s on the air each: 9 get through, the next two are cut after 1.5 s and 0.5 s.
    assert row["aborted_ratio"] == 31 / 40
    assert row["dropped_ratio"] == 0
    assert row["link_utilisation"] == (9 * 2.0 + 1.5 + 0.5) / 40.0
    assert row["latency_s_p99"] == INF


@pytest.mark.parametrize(("edge_s", "stable"), [(0.9, True), (1.1, False)])
def test_tasks_given_up_are_not_the_work_of_the_edge(edge_s, stable, summarised):
    tasks = queue(edge_s=edge_s, tasks=40)
    tasks.loc[::4, ["tx_start_s", "tx_end_s", "edge_start_s", "edge_end_s", "done_s"]] = NAN
    tasks.loc[::4, "outcome"] = "aborted"
    one = {"profile": "rtx-3090", "workers": 1}
    row = summarised(tasks, scenario(edge=one, on_deadline="abort")).iloc[0]
    assert row["stable"]  # 30 tasks of 0.9 or 1.1 s in 40 s
    assert summarised(queue(edge_s=edge_s), scenario(edge=one))["stable"].iloc[0] == stable


def test_airtime_until_a_payload_is_given_up_counts(summarised):
    table = records((0, 0, 1.0, [1.0, 1.0, 2.0, 4.0, NAN, NAN, NAN], 9, "aborted", True))
    row = summarised(table, scenario(on_deadline="abort")).iloc[0]
    assert row["link_utilisation"] == (4.0 - 2.0) / 4.0
    assert row["device_energy_j_mean"] == 2.0 * (4.0 - 2.0)
    assert (row["aborted_ratio"], row["on_time_ratio"], row["stable"]) == (1.0, 0.0, True)


@pytest.mark.parametrize(("sharing", "used", "stable"), [("tdma", 0.5, True), ("equal", 1.0, False)])
def test_with_tdma_each_device_has_a_link_of_its_own(sharing, used, stable, summarised):
    rows = [
        (0, task % 2, 1.0 * task, [task, task, task, task + 1, task + 1, task + 1, task + 1], 1, "done", True)
        for task in range(8)
    ]
    link = {"bandwidth_hz": 1e6, "mean_snr_db": 5, "sharing": sharing}
    row = summarised(records(*rows), scenario(link=link)).iloc[0]
    assert (row["link_utilisation"], row["stable"]) == (used, stable)


def test_a_run_without_tasks_is_the_users_mistake(summarised):
    short = scenario(tasks=None, duration_s=0.001)
    with pytest.raises(
        InputError, match=r"^by_hand: duration_s: no task arrived in 0.001 s; make it longer$"
    ):
        summarised(by_hand().iloc[:0], short)
