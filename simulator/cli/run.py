"""From a scenario file to the folder of results."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from coinfer.simulator import precision
from coinfer.simulator.by_point import PointKey, point_key
from coinfer.simulator.cli.manifest import manifest
from coinfer.simulator.cli.measuring import progress_bar
from coinfer.simulator.cli.preparing import check, measured, mistakes
from coinfer.simulator.cli.repeated import is_repeated, seal, whole_identity
from coinfer.simulator.experiment import Experiment
from coinfer.simulator.figures_axis import shown_points
from coinfer.simulator.identity import identity
from coinfer.simulator.loading import expand, load_scenario
from coinfer.simulator.memory import loaded_left_alone
from coinfer.simulator.outputs import check_folder, whole_folder, write_tables
from coinfer.simulator.plan import Plan
from coinfer.simulator.results import Results, results
from coinfer.simulator.run_folder import read_run
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.sweep import run_sweep
from coinfer.simulator.tables import print_findings, print_results
from coinfer.simulator.task_table import write_tasks
from coinfer.simulator.unit_store import UnitStore, opened
from coinfer.simulator.workers import workers


def run_scenario(
    name: str,
    overrides: Sequence[str],
    out: Path | None,
    output_root: Path,
    jobs: int,
    cluster: str | None,
    anew: bool,
    quiet: bool,
) -> None:
    """Loads, checks, measures, simulates, summarises, writes and prints; see `simulate --help`."""
    started_s = time.monotonic()
    console, notes = Console(quiet=quiet), Console(stderr=True, quiet=quiet)
    scenario = load_scenario(name, overrides)
    points = expand(scenario)
    folder = out or output_root / scenario.name
    check_folder(folder)
    with mistakes(name):
        check(points)
        experiments = measured(points, notes)
    of_units = identity(experiments)
    of_run = whole_identity(scenario, of_units)
    if anew or not is_repeated(folder, of_run, notes):
        with opened(folder, of_units) as (store, thrown_away), loaded_left_alone():
            _tell_of(store, thrown_away, notes)
            with mistakes(name):
                plan = Plan.of(experiments)
                made = _simulate(plan, store, jobs, cluster, notes)
            units = [store.paths(plan.units(place, 0, count)) for place, count in enumerate(made)]
            found = results(experiments, units, shown_points(scenario))
            facts = manifest(scenario, experiments, made, found.outcomes, time.monotonic() - started_s)
            keys = [point_key(experiment.coordinates) for experiment in experiments]
            with whole_folder(folder, within=store.folder) as fresh:
                _write(fresh, found, dict(zip(keys, units, strict=True)), scenario, facts)
                seal(fresh, facts, of_run)
    _print(console, folder, experiments)


def _simulate(plan: Plan, store: UnitStore, jobs: int, cluster: str | None, notes: Console) -> list[int]:
    with workers(plan, jobs, cluster) as runner, progress_bar(notes, "simulating") as (bar, shown):
        return run_sweep(
            plan,
            store,
            runner,
            lambda done, of, leader: bar.update(
                shown, completed=done, total=of, description=f"simulating {escape(leader)}"
            ),
        )


def _tell_of(store: UnitStore, thrown_away: int, notes: Console) -> None:
    """Says what is done with the units of a run that was stopped."""
    if thrown_away:
        notes.print(
            f"Starting anew: {thrown_away} finished units of another scenario, of other measurements or of "
            f"other code were in {escape(str(store.folder))} and are thrown away.",
            soft_wrap=True,
        )
    if len(store):
        notes.print(f"Going on where a run was stopped: {len(store)} units are finished.", soft_wrap=True)


def _write(
    fresh: Path,
    found: Results,
    units: Mapping[PointKey, Sequence[Path]],
    scenario: Scenario,
    facts: dict[str, object],
) -> None:
    if scenario.records == "all":
        write_tasks(fresh / "tasks.parquet", [unit for of_point in units.values() for unit in of_point])
    write_tables(fresh, found.summary, found.differences, facts)

    from coinfer.simulator.figures import draw_figures  # Only now: they take memory that tasks have left.
    from coinfer.simulator.report import write_report

    draw_figures(found, units, scenario, fresh / "figures")
    write_report(fresh, fresh / "report.html")


def _print(console: Console, folder: Path, experiments: Sequence[Experiment]) -> None:
    """Prints what the files say, so a run and its repetition say the same."""
    run = read_run(folder)
    print_results(console, run.summary, run.scenario)
    print_findings(console, run.differences)
    if precise := precision.told(experiments, run.summary, run.manifest["replications"]):
        console.print(precise, highlight=False, soft_wrap=True)
    tasks = "tasks.parquet, " if run.tasks else ""
    written = f"{folder}/ (report.html, summary.csv, differences.csv, {tasks}manifest.json, figures/)"
    console.print(f"Results: {escape(written)}", highlight=False, soft_wrap=True)
