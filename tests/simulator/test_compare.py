import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from coinfer.simulator.comparison import compare_runs
from coinfer.simulator.errors import InputError
from coinfer.simulator.intervals import Z, wilson
from coinfer.simulator.paired_runs import unpaired_difference
from coinfer.simulator.run_folder import read_run

LINK = {"bandwidth_hz": 1e5, "mean_snr_db": 10}
LIMITS = ["difference", "difference_low", "difference_high"]


@pytest.fixture(scope="module")
def runs(write_run, tmp_path_factory):
    """Gives runs, described by keyword arguments of `write_run` for each name; equal ones are made once."""
    known = {}

    def made(keys):
        text = json.dumps(keys)
        if text not in known:
            known[text] = read_run(write_run(tmp_path_factory.mktemp("runs") / "run", **keys))
        return known[text]

    return lambda **described: {name: made(keys) for name, keys in described.items()}


@pytest.mark.parametrize("shape", [{}, {"cells": 2}, {"replications": 1, "warmup": 2.0}])
def test_two_runs_differ_as_two_codecs_of_one_run_do(runs, shape):
    made = runs(
        apple={"codecs": {"x": "apple"}, **shape}, zebra={"codecs": {"x": "zebra"}, **shape}, both=shape
    )
    joint = made.pop("both").differences
    found = compare_runs(made)
    found = found[found["run"] == "zebra"]
    assert set(found["interval"]) == {"paired"}
    assert found["pairs"].tolist() == joint["pairs"].tolist()
    np.testing.assert_allclose(found[LIMITS].to_numpy(dtype=float), joint[LIMITS].to_numpy(), atol=1e-9)
    assert (found["difference"] != 0).any()


def test_side_by_side_stand_the_numbers_of_summary_csv(runs):
    made = runs(one={}, two={"link": {"bandwidth_hz": 2e5, "mean_snr_db": 5}})
    table = compare_runs(made)
    assert list(table) == [
        "codec",
        "link.mean_snr_db",
        "deadline_s",
        "run",
        "tasks",
        "on_time_accuracy",
        "on_time_accuracy_low",
        "on_time_accuracy_high",
        *LIMITS,
        "pairs",
        "interval",
    ]
    assert len(table) == 2 * 2 * 3 * 2
    keys = ["codec", "link.mean_snr_db", "deadline_s"]
    for name, run in made.items():
        own = table[table["run"] == name].set_index(keys)["on_time_accuracy"].sort_index()
        summary = run.summary.set_index(keys)["on_time_accuracy"].sort_index()
        pd.testing.assert_series_equal(own, summary)
    assert table[table["run"] == "one"][[*LIMITS, "pairs"]].isna().all(axis=None)


@pytest.mark.parametrize(
    "other", [{"seed": 9}, {"records": "summary", "warmup": 0}, {"replications": 3}, {"tasks": 41}]
)
def test_runs_that_did_not_meet_the_same_tasks_are_unpaired(runs, other):
    table = compare_runs(runs(one={}, two=other))
    two = table[table["run"] == "two"]
    assert set(two["interval"]) == {"unpaired"}
    assert two["pairs"].isna().all()
    assert (two["difference_low"] < two["difference"]).all()
    one = table[table["run"] == "one"]
    np.testing.assert_allclose(
        two["difference"].to_numpy(dtype=float),
        two["on_time_accuracy"].to_numpy() - one["on_time_accuracy"].to_numpy(),
        atol=1e-9,
    )


def test_other_images_are_other_tasks(runs):
    made = runs(one={}, two={})
    table = compare_runs(made | {"two": replace(made["two"], manifest={"images": ["others"]})})
    assert set(table["interval"].dropna()) == {"unpaired"}


def test_a_key_that_one_run_sweeps_counts_in_the_other_at_its_value(runs):
    fixed = {"sweep": {"link.bandwidth_hz": [1e5, 2e5]}, "link": LINK}
    table = compare_runs(runs(one={}, two=fixed))
    assert table[["link.mean_snr_db", "link.bandwidth_hz"]].drop_duplicates().to_numpy().tolist() == [
        ["10", "100000"]
    ]
    two = table[table["run"] == "two"]
    assert (two["difference"] == 0).all()
    assert set(two["interval"]) == {"paired"}


def test_swept_nulls_and_names_are_found_again(runs):
    swept = {"sweep": {"devices.0.buffer": [None, 3], "on_deadline": ["finish", "abort"]}}
    table = compare_runs(runs(one=swept, two=swept))
    assert len(table) == 2 * 4 * 3 * 2
    assert set(table["interval"].dropna()) == {"paired"}
    assert set(table["devices.0.buffer"]) == {"null", "3"}


def test_a_codec_of_one_run_alone_has_no_difference(runs):
    table = compare_runs(runs(one={"codecs": {"a": "apple"}}, two={"codecs": {"a": "apple", "z": "zebra"}}))
    alone = table[table["codec"] == "z"]
    assert set(alone["run"]) == {"two"}
    assert alone["difference"].isna().all()


def test_deadlines_that_only_some_have_are_left_out(runs):
    table = compare_runs(runs(one={}, two={"deadlines_s": [0.1, 0.4]}))
    assert set(table["deadline_s"]) == {0.1}


def test_nothing_in_common(runs):
    with pytest.raises(InputError, match=r"^one, two: no deadline in common"):
        compare_runs(runs(one={}, two={"tasks": 3, "sweep": {}, "deadlines_s": [0.4], "link": LINK}))
    with pytest.raises(InputError, match=r"^three, four: no sweep point in common; .* link\.mean_snr_db$"):
        compare_runs(runs(three={}, four={"tasks": 3, "sweep": {}}))


def test_an_unpaired_difference_is_newcombes():
    # Newcombe (1998), table II, row (a): 56/70 - 48/80, method 10.
    found = unpaired_difference(wilson(56 / 70, 70, Z), wilson(48 / 80, 80, Z))
    assert found.estimate == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
