"""A run whose files are not as it wrote them is told in a line, whatever is asked of it."""

import json

import pytest

from coinfer.simulator.cli.repeated import seal

COMMANDS = {
    "report": ["report", "runs/small"],
    "figures": ["figures", "runs/small"],
    "compare": ["compare", "runs/small", "wide"],
}


@pytest.fixture(scope="module")
def made(write_run, tmp_path_factory):
    """Two runs as `simulate` leaves them, with some numbers of figures."""
    folder = tmp_path_factory.mktemp("made")
    for name in ("small", "wide"):
        run = write_run(folder / name, tasks=5)
        (run / "figures/data").mkdir(parents=True)
        (run / "figures/data/summary.csv").write_text("place,codec\n0,zebra\n")
        seal(run, json.loads((run / "manifest.json").read_text()), "identity")
    return folder


def cut_short(path):
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))


def one_byte(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def seed_of_another(path):
    path.write_text(path.read_text().replace('"seed": 0', '"seed": 1'))


@pytest.mark.parametrize(
    ("file", "change", "problem", "commands"),
    [
        ("summary.csv", cut_short, "is not as the run wrote it", COMMANDS),
        ("differences.csv", one_byte, "is not as the run wrote it", COMMANDS),
        ("differences.csv", lambda path: path.unlink(), "is missing", COMMANDS),
        ("manifest.json", seed_of_another, "is not as the run wrote it", COMMANDS),
        ("tasks.parquet", one_byte, "is not as the run wrote it", ["compare"]),
        ("figures/data/summary.csv", cut_short, "is not as the run wrote it", ["figures"]),
    ],
)
def test_damage_takes_a_line(two_runs, typed, capsys, file, change, problem, commands):
    before = (two_runs / "runs/small" / file).read_bytes()
    change(two_runs / "runs/small" / file)
    assert not (two_runs / "runs/small" / file).exists() or (
        (two_runs / "runs/small" / file).read_bytes() != before
    )
    for command in commands:
        assert typed(*COMMANDS[command], command="coinfer") == 2
        assert capsys.readouterr() == ("", f"runs/small/{file} {problem}; run the scenario again\n")


def test_a_new_report_and_more_figures_are_no_damage(two_runs, typed, capsys):
    (two_runs / "runs/small/figures/ieee-1").mkdir()
    (two_runs / "runs/small/figures/ieee-1/frontier.svg").write_text("")
    (two_runs / "runs/small/report.html").write_text("mine")
    assert typed(*COMMANDS["report"], "--quiet", command="coinfer") == 0
    assert typed(*COMMANDS["compare"], "--quiet", command="coinfer") == 0
    assert capsys.readouterr() == ("", "")
