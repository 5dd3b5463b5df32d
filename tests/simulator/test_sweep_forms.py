"""Grid, zip and csv: the points they make, and what is told of mistakes in them."""

from pathlib import Path

import pytest

from coinfer.simulator.errors import ScenarioError
from coinfer.simulator.loading import expand, load_scenario, resolved
from coinfer.simulator.scenario import Scenario

SCENARIO = """\
name: forms
tasks: 10
devices: [{profile: jetson-nano, arrivals: {rate_hz: 1.0}}]
link: {bandwidth_hz: 1.0e+6, mean_snr_db: 5}
edge: {profile: rtx-3090}
codecs: [raw]
deadlines_s: [0.1]
"""
ZIP = "zip: {edge.profile: [rtx-3090, cpu-server], edge.workers: [1, 4]}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "forms.yaml"


def points(file: Path, sweep: str, *overrides: str) -> list[tuple[object, ...]]:
    file.write_text(f"{SCENARIO}sweep: {{{sweep}}}\n", encoding="utf-8")
    scenario = load_scenario(file, overrides)
    assert Scenario.model_validate(resolved(scenario)) == scenario
    expanded = expand(scenario)
    assert scenario.sweep.count == len(expanded)
    return [tuple(point.coordinates.values()) for point in expanded]


def line_of(file: Path, sweep: str, *overrides: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        points(file, sweep, *overrides)
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_zipped_values_go_together(file: Path) -> None:
    assert points(file, ZIP) == [("rtx-3090", 1), ("cpu-server", 4)]


def test_a_file_of_points_lies_beside_the_scenario(file: Path) -> None:
    text = "link.mean_snr_db,edge.profile,devices.0.buffer\n5,rtx-3090,\n\n1e1,cpu-server,3\n"
    (file.parent / "points.csv").write_text(text, encoding="utf-8")
    assert points(file, "csv: points.csv") == [(5, "rtx-3090", None), (10.0, "cpu-server", 3)]


def test_grid_zip_and_file_multiply(file: Path) -> None:
    (file.parent / "points.csv").write_text("seed\n1\n2\n", encoding="utf-8")
    found = points(file, f"csv: points.csv, {ZIP}, link.mean_snr_db: [0, 10]")
    assert found == [
        (snr_db, *zipped, seed)
        for snr_db in (0, 10)
        for zipped in (("rtx-3090", 1), ("cpu-server", 4))
        for seed in (1, 2)
    ]


def test_values_reach_the_scenarios(file: Path) -> None:
    file.write_text(f"{SCENARIO}sweep: {{{ZIP}, cut: [null], link.mean_snr_db: [7]}}\n", encoding="utf-8")
    one, other = (point.scenario for point in expand(load_scenario(file)))
    assert (one.edge.profile.name, one.edge.workers, one.cut) == ("rtx-3090", 1, None)
    assert (other.edge.profile.name, other.edge.workers, other.link.mean_snr_db) == ("cpu-server", 4, 7)


def test_the_resolved_scenario_holds_the_file_of_points(file: Path) -> None:
    path = file.parent / "points.csv"
    path.write_text("seed\n1\n2\n", encoding="utf-8")
    points(file, "csv: points.csv")
    data = resolved(load_scenario(file))
    path.unlink()
    assert data["sweep"] == {"csv": {"seed": [1, 2]}}
    assert [point.scenario.seed for point in expand(Scenario.model_validate(data))] == [1, 2]


def test_recordings_in_every_form_lie_beside_the_scenario(file: Path) -> None:
    text = SCENARIO.replace("mean_snr_db: 5", "recording: {file: a.csv}, fading: {model: none}")
    (file.parent / "points.csv").write_text("link.recording.file\na.csv\n/b.csv\n", encoding="utf-8")
    for sweep in ("csv: points.csv", "zip: {link.recording.file: [a.csv, /b.csv]}"):
        file.write_text(f"{text}sweep: {{{sweep}}}\n", encoding="utf-8")
        links = [point.scenario.link for point in expand(load_scenario(file))]
        files = [link.recording.file for link in links if link.recording]
        assert files == [file.parent / "a.csv", Path("/b.csv")]


def test_set_reaches_every_form(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (file.parent / "points.csv").write_text("seed\n1\n", encoding="utf-8")
    (file.parent / "here").mkdir()
    (file.parent / "here" / "more.csv").write_text("seed\n3\n4\n", encoding="utf-8")
    monkeypatch.chdir(file.parent / "here")
    both = f"csv: points.csv, {ZIP}"
    assert points(file, both, "sweep.zip.edge.workers=[2, 3]")[0] == ("rtx-3090", 2, 1)
    assert points(file, both, "sweep.csv=more.csv")[:2] == [("rtx-3090", 1, 3), ("rtx-3090", 1, 4)]
    assert points(file, both, "sweep.link.mean_snr_db=[7]")[1] == (7, "cpu-server", 4, 1)


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("edge.workers=2", "--set: edge.workers: this key is swept; set sweep.zip.edge.workers instead"),
        ("seed=2", "--set: seed: this key is swept; set sweep.csv instead"),
        ("sweep.csv=no.csv", "--set: sweep.csv: no.csv: cannot be read: No such file or directory"),
        (
            "sweep.zip.edge.workers=[2]",
            "--set: sweep.zip.edge.workers: expected 2 values as edge.profile has, got 1",
        ),
    ],
)
def test_a_mistake_in_an_override(file: Path, override: str, line: str) -> None:
    (file.parent / "points.csv").write_text("seed\n1\n", encoding="utf-8")
    assert line_of(file, f"csv: points.csv, {ZIP}", override) == line


@pytest.mark.parametrize(
    ("sweep", "line"),
    [
        ("zip: [1]", "sweep.zip: expected a mapping of paths to lists, got a list"),
        ("zip: {}", "sweep.zip: expected a mapping of paths to lists, got an empty one"),
        ("zip: {seed: 1}", "sweep.zip.seed: expected a list, got 1"),
        (
            "deadlines_s.0: [0.1, 0.2]",
            "sweep.deadlines_s.0: cannot be swept: all deadlines are judged from the same run; "
            "list them in deadlines_s",
        ),
        (
            "records: [all, summary]",
            "sweep.records: a run keeps all of its tasks or none of them; "
            "remove it and run once with each value",
        ),
        (
            "deadlines_s: [0.1, 0.2]",
            "sweep.deadlines_s: cannot be swept: all deadlines are judged from the same run; "
            "list them in deadlines_s",
        ),
        ("zip: {seed: []}", "sweep.zip.seed: expected at least one value, got an empty list"),
        (
            "zip: {seed: [[1]]}",
            "sweep.zip.seed.0: expected a finite number, text, true, false or null, got a list",
        ),
        ("zip: {seed: [1, 2], tasks: [1]}", "sweep.zip.tasks: expected 2 values as seed has, got 1"),
        (
            "zip: {seed: [1, 1], edge.workers: [2, 2]}",
            "sweep.zip: seed=1, edge.workers=2 is listed twice; keep one",
        ),
        ("zip: {sweep.seed: [1]}", "sweep.zip.sweep.seed: a sweep cannot sweep itself; remove this key"),
        ("zip: {seeed: [1]}", "sweep.zip.seeed: unknown key, did you mean 'seed'?"),
        ("zip: {edge.workers: [-1]}", "sweep.zip.edge.workers: expected a number of at least 1, got -1"),
        (
            "seed: [1], zip: {seed: [2]}",
            "sweep.seed: is swept twice; keep it in one place of grid, zip and csv",
        ),
        ("seed: [null, null]", "sweep.seed: nothing is listed twice; keep one"),
        (
            "edge.profile: [a, 1]",
            "sweep.edge.profile: expected values of one kind, got 'a' and 1; they share a column",
        ),
        ("drain: [true, 1]", "sweep.drain: expected values of one kind, got true and 1; they share a column"),
        ("seed: [null]", "sweep.seed: expected a whole number, got nothing"),
        ("csv: 5", "sweep.csv: expected a mapping of paths to lists, got 5"),
        ("csv: no.csv", "sweep.csv: no.csv: cannot be read: No such file or directory"),
    ],
)
def test_a_mistake_in_a_sweep(file: Path, sweep: str, line: str) -> None:
    assert line_of(file, sweep) == f"forms.yaml: {line}"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"", "expected a header of dotted paths and a line for each point below it"),
        (b"seed\n", "expected a header of dotted paths and a line for each point below it"),
        (b"seed,\n1,2\n", "line 1: expected different dotted paths such as link.mean_snr_db, got 'seed,'"),
        (
            b"seed,seed\n1,2\n",
            "line 1: expected different dotted paths such as link.mean_snr_db, got 'seed,seed'",
        ),
        (b"seed,tasks\n1,2\n\n1\n", "line 4: expected 2 values as in the header, got 1"),
        (
            b"seed\n'1\n",
            "line 2: ''1' is no value: line 1: while scanning a quoted scalar, "
            "found unexpected end of stream",
        ),
        (
            b"devices.0.buffer,edge.profile\n,rtx-3090\n\n1, \n",
            "line 4: edge.profile: the cell is empty, but this key cannot be null; give a value",
        ),
        (
            b"devices.0.count\n1\nnull\n",
            "line 3: devices.0.count: got null, but this key cannot be null; give a value",
        ),
        (b"name\ncaf\xe9\n", "byte 8 is not UTF-8; save the file as UTF-8 text"),
    ],
)
def test_a_mistake_in_a_file_of_points(file: Path, text: bytes, line: str) -> None:
    (file.parent / "points.csv").write_bytes(text)
    assert line_of(file, "csv: points.csv") == f"forms.yaml: sweep.csv: points.csv: {line}"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("seeed\n1\n", "sweep.csv: seeed: unknown key, did you mean 'seed'?"),
        ("edge.workers\n1\n0\n", "sweep.csv: edge.workers: expected a number of at least 1, got 0"),
        ("seed\n1\nx\n", "sweep.csv.seed: expected values of one kind, got 1 and 'x'; they share a column"),
        ("seed\n1\n1\n", "sweep.csv: seed=1 is listed twice; keep one"),
        ("seed\n[1]\n", "sweep.csv.seed.0: expected a finite number, text, true, false or null, got a list"),
    ],
)
def test_a_mistake_in_a_point_of_a_file(file: Path, text: str, line: str) -> None:
    (file.parent / "points.csv").write_text(text, encoding="utf-8")
    assert line_of(file, "csv: points.csv") == f"forms.yaml: {line}"


def test_a_file_of_points_that_is_too_large(file: Path) -> None:
    (file.parent / "points.csv").write_text("seed\n" + "1\n" * 5_000_000, encoding="utf-8")
    line = "forms.yaml: sweep.csv: points.csv: larger than 10 MB; expected a file of points"
    assert line_of(file, "csv: points.csv") == line
