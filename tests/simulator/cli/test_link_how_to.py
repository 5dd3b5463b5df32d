"""The how-to in docs/link_plugins.md, followed word by word in an empty folder."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from coinfer.simulator.testing import FADING_CHECKS, RATE_CHECKS

HOW_TO = Path(__file__).resolve().parents[3] / "docs" / "link_plugins.md"
BLOCK = re.compile(r"(?:<!-- file: (?P<file>\S+) -->\n\n)?```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.M | re.S)


@pytest.fixture
def written(tmp_path):
    """The folder with the files of the how-to, and the commands that it types there."""
    commands = []
    for block in BLOCK.finditer(HOW_TO.read_text(encoding="utf-8")):
        if block["file"]:
            (tmp_path / block["file"]).write_text(block["text"], encoding="utf-8")
        elif block["kind"] == "console":
            commands += [line.removeprefix("$ ") for line in block["text"].splitlines()]
    return tmp_path, commands


def test_word_by_word(written, plain, typed, monkeypatch):
    folder, commands = written
    monkeypatch.chdir(folder)
    tested, run = commands
    python, *arguments = tested.split()
    ended = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    assert (python, ended.returncode) == ("python", 0), ended.stdout + ended.stderr
    assert f"{len(FADING_CHECKS) + len(RATE_CHECKS)} passed" in ended.stdout
    command, scenario = run.split()
    assert typed(scenario, command=command) == 0
    summary = pd.read_csv(folder / "runs" / "my_link" / "summary.csv")
    at_last = summary[(summary["deadline_s"] == 0.5) & (summary["codec"] == "jpeg(quality=75)")]
    on_time = at_last.set_index("link.fading.settings.rooms")["on_time_ratio"]
    assert on_time[1] > on_time[2] > on_time[3]
    manifest = json.loads((folder / "runs" / "my_link" / "manifest.json").read_text())
    assert {name: len(digest) for name, digest in manifest["link_plugins"].items()} == {
        "my_link.py:Cascaded": 64,
        "my_link.py:Schemes": 64,
    }


def test_all_checks_are_listed():
    text = HOW_TO.read_text(encoding="utf-8")
    checks = (*FADING_CHECKS, *RATE_CHECKS)
    assert [check.name for check in checks if f"| {check.name} | {check.rule} |\n" not in text] == []
