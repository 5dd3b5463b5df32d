"""Damaged tables of runs whose manifest does not know its files, as older ones."""

import json

import pytest

from coinfer.simulator.loading import expand
from coinfer.simulator.paired_runs import read_point
from coinfer.simulator.run_folder import RunError, read_run


@pytest.fixture
def folder(write_run, tmp_path):
    return write_run(tmp_path / "run", tasks=5)


def rewrite(path, change):
    lines = [line.split(",") for line in path.read_text().splitlines()]
    names = lines[0]
    change(lines, {name: place for place, name in enumerate(names)})
    path.write_text("".join(",".join(line) + "\n" for line in lines))


def cell(row, name, text):
    def change(lines, places):
        lines[row - 1][places[name]] = text

    return change


def without(name):
    def change(lines, places):
        for line in lines:
            del line[places[name]]

    return change


def cut_short(lines, places):
    lines[-1] = lines[-1][: places["bottleneck"]]


@pytest.mark.parametrize(
    ("file", "change", "problem"),
    [
        ("summary.csv", cell(3, "tasks", "x"), "line 3, column tasks: expected a number, got 'x'"),
        ("summary.csv", cell(2, "warmup_s", ""), "line 2, column warmup_s: expected a number, got nothing"),
        ("summary.csv", cell(4, "stable", "yes"), "line 4, column stable: expected True or False, got 'yes'"),
        ("summary.csv", cut_short, "line 13, column bottleneck: expected a name, got nothing"),
        ("summary.csv", without("warmup_s"), "no column warmup_s"),
        ("summary.csv", without("deadline_s"), "'deadline_s' is not in list"),
        ("summary.csv", lambda lines, places: lines.__delitem__(slice(1, None)), "no rows"),
        ("summary.csv", lambda lines, places: lines[2].append("1"), "Error tokenizing data. .* saw .*"),
        (
            "differences.csv",
            cell(2, "difference_low", "low"),
            "line 2, column difference_low: expected a number, got 'low'",
        ),
        ("differences.csv", without("pairs"), "no column pairs"),
    ],
)
def test_a_damaged_table_is_told_in_a_line(folder, file, change, problem):
    read_run(folder)
    rewrite(folder / file, change)
    with pytest.raises(RunError, match=rf"{file}: no table that a run wrote \({problem}\); run it again$"):
        read_run(folder)


def test_damaged_tasks_are_told_in_a_line(folder):
    path = folder / "tasks.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    run = read_run(folder)
    with pytest.raises(RunError, match=r"tasks\.parquet: cannot be read \(.*\); run the scenario again$"):
        read_point(run, expand(run.scenario)[0])


def test_a_list_of_files_that_is_none_is_told(folder):
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"files": ["summary.csv"]}))
    with pytest.raises(RunError, match=r"manifest\.json is not as the run wrote it; run the scenario again$"):
        read_run(folder)
