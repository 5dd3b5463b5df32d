"""`records: summary` makes the same tables as `records: all`, without keeping a task."""

import numpy as np
import pandas as pd
import pytest

from coinfer.simulator.distribution import GRID_BITS
from coinfer.simulator.errors import InputError
from coinfer.simulator.results import results

STEP = 2.0**-GRID_BITS
BUSY = {"count": 2, "profile": "jetson-nano", "arrivals": {"rate_hz": 6.0}}
CROWDED = {"profile": "jetson-nano", "arrivals": {"rate_hz": 60.0}, "buffer": 1}
SLOW = {"bandwidth_hz": 3e4, "mean_snr_db": 5}
CASES = {
    "one unit": {"tasks": 600},
    "one unit, few tasks": {"tasks": 30},
    "replications": {"tasks": 300, "replications": 3, "warmup": 4.0},
    "cells": {"tasks": 300, "cells": 4, "devices": [BUSY]},
    "cells and replications": {"tasks": 200, "cells": 3, "replications": 2, "devices": [BUSY], "warmup": 2},
    "tdma": {"tasks": 200, "cells": 2, "devices": [BUSY], "link": SLOW | {"sharing": "tdma"}},
    "dropped, given up": {
        "tasks": 300,
        "on_deadline": "abort",
        "devices": [CROWDED],
        "link": SLOW,
        "cells": 2,
    },
    "unfinished": {"tasks": 300, "drain": False, "devices": [CROWDED], "link": SLOW, "replications": 2},
    "some cells without tasks": {"tasks": None, "duration_s": 0.3, "cells": 12},
    "some tasks in the warm-up only": {"tasks": None, "duration_s": 0.6, "cells": 12, "warmup": 0.3},
}


@pytest.fixture
def run(experiments, unit_files, tmp_path):
    """Makes the tables of a scenario, and gives the sizes of its units as well."""

    def run(sweep=None, **changes):
        points = experiments(sweep or {}, **{"replications": 1, **changes})
        files = unit_files(points, tmp_path / changes["records"])
        return results(points, files), [file.stat().st_size for of_point in files for file in of_point]

    return run


def is_rounded(column):
    return column.startswith("latency_s_")


@pytest.mark.parametrize("case", CASES)
def test_the_tables_are_the_same(run, case):
    whole, brief = (run(**CASES[case], records=records)[0] for records in ("all", "summary"))
    exact = [column for column in whole.summary if not is_rounded(column)]
    pd.testing.assert_frame_equal(whole.summary[exact], brief.summary[exact], check_exact=True)
    pd.testing.assert_frame_equal(whole.differences, brief.differences, check_exact=True)
    assert whole.summary.columns.tolist() == brief.summary.columns.tolist()
    assert whole.outcomes == brief.outcomes
    for column in filter(is_rounded, whole.summary):
        np.testing.assert_allclose(brief.summary[column], whole.summary[column], rtol=STEP, err_msg=column)


@pytest.mark.parametrize("sharing", ["fifo", "equal"])
def test_along_a_sweep_as_well(run, sharing):
    sweep = {"link.mean_snr_db": [10, -5], "cells": [1, 3]}
    link = {"bandwidth_hz": 1e5, "mean_snr_db": 5, "sharing": sharing}
    whole, brief = (run(sweep, tasks=50, link=link, records=records)[0] for records in ("all", "summary"))
    counts = ["codec", *sweep, "deadline_s", "tasks", "on_time_accuracy", "on_time_accuracy_low"]
    pd.testing.assert_frame_equal(whole.summary[counts], brief.summary[counts], check_exact=True)
    assert brief.summary["tasks"].unique().tolist() == [50, 150]


def test_what_is_kept_does_not_grow_with_the_tasks(run):
    few, many = (run(tasks=tasks, cells=2, records="summary")[1] for tasks in (5_000, 50_000))
    kept = run(tasks=5_000, cells=2, records="all")[1]
    assert few[0] < kept[0] / 5
    assert many[0] < 2 * few[0]


@pytest.mark.parametrize("records", ["all", "summary"])
def test_a_run_in_which_nothing_counts_is_the_users_mistake(run, records):
    with pytest.raises(InputError, match="no task came after 1000 s; make it shorter, or the run longer"):
        run(tasks=30, cells=2, warmup=1000, records=records)
    with pytest.raises(InputError, match="no task arrived in 1e-06 s; make it longer"):
        run(tasks=None, duration_s=1e-6, cells=2, records=records)


def test_a_transient_cannot_be_found_without_tasks(experiments):
    with pytest.raises(ValueError, match="expected none or a number of seconds with records: summary"):
        experiments({}, records="summary", warmup="mser5")
