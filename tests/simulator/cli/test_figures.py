import json

import pytest


@pytest.fixture
def run(workplace, typed):
    """The folder of a small run."""
    assert typed("small.yaml", "--quiet") == 0
    return workplace / "runs" / "small"


def test_the_figures_of_a_run_are_drawn_anew_for_a_column(run, typed, capsys):
    assert typed("figures", "runs/small", "--style", "ieee", "--width", 1, command="coinfer") == 0
    folder = run / "figures" / "ieee-1"
    assert capsys.readouterr().out == "Wrote runs/small/figures/ieee-1/ (PDF, SVG, PNG and captions.json)\n"
    captions = json.loads((run / "figures" / "captions.json").read_text())
    assert json.loads((folder / "captions.json").read_text()) == captions
    expected = {f"{name}.{kind}" for name in captions for kind in ("png", "svg", "pdf")}
    assert {path.name for path in folder.iterdir()} == {"captions.json", *expected}
    assert typed("small.yaml", "--quiet") == 0


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda run: (run / "figures" / "data" / "summary.csv").unlink(), "summary.csv is missing; run"),
        (lambda run: (run / "manifest.json").unlink(), "not a run of coinfer"),
        (lambda run: (run / "figures" / "ieee-2").write_text(""), "this is not a folder; give a folder"),
    ],
)
def test_what_cannot_be_drawn_is_told_in_a_line(workplace, typed, spoil, told, capsys, plain_run):
    spoil(plain_run)
    assert typed("figures", "runs/small", "--style", "ieee", command="coinfer") == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1


@pytest.fixture
def plain_run(workplace, typed, monkeypatch):
    """The folder of a small run with the numbers of its figures, but without pictures."""
    monkeypatch.setattr("coinfer.simulator.figures.DRAWN", {})
    assert typed("small.yaml", "--quiet") == 0
    return workplace / "runs" / "small"
