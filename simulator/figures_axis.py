"""Which swept key a figure puts on its x axis, and what the others do meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from coinfer.simulator.by_point import PointKey, at_point, point_key
from coinfer.simulator.fields import Scalar
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.scenario_sweep import Coordinates

SNR_KEY = "link.mean_snr_db"
_LOG_SPAN = 30.0
_UNITS = {
    "m": "m",
    "s": "s",
    "hz": "Hz",
    "db": "dB",
    "dbm": "dBm",
    "mps": "m/s",
    "bps": "bit/s",
    "bytes": "byte",
}


@dataclass(frozen=True)
class SweepAxis:
    """The x axis of a sweep; the others of its keys stand still, or change along with it.

    Attributes:
        key: the dotted path on the axis; None where nothing is swept.
        values: its values, numbers in ascending order; `(None,)` where nothing is swept.
        points: the sweep point that is shown at each of them.
    """

    key: str | None
    values: tuple[Scalar | None, ...]
    points: dict[Scalar | None, Coordinates]

    @property
    def numeric(self) -> bool:
        """Whether the values are places on a scale, not names."""
        return all(_is_number(value) for value in self.values)

    @property
    def logarithmic(self) -> bool:
        """Whether the values span so much that only a logarithmic scale shows them all."""
        if not self.numeric or str(self.key).endswith("_db"):
            return False
        numbers = self.positions()
        return bool(numbers[0] > 0 and numbers[-1] / numbers[0] >= _LOG_SPAN)

    @property
    def label(self) -> str:
        """What to write below the axis."""
        return "mean SNR (dB)" if self.key == SNR_KEY else _with_unit(str(self.key))

    @property
    def held(self) -> Coordinates:
        """The other keys that stand still, with their values."""
        first, *others = self.points.values()
        return {
            key: value
            for key, value in first.items()
            if key != self.key and all(point[key] == value for point in others)
        }

    @property
    def held_text(self) -> str:
        """What the other keys do, such as `held: edge.workers = 2`; empty without others."""
        held = ", ".join(_point_text(key, value) for key, value in self.held.items())
        moved = ", ".join(key for key in self.points[self.values[0]] if key not in {self.key, *self.held})
        told = {"held": held, "moved along": moved}
        return "; ".join(f"{verb}: {keys}" for verb, keys in told.items() if keys)

    def positions(self) -> list[float]:
        """Where the values lie along the axis: at themselves, or at 0, 1, 2… if they are names."""
        if self.numeric:
            return [_number(value) for value in self.values]
        return [float(place) for place in range(len(self.values))]

    def title(self, value: Scalar | None) -> str:
        """What to write above a panel that shows one of the values."""
        return "" if self.key is None else _point_text(self.key, value)

    @property
    def ends_and_middle(self) -> tuple[Scalar | None, Scalar | None, Scalar | None]:
        """The lowest, the middle and the highest value; some are the same where there are few."""
        return self.values[0], self.values[len(self.values) // 2], self.values[-1]

    def select(self, table: pd.DataFrame, value: Scalar | None) -> pd.DataFrame:
        """Return the rows of summary at one of the values."""
        return at_point(table, self.points[value])

    def point(self, value: Scalar | None) -> PointKey:
        """Return what accounts call the sweep point at one of the values."""
        return point_key(self.points[value])


def sweep_axis(scenario: Scenario) -> SweepAxis:
    """Choose the x axis: the mean SNR if it is swept, else the first swept number, else the first name.

    A key with a single value has nothing to show along an axis.
    """
    points = list(scenario.sweep.points())
    moving = {key: values for key, values in scenario.sweep.values.items() if len(values) > 1}
    numeric = [key for key, values in moving.items() if all(_is_number(value) for value in values)]
    preferred = [key for key in numeric if key == SNR_KEY]
    key = next(iter([*preferred, *numeric, *moving]), None)
    if key is None:
        return SweepAxis(None, (None,), {None: points[0]})
    shown = _along(key, points)
    values = sorted(shown, key=_number) if key in numeric else list(shown)
    return SweepAxis(key, tuple(values), {value: shown[value] for value in values})


def shown_points(scenario: Scenario) -> set[PointKey]:
    """Return the sweep points whose latencies figures show."""
    axis = sweep_axis(scenario)
    return {axis.point(value) for value in axis.ends_and_middle}


def _along(key: str, points: Sequence[Coordinates]) -> dict[Scalar | None, Coordinates]:
    """Choose a sweep point for each value of a key: with the other keys as at the first point, if possible.

    Zipped keys and those of a file of points may have no such points; then the first for each value.
    """
    others = {other: value for other, value in points[0].items() if other != key}
    first: dict[Scalar | None, Coordinates] = {}
    for point in points:
        first.setdefault(point[key], point)
    still = {point[key]: point for point in points if {**point, **others} == point}
    return still if len(still) == len(first) else first


def value_text(value: Scalar | None) -> str:
    """Write a swept value briefly, with a true minus sign.

    >>> value_text(20000000.0), value_text(True), value_text("fifo"), value_text(None)
    ('2e+07', 'true', 'fifo', 'null')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}".replace("-", "\N{MINUS SIGN}", 1) if _is_number(value) else str(value)


def _with_unit(key: str) -> str:
    """Write what a dotted path ends with as words and a unit; as it is where it has none.

    >>> _with_unit("devices.0.mobility.distance_m"), _with_unit("edge.workers")
    ('distance (m)', 'edge.workers')
    >>> _with_unit("devices.0.arrivals.rate_hz")
    'arrivals rate (Hz)'
    """
    section, _, last = key.rpartition(".")
    name, _, suffix = last.rpartition("_")
    if not name or suffix not in _UNITS:
        return key
    if name == "rate":
        name = f"{section.rpartition('.')[2]} rate"
    return f"{name.replace('_', ' ')} ({_UNITS[suffix]})"


def _point_text(key: str, value: Scalar | None) -> str:
    return f"mean SNR {value_text(value)} dB" if key == SNR_KEY else f"{key} = {value_text(value)}"


def _number(value: Scalar | None) -> float:
    return float(value or 0)


def _is_number(value: Scalar | None) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
