"""The manifest of a run: all that is needed to say where its results come from."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from platform import machine, platform

from coinfer.simulator import identity
from coinfer.simulator.cli.dependencies import code_version, file_sha256, weights
from coinfer.simulator.cli.measuring import versions
from coinfer.simulator.engine_choice import chosen
from coinfer.simulator.experiment import Experiment
from coinfer.simulator.link_plugins import digests
from coinfer.simulator.loading import resolved
from coinfer.simulator.replay_measurements import described
from coinfer.simulator.scenario import Scenario


def manifest(
    scenario: Scenario,
    experiments: Sequence[Experiment],
    made: Sequence[int],
    outcomes: Mapping[str, Mapping[str, int]],
    wall_s: float,
) -> dict[str, object]:
    """The content of manifest.json.

    Args:
        scenario: as it was loaded, with what was set on the command line.
        experiments: the sweep points.
        made: replications of each of them.
        outcomes: number of tasks by codec and outcome.
        wall_s: how long the run took; of one that was stopped and went on, since it went on.
    """
    replayed = _replayed(experiments)
    return {
        "arguments": _arguments(),
        "scenario": resolved(scenario),
        "seed": scenario.seed,
        "replications": list(made),
        "engines": dict(chosen(experiment.scenario) for experiment in experiments),
        "versions": versions(),
        "code": code_version(),
        "simulator": identity.code()[:16],
        "machine": _machine(),
        "checkpoints": {} if replayed else weights(),
        "replayed": replayed,
        "recordings": _recordings(experiments),
        "link_plugins": _link_plugins(experiments),
        "images": sorted({experiment.images for experiment in experiments}),
        "outcomes": outcomes,
        "wall_time_s": round(wall_s, 3),
    }


def _machine() -> dict[str, object]:
    """What the run was made on."""
    return {"system": platform(), "processor": machine(), "cores": os.cpu_count()}


def _recordings(experiments: Sequence[Experiment]) -> dict[str, str]:
    """SHA-256 of each recorded channel."""
    links = [experiment.scenario.link for experiment in experiments]
    return {str(link.recording.file): file_sha256(link.recording.file) for link in links if link.recording}


def _link_plugins(experiments: Sequence[Experiment]) -> dict[str, str]:
    """SHA-256, or version, of each block of the link that is not coinfer's own."""
    found = [digests(experiment.scenario.link) for experiment in experiments]
    return {name: digest for named in found for name, digest in named.items()}


def _replayed(experiments: Sequence[Experiment]) -> dict[str, object]:
    """The files of measurements that were replayed, by the names that the scenario gives them."""
    scenarios = [experiment.scenario for experiment in experiments]
    return {scenario.images.replay: described(scenario) for scenario in scenarios if scenario.images.replay}


def _arguments() -> list[str]:
    """What was typed after `simulate` or `coinfer simulate`."""
    typed = sys.argv[1:]
    return typed[1:] if Path(sys.argv[0]).stem == "coinfer" and typed[:1] == ["simulate"] else typed
