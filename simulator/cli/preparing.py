"""Before a run: are its scenario, codecs and links sound, and what do its codecs do to the images?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from coinfer.codecs import registry
from coinfer.codecs.protocol import CodecError
from coinfer.models.images import ImagesError, PhotosMissingError
from coinfer.simulator import blocks
from coinfer.simulator.cli.measuring import (
    cache_folder,
    candidate,
    classifier_for,
    open_images,
    progress_bar,
)
from coinfer.simulator.errors import InputError, ScenarioError
from coinfer.simulator.experiment import Experiment, check_link
from coinfer.simulator.loading import SweepPoint
from coinfer.simulator.measurements import measure
from coinfer.simulator.replay_measurements import MeasuredImages, replay
from coinfer.simulator.scenario import Scenario


def check(points: Sequence[SweepPoint]) -> None:
    """Finds now what would fail later.

    Raises:
        CodecError: there is no such codec.
        InputError: the parts of a link do not go together, or a swept key has no place in the tables.
    """
    _check_columns(points)
    _check_codecs(points)
    _check_links(points)


@contextmanager
def mistakes(scenario: str) -> Iterator[None]:
    """Turns what blocks of the link, codecs and image sets report into the user's mistake.

    The scenario's name stands before it.
    """
    try:
        yield
    except PhotosMissingError as error:
        raise InputError(f"{Path(scenario).name}: {error}, or set images.download: true") from error
    except (CodecError, ImagesError, ScenarioError) as error:
        raise InputError(f"{Path(scenario).name}: {error}") from error


def _check_columns(points: Sequence[SweepPoint]) -> None:
    """Refuses to sweep what would be two columns of the same name in summary.csv."""
    if "tasks" in points[0].coordinates:
        raise ScenarioError(
            "sweep.tasks: summary.csv has another column of this name; "
            "remove it and run once for each value with --set tasks=N"
        )


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


def measured(points: Sequence[SweepPoint], notes: Console) -> list[Experiment]:
    """Measures what each sweep point needs, each combination of images and codecs once."""
    found: dict[str, MeasuredImages] = {}
    cuts = any(point.scenario.cut for point in points)
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
            found[key] = replay(scenario) if scenario.images.replay else _measure(scenario, cuts, notes)
        known = found[key]
        experiments.append(
            Experiment(point.coordinates, scenario, known.count, known.fingerprint, known.measurements)
        )
    if any(experiment.scenario.cut and not _can_cut(experiment) for experiment in experiments):
        notes.print(
            "cut: changes nothing, since no codec here has messages that can be cut; those of anytime can",
            soft_wrap=True,
        )
    return experiments


def _can_cut(experiment: Experiment) -> bool:
    return any(measured.cut_bytes is not None for measured in experiment.measurements.values())


def _measure(scenario: Scenario, cuts: bool, notes: Console) -> MeasuredImages:
    images, specs = open_images(scenario.images), scenario.codecs
    classifier = classifier_for(scenario.images, images)
    with progress_bar(notes, "measuring") as (bar, shown):
        measured = measure(
            [candidate(spec, classifier) for spec in specs],
            images,
            cache_folder() / "measurements",
            lambda label, done, of: bar.update(
                shown, completed=done, total=of, description=f"measuring {escape(label)}"
            ),
            loss=blocks.loss(scenario.link.loss),
            framing=blocks.framing(scenario.link),
            seed=scenario.seed,
            cuts=cuts,
        )
    found = {spec.label: measurement for spec, measurement in zip(specs, measured, strict=True)}
    return MeasuredImages(len(images), images.fingerprint, found)
