import resource
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest
import typer

ROOT = Path(__file__).resolve().parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CODECS = {"aecnn", "jpeg", "local", "png", "raw", "split-float32", "split-int8", "webp"}


def script(command):
    return [sys.executable, "-c", f"from coinfer.simulator.cli import {command} as main; main()"]


def cpu_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_help_is_there_at_once():
    spent_s = []
    for _ in range(3):
        before_s = cpu_s()
        answer = subprocess.run(
            [*script("simulate_main"), "--help"], capture_output=True, text=True, check=True
        )
        spent_s.append(cpu_s() - before_s)
    assert min(spent_s) < 0.5
    options = ("SCENARIO", "--out", "--seed", "--jobs", "--set", "--anew", "--quiet")
    assert all(option in answer.stdout for option in options)


def test_no_module_but_the_commands_loads_torch():
    names = [
        ".".join(("coinfer.simulator", *path.relative_to(ROOT / "simulator").with_suffix("").parts))
        for path in (ROOT / "simulator").rglob("*.py")
        if path.name != "__init__.py" and "cli" not in path.parts
    ]
    assert "coinfer.simulator.link.uplink" in names
    program = (
        f"import sys, importlib\nfor name in {names}:\n    importlib.import_module(name)\n"
        "    assert 'torch' not in sys.modules, name"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("name", ["simulate", "coinfer"])
def test_the_console_scripts_resolve(name):
    (entry,) = entry_points(group="console_scripts", name=name)
    assert entry.value == PROJECT["project"]["scripts"][name]
    assert callable(entry.load())


def test_the_codecs_resolve():
    from coinfer.codecs.protocol import Codec

    found = {entry.name: entry for entry in entry_points(group="coinfer.codecs")}
    assert found.keys() >= CODECS
    for name in CODECS:
        assert found[name].value == PROJECT["project"]["entry-points"]["coinfer.codecs"][name]
        assert issubclass(found[name].load(), Codec)


def test_the_wheel_holds_every_package():
    folders = {
        path.parent.relative_to(ROOT)
        for top in ("simulator", "codecs", "models", "measurements", "scenarios")
        for path in (ROOT / top).rglob("__init__.py")
    }
    packages = {".".join(("coinfer", *folder.parts)) for folder in folders}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == packages


def test_the_installed_codecs_are_listed(typed, capsys):
    assert typed("codecs", command="coinfer") == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines} >= CODECS
    assert all(len(line.split()) > 3 for line in lines)


def test_an_installed_codec_that_does_not_import_does_not_hide_the_others(typed, capsys, monkeypatch):
    both = {
        "png": EntryPoint("png", "coinfer.codecs.png:Png", "coinfer.codecs"),
        "theirs": EntryPoint("theirs", "json:missing", "coinfer.codecs"),
    }
    monkeypatch.setattr("coinfer.codecs.registry._entries", lambda: both)
    assert typed("codecs", command="coinfer") == 0
    out, err = capsys.readouterr()
    assert out.startswith("png  ")
    assert err.startswith("warning: codec 'theirs': 'json:missing' does not import: AttributeError")


def test_the_bundled_scenarios_are_listed(typed, capsys):
    assert typed("scenario", "list", command="coinfer") == 0
    lines = capsys.readouterr().out.splitlines()
    names = {"crowd", "good_channel", "nr_umi", "paper", "poor_channel", "trace", "walk"}
    assert {line.split()[0] for line in lines} >= names
    assert all(line.endswith("?") for line in lines)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Missing argument 'SCENARIO'"),
        (["small.yaml", "--jobs", "0"], "Invalid value for '--jobs'"),
        (["small.yaml", "--seed", "-1"], "Invalid value for '--seed'"),
        (["small.yaml", "--sed", "1"], "No such option: --sed"),
    ],
    ids=["no scenario", "no jobs", "negative seed", "unknown option"],
)
def test_a_mistyped_command_ends_with_code_2(workplace, typed, capsys, arguments, told):
    assert typed(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err
    assert not (workplace / "runs").exists()


@pytest.mark.parametrize("stop", [KeyboardInterrupt, typer.Abort])
@pytest.mark.parametrize(
    "where", ["coinfer.simulator.cli.run.run_scenario", "coinfer.simulator.cli.commands._code"]
)
def test_ctrl_c_is_told_in_a_line(workplace, typed, capsys, monkeypatch, where, stop):
    def stopped(*_):
        raise stop

    monkeypatch.setattr(where, stopped)
    assert typed("small.yaml") == 130
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "Stopped. Type the same command again to go on from what is finished.\n"
