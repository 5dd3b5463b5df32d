import pandas as pd
import pytest

from coinfer.simulator.experiment import run_replication
from coinfer.simulator.plan import Plan, Unit, run_unit
from coinfer.simulator.precision import half_width
from coinfer.simulator.results import results
from coinfer.simulator.sweep import run_sweep
from coinfer.simulator.task_table import read_tally, read_tasks, write_tasks
from coinfer.simulator.unit_store import UnitStore
from coinfer.simulator.workers import workers


def ignore(*told):
    pass


def units_of(plan, made):
    return [unit for place, count in enumerate(made) for unit in plan.units(place, 0, count)]


@pytest.fixture
def swept(tmp_path):
    """Runs sweep points in this process and gives their tasks."""

    def run(points):
        store, plan = UnitStore(tmp_path), Plan.of(points)
        with workers(plan) as runner:
            made = run_sweep(plan, store, runner, ignore)
        return read_tasks(store.paths(units_of(plan, made)))

    return run


def test_points_replications_and_codecs_come_in_their_order(experiments, swept):
    tasks = swept(experiments())
    order = tasks[["link.mean_snr_db", "replication", "codec"]].drop_duplicates().to_numpy().tolist()
    codecs = ["zebra", "apple"]
    assert order == [[snr, number, codec] for snr in (10, -5, 0) for number in (0, 1) for codec in codecs]
    assert tasks["codec"].cat.categories.tolist() == codecs
    assert len(tasks) == 3 * 2 * 2 * 30


def test_a_part_is_what_its_replication_gives_alone(experiments, swept):
    points = experiments()
    tasks = swept(points)
    part = tasks[(tasks["link.mean_snr_db"] == -5) & (tasks["replication"] == 1)].reset_index(drop=True)
    alone = run_replication(points[1], 1)
    pd.testing.assert_frame_equal(
        part.astype({"codec": str}), alone.astype({"codec": str}), check_dtype=False
    )


def test_points_may_differ_in_their_number_of_replications(experiments, swept):
    tasks = swept(experiments({"replications": [1, 3]}))
    assert tasks.groupby("replications")["replication"].nunique().to_dict() == {1: 1, 3: 3}


def test_all_points_meet_the_same_arrivals(experiments, swept):
    tasks = swept(experiments())
    one, *others = [part["arrival_s"].tolist() for _, part in tasks.groupby("link.mean_snr_db")]
    assert others == [one, one]


@pytest.mark.parametrize(
    ("sweep", "kinds"),
    [
        ({"link.mean_snr_db": [10, 0.5]}, ["float64"]),
        ({"devices.0.buffer": [None, 3]}, ["float64"]),
        ({"link.sharing": ["fifo", "equal"], "drain": [True, False]}, ["str", "bool"]),
        ({"replications": [1, 2]}, ["int64"]),
    ],
)
def test_all_units_have_columns_of_the_same_types(experiments, swept, sweep, kinds):
    tasks = swept(experiments(sweep))
    assert [str(tasks[key].dtype) for key in sweep] == kinds
    for key, values in sweep.items():
        found = [None if pd.isna(value) else value for value in tasks[key].unique()]
        assert found == values


def test_the_file_of_tasks_holds_what_was_read(experiments, tmp_path, monkeypatch):
    plan = Plan.of(experiments({"link.sharing": ["fifo", "equal"]}))
    store = UnitStore(tmp_path)
    units = units_of(plan, [2, 2])
    for unit in units:
        store.put(unit, run_unit(plan, unit))
    monkeypatch.setattr("coinfer.simulator.task_table._ROWS_TOGETHER", 100)
    write_tasks(tmp_path / "tasks.parquet", store.paths(units))
    tasks = read_tasks(store.paths(units))
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "tasks.parquet"), tasks)


def test_a_tally_counts_right_answers_in_time(experiments, tmp_path):
    points = experiments()
    (tmp_path / "unit").write_bytes(run_unit(Plan.of(points), Unit(1, 0)))
    tasks, tally = run_replication(points[1], 0), read_tally(tmp_path / "unit")
    in_time = (tasks["outcome"] == "done") & (tasks["done_s"] - tasks["arrival_s"] <= 0.2) & tasks["correct"]
    right = in_time.groupby(tasks["codec"]).sum()
    assert dict(zip(tally.codecs, tally.right, strict=True)) == right.to_dict()
    assert 0 < right["apple"] < 30
    assert tally.tasks == [30, 30]


def test_units_that_are_there_are_not_done_again(experiments, tmp_path):
    plan, store, done, told = Plan.of(experiments()), UnitStore(tmp_path), [], []

    def runner(units):
        for unit in units:
            done.append(unit)
            yield unit, run_unit(plan, unit)

    store.put(Unit(1, 0), run_unit(plan, Unit(1, 0)))
    assert run_sweep(plan, store, runner, lambda *numbers: told.append(numbers)) == [2, 2, 2]
    assert done == [Unit(0, 0), Unit(2, 0), Unit(0, 1), Unit(1, 1), Unit(2, 1)]
    assert [numbers[:2] for numbers in told] == [(number, 6) for number in range(1, 7)]
    assert told[0][2] == ""
    assert all("apple" in leader or "zebra" in leader for *_, leader in told[1:])
    assert run_sweep(plan, UnitStore(tmp_path), runner, ignore) == [2, 2, 2]
    assert len(done) == 5


@pytest.mark.parametrize("order", [1, -1])
def test_replications_are_added_until_results_are_precise_whoever_is_faster(experiments, tmp_path, order):
    until = {"half_width": 0.12, "deadline_s": 0.2, "max_replications": 40}
    points = experiments({"until.half_width": [0.12, 0.45]}, until=until)
    plan, store = Plan.of(points), UnitStore(tmp_path)

    def runner(units):
        for unit in units[::order]:
            yield unit, run_unit(plan, unit)

    made = run_sweep(plan, store, runner, ignore)
    units = [store.paths(plan.units(place, 0, count)) for place, count in enumerate(made)]
    summary = results(points, units).summary
    reached = [half_width(rows, 0.2) for _, rows in summary.groupby("until.half_width")]
    assert made == [6, 3]
    assert reached[0] <= 0.12 < reached[1] <= 0.45
    assert len(store) == sum(made)
