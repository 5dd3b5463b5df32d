"""Sweep points in tables: a column for each swept path, between the codec and the deadline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
import pandas as pd

from coinfer.simulator.fields import Scalar

PointKey = tuple[tuple[str, Scalar | None], ...]


def point_key(coordinates: Mapping[str, Scalar | None]) -> PointKey:
    """The swept values of a point as a key of a mapping."""
    return tuple(coordinates.items())


def at_point(table: pd.DataFrame, coordinates: Mapping[str, Scalar | None]) -> pd.DataFrame:
    """The rows of a table of tasks or results that belong to one sweep point, in their order."""
    chosen = np.ones(len(table), dtype=bool)
    for key, value in coordinates.items():
        chosen &= (table[key].isna() if value is None else table[key] == value).to_numpy(dtype=bool)
    return table if chosen.all() else table[chosen]


def by_codec(tasks: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The records of each codec in one unit, in order of arrival.

    Args:
        tasks: its records: those of a codec stand together.

    Returns:
        Views, by the codec's label.
    """
    codec = tasks["codec"].cat.codes.to_numpy()
    changes = np.flatnonzero(np.diff(codec)) + 1
    edges = pairwise([0, *changes, len(tasks)] if len(tasks) else [0])
    return {tasks["codec"].cat.categories[codec[start]]: tasks.iloc[start:end] for start, end in edges}


def swept_keys(results: pd.DataFrame) -> list[str]:
    """The swept paths of summary.csv or differences.csv."""
    before = results.columns[: list(results.columns).index("deadline_s")]
    return [str(key) for key in before if key != "codec"]


def points(results: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of summary.csv or differences.csv point by point, each with what a reader calls the point.

    Without a sweep, the name of the only point is empty.
    """
    keys = swept_keys(results)
    if not keys:
        yield "", results
        return
    for values, rows in results.groupby(keys, sort=False, dropna=False):
        shown = pd.Series(values, index=keys, dtype=object).fillna("null")
        yield ", ".join(f"{key} = {value}" for key, value in shown.items()), rows
