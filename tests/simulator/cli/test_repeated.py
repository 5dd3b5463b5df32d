"""A run that was made before is told from its files, and made again as soon as anything differs."""

import json
import os
import re
from io import StringIO

import pytest
from rich.console import Console

from coinfer.simulator import run_files
from coinfer.simulator.cli import repeated, run
from coinfer.simulator.cli.repeated import is_repeated, seal, whole_identity
from coinfer.simulator.loading import resolved
from coinfer.simulator.scenario import Scenario

UNCHANGED = re.compile(
    r"Nothing has changed: these are the results of \d{4}-\d\d-\d\d \d\d:\d\d; --anew makes them again\.\n"
)
UNTIL = "until={half_width: 0.3, deadline_s: 0.33333333333, max_replications: 5}"


def written(folder):
    """When each file was written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.fixture
def simulated(workplace, typed, plain, capsys):
    """Runs the small scenario, and gives what it printed."""

    def simulate(*arguments):
        assert typed("small.yaml", *arguments) == 0
        return capsys.readouterr()

    return simulate


@pytest.fixture
def idle(monkeypatch):
    """Makes simulating, and so all that follows it, fail."""

    def fail(*given):
        raise AssertionError("simulated again")

    monkeypatch.setattr(run, "run_sweep", fail)


@pytest.mark.parametrize(
    "changes",
    [
        ["sweep={}"],
        ["sweep={link.mean_snr_db: [0, 2.5], devices.0.buffer: [null, 3]}"],
        ["records=summary", "warmup=none", "deadlines_s=[0.05, 0.33333333333]", UNTIL],
    ],
    ids=["no sweep", "sweep of two", "until"],
)
def test_what_was_printed_is_printed_again_and_nothing_is_done(simulated, workplace, changes, request):
    arguments = [text for change in changes for text in ("--set", change)]
    first = simulated(*arguments)
    before = written(workplace)
    request.getfixturevalue("idle")
    second = simulated(*arguments, "--jobs", 2)
    assert first.err == ""
    assert UNCHANGED.fullmatch(second.err)
    assert second.out == first.out
    assert ("until: replications" in second.out) == (UNTIL in changes)
    assert written(workplace) == before
    assert simulated(*arguments, "--quiet") == ("", "")


def test_a_report_or_figures_made_afterwards_are_no_change(simulated, workplace, typed, capsys):
    folder = workplace / "runs/small"
    simulated()
    known = (folder / "manifest.json").read_text()
    assert set(json.loads(known)["files"]) == {
        "differences.csv",
        "report.html",
        "summary.csv",
        "tasks.parquet",
    }
    assert typed("report", "runs/small", command="coinfer") == 0
    (folder / "figures/ieee-252").mkdir(parents=True)
    (folder / "figures/ieee-252/frontier.svg").write_text("")
    capsys.readouterr()
    assert UNCHANGED.fullmatch(simulated().err)


def test_it_is_made_again_when_asked_for_or_when_anything_differs(simulated, workplace):
    folder = workplace / "runs/small"
    first = simulated()
    tasks, before = (folder / "tasks.parquet").read_bytes(), written(folder)
    assert simulated("--anew") == first
    assert not written(folder).items() & before.items()
    assert (folder / "tasks.parquet").read_bytes() == tasks
    (folder / "summary.csv").unlink()
    assert simulated() == (first.out, "Starting anew: runs/small/summary.csv is missing.\n")
    plugin = workplace / "tiny.py"
    plugin.write_text(plugin.read_text().replace(".tobytes()", ".tobytes() + b'!'"))
    changed = simulated()
    assert changed.err == ""
    assert changed.out != first.out


def test_units_of_another_run_that_was_stopped_are_kept(simulated, workplace, typed, monkeypatch):
    simulated()
    with monkeypatch.context() as patched:

        def fail(*given):
            raise OSError("no space left on device")

        patched.setattr("coinfer.simulator.figures.draw_figures", fail)
        with pytest.raises(OSError, match="no space left"):
            typed("small.yaml", "--seed", 5)
    assert UNCHANGED.fullmatch(simulated().err)
    assert simulated("--seed", 5).err == "Going on where a run was stopped: 4 units are finished.\n"


@pytest.fixture
def sealed(tmp_path):
    """A folder as a run leaves it, with two files."""
    (tmp_path / "figures").mkdir()
    (tmp_path / "summary.csv").write_bytes(b"codec\nraw\n")
    (tmp_path / "figures" / "a[b].png").write_bytes(b"picture")
    seal(tmp_path, {"scenario": {}}, "me")
    return tmp_path


def told(folder, identity="me"):
    notes = StringIO()
    return is_repeated(folder, identity, Console(file=notes)), notes.getvalue()


def test_the_manifest_lists_the_files(sealed):
    assert json.loads((sealed / "manifest.json").read_text()) == {
        "scenario": {},
        "identity": "me",
        "files": {
            "figures/a[b].png": {
                "bytes": 7,
                "sha256": "2cea274d0bedc39ec4ab6ba9e59ec889e3ed6fb56a1cf088a64d9b383378dc97",
            },
            "summary.csv": {
                "bytes": 10,
                "sha256": "7bb1886df793e3c704187d9f6e05139a7cb379d88b085b2b6bd82d2cff079509",
            },
        },
        "seal": "19cb98dd58ca3a4dd8fe0aa1338a1affc6f92de9fdb09c1a6a3bfcb1891bb8bc",
    }


def test_the_time_is_that_of_the_run(sealed):
    os.utime(sealed / "manifest.json", (0, 1.6e9))
    same, line = told(sealed)
    assert same
    assert "results of 2020-09-1" in line


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda file: file.unlink(), "is missing"),
        (lambda file: (file.unlink(), file.mkdir()), "is missing"),
        (lambda file: file.write_bytes(b"Picture"), "is not as the run wrote it"),
        (lambda file: file.write_bytes(b"pictures"), "is not as the run wrote it"),
    ],
    ids=["gone", "a folder", "a byte", "longer"],
)
def test_a_file_that_changed_is_told(sealed, change, problem):
    file = sealed / "figures" / "a[b].png"
    change(file)
    assert told(sealed) == (False, f"Starting anew: {file} {problem}.\n")


def test_large_files_are_known_by_their_size(sealed, monkeypatch):
    monkeypatch.setattr(run_files, "LARGEST_HASHED_BYTES", 6)
    seal(sealed, {"scenario": {}}, "me")
    file = sealed / "figures" / "a[b].png"
    file.write_bytes(b"Picture")
    assert told(sealed)[0]
    file.write_bytes(b"pictures")
    assert not told(sealed)[0]


@pytest.mark.parametrize(
    "manifest", [None, "{", "{}", '{"scenario": {}}', '{"scenario": {}, "identity": "me"}']
)
def test_a_folder_that_no_such_run_wrote_is_no_repetition(sealed, manifest):
    (sealed / "manifest.json").unlink()
    if manifest is not None:
        (sealed / "manifest.json").write_text(manifest)
    assert told(sealed) == (False, "")
    assert told(sealed / "nowhere") == (False, "")


def test_a_manifest_that_changed_is_that_of_another_run(sealed):
    path = sealed / "manifest.json"
    path.write_text(path.read_text().replace('"scenario": {}', '"scenario": {"seed": "x"}'))
    assert told(sealed) == (False, "")


def test_another_identity_is_another_run(sealed):
    assert told(sealed, "other") == (False, "")


def test_whatever_files_depend_on_changes_the_identity(experiments, monkeypatch, tmp_path):
    scenario = experiments()[0].scenario
    other = Scenario.model_validate({**resolved(scenario), "description": "other"})
    found = [
        whole_identity(scenario, "units"),
        whole_identity(scenario, "others"),
        whole_identity(other, "units"),
    ]
    assert whole_identity(scenario, "units") == found[0]
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.css").write_text("other")
    for name, changed in {
        "version": lambda name: "other",
        "versions": lambda: {"coinfer": "other"},
        "code_version": lambda: "other",
        "files": lambda package: tmp_path,
    }.items():
        with monkeypatch.context() as patched:
            patched.setattr(repeated, name, changed)
            found.append(whole_identity(scenario, "units"))
    assert len(set(found)) == len(found)
