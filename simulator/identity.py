"""What the records of a run depend on, in one hash: units of work that share it may be mixed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from platform import python_version

import numpy as np

from coinfer.simulator.experiment import Experiment
from coinfer.simulator.link_plugins import digests
from coinfer.simulator.measurements import Measurement

LIBRARIES = ("numpy", "scipy", "pandas", "simpy", "pyarrow")


def identity(experiments: Sequence[Experiment]) -> str:
    """Hash of the sweep points, of what they replay, of the link's plugins, and of the simulator's code."""
    digest = hashlib.sha256(code().encode())
    measured: dict[int, str] = {}
    recorded: dict[Path, str] = {}
    for experiment in experiments:
        scenario, measurements = experiment.scenario, experiment.measurements
        recording = scenario.link.recording
        if recording and recording.file not in recorded:
            recorded[recording.file] = hashlib.sha256(recording.file.read_bytes()).hexdigest()
        for measurement in measurements.values():
            if id(measurement) not in measured:
                measured[id(measurement)] = _contents(measurement)
        depends = [
            dict(experiment.coordinates),
            scenario.model_dump(mode="json"),
            recorded[recording.file] if recording else None,
            digests(scenario.link),
            experiment.image_count,
            experiment.images,
            {label: measured[id(measurement)] for label, measurement in measurements.items()},
        ]
        digest.update(json.dumps(depends).encode())
    return digest.hexdigest()


@cache
def code() -> str:
    """Hash of the simulator's own files, and of the versions of the libraries it uses."""
    versions = [python_version(), *(version(name) for name in LIBRARIES)]
    digest = hashlib.sha256(" ".join(versions).encode())
    folder = Path(str(files("coinfer.simulator")))
    for path in sorted(path for path in folder.rglob("*") if path.suffix in {".py", ".yaml"}):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _contents(measurement: Measurement) -> str:
    digest = hashlib.sha256()
    for field in fields(measurement):
        value = getattr(measurement, field.name)
        digest.update(field.name.encode())
        if isinstance(value, np.ndarray):
            digest.update(f"{value.dtype} {value.shape}".encode() + value.tobytes())
        else:
            digest.update(repr(value).encode())
    return digest.hexdigest()
