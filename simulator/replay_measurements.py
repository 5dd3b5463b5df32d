"""Measurements taken from a file instead of measuring: no codec, network or photo is needed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from coinfer.simulator.codec_spec import CodecSpec
from coinfer.simulator.errors import ScenarioError, suggestion
from coinfer.simulator.evaluation import Evaluated
from coinfer.simulator.measurement_file import MeasurementFile, read_measurements
from coinfer.simulator.measurements import Measurement
from coinfer.simulator.scenario import Scenario

SUFFIX = ".parquet"


@dataclass(frozen=True)
class MeasuredImages:
    """An image set, and what a scenario's codecs did to it.

    Args:
        count: number of images.
        fingerprint: of the image set; for a part of a file, how much of it.
        measurements: by the codec's label in the scenario.
    """

    count: int
    fingerprint: str
    measurements: Mapping[str, Measurement]


def replay(scenario: Scenario) -> MeasuredImages:
    """Takes the measurements that a scenario with `images.replay` asks for.

    Raises:
        ScenarioError: an operating point or so many images are not in the file, or the link loses messages,
            whose verdicts the file does not hold.
        InputError: the file cannot be read.
    """
    if scenario.link.loss.model != "none":
        raise ScenarioError(
            f"link.loss.model: expected none with images.replay, got {scenario.link.loss.model}: answers to "
            f"damaged messages are not stored; measure instead, with images.source"
        )
    name = str(scenario.images.replay)
    stored = _read(find_file(name))
    there = len(stored.labels)
    count = scenario.images.count or there
    if count > there:
        raise ScenarioError(f"images.count: expected at most the {there} images of {name}, got {count}")
    found = {spec.label: _first(_matching(spec, stored, name), count) for spec in scenario.codecs}
    fingerprint = str(stored.about["images"]["fingerprint"])
    return MeasuredImages(count, fingerprint if count == there else f"{fingerprint}, first {count}", found)


def find_file(name: str) -> Path:
    """Returns the path of a bundled set of measurements, or of a file.

    Raises:
        ScenarioError: there is none of that name.
    """
    if name.endswith(SUFFIX) and Path(name).is_file():
        return Path(name)
    bundled = {
        path.name.removesuffix(SUFFIX): Path(str(path))
        for path in files("coinfer.measurements").iterdir()
        if path.name.endswith(SUFFIX)
    }
    if name not in bundled:
        known = suggestion(name, bundled) if bundled else "; none comes with this coinfer"
        raise ScenarioError(
            f"images.replay: '{name}' is neither a file of 'coinfer evaluate' nor a bundled set{known}"
        )
    return bundled[name]


def described(scenario: Scenario) -> dict[str, Any]:
    """What a run's manifest says of the file it replays: its hash, and how it was made."""
    stored = _read(find_file(str(scenario.images.replay)))
    return {"file": stored.path.name, "sha256": stored.sha256, **stored.about}


_read = cache(read_measurements)


def _matching(spec: CodecSpec, stored: MeasurementFile, name: str) -> Evaluated:
    codec = spec.id or spec.plugin
    of_codec = [point for point in stored.points if point.codec == codec]
    for point in of_codec:
        if {**point.facts.defaults, **_plain(spec.settings)} == point.facts.settings:
            return point
    if of_codec:
        there = ", ".join(point.label for point in of_codec)
        raise ScenarioError(
            f"codecs: {name} has no {spec.label}, only {there}; take one of these, or measure"
        )
    known = suggestion(str(codec), {point.codec for point in stored.points})
    raise ScenarioError(f"codecs: {name} has no codec '{codec}'{known}")


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as they come back from a file."""
    plain: dict[str, Any] = json.loads(json.dumps(settings))
    return plain


def _first(point: Evaluated, count: int) -> Measurement:
    measured = point.measurement
    return replace(
        measured,
        payload_bytes=measured.payload_bytes[:count],
        correct=measured.correct[:count],
        cut_bytes=None if measured.cut_bytes is None else measured.cut_bytes[:, :count],
        cut_correct=None if measured.cut_correct is None else measured.cut_correct[:, :count],
    )
