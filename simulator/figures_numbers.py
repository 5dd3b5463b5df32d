"""The numbers behind a run's figures: small tables, kept as CSV beside the figures and drawn from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from coinfer.simulator.errors import InputError
from coinfer.simulator.fields import Scalar
from coinfer.simulator.figures_axis import SweepAxis, sweep_axis
from coinfer.simulator.scenario import Scenario

FOLDER = "data"
"""Where the tables are, beside the figures."""

PLACE = "place"
"""The column that numbers the values along the sweep axis, from 0 on."""

_NAMES = ("codec", "rival")


class NumbersError(InputError):
    """The numbers of a run's figures cannot be read."""


@dataclass(frozen=True, eq=False)
class Numbers:
    """What a run's figures show.

    Attributes:
        scenario: the scenario with its sweep.
        tables: by name; each that depends on the sweep has a column `place`.
    """

    scenario: Scenario
    tables: Mapping[str, pd.DataFrame]

    @property
    def axis(self) -> SweepAxis:
        """What the figures have on their x axis."""
        return sweep_axis(self.scenario)

    @property
    def codecs(self) -> list[str]:
        """The labels of the codecs, in the order of the scenario."""
        return list(self.tables["summary"]["codec"].unique())

    def at(self, name: str, value: Scalar | None) -> pd.DataFrame:
        """The rows of a table at one value of the axis."""
        table = self.tables[name]
        return table[table[PLACE] == self.axis.values.index(value)]

    def shown(self, name: str) -> list[Scalar | None]:
        """The values of the axis that a table has rows at."""
        return [self.axis.values[place] for place in sorted(self.tables[name][PLACE].unique())]

    @property
    def middle_deadline_s(self) -> float:
        """The deadline of figures that show a single one."""
        return self.scenario.deadlines_s[len(self.scenario.deadlines_s) // 2]


def placed(tables: Mapping[Scalar | None, pd.DataFrame], axis: SweepAxis) -> pd.DataFrame:
    """Puts tables at values of the axis together, with a column for their place and one for the value."""
    parts = []
    for value, table in tables.items():
        part = table.drop(columns=list(axis.points[value]), errors="ignore")
        part.insert(0, PLACE, axis.values.index(value))
        if axis.key is not None:
            part.insert(1, axis.key, [str(value)] * len(part))
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def write_numbers(tables: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Writes each table as NAME.csv, numbers with nine digits; makes the folder if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, float_format="%.9g", lineterminator="\n")


def read_numbers(scenario: Scenario, folder: Path) -> Numbers:
    """Reads what `write_numbers` wrote.

    Args:
        scenario: the scenario with its sweep.
        folder: where the tables are.

    Raises:
        NumbersError: there are none, or one is damaged.
    """
    tables = {path.stem: _read(path) for path in sorted(folder.glob("*.csv"))}
    if "summary" not in tables:
        raise NumbersError(f"{folder}: expected the numbers of a run's figures, found none; run it again")
    return Numbers(scenario, tables)


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=dict.fromkeys(_NAMES, str), keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:
        raise NumbersError(f"{path}: cannot be read ({error}); run the scenario again") from error
