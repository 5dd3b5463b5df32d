"""Every task that arrived has exactly one outcome, and counts in every share."""

import numpy as np
import pandas as pd
import pytest

from coinfer.simulator.differences import point_differences
from coinfer.simulator.experiment import run_replication
from coinfer.simulator.metrics import summarise_point

TASKS, REPLICATIONS = 300, 2
CROWDED = {"profile": "jetson-nano", "arrivals": {"rate_hz": 60.0}, "buffer": 1}


@pytest.fixture(params=["finish", "abort"])
def run(request, experiments):
    """Two codecs on a link and a device that are too slow, and a clock that stops early."""
    (point,) = experiments(
        {},
        tasks=TASKS,
        on_deadline=request.param,
        drain=False,
        devices=[CROWDED],
        link={"bandwidth_hz": 3e4, "mean_snr_db": 5},
    )
    tables = [run_replication(point, replication) for replication in range(REPLICATIONS)]
    tasks = pd.concat(tables, ignore_index=True)
    tasks["codec"] = pd.Categorical(tasks["codec"], categories=list(point.measurements))
    return tasks, point


def test_every_task_has_one_outcome_and_is_there_once(run):
    tasks, point = run
    assert tasks["outcome"].notna().all()
    assert tasks.groupby("codec", observed=True).size().tolist() == [TASKS * REPLICATIONS] * 2
    assert not tasks.duplicated(["codec", "replication", "device_id", "task_id"]).any()
    expected = {"done", "dropped", "in_flight"}
    if point.scenario.on_deadline == "abort":
        expected.add("aborted")
    assert set(tasks["outcome"]) == expected


def test_every_task_is_in_every_denominator(run, judged):
    tasks, point = run
    found = judged(tasks, point.scenario).point
    for codec in point.measurements:
        rows = summarise_point(found, codec, point.scenario)
        assert (rows["tasks"] == TASKS * REPLICATIONS).all()
        mine = tasks[tasks["codec"] == codec]
        counts = mine["outcome"].value_counts()
        right = (mine["outcome"] == "done") & mine["correct"]
        latency_s = mine["done_s"] - mine["arrival_s"]
        for row in rows.itertuples():
            assert row.dropped_ratio == counts["dropped"] / len(mine)
            assert row.aborted_ratio == counts.get("aborted", 0) / len(mine)
            assert row.accuracy == mine["correct"].mean()
            assert row.on_time_ratio == (latency_s <= row.deadline_s).sum() / len(mine)
            assert row.on_time_accuracy == (right & (latency_s <= row.deadline_s)).sum() / len(mine)
            answered = counts["done"] / len(mine)
            assert np.isinf(row.latency_s_p99) == (answered < 0.99)
    pairs = point_differences(found, list(point.measurements), point.scenario)["pairs"]
    assert (pairs == TASKS * REPLICATIONS).all()


def test_a_warm_up_takes_the_same_tasks_from_every_denominator(run, judged):
    tasks, point = run
    since_s = float(tasks["arrival_s"].median())
    found = judged(tasks, point.scenario, since_s).point
    left = (tasks["arrival_s"] >= since_s).sum() / 2
    for codec in point.measurements:
        rows = summarise_point(found, codec, point.scenario, since_s)
        assert (rows["warmup_s"] == since_s).all()
        assert (rows["tasks"] == left).all()
    pairs = point_differences(found, list(point.measurements), point.scenario)["pairs"]
    assert (pairs == left).all()
