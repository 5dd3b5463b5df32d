import numpy as np
import pandas as pd
import pytest

from coinfer.simulator import figures_window
from coinfer.simulator.figures_window import TASKS, window
from coinfer.simulator.results import results
from coinfer.simulator.task_table import read_tasks


@pytest.fixture
def one(experiments, unit_files, tmp_path):
    """Runs one replication: the file of its tasks, the summary and the scenario."""

    def run(**changes):
        (point,) = experiments({}, replications=1, **changes)
        ((file,),) = unit_files([point], tmp_path)
        return file, results([point], [[file]]).summary, point.scenario

    return run


def test_the_channel_drawn_anew_is_what_the_tasks_met(one):
    file, summary, scenario = one(tasks=200)
    tasks, snr = window(file, summary, scenario, 0.1)
    assert len(snr) == 600
    all_tasks = read_tasks([file])
    first_s = float(all_tasks[all_tasks["task_id"].diff().fillna(1) != 0]["arrival_s"].min())
    assert first_s >= 0
    assert tasks["arrival_s"].min() == 0.0
    assert tasks.groupby("codec").size().tolist() == [TASKS, TASKS]
    start_s = _start_s(all_tasks, tasks)
    inside = all_tasks[all_tasks["tx_start_s"].between(start_s, start_s + snr["time_s"].iloc[-1])]
    drawn_db = np.interp(inside["tx_start_s"] - start_s, snr["time_s"], snr["snr_db"])
    assert np.median(np.abs(drawn_db - inside["snr_db"])) < 0.5


def test_there_is_no_window_where_nothing_arrived(one, experiments, unit_files, tmp_path):
    _, summary, scenario = one(tasks=200)
    (point,) = experiments({}, replications=1, tasks=None, duration_s=1e-6)
    ((file,),) = unit_files([point], tmp_path)
    assert read_tasks([file]).empty
    assert window(file, summary, scenario, 0.1) is None


def _start_s(all_tasks, tasks):
    """When the window begins: the arrival from which on its gaps follow."""
    arrival_s = np.sort(all_tasks["arrival_s"].unique())
    gaps_s = np.diff(tasks["arrival_s"].to_numpy()[:TASKS])
    fits = [
        np.allclose(np.diff(arrival_s[at : at + TASKS]), gaps_s) for at in range(len(arrival_s) - TASKS + 1)
    ]
    return arrival_s[int(np.argmax(fits))]


def test_a_channel_that_tells_another_story_is_not_drawn(one, monkeypatch):
    file, summary, scenario = one(tasks=200)
    other = scenario.model_copy(update={"seed": 7})
    _, snr = window(file, summary, other, 0.1)
    assert 0 < len(snr) < 600
    known = read_tasks([file])["snr_db"]
    assert np.isin(snr["snr_db"], known).all()
    monkeypatch.setattr(figures_window, "_MOST_DEVICES", 0)
    _, few = window(file, summary, scenario, 0.1)
    pd.testing.assert_frame_equal(few, snr)


def test_the_window_is_where_answers_in_time_and_late_ones_meet(one):
    file, summary, scenario = one(tasks=200)
    tasks, _ = window(file, summary, scenario, 0.1)
    every = read_tasks([file])
    late = {
        codec: (rows["done_s"] - rows["arrival_s"] > 0.1).to_numpy()
        for codec, rows in every.groupby("codec", observed=True)
    }
    assert any(0 < of_codec.mean() < 1 for of_codec in late.values())
    shown = [(rows["done_s"] - rows["arrival_s"] > 0.1).mean() for _, rows in tasks.groupby("codec")]
    assert any(0 < share < 1 for share in shown)


def test_a_short_run_shows_all_its_tasks(one):
    file, summary, scenario = one(tasks=3)
    tasks, _ = window(file, summary, scenario, 0.1)
    assert len(tasks) == 2 * 3
