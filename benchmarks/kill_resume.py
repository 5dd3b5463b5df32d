"""Kills a sweep at random moments with SIGKILL, lets it go on, and compares its files at the end.

Usage: python benchmarks/kill_resume.py [--kills 20] [--jobs 2] [--seed 1]

Prints a line a kill, then what was compared; exit code 1 if anything was lost, done twice, or differs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from coinfer.codecs.protocol import Cost
from coinfer.simulator.codec_spec import CodecSpec
from coinfer.simulator.evaluation import CodecFacts, Evaluated
from coinfer.simulator.measurement_file import write_measurements
from coinfer.simulator.measurements import Measurement

SCENARIO = """
name: killed
tasks: 1500
replications: 8
images: {replay: some.parquet}
devices: [{profile: jetson-nano, arrivals: {rate_hz: 2.0}}]
link: {bandwidth_hz: 1.0e+5, mean_snr_db: 5}
edge: {profile: rtx-3090}
codecs: [raw, png]
deadlines_s: [0.05, 0.2]
sweep: {link.mean_snr_db: [0, 5, 10, 15]}
"""
UNITS = 32
SIMULATE = (
    "import sys; from coinfer.simulator.cli import simulate_main; sys.argv[0] = 'simulate'; simulate_main()"
)


def prepare(folder: Path) -> None:
    """Writes the scenario, and made-up measurements that it replays, so that no network is needed."""
    (folder / "killed.yaml").write_text(SCENARIO)
    facts = CodecFacts({}, {}, (), None, None, 0, 0, 1.0, 1.0, None)
    points = [
        Evaluated(
            CodecSpec.model_validate(codec),
            Measurement(size + np.arange(8), np.arange(8) < 6, Cost(1e9), Cost(2e9), False),
            facts,
        )
        for codec, size in {"raw": 3000, "png": 1000}.items()
    ]
    about = {"images": {"fingerprint": "eight"}}
    write_measurements(folder / "some.parquet", points, np.zeros(8, dtype=np.int64), about)


def start(folder: Path, jobs: int) -> subprocess.Popen[bytes]:
    """Starts the run in a process group of its own."""
    command = [sys.executable, "-W", "ignore", "-c", SIMULATE, "killed.yaml", "--jobs", str(jobs), "--quiet"]
    return subprocess.Popen(command, cwd=folder, start_new_session=True)


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a run; of the manifest all but its wall time."""
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    facts = json.loads(files["manifest.json"])
    del facts["wall_time_s"]
    return files | {"manifest.json": json.dumps(facts).encode()}


def units(partial: Path) -> dict[str, int]:
    """The finished units, with the time at which each was written."""
    return {path.name: path.stat().st_mtime_ns for path in partial.glob("*.arrow")}


def orphans(process: subprocess.Popen[bytes]) -> bool:
    """Whether anything of a killed run is still there after ten seconds."""
    for _ in range(200):
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.05)
    return True


def main() -> int:
    """Runs the check; gives the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    chance, wrong = random.Random(given.seed), 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        result, partial = folder / "runs" / "killed", folder / "runs" / ".killed.partial"
        prepare(folder)
        begun_s = time.monotonic()
        start(folder, given.jobs).wait()
        whole_s = time.monotonic() - begun_s
        undisturbed = contents(result)
        print(f"undisturbed: {whole_s:.1f} s, {UNITS} units, {len(undisturbed)} files")
        shutil.rmtree(result)
        starts, kills, runs, before = 0, 0, 0, dict[str, int]()
        while kills < given.kills or not runs or before:
            process = start(folder, given.jobs)
            starts += 1
            try:
                process.wait(chance.uniform(0.1, 1.1) * whole_s if kills < given.kills else None)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                kills += 1
                wrong += orphans(process)
            after, there = units(partial), result.exists()
            lost = 0 if there else sum(after.get(unit) != written for unit, written in before.items())
            wrong += lost
            print(f"start {starts}: {len(after)} of {UNITS} units kept, {lost} lost or done again")
            before = after
            if there:
                runs += 1
                found = contents(result)
                differ = [path for path in found | undisturbed if found.get(path) != undisturbed.get(path)]
                wrong += bool(differ)
                print(f"whole run {runs}: {', '.join(differ) + ' differ' if differ else 'the same bytes'}")
                shutil.rmtree(result)
        left = [path.name for path in result.parent.iterdir()]
        wrong += bool(left)
    print(f"{kills} kills, {runs} whole runs, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
