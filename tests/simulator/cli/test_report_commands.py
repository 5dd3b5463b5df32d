import json
import os

import pandas as pd
import pytest


@pytest.fixture(scope="module")
def made(write_run, tmp_path_factory):
    """Two runs, of which `wide` has twice the bandwidth."""
    folder = tmp_path_factory.mktemp("made")
    write_run(folder / "small")
    write_run(folder / "wide", link={"bandwidth_hz": 2e5, "mean_snr_db": 5})
    return folder


def test_a_report_written_anew_has_the_same_bytes(workplace, typed, capsys, monkeypatch):
    def draw_figures(*given):
        folder = given[-1]
        folder.mkdir()
        (folder / "dot.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')

    monkeypatch.setattr("coinfer.simulator.figures.draw_figures", draw_figures)
    assert typed("small.yaml", "--quiet") == 0
    first = (workplace / "runs/small/report.html").read_bytes()
    assert b"<figure>" in first
    assert typed("report", "runs/small", "--out", "again.html", command="coinfer") == 0
    assert capsys.readouterr() == ("Wrote again.html\n", "")
    assert (workplace / "again.html").read_bytes() == first
    (workplace / "runs/small/report.html").unlink()
    assert typed("report", "runs/small", "--quiet", command="coinfer") == 0
    assert capsys.readouterr() == ("", "")
    assert (workplace / "runs/small/report.html").read_bytes() == first
    assert typed("small.yaml", "--quiet") == 0, "its folder still counts as that of a run"


def test_runs_side_by_side(two_runs, typed, capsys):
    assert typed("compare", "runs/small", "wide", command="coinfer") == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = [line.rstrip() for line in out.splitlines()]
    assert lines[-3:] == [
        "The scenarios differ in link.bandwidth_hz = 100000 | 200000.",
        "Differences from small: paired, task by task, where the runs met the same arrivals and images, "
        "after the later warm-up.",
        "Results: runs/compare/ (compare.html, compare.csv)",
    ]
    assert "…" not in out
    assert {path.name for path in (two_runs / "runs/compare").iterdir()} == {"compare.csv", "compare.html"}
    table = pd.read_csv("runs/compare/compare.csv")
    row = table[(table["codec"] == "zebra") & (table["run"] == "wide")].iloc[0]
    cell = f"{100 * row['difference']:+.1f} ({100 * row['difference_low']:.1f} to"
    assert cell in out
    assert row["interval"] == "paired"


def test_json_holds_what_the_csv_does(two_runs, typed, capsys):
    assert typed("compare", "runs/small", "wide", "--json", "--out", "here", command="coinfer") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["runs"] == ["small", "wide"]
    assert found["changes"] == {"link.bandwidth_hz": ["100000", "200000"]}
    table = pd.read_csv("here/compare.csv")
    assert len(found["rows"]) == len(table)
    assert found["rows"][0]["difference"] is None
    assert found["rows"][1]["difference"] == pytest.approx(table["difference"][1])


def test_quiet_prints_nothing_and_its_own_folder_is_replaced(two_runs, typed, capsys):
    for _ in range(2):
        assert typed("compare", "runs/small", "wide", "--quiet", command="coinfer") == 0
    assert capsys.readouterr() == ("", "")


def test_folders_of_one_name_are_called_by_their_paths(two_runs, typed):
    os.renames(two_runs / "wide", two_runs / "other/small")
    assert typed("compare", "runs/small", "other/small", "--out", "c", "--quiet", command="coinfer") == 0
    assert set(pd.read_csv("c/compare.csv")["run"]) == {"runs/small", "other/small"}


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["report", "nowhere"],
            "nowhere: no such folder; give the folder that a run wrote, such as runs/NAME",
        ),
        (["report", "."], ".: no manifest.json, so not a run of coinfer; give the folder that a run wrote"),
        (["compare", "."], ".: expected at least two runs to compare, got one; add another folder"),
        (["compare", ".", "."], ".: given twice; give different runs"),
        (["compare", "a", "b"], "a: no such folder; give the folder that a run wrote, such as runs/NAME"),
        (["compare", "a", "b", "--out", "small.yaml"], "--out small.yaml: this is a file; give a folder"),
        (
            ["compare", "a", "b", "--out", "."],
            "--out .: this folder cannot be replaced; give a folder inside it",
        ),
    ],
)
def test_mistakes_take_a_line(workplace, typed, capsys, arguments, line):
    assert typed(*arguments, command="coinfer") == 2
    assert capsys.readouterr() == ("", f"{line}\n")


def test_a_report_does_not_replace_a_folder_or_anything_it_cannot(two_runs, typed, capsys):
    assert typed("report", "wide", "--out", "runs", command="coinfer") == 2
    assert capsys.readouterr().err == "--out runs: this is a folder; give a file such as runs/report.html\n"
    assert typed("report", "wide", "--out", "no/such/x.html", command="coinfer") == 2
    assert capsys.readouterr().err == "--out no/such/x.html: No such file or directory; give another file\n"
