import json

import pandas as pd
import pytest

from coinfer.simulator.validation import figures, suite
from coinfer.simulator.validation.check import exact


@pytest.fixture
def quick(workplace, monkeypatch):
    """Only what takes no time; give the folder of the command."""
    groups = {name: suite.GROUPS[name] for name in ("losses", "short codes")}
    monkeypatch.setattr(suite, "GROUPS", groups)
    monkeypatch.setattr(figures, "DRAWN", {"block_errors": figures.DRAWN["block_errors"]})
    return workplace


def test_a_validation_prints_and_writes(quick, typed, capsys):
    assert typed("validate", command="coinfer") == 0
    out, err = capsys.readouterr()
    assert "path loss [dB], UMi in sight, 100 m" in out
    (row,) = (line.split() for line in out.splitlines() if "UMi in sight, 100 m" in line)
    assert [row[-6], row[-5], row[-1]] == ["85.31419", "85.31419", "holds"]
    assert "checks hold (seed 1)" in out
    assert err == ""
    folder = quick / "runs" / "validation"
    assert {path.name for path in folder.rglob("*") if path.is_file()} == {
        "validation.csv",
        "block_errors.png",
        "block_errors.svg",
    }
    table = pd.read_csv(folder / "validation.csv")
    assert list(table) == ["quantity", "theory", "measured", "low", "high", "holds", "seed"]
    assert table["holds"].all()
    assert len(table) > 15
    assert typed("validate", "--seed", "3", "--quiet", command="coinfer") == 0, "its own folder is replaced"
    assert capsys.readouterr() == ("", "")
    assert (pd.read_csv(folder / "validation.csv")["seed"] == 3).all()


def test_a_check_that_fails_ends_with_code_1(quick, typed, capsys, monkeypatch):
    monkeypatch.setitem(suite.GROUPS, "short codes", lambda rng: [exact("two", 2.0, 2.1)])
    assert typed("validate", "--out", "here", command="coinfer") == 1
    out = capsys.readouterr().out
    assert "FAILS" in out
    assert "16 of 17 checks hold" in out
    assert (quick / "here" / "validation.csv").exists()
    assert typed("validate", "--out", "here", "--json", command="coinfer") == 1
    found = json.loads(capsys.readouterr().out)
    assert [row["holds"] for row in found].count(False) == 1
    assert found[-1] == {
        "quantity": "two",
        "theory": 2.0,
        "measured": 2.1,
        "low": found[-1]["low"],
        "high": found[-1]["high"],
        "holds": False,
        "seed": 1,
    }


def test_foreign_files_are_left_alone(quick, typed, capsys):
    (quick / "mine").mkdir()
    (quick / "mine" / "letter.txt").write_text("dear")
    (quick / "file").write_text("")
    assert typed("validate", "--out", "mine", command="coinfer") == 2
    assert capsys.readouterr().err == (
        "--out mine: holds 'letter.txt', which no validation wrote; give another folder\n"
    )
    assert typed("validate", "--out", "file", command="coinfer") == 2
    assert capsys.readouterr().err == "--out file: this is a file; give a folder\n"
