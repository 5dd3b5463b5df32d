"""How do time and memory grow with the number of tasks? Each run of `simulate` in a fresh process.

    python benchmarks/scaling.py [--most 10_000_000] [--csv scaling.csv]

Time and memory are what a run takes beyond a run of one task; both draw figures and write the report. Short
runs and those of one task take turns, and the median of five counts. Writes docs/figures/scaling.png and
.svg, two tables into docs/scale.md, and a row for each case into a CSV file.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

import pandas as pd
from rounds import write
from scaling_figure import draw

DOCS = Path(__file__).parents[1] / "docs"
SCENARIO = """
name: scaling
tasks: 1
warmup: none
images: {replay: scenes}
devices: [{count: 10, profile: jetson-nano, arrivals: {rate_hz: 5.0}}]
link: {bandwidth_hz: 1.0e+6, mean_snr_db: 5}
edge: {profile: rtx-3090}
codecs: [{id: aecnn, split: layer2}]
deadlines_s: [0.1, 0.3]
"""
SIMULATE = "from coinfer.simulator.cli import simulate_main; simulate_main()"
ENGINES = ("events", "vector")
SHORT, ROUNDS = 1_000_000, 5
FEWEST, MOST_KEPT = 10_000, 1_000_000
CROWD = "10,000 devices in a cell"
DEVICES, UNIT = 10, 10_000
"""Devices of a cell, and its tasks where cells are added."""


@dataclass(frozen=True)
class Case:
    """One run: so many tasks of each of the devices of each cell."""

    engine: str
    layout: str
    records: str
    devices: int
    cells: int
    each: int

    @property
    def tasks(self) -> int:
        """Number of tasks in all."""
        return self.devices * self.cells * self.each

    def arguments(self, folder: Path) -> list[str]:
        """What `simulate` is told."""
        settings = {
            "engine": self.engine,
            "records": self.records,
            "cells": self.cells,
            "tasks": self.each,
            "devices.0.count": self.devices,
            "devices.0.arrivals.rate_hz": 5.0 * DEVICES / self.devices,
        }
        told = [text for key, value in settings.items() for text in ("--set", f"{key}={value}")]
        return [str(folder / "scaling.yaml"), "--quiet", "--out", str(folder / "run"), *told]


def cases(most: int) -> Iterator[Case]:
    """The runs: a cell whose devices get more tasks, more and more cells, and a cell with many devices."""
    for engine in ENGINES:
        tasks = FEWEST
        while tasks <= most:
            if tasks <= MOST_KEPT:
                yield Case(engine, "one cell", "all", DEVICES, 1, tasks // DEVICES)
            yield Case(engine, "more cells", "summary", DEVICES, tasks // UNIT, UNIT // DEVICES)
            tasks *= 10
        yield Case(engine, CROWD, "summary", 10_000, 1, min(most, MOST_KEPT) // 10_000)


def measured(case: Case) -> tuple[float, float, float]:
    """Wall time and CPU time in seconds and peak memory in bytes of one run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "scaling.yaml").write_text(SCENARIO)
        command = [sys.executable, "-c", SIMULATE, *case.arguments(folder)]
        start_s = time.perf_counter()
        with subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"}) as process:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        wall_s = time.perf_counter() - start_s
    if process.returncode:
        raise SystemExit(f"{case}: simulate ended with {process.returncode}")
    unit_bytes = 1 if sys.platform == "darwin" else 1024
    return wall_s, used.ru_utime + used.ru_stime, float(used.ru_maxrss * unit_bytes)


def medians(cases: Sequence[Case]) -> dict[Case, list[float]]:
    """The same for each case; of short runs, which start-up disturbs, the median of several in turns."""
    runs: dict[Case, list[tuple[float, float, float]]] = defaultdict(list)
    for turn in range(ROUNDS):
        for case in cases:
            if case.tasks <= SHORT or not turn:
                runs[case].append(measured(case))
                print(turn, case, runs[case][-1], flush=True)
    return {case: [median(column) for column in zip(*of_case, strict=True)] for case, of_case in runs.items()}


def table(results: pd.DataFrame) -> str:
    """The rows as Markdown."""
    lines = [
        "| engine | tasks | records | layout | wall s | CPU s | µs a task | peak MB | bytes a task |",
        "| --- | --: | --- | --- | --: | --: | --: | --: | --: |",
    ]
    lines += [
        f"| {row.engine} | {row.tasks:,} | {row.records} | {row.layout} | "
        f"{row.wall_s:.2f} | {row.cpu_s:.2f} | "
        f"{1e6 * row.cpu_s / row.tasks:.2f} | {row.peak_bytes / 1e6:.0f} | {row.peak_bytes / row.tasks:.0f} |"
        for row in results.itertuples()
    ]
    return "\n".join(lines) + "\n"


def growth(results: pd.DataFrame) -> str:
    """What ten times the tasks take, as Markdown."""
    lines = [
        "| engine | records | tasks | CPU, whole command | CPU, less start-up | wall, less start-up |",
        "| --- | --- | --: | --: | --: | --: |",
    ]
    growing = results[(results["layout"] != CROWD) & (results["tasks"] > FEWEST)]
    for (engine, records), rows in growing.groupby(["engine", "records"]):
        lines += [
            f"| {engine} | {records} | {few.tasks:,} to {many.tasks:,} | "
            f"{many.command_s / few.command_s:.1f} | "
            f"{many.cpu_s / few.cpu_s:.1f} | {many.wall_s / few.wall_s:.1f} |"
            for few, many in pairwise(rows.itertuples())
        ]
    return "\n".join(lines) + "\n"


def main(most: int, csv: Path) -> None:
    """Measure, and write tables, figure and CSV."""
    measured(Case("vector", "", "all", 1, 1, 1))  # The first run reads files that others find in memory.
    starts = {
        (engine, records): Case(engine, "", records, 1, 1, 1)
        for engine in ENGINES
        for records in ("all", "summary")
    }
    larger = sorted(cases(most), key=lambda case: (case.tasks, case.engine))
    used = medians([*starts.values(), *larger])
    rows = []
    for case in larger:
        start = used[starts[case.engine, case.records]]
        beyond = [whole - part for whole, part in zip(used[case], start, strict=True)]
        measures = dict(zip(MEASURED, beyond, strict=True)) | {"command_s": used[case][1]}
        rows.append(vars(case) | {"tasks": case.tasks} | measures)
    results = pd.DataFrame(rows).sort_values(["engine", "layout", "tasks"])
    results.to_csv(csv, index=False, float_format="%.4g")
    draw(results, DOCS / "figures" / "scaling")
    write("scaling", table(results), DOCS / "scale.md")
    write("growth", growth(results), DOCS / "scale.md")


MEASURED = ("wall_s", "cpu_s", "peak_bytes")

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, default=10_000_000, help="tasks of the largest run")
    parser.add_argument("--csv", type=Path, default=Path("scaling.csv"), help="where the rows go")
    arguments = parser.parse_args()
    main(arguments.most, arguments.csv)
