"""From a scenario file to the folder of results."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from coinfer.codecs import registry
from coinfer.codecs.protocol import Codec, CodecError
from coinfer.models.images import FolderImages, ImagesError, ImageSet, imagenette
from coinfer.models.scenes.scene import Scenes
from coinfer.simulator import blocks
from coinfer.simulator.codec_spec import CodecSpec
from coinfer.simulator.errors import InputError, ScenarioError
from coinfer.simulator.experiment import Experiment, check_link
from coinfer.simulator.loading import SweepPoint, expand, load_scenario, resolved
from coinfer.simulator.measurements import Candidate, Measurement, measure
from coinfer.simulator.metrics import summarise
from coinfer.simulator.outputs import check_folder, whole_folder, write_tables
from coinfer.simulator.scenario import Images, Scenario
from coinfer.simulator.sweep import run_sweep
from coinfer.simulator.tables import print_results

LIBRARIES = ("coinfer", "torch", "torchvision", "numpy", "scipy", "pandas", "simpy", "constriction", "pillow")


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
    with _mistakes(name), _bar(notes, "simulating") as (bar, shown):
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
    for spec in {spec.id for point in points for spec in point.scenario.codecs if spec.id}:
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
    found: dict[str, tuple[ImageSet, dict[str, Measurement]]] = {}
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
            found[key] = _measure(scenario, notes)
        images, measurements = found[key]
        experiments.append(
            Experiment(point.coordinates, point.scenario, len(images), images.fingerprint, measurements)
        )
    return experiments


def _measure(scenario: Scenario, notes: Console) -> tuple[ImageSet, dict[str, Measurement]]:
    described, specs = scenario.images, scenario.codecs
    images = open_images(described)
    classifier = _classifier(described, images)
    candidates = [
        Candidate(spec.label, _identity(spec, classifier), partial(_build, spec, classifier))
        for spec in specs
    ]
    with _bar(notes, "measuring") as (bar, shown):
        measured = measure(
            candidates,
            images,
            cache_folder() / "measurements",
            lambda label, done, of: bar.update(
                shown, completed=done, total=of, description=f"measuring {label}"
            ),
            loss=blocks.loss(scenario.link.loss),
            framing=blocks.framing(scenario.link),
            seed=scenario.seed,
        )
    return images, {spec.label: measurement for spec, measurement in zip(specs, measured, strict=True)}


def open_images(described: Images) -> ImageSet:
    """Opens the image set that a scenario describes.

    Raises:
        ImagesError: it is not there, or smaller than asked for.
    """
    root = described.root or Path("data")
    if described.source == "scenes":
        return Scenes(described.count, described.seed)
    if described.source == "imagenette":
        return imagenette(root, "val", described.count, described.download)
    images = FolderImages(root, described.count)
    len(images)
    return images


def _classifier(described: Images, images: ImageSet) -> str:
    """Which classes to decide between: those of the source, or of the classifier that knows the folders."""
    if described.classifier is not None:
        return str(described.classifier)
    if described.source != "imagefolder":
        return described.source
    from coinfer.models.backbone import shipped

    for name, classes in shipped().class_names.items():
        if classes == images.class_names:
            return name
    raise ImagesError(
        f"{described.root}: no classifier for these {len(images.class_names)} classes; train one with "
        f"'coinfer train classifier --images FOLDER' and give its file as images.classifier"
    )


def _build(spec: CodecSpec, classifier: str) -> Codec:
    if spec.plugin is not None:
        return registry.create_plugin(spec.plugin, spec.settings, classifier)
    return registry.create(str(spec.id), spec.settings, classifier)


def _identity(spec: CodecSpec, classifier: str) -> str:
    """Everything a codec's messages and answers depend on: settings, files they name, weights, code."""
    named = [classifier, *map(str, spec.settings.values()), (spec.plugin or "").rpartition(":")[0]]
    contents = {name: _sha256(Path(name)) for name in named if name and Path(name).is_file()}
    return json.dumps(
        [spec.model_dump(), classifier, contents, code_version(), weights()], sort_keys=True, default=str
    )


@cache
def code_version() -> str:
    """Hash of the code that measures, and of the versions of the libraries it uses."""
    digest = hashlib.sha256(" ".join(version(name) for name in LIBRARIES).encode())
    for package in ("coinfer.codecs", "coinfer.models"):
        for path in sorted(Path(str(files(package))).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def weights() -> dict[str, str]:
    """SHA-256 of each checkpoint that comes with coinfer."""
    folder = Path(str(files("coinfer.models"))) / "weights"
    return {path.name: _sha256(path) for path in sorted(folder.glob("*.safetensors"))}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cache_folder() -> Path:
    """Where measurements are kept: COINFER_CACHE, or the user's cache folder."""
    from platformdirs import user_cache_path

    chosen = os.environ.get("COINFER_CACHE")
    return Path(chosen) if chosen else user_cache_path("coinfer")


def _recordings(experiments: Sequence[Experiment]) -> dict[str, str]:
    """SHA-256 of each recorded channel."""
    links = [experiment.scenario.link for experiment in experiments]
    return {str(link.recording.file): _sha256(link.recording.file) for link in links if link.recording}


def _manifest(
    scenario: Scenario,
    experiments: Sequence[Experiment],
    tasks: pd.DataFrame,
    wall_s: float,
    arguments: Sequence[str],
) -> dict[str, object]:
    return {
        "arguments": list(arguments),
        "scenario": resolved(scenario),
        "seed": scenario.seed,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        "code": code_version(),
        "checkpoints": weights(),
        "recordings": _recordings(experiments),
        "images": sorted({experiment.images for experiment in experiments}),
        "outcomes": tasks.groupby("codec", observed=True)["outcome"]
        .value_counts()
        .unstack()
        .to_dict("index"),
        "wall_time_s": round(wall_s, 3),
    }


@contextmanager
def _bar(console: Console, text: str) -> Iterator[tuple[Progress, TaskID]]:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield bar, bar.add_task(text, total=None)


@contextmanager
def _mistakes(scenario: str) -> Iterator[None]:
    """Turns what blocks of the link, codecs and image sets report into the user's mistake.

    The scenario's name stands before it.
    """
    try:
        yield
    except (CodecError, ImagesError, ScenarioError) as error:
        raise InputError(f"{Path(scenario).name}: {error}") from error
