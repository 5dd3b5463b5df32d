import numpy as np
import pandas as pd

from coinfer.codecs.protocol import Cost
from coinfer.simulator.experiment import Experiment, run_replication
from coinfer.simulator.loading import expand
from coinfer.simulator.measurements import Measurement
from coinfer.simulator.metrics import summarise
from coinfer.simulator.outputs import write_tables
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.sweep import run_sweep

CODECS = {
    label: Measurement(np.full(3, size), np.array([True, True, False]), Cost(1e8), Cost(1e8), False)
    for label, size in {"zebra": 900, "apple": 100}.items()
}


def experiments(sweep=None, **changes):
    described = Scenario.model_validate(
        {
            "name": "sweep",
            "tasks": 30,
            "replications": 2,
            "devices": [{"profile": "jetson-nano", "arrivals": {"rate_hz": 3.0}}],
            "link": {"bandwidth_hz": 1e5, "mean_snr_db": 5},
            "edge": {"profile": "rtx-3090"},
            "codecs": ["raw"],
            "deadlines_s": [0.1, 0.2],
            "sweep": {"link.mean_snr_db": [10, -5, 0]} if sweep is None else sweep,
            **changes,
        }
    )
    return [Experiment(point.coordinates, point.scenario, 3, "", CODECS) for point in expand(described)]


def ignore(done, of):
    pass


def test_points_replications_and_codecs_come_in_their_order():
    tasks = run_sweep(experiments(), ignore)
    order = tasks[["link.mean_snr_db", "replication", "codec"]].drop_duplicates().to_numpy().tolist()
    assert order == [[snr, number, codec] for snr in (10, -5, 0) for number in (0, 1) for codec in CODECS]
    assert tasks["codec"].cat.categories.tolist() == ["zebra", "apple"]
    assert len(tasks) == 3 * 2 * 2 * 30


def test_a_part_is_what_its_replication_gives_alone():
    points = experiments()
    tasks = run_sweep(points, ignore)
    part = tasks[(tasks["link.mean_snr_db"] == -5) & (tasks["replication"] == 1)].reset_index(drop=True)
    alone = run_replication(points[1], 1)
    pd.testing.assert_frame_equal(part.astype({"codec": str}), alone.astype({"codec": str}))


def test_progress_counts_replications_of_points():
    told = []
    run_sweep(experiments(), lambda *numbers: told.append(numbers))
    assert told == [(done, 6) for done in range(7)]


def test_points_may_differ_in_their_number_of_replications():
    tasks = run_sweep(experiments({"replications": [1, 3]}), ignore)
    assert tasks.groupby("replications")["replication"].nunique().to_dict() == {1: 1, 3: 3}


def test_all_points_meet_the_same_arrivals():
    tasks = run_sweep(experiments(), ignore)
    one, *others = [part["arrival_s"].tolist() for _, part in tasks.groupby("link.mean_snr_db")]
    assert others == [one, one]


def test_several_processes_give_the_same_bytes(tmp_path):
    points = experiments()
    for jobs in (1, 2):
        (tmp_path / f"{jobs}").mkdir()
        tasks = run_sweep(points, ignore, jobs)
        write_tables(tmp_path / f"{jobs}", tasks, summarise(tasks, points), {})
    for name in ("tasks.parquet", "summary.csv"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()
