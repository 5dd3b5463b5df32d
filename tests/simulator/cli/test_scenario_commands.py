"""`coinfer scenario`, JSON, examples in help, completion, and mistakes in what is typed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from coinfer.simulator.cli import completion
from coinfer.simulator.cli.commands import app
from coinfer.simulator.loading import load_scenario
from coinfer.simulator.scenario_schema import schema


def commands(group, above=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*above, name))
        else:
            yield (*above, name), command


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("name", COMMANDS, ids=" ".join)
def test_every_command_has_an_example(name):
    words = " ".join(COMMANDS[name].help.split()).partition("Example: ")[2]
    assert words.removeprefix("coinfer ").startswith(" ".join(name))


def test_show_prints_a_scenario_that_loads(workplace, typed, capsys):
    assert typed("scenario", "show", "small.yaml", "--set", "seed=7", command="coinfer") == 0
    text = capsys.readouterr().out
    (seed,) = (line for line in text.splitlines() if line.startswith("seed:"))
    assert seed.split() == ["seed:", "7", "#", "--set"]
    (workplace / "copy.yaml").write_text(text)
    assert load_scenario("copy.yaml") == load_scenario("small.yaml", ["seed=7"])


def test_show_as_json(workplace, typed, capsys):
    assert typed("scenario", "show", "small.yaml", "--json", command="coinfer") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["scenario"]["link"]["bandwidth_hz"] == 1e5
    assert told["origins"]["link.bandwidth_hz"] == "file"
    assert told["origins"]["link.fading.model"] == "default"


def test_the_schema_is_printed_or_written(workplace, typed, capsys):
    assert typed("scenario", "schema", command="coinfer") == 0
    assert json.loads(capsys.readouterr().out) == schema()
    assert typed("scenario", "schema", "--out", "s.json", command="coinfer") == 0
    assert json.loads((workplace / "s.json").read_text()) == schema()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["scenario", "show", "smal.yaml"], "smal.yaml: no such file"),
        (["scenario", "show", "small.yaml", "--set", "sed=1"], "--set: sed: unknown key, did you mean "),
        (["scenario", "schema", "--out", "gone/s.json"], "--out gone/s.json: cannot be written: "),
        (["scenario", "shwo"], "coinfer scenario: No such command 'shwo'"),
        (["scenario", "show"], "coinfer scenario show: Missing argument 'SCENARIO'; see "),
        (["codecs", "--jsn"], "coinfer codecs: No such option: --jsn"),
        (["evaluate", "--count", "many"], "coinfer evaluate: Invalid value for '--count'"),
        (["validate", "--seed", "-1"], "coinfer validate: Invalid value for '--seed'"),
        (["figures", "run", "--style", "nature"], "coinfer figures: Invalid value for '--style': 'nature'"),
        (["check-codec", "jpg"], "check-codec: unknown codec 'jpg', did you mean 'jpeg'?"),
    ],
)  # fmt: skip
def test_a_mistake_takes_one_line(workplace, typed, capsys, arguments, line):
    assert typed(*arguments, command="coinfer") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(line)
    assert err.count("\n") == 1


def test_without_a_command_help_is_shown(typed, capsys):
    assert typed("scenario", command="coinfer") == 2
    assert "Usage: coinfer scenario" in "".join(capsys.readouterr())


def test_lists_as_json(typed, capsys):
    assert typed("codecs", "--json", command="coinfer") == 0
    assert json.loads(capsys.readouterr().out)["local"].endswith(".")
    assert typed("scenario", "list", "--json", command="coinfer") == 0
    assert json.loads(capsys.readouterr().out)["paper"].endswith("?")


def test_completion_of_names(workplace):
    assert completion.scenarios("po") == ["poor_channel"]
    assert completion.scenarios("small") == ["small.yaml"]
    assert completion.codecs("jp") == ["jpeg"]


def completed(words):
    """What the shell would be offered, by the protocol of bash."""
    program = (
        f"from coinfer.simulator.cli import {'main' if words[0] == 'coinfer' else 'simulate_main'} as m; m()"
    )
    asked = {
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
        f"_{words[0].upper()}_COMPLETE": "complete_bash",
    }
    ended = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.argv[0] = {words[0]!r}; {program}"],
        env=os.environ | asked,
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.stdout.split()


def test_the_shell_completes():
    assert completed(["coinfer", "scenario", "sh"]) == ["show"]
    assert completed(["simulate", "poor"]) == ["poor_channel"]


@pytest.mark.parametrize("variable", ["NO_COLOR", None])
def test_without_a_terminal_there_are_no_escapes(workplace, variable):
    program = str(Path(sys.executable).parent / "coinfer")
    environment = {**os.environ, **({variable: "1"} if variable else {})}
    for words in (["scenario", "show", "small.yaml"], ["--help"], ["scenario", "show", "gone"]):
        ended = subprocess.run([program, *words], capture_output=True, env=environment, check=False)
        assert b"\x1b" not in ended.stdout + ended.stderr
