from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from coinfer.codecs.protocol import Cost
from coinfer.simulator.figures_deadlines import (
    RightAnswers,
    by_deadline,
    deadline_grid_s,
    leads,
    leads_of_tables,
)
from coinfer.simulator.measurements import Measurement
from coinfer.simulator.results import results

SHARES = ["on_time_accuracy", "on_time_accuracy_low", "on_time_accuracy_high"]


@pytest.fixture
def answers(experiments, unit_files, tmp_path):
    """Runs one sweep point: its right answers, what it found, the scenario, the deadlines."""

    def run(**changes):
        codecs = {
            label: Measurement(np.full(3, size), np.array(right), Cost(work), Cost(1e8), False)
            for label, size, work, right in [
                ("large", 1500, 1e7, [True, True, True]),
                ("small", 400, 1e7, [True, True, False]),
                ("slow", 200, 2e9, [True, False, True]),
            ]
        }
        (point,) = [replace(point, measurements=codecs) for point in experiments({}, **changes)]
        (files,) = unit_files([point], tmp_path)
        found = results([point], [files])
        grid_s = deadline_grid_s(point.scenario, found.summary)
        since_s = float(found.summary["warmup_s"].iloc[0])
        return RightAnswers(files, since_s, grid_s), found, point.scenario, grid_s

    return run


@pytest.mark.parametrize(
    "changes",
    [{}, {"replications": 1, "tasks": 100}, {"warmup": 4.0, "replications": 3}, {"cells": 2}],
    ids=["replications", "batches of one", "warm-up", "cells"],
)
def test_at_the_deadlines_of_the_scenario_it_is_what_the_tables_say(answers, changes):
    right, found, scenario, grid_s = answers(**changes)
    table = by_deadline(right, grid_s)
    stated = table[table["deadline_s"].isin(scenario.deadlines_s)]
    expected = found.summary
    assert stated["codec"].tolist() == expected["codec"].tolist()
    assert stated["deadline_s"].tolist() == expected["deadline_s"].tolist()
    np.testing.assert_array_equal(stated[SHARES], expected[SHARES])
    assert stated["on_time_accuracy"].nunique() > 2


def test_leads_are_those_of_differences_csv_at_its_deadlines(answers):
    right, found, scenario, grid_s = answers()
    lead = leads(right, grid_s)
    stated = lead[lead["deadline_s"].isin(scenario.deadlines_s)].reset_index(drop=True)
    expected = leads_of_tables(found.summary, found.differences)
    pd.testing.assert_frame_equal(stated, expected)
    assert (stated["difference"] >= 0).all()


def test_accuracy_grows_with_the_deadline(answers):
    right, _, _, grid_s = answers()
    for _, rows in by_deadline(right, grid_s).groupby("codec"):
        assert (np.diff(rows["on_time_accuracy"]) >= 0).all()
        assert rows["on_time_accuracy"].iloc[0] < 0.5


def test_a_lead_is_against_the_rival_that_is_hardest_to_tell_apart():
    summary = pd.DataFrame({"codec": ["a", "b", "c"], "deadline_s": 0.1, "on_time_accuracy": [0.5, 0.8, 0.7]})
    differences = pd.DataFrame(
        [
            (0.1, "a", "b", -0.3, -0.35, -0.02),
            (0.1, "b", "c", 0.1, 0.05, 0.15),
            (0.1, "a", "c", -0.2, -0.3, -0.1),
        ],
        columns=["deadline_s", "codec_a", "codec_b", "difference", "difference_low", "difference_high"],
    )
    (lead,) = leads_of_tables(summary, differences).itertuples(index=False, name=None)
    assert lead == (0.1, "b", "a", 0.8, 0.3, 0.02)


def test_the_grid_has_the_stated_deadlines_and_begins_before_the_fastest(experiments):
    scenario = experiments({})[0].scenario
    slow = pd.DataFrame({"latency_s_p50": [np.inf, 0.3]})
    grid_s = deadline_grid_s(scenario, slow)
    assert {0.1, 0.2} <= set(grid_s)
    assert (grid_s[0], grid_s[-1]) == (0.05, 0.4)
    ratios = grid_s[1:] / grid_s[:-1]
    assert ratios.max() <= 2 ** (1.4 / 16)
    assert ratios.min() >= 2 ** (0.3 / 16)
    fast = pd.DataFrame({"latency_s_p50": [0.02, 0.3]})
    assert deadline_grid_s(scenario, fast)[0] == pytest.approx(0.019)
    crowd = pd.DataFrame({"latency_s_p50": np.full(2 * 600, 0.3)})
    assert len(deadline_grid_s(scenario, crowd)) == 7
