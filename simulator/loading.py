"""From a scenario file and `--set` to checked scenarios, and each mistake to one line."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from coinfer.simulator import dotted
from coinfer.simulator.errors import InputError, ScenarioError, nearest
from coinfer.simulator.fields import Scalar, first_mistake
from coinfer.simulator.plain_yaml import parse
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.scenario_sweep import Coordinates
from coinfer.simulator.sweep_csv import read_columns

_LARGEST_FILE_BYTES = 1_000_000
_MOST_SWEEP_POINTS = 10_000


@dataclass(frozen=True)
class SweepPoint:
    """One point of a sweep.

    Attributes:
        coordinates: the swept values by dotted path, in the order of `Sweep.values`; empty without a sweep.
        scenario: the scenario with these values, and without a sweep.
    """

    coordinates: Coordinates
    scenario: Scenario


def load_scenario(name_or_path: str | Path, overrides: Sequence[str] = ()) -> Scenario:
    """Read a scenario, check it with every point of its sweep, then override it and check again.

    Args:
        name_or_path: a file, or the name of a bundled scenario, with or without `.yaml`.
        overrides: `key=value` with dotted keys and YAML values, as `--set` gives them; the last one wins.

    Raises:
        ScenarioError: anything is wrong; one line with the file (or `--set`), the key, and what to do.
    """
    file, folder, text = read_text(str(name_or_path))
    with _told_of(file):
        scenario = _checked(_anchored(parse(text), folder))
    with _told_of("--set"):
        return _overridden(scenario, overrides) if overrides else scenario


def expand(scenario: Scenario) -> list[SweepPoint]:
    """Return the points of a scenario's sweep, in the order of `Sweep.points`; one point without a sweep.

    Raises:
        ScenarioError: a path does not exist, a value does not fit, or there are too many points.
    """
    if (count := scenario.sweep.count) > _MOST_SWEEP_POINTS:
        raise ScenarioError(
            f"sweep: expected at most {_MOST_SWEEP_POINTS} points, got {count}; shorten a list"
        )
    base = resolved(scenario) | {"sweep": {}}
    return [_point(base, coordinates, scenario) for coordinates in scenario.sweep.points()]


def resolved(scenario: Scenario) -> dict[str, Any]:
    """Return the scenario as plain data, defaults and profiles filled in; it loads to the same scenario."""
    return scenario.model_dump(mode="json")


def bundled_scenarios() -> list[str]:
    """Return the names of the scenarios that come with coinfer."""
    names = (entry.name for entry in files("coinfer.scenarios").iterdir())
    return sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))


def read_text(name_or_path: str) -> tuple[str, Path, str]:
    """Return the name by which errors call a scenario's file, its folder, and its text.

    Raises:
        ScenarioError: there is no such file or bundled scenario, or it cannot be read.
    """
    path = Path(name_or_path)
    name = name_or_path.removesuffix(".yaml")
    if not path.is_file() and name in bundled_scenarios():
        path = Path(str(files("coinfer.scenarios"))) / f"{name}.yaml"
    if path.is_dir():
        raise ScenarioError(f"{name_or_path}: this is a folder; expected a scenario file")
    if not path.is_file():
        raise ScenarioError(f"{name_or_path}: no such file{_bundled_hint(path.stem)}")
    try:
        raw = path.read_bytes() if path.stat().st_size <= _LARGEST_FILE_BYTES else None
    except OSError as error:
        raise ScenarioError(f"{path.name}: cannot be read: {error.strerror}") from error
    if raw is None:
        raise ScenarioError(f"{path.name}: larger than 1 MB; expected a short scenario file")
    try:
        return path.name, path.parent, raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ScenarioError(
            f"{path.name}: byte {error.start} is not UTF-8; save the file as UTF-8 text"
        ) from error


@contextmanager
def _told_of(where: str) -> Iterator[None]:
    """Put the place of a mistake before its description, on one line whatever was quoted."""
    try:
        yield
    except InputError as error:
        raise ScenarioError(" ".join(f"{where}: {error}".split())) from error


def _anchored(data: Any, folder: Path) -> Any:
    """Let the paths of recordings, also swept ones, and of the sweep's points start from a folder."""
    link, sweep = (data.get(key) if isinstance(data, dict) else None for key in ("link", "sweep"))
    recording = link.get("recording") if isinstance(link, dict) else None
    if isinstance(recording, dict) and isinstance(recording.get("file"), str):
        recording["file"] = str(folder / recording["file"])
    if isinstance(sweep, dict):
        _take_in_csv(sweep, folder)
        for group in (sweep, sweep.get("zip"), sweep.get("csv")):
            swept = group.get("link.recording.file") if isinstance(group, dict) else None
            if isinstance(swept, list):
                swept[:] = [str(folder / file) if isinstance(file, str) else file for file in swept]
    return data


def _take_in_csv(sweep: dict[str, Any], folder: Path) -> None:
    """Put the columns of the file of points in the place of its name."""
    if isinstance(sweep.get("csv"), str):
        with _told_of("sweep.csv"):
            sweep["csv"] = read_columns(folder / sweep["csv"])


def _bundled_hint(name: str) -> str:
    near = nearest(name, bundled_scenarios())
    if near:
        return f", did you mean the bundled scenario '{near}'?"
    return f"; bundled scenarios: {', '.join(bundled_scenarios())}"


def _checked(data: Any) -> Scenario:
    if not isinstance(data, dict):
        raise ScenarioError("expected keys and values such as 'name: my_scenario' at the top level")
    try:
        scenario = Scenario.model_validate(data)
    except ValidationError as error:
        key, problem = first_mistake(error)
        raise ScenarioError(f"{key}: {problem}") from error
    expand(scenario)
    return scenario


def _overridden(scenario: Scenario, overrides: Sequence[str]) -> Scenario:
    data = resolved(scenario)
    keys = [_override(data, assignment) for assignment in overrides]
    if isinstance(data["sweep"], dict):
        _take_in_csv(data["sweep"], Path())
    changed = _checked(data)
    for key in keys:
        if swept_at := changed.sweep.key(key):
            raise ScenarioError(f"{key}: this key is swept; set {swept_at} instead")
    return changed


def _override(data: dict[str, Any], assignment: str) -> str:
    """Put one `key=value` into the data, and return the key."""
    key, equals, text = assignment.partition("=")
    key = key.strip()
    if not (key and equals):
        raise ScenarioError(f"expected key=value such as link.mean_snr_db=5, got '{assignment}'")
    with _told_of(key):
        dotted.put(data, key, parse(text))
    return key


def _point(base: dict[str, Any], coordinates: Coordinates, swept: Scenario) -> SweepPoint:
    data = deepcopy(base)
    for path, value in coordinates.items():
        with _told_of(_place(swept, path)):
            dotted.put(data, path, value)
    try:
        return SweepPoint(coordinates, Scenario.model_validate(data))
    except ValidationError as error:
        key, problem = first_mistake(error)
        guilty = next((path for path in coordinates if dotted.overlap(path, key)), None)
        if guilty:
            raise ScenarioError(f"{_place(swept, guilty)}: {problem}") from error
        at = ", ".join(f"{path}={_shown(value)}" for path, value in coordinates.items())
        raise ScenarioError(f"sweep: at {at}: {key}: {problem}") from error


def _shown(value: Scalar | None) -> Scalar:
    return "null" if value is None else value


def _place(scenario: Scenario, path: str) -> str:
    """Say where a swept path's values stand; with a file of points, also whose column it is."""
    key = str(scenario.sweep.key(path))
    return f"{key}: {path}" if key == "sweep.csv" else key
