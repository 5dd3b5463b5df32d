"""The sections of a scenario that make many runs of it: what is varied, and how precise is enough."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_serializer, model_validator

from coinfer.simulator.fields import Number, Scalar, Section, Whole, mistake, shown

Values = tuple[Scalar | None, ...]
Coordinates = dict[str, Scalar | None]


class Sweep(BaseModel):
    """Values to try, by dotted path: all combinations of the grid's values, zip's rows and csv's rows.

    A scenario writes the grid's paths beside the keys `zip` and `csv`:

        sweep: {link.mean_snr_db: [0, 10], zip: {edge.profile: [a, b], edge.workers: [1, 4]}, csv: points.csv}
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    grid: dict[str, Values] = Field(default_factory=dict, description="lists that make a grid")
    zip: dict[str, Values] = Field(
        default_factory=dict, description="lists of one length that go together, entry by entry"
    )
    csv: dict[str, Values] = Field(
        default_factory=dict,
        description="a file whose header names the paths and whose rows are points; in a resolved scenario, "
        "its columns",
    )

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, data: Any) -> Any:
        if isinstance(data, Sweep):
            return data
        if not isinstance(data, dict):
            raise mistake(f"expected a mapping of keys to values, got {shown(data)}")
        if isinstance(data.get("csv"), str):
            raise mistake("only a scenario that is read from a file can name a file", "csv")
        free = {path: values for path, values in data.items() if path not in ("zip", "csv")}
        for path, values in free.items():
            if twice := _first_twice(_checked(path, path, values)):
                raise mistake(f"{shown(twice[0])} is listed twice; keep one", path)
        grouped = {name: _rows(name, data[name]) for name in ("zip", "csv") if name in data}
        _check_paths(free, *grouped.values())
        return {"grid": free, **grouped}

    @model_serializer
    def _flat(self) -> dict[str, Any]:
        grouped = {name: columns for name in ("zip", "csv") if (columns := getattr(self, name))}
        return {**self.grid, **grouped}

    @property
    def count(self) -> int:
        """Number of points; 1 where nothing is swept."""
        lists = (*self.grid.values(), *(next(iter(group.values())) for group in self._groups()))
        return math.prod(len(values) for values in lists)

    @property
    def values(self) -> dict[str, Values]:
        """The different values of each swept path, in the order of the file: the grid's, zip's, csv's."""
        return {
            path: tuple(dict.fromkeys(values))
            for group in (self.grid, self.zip, self.csv)
            for path, values in group.items()
        }

    def points(self) -> Iterator[Coordinates]:
        """Give the swept values of each point, those of csv varying fastest, then zip's, then the grid's."""
        axes = [[{path: value} for value in values] for path, values in self.grid.items()]
        for group in self._groups():
            axes.append([dict(zip(group, row, strict=True)) for row in zip(*group.values(), strict=True)])
        for parts in itertools.product(*axes):
            yield {path: value for part in parts for path, value in part.items()}

    def key(self, path: str) -> str | None:
        """Return the key of the scenario that holds a path's values; None if the path is not swept."""
        if path in self.grid:
            return f"sweep.{path}"
        if path in self.zip:
            return f"sweep.zip.{path}"
        return "sweep.csv" if path in self.csv else None

    def _groups(self) -> list[dict[str, Values]]:
        return [group for group in (self.zip, self.csv) if group]


class Until(Section):
    """When enough replications were made: every codec's on-time accuracy is known well enough."""

    half_width: Number = Field(
        gt=0, lt=0.5, description="of the 95 % interval of on-time accuracy, to either side, at most [1]"
    )
    deadline_s: Number | None = Field(
        None, gt=0, description="the one of deadlines_s that it is asked of; null: all [s]"
    )
    max_replications: Whole = Field(
        1000, ge=1, le=10_000, description="replications of a sweep point to stop at all the same [1]"
    )


IN_EVERY_RUN = {
    "deadlines_s": "all deadlines are judged from the same run",
    "codecs": "all codecs meet the same images and channels in one run",
}
"""Keys whose list is a sweep of its own."""


def _checked(key: str, path: str, values: Any) -> Values:
    """Check one path's list, which stands in the sweep at `key`."""
    if path.partition(".")[0] == "sweep":
        raise mistake("a sweep cannot sweep itself; remove this key", key)
    if path == "records":
        raise mistake(
            "a run keeps all of its tasks or none of them; remove it and run once with each value", key
        )
    whole = "deadlines_s" if path.startswith("deadlines_s.") else path
    if whole in IN_EVERY_RUN:
        raise mistake(f"cannot be swept: {IN_EVERY_RUN[whole]}; list them in {whole}", key)
    if not isinstance(values, list | tuple):
        raise mistake(f"expected a list, got {shown(values)}", key)
    if not values:
        raise mistake("expected at least one value, got an empty list", key)
    for place, value in enumerate(values):
        infinite = isinstance(value, float) and not math.isfinite(value)
        if infinite or not isinstance(value, bool | int | float | str | None):
            raise mistake(
                f"expected a finite number, text, true, false or null, got {shown(value)}", f"{key}.{place}"
            )
    kinds = {_kind(value): value for value in values if value is not None}
    if len(kinds) > 1:
        one, other, *_ = kinds.values()
        raise mistake(
            f"expected values of one kind, got {shown(one)} and {shown(other)}; they share a column", key
        )
    return tuple(values)


def _kind(value: Scalar) -> str:
    return "switch" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"


def _rows(name: str, columns: Any) -> dict[str, Values]:
    """Check lists that go together."""
    if not isinstance(columns, dict) or not columns:
        got = "an empty one" if columns == {} else shown(columns)
        raise mistake(f"expected a mapping of paths to lists, got {got}", name)
    checked = {path: _checked(f"{name}.{path}", path, values) for path, values in columns.items()}
    first = next(iter(checked))
    for path, values in checked.items():
        if len(values) != len(checked[first]):
            raise mistake(
                f"expected {len(checked[first])} values as {first} has, got {len(values)}", f"{name}.{path}"
            )
    if twice := _first_twice(tuple(zip(*checked.values(), strict=True))):
        at = ", ".join(f"{path}={shown(value)}" for path, value in zip(checked, twice[0], strict=True))
        raise mistake(f"{at} is listed twice; keep one", name)
    return checked


def _check_paths(*groups: Mapping[str, Any]) -> None:
    paths = [path for group in groups for path in group]
    if twice := _first_twice(tuple(paths)):
        raise mistake("is swept twice; keep it in one place of grid, zip and csv", twice[0])


def _first_twice(values: tuple[Any, ...]) -> tuple[Any] | None:
    """Return the first value that came before, in a tuple of its own as it may be null."""
    seen = set()
    for value in values:
        if value in seen:
            return (value,)
        seen.add(value)
    return None
