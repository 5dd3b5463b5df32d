"""From a scenario file to the folder of results."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.markup import escape

from coinfer.codecs import registry
from coinfer.codecs.protocol import CodecError
from coinfer.models.images import ImagesError
from coinfer.simulator import blocks
from coinfer.simulator.cli.measuring import (
    cache_folder,
    candidate,
    classifier_for,
    code_version,
    file_sha256,
    open_images,
    progress_bar,
    versions,
    weights,
)
from coinfer.simulator.errors import InputError, ScenarioError
from coinfer.simulator.experiment import Experiment, check_link
from coinfer.simulator.loading import SweepPoint, expand, load_scenario, resolved
from coinfer.simulator.measurements import measure
from coinfer.simulator.metrics import summarise
from coinfer.simulator.outputs import check_folder, whole_folder, write_tables
from coinfer.simulator.replay_measurements import MeasuredImages, described, replay
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.sweep import run_sweep
from coinfer.simulator.tables import print_results


def run_scenario(
    name: str, overrides: Sequence[str], out: Path | None, output_root: Path, jobs: int, quiet: bool
) -> None:
    """Loads, checks, measures, simulates, summarises, prints and writes; see `simulate --help`."""
    started_s = time.monotonic()
    console, notes = Console(quiet=quiet), Console(stderr=True, quiet=quiet)
    scenario = load_scenario(name, overrides)
    _check_columns(name, scenario)
    points = expand(scenario)
    folder = out or output_root / scenario.name
    check_folder(folder)
    with _mistakes(name):
        _check_codecs(points)
        _check_links(points)
        experiments = _measured(points, notes)
    with _mistakes(name), progress_bar(notes, "simulating") as (bar, shown):
        tasks = run_sweep(experiments, lambda done, of: bar.update(shown, completed=done, total=of), jobs)
    summary = summarise(tasks, experiments)
    manifest = _manifest(scenario, experiments, tasks, time.monotonic() - started_s, _arguments())
    _write(folder, tasks, summary, scenario, manifest)
    print_results(console, summary, scenario)
    found = f"{folder}/ (report.html, summary.csv, tasks.parquet, manifest.json, figures/)"
    console.print(f"Results: {escape(found)}", highlight=False, soft_wrap=True)


def _write(
    folder: Path, tasks: pd.DataFrame, summary: pd.DataFrame, scenario: Scenario, manifest: dict[str, object]
) -> None:
    from coinfer.simulator.figures import draw_figures
    from coinfer.simulator.report import write_report

    with whole_folder(folder) as fresh:
        write_tables(fresh, tasks, summary, manifest)
        figures = draw_figures(tasks, summary, scenario, fresh / "figures")
        write_report(summary, scenario, manifest, figures, fresh / "report.html")


def _check_columns(name: str, scenario: Scenario) -> None:
    """Refuses to sweep what would be two columns of the same name in summary.csv."""
    if "tasks" in scenario.sweep:
        raise InputError(
            f"{Path(name).name}: sweep.tasks: summary.csv has another column of this name; "
            f"remove it and run once for each value with --set tasks=N"
        )


def _arguments() -> list[str]:
    """What was typed after `simulate` or `coinfer simulate`."""
    typed = sys.argv[1:]
    return typed[1:] if Path(sys.argv[0]).stem == "coinfer" and typed[:1] == ["simulate"] else typed


def _check_codecs(points: Sequence[SweepPoint]) -> None:
    measured = [point.scenario for point in points if point.scenario.images.replay is None]
    for spec in {spec.id for scenario in measured for spec in scenario.codecs if spec.id}:
        registry.check_name(spec)


def _check_links(points: Sequence[SweepPoint]) -> None:
    """Builds each kind of link once, at its lowest mean SNR, which alone makes no other kind."""
    kinds = {}
    rest = {"devices", "downlink", "tasks", "duration_s"}
    for point in sorted(points, key=lambda point: -(point.scenario.link.mean_snr_db or 0.0)):
        link, others = point.scenario.link, point.scenario.model_dump_json(include=rest)
        kinds[link.model_dump_json(exclude={"mean_snr_db"}), others] = point.scenario
    for scenario in kinds.values():
        check_link(scenario)


def _measured(points: Sequence[SweepPoint], notes: Console) -> list[Experiment]:
    """Measures what each sweep point needs, each combination of images and codecs once."""
    found: dict[str, MeasuredImages] = {}
    experiments = []
    for point in points:
        scenario = point.scenario
        crossed = scenario.model_dump(mode="json", include={"link": {"loss", "framing"}, "seed": True})
        key = json.dumps(
            [
                scenario.model_dump(mode="json", include={"images", "codecs"}),
                crossed if scenario.link.loss.model != "none" else None,
            ]
        )
        if key not in found:
            found[key] = replay(scenario) if scenario.images.replay else _measure(scenario, notes)
        known = found[key]
        experiments.append(
            Experiment(point.coordinates, scenario, known.count, known.fingerprint, known.measurements)
        )
    return experiments


def _measure(scenario: Scenario, notes: Console) -> MeasuredImages:
    images, specs = open_images(scenario.images), scenario.codecs
    classifier = classifier_for(scenario.images, images)
    with progress_bar(notes, "measuring") as (bar, shown):
        measured = measure(
            [candidate(spec, classifier) for spec in specs],
            images,
            cache_folder() / "measurements",
            lambda label, done, of: bar.update(
                shown, completed=done, total=of, description=f"measuring {label}"
            ),
            loss=blocks.loss(scenario.link.loss),
            framing=blocks.framing(scenario.link),
            seed=scenario.seed,
        )
    found = {spec.label: measurement for spec, measurement in zip(specs, measured, strict=True)}
    return MeasuredImages(len(images), images.fingerprint, found)


def _recordings(experiments: Sequence[Experiment]) -> dict[str, str]:
    """SHA-256 of each recorded channel."""
    links = [experiment.scenario.link for experiment in experiments]
    return {str(link.recording.file): file_sha256(link.recording.file) for link in links if link.recording}


def _replayed(experiments: Sequence[Experiment]) -> dict[str, object]:
    """The files of measurements that were replayed, by the names that the scenario gives them."""
    scenarios = [experiment.scenario for experiment in experiments]
    return {scenario.images.replay: described(scenario) for scenario in scenarios if scenario.images.replay}


def _manifest(
    scenario: Scenario,
    experiments: Sequence[Experiment],
    tasks: pd.DataFrame,
    wall_s: float,
    arguments: Sequence[str],
) -> dict[str, object]:
    replayed = _replayed(experiments)
    return {
        "arguments": list(arguments),
        "scenario": resolved(scenario),
        "seed": scenario.seed,
        "versions": versions(),
        "code": code_version(),
        "checkpoints": {} if replayed else weights(),
        "replayed": replayed,
        "recordings": _recordings(experiments),
        "images": sorted({experiment.images for experiment in experiments}),
        "outcomes": tasks.groupby("codec", observed=True)["outcome"]
        .value_counts()
        .unstack()
        .to_dict("index"),
        "wall_time_s": round(wall_s, 3),
    }


@contextmanager
def _mistakes(scenario: str) -> Iterator[None]:
    """Turns what blocks of the link, codecs and image sets report into the user's mistake.

    The scenario's name stands before it.
    """
    try:
        yield
    except (CodecError, ImagesError, ScenarioError) as error:
        raise InputError(f"{Path(scenario).name}: {error}") from error
