import numpy as np
import pandas as pd
import pytest

from coinfer.simulator.experiment import run_replication
from coinfer.simulator.judging import judge
from coinfer.simulator.plan import Plan, Unit, run_unit
from coinfer.simulator.task_table import read_tasks
from coinfer.simulator.workload import Streams

DEVICES = [
    {"count": 2, "profile": "jetson-nano", "arrivals": {"rate_hz": 3.0}},
    {"profile": "raspberry-pi-4", "arrivals": {"rate_hz": 1.0}},
]
DRAWN = ["arrival_s", "image_id", "snr_db"]


@pytest.fixture
def units(unit_files, tmp_path):
    """Makes all units of a sweep point, and gives their files."""

    return lambda point: unit_files([point], tmp_path)[0]


def test_devices_are_numbered_through_all_cells(experiments, units):
    (point,) = experiments({}, tasks=20, cells=3, devices=DEVICES)
    tasks = read_tasks(units(point))
    assert tasks.columns[:4].tolist() == ["codec", "replication", "cell", "device_id"]
    assert (tasks["device_id"] // 3 == tasks["cell"]).all()
    found = tasks[["replication", "cell"]].drop_duplicates().to_numpy().tolist()
    assert found == [[replication, cell] for replication in (0, 1) for cell in (0, 1, 2)]
    assert not tasks.duplicated(["codec", "replication", "device_id", "task_id"]).any()


def test_one_cell_has_no_column_and_is_what_it_was(experiments, units):
    (one,), (two,) = (experiments({}, tasks=20, cells=cells, devices=DEVICES) for cells in (1, 2))
    alone, first = read_tasks(units(one)), read_tasks(units(two))
    assert "cell" not in alone
    first = first[first["cell"] == 0].drop(columns="cell").reset_index(drop=True)
    pd.testing.assert_frame_equal(first, alone)


def test_a_sweep_of_cells_has_the_column_at_every_point(experiments, tmp_path):
    plan = Plan.of(experiments({"cells": [1, 2]}))
    for unit in (Unit(0, 0), Unit(1, 0, 1)):
        (tmp_path / "unit").write_bytes(run_unit(plan, unit))
        assert (read_tasks([tmp_path / "unit"])["cell"] == unit.cell).all()


def test_cells_meet_other_arrivals_images_and_fading(experiments):
    (point,) = experiments({}, tasks=20, cells=2, devices=DEVICES)
    here, there = (run_replication(point, 0, cell).groupby("codec") for cell in (0, 1))
    for column in DRAWN:
        values = [codecs.get_group("zebra")[column].to_numpy() for codecs in (here, there)]
        assert np.mean(values[0] == values[1]) < 0.6


def test_a_device_draws_the_same_wherever_its_cell_begins():
    whole, later = Streams(1, 0), Streams(1, 0, first_device=5)
    assert whole.rng("fading", 7).random() == later.rng("fading", 2).random()


def test_each_replication_of_a_cell_is_a_cluster(experiments, units):
    (point,) = experiments({}, tasks=20, cells=3, replications=2)
    found = judge(point, units(point)).point.codecs["zebra"]
    assert found.sizes.tolist() == [20] * 6
    (single,) = experiments({}, tasks=40, cells=1, replications=1)
    assert judge(single, units(single)).point.codecs["zebra"].sizes.tolist() == [2] * 20
