"""A run that is killed goes on where it was, and its files are those of a run that was not."""

import json
import os
import random
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

from coinfer.codecs.protocol import Cost
from coinfer.simulator.codec_spec import CodecSpec
from coinfer.simulator.evaluation import CodecFacts, Evaluated
from coinfer.simulator.measurement_file import write_measurements
from coinfer.simulator.measurements import Measurement

SCENARIO = """
name: killed
tasks: 150
replications: 5
images: {replay: some.parquet}
devices:
  - {profile: jetson-nano, arrivals: {rate_hz: 1.0}}
link: {bandwidth_hz: 1.0e+5, mean_snr_db: 5}
edge: {profile: rtx-3090}
codecs: [raw, png]
deadlines_s: [0.05, 0.2]
sweep: {link.mean_snr_db: [0, 10]}
"""
SIMULATE = (
    "import sys, coinfer.simulator.figures as figures; from coinfer.simulator.cli import simulate_main\n"
    "figures.draw_figures = lambda *given: []\n"
    "sys.argv[0] = 'simulate'; simulate_main()"
)


def measured(codec, size):
    facts = CodecFacts({}, {}, (), None, None, 0, 0, 1.0, 1.0, None)
    images = Measurement(size + np.arange(8), np.arange(8) < 6, Cost(1e9), Cost(2e9), False)
    return Evaluated(CodecSpec.model_validate(codec), images, facts)


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "killed.yaml").write_text(SCENARIO)
    about = {"images": {"fingerprint": "eight"}}
    write_measurements(
        tmp_path / "some.parquet", [measured("raw", 900), measured("png", 100)], np.zeros(8, int), about
    )
    return tmp_path


@pytest.fixture
def simulated(typed, capsys):
    """Runs to the end in this process, and gives what it printed, and what of that to stderr."""

    def run(*arguments):
        assert typed("killed.yaml", *arguments) == 0
        return capsys.readouterr()

    return run


def killed_after(count, partial, *arguments):
    """Starts a run and kills it as soon as some more units are finished; gives the number of its process."""
    before = len(units(partial))
    process = subprocess.Popen(
        [sys.executable, "-c", SIMULATE, "killed.yaml", *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        start_new_session=True,
    )
    while process.poll() is None and len(units(partial)) < before + count:
        time.sleep(0.001)
    process.kill()
    assert process.wait() == -9
    return process.pid


def contents(folder):
    """The files of a run; of the manifest all but how long it took."""
    found = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    facts = json.loads(found.pop("manifest.json"))
    del facts["wall_time_s"]
    return found, facts


def units(partial):
    """The finished units, with the time at which each was written."""
    return {path.name: path.stat().st_mtime_ns for path in partial.glob("*.arrow")}


def test_a_run_that_is_killed_goes_on_and_ends_in_the_same_bytes(workplace, simulated, plain):
    assert simulated().err == ""
    undisturbed = contents(workplace / "runs/killed")
    shutil.rmtree(workplace / "runs/killed")
    partial, chance, before = workplace / "runs/.killed.partial", random.Random(1), {}
    for _ in range(2):
        killed_after(chance.randint(1, 3), partial)
        after = units(partial)
        assert before.items() < after.items()
        before = after
    assert simulated().err == f"Going on where a run was stopped: {len(before)} units are finished.\n"
    assert contents(workplace / "runs/killed") == undisturbed
    assert [path.name for path in (workplace / "runs").iterdir()] == ["killed"]


def test_a_damaged_unit_is_done_again(workplace, simulated, plain):
    simulated()
    undisturbed = contents(workplace / "runs/killed")
    shutil.rmtree(workplace / "runs/killed")
    partial = workplace / "runs/.killed.partial"
    killed_after(3, partial)
    damaged, *_ = sorted(partial.glob("*.arrow"))
    os.truncate(damaged, 1000)
    simulated()
    assert contents(workplace / "runs/killed") == undisturbed


def test_processes_end_with_the_run_that_started_them(workplace):
    group = killed_after(1, workplace / "runs/.killed.partial", "--jobs", 2, "--set", "tasks=3000")
    for _ in range(1000):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    pytest.fail("a worker goes on without its run")


def test_a_changed_scenario_starts_anew(workplace, simulated, plain):
    killed_after(2, workplace / "runs/.killed.partial")
    found = len(units(workplace / "runs/.killed.partial"))
    assert simulated("--seed", 5, "--set", "replications=2").err == (
        f"Starting anew: {found} finished units of another scenario, of other measurements or of other code "
        f"were in {workplace}/runs/.killed.partial and are thrown away.\n"
    )
    facts = json.loads((workplace / "runs/killed/manifest.json").read_text())
    assert (facts["seed"], facts["replications"]) == (5, [2, 2])


def test_replications_are_added_and_told(workplace, simulated, plain):
    rule = "until={half_width: 0.08, deadline_s: 0.2, max_replications: 40}"
    line = "until: replications were added until every interval at 200 ms reached at most ±8 points: "
    assert line in simulated("--set", rule, "--set", "replications=2").out
    facts = json.loads((workplace / "runs/killed/manifest.json").read_text())
    assert all(2 < count <= 40 for count in facts["replications"])
    assert facts["scenario"]["until"]["half_width"] == 0.08
