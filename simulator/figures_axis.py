"""Which swept key a figure puts on its x axis, and at which values it holds the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from coinfer.simulator.fields import Scalar
from coinfer.simulator.scenario import Scenario

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
    """The x axis of a sweep; the others of its keys stand still.

    Attributes:
        key: the dotted path on the axis; None where nothing is swept.
        values: its values, numbers in ascending order; `(None,)` where nothing is swept.
        held: the values of the other swept keys.
    """

    key: str | None
    values: tuple[Scalar | None, ...]
    held: dict[str, Scalar]

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
    def held_text(self) -> str:
        """Where the other keys stand, such as `held: edge.workers = 2`; empty without others."""
        held = ", ".join(_point_text(key, value) for key, value in self.held.items())
        return f"held: {held}" if held else ""

    def positions(self) -> list[float]:
        """Where the values lie along the axis: at themselves, or at 0, 1, 2… if they are names."""
        if self.numeric:
            return [_number(value) for value in self.values]
        return [float(place) for place in range(len(self.values))]

    def title(self, value: Scalar | None) -> str:
        """What to write above a panel that shows one of the values."""
        return "" if self.key is None else _point_text(self.key, value)

    def select(self, table: pd.DataFrame, value: Scalar | None) -> pd.DataFrame:
        """Return the rows of tasks or summary at one of the values, with the other keys held."""
        coordinates = self.held if self.key is None else {**self.held, self.key: value}
        chosen = np.ones(len(table), dtype=bool)
        for key, wanted in coordinates.items():
            chosen &= (table[key] == wanted).to_numpy(dtype=bool)
        return table[chosen]


def sweep_axis(scenario: Scenario) -> SweepAxis:
    """Choose the x axis: the mean SNR if it is swept, else the first swept number, else the first name.

    A key with a single value has nothing to show along an axis and is held.
    """
    moving = {key: values for key, values in scenario.sweep.items() if len(values) > 1}
    numeric = [key for key, values in moving.items() if all(_is_number(value) for value in values)]
    preferred = [key for key in numeric if key == SNR_KEY]
    key = next(iter([*preferred, *numeric, *moving]), None)
    held = {other: values[0] for other, values in scenario.sweep.items() if other != key}
    if key is None:
        return SweepAxis(None, (None,), held)
    values = moving[key]
    return SweepAxis(key, tuple(sorted(values, key=_number)) if key in numeric else values, held)


def value_text(value: Scalar | None) -> str:
    """Write a swept value briefly, with a true minus sign.

    >>> value_text(20000000.0), value_text(True), value_text("fifo")
    ('2e+07', 'true', 'fifo')
    """
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
