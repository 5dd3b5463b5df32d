"""What varies between the rows of a table of results: the sweep and the deadline, as scales of a plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10, prod

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from coinfer.simulator.by_point import swept_keys

_LOG_SPAN = 30.0

IntArray = NDArray[np.intp]


DEADLINE = "deadline (ms)"


@dataclass(frozen=True)
class Dimension:
    """One thing that varies.

    Attributes:
        keys: swept paths; none for the deadline.
        values: its values as text, in the order of the table.
        positions: where they lie on an axis; 0, 1, 2... for names.
    """

    keys: tuple[str, ...]
    values: tuple[str, ...]
    positions: tuple[float, ...]

    @property
    def name(self) -> str:
        """What to call it: its keys, or the deadline with its unit."""
        return ", ".join(self.keys) or DEADLINE

    def places(self, table: pd.DataFrame) -> IntArray:
        """The place of each row's value among the values, `[rows]`; -1 where it is none of them."""
        return pd.Index(self.values).get_indexer(pd.Index(_texts(table, self.keys)))


def dimensions(table: pd.DataFrame) -> list[Dimension]:
    """Finds the dimensions of a table.

    Keys that change together, as those of `sweep.zip`, are one dimension; so are all keys where not every
    combination of their values is there, as with a file of points.

    Args:
        table: with columns as those of summary.csv, and at least a row; swept values as text.

    Returns:
        The dimensions, that of the deadline last.
    """
    swept = pd.DataFrame({key: value_texts(table[key]) for key in swept_keys(table)}, index=table.index)
    return [_dimension(table, tuple(keys)) for keys in (*_together(swept), ())]


def _dimension(table: pd.DataFrame, keys: tuple[str, ...]) -> Dimension:
    texts = _texts(table, keys)
    first = ~texts.duplicated()
    columns = [value_texts(table[key])[first] for key in keys] or [texts[first]]
    return Dimension(keys, tuple(texts[first]), _positions(keys or (DEADLINE,), columns))


def _texts(table: pd.DataFrame, keys: Sequence[str]) -> pd.Series:
    """What a dimension calls the value of each row."""
    if not keys:
        return table["deadline_s"].map(lambda deadline_s: f"{1e3 * deadline_s:g}")
    columns = [value_texts(table[key]) for key in keys]
    return pd.Series([", ".join(row) for row in zip(*columns, strict=True)], index=table.index, dtype=str)


def value_texts(column: pd.Series) -> pd.Series:
    """Swept values as a scenario file would write them."""
    return column.fillna("null").replace({"True": "true", "False": "false"})


def _together(texts: pd.DataFrame) -> list[list[str]]:
    """The keys in groups that vary independently of each other."""
    groups: list[list[str]] = []
    for key in texts.columns:
        group = next((group for group in groups if _in_step(texts, group[0], key)), None)
        if group:
            group.append(key)
        else:
            groups.append([key])
    points = len(texts.drop_duplicates())
    if groups and points != prod(texts[group[0]].nunique() for group in groups):
        return [list(texts.columns)]
    return groups


def _in_step(texts: pd.DataFrame, one: str, other: str) -> bool:
    pairs = len(texts[[one, other]].drop_duplicates())
    return 1 < pairs == texts[one].nunique() == texts[other].nunique()


def _positions(keys: Sequence[str], columns: Sequence[pd.Series]) -> tuple[float, ...]:
    """The first key whose values are different numbers gives the scale."""
    for key, texts in zip(keys, columns, strict=True):
        numbers = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=float)
        if np.isfinite(numbers).all() and len(set(numbers)) == len(numbers):
            wide = numbers.min() > 0 and numbers.max() / numbers.min() >= _LOG_SPAN
            scaled = [log10(number) for number in numbers] if wide and not key.endswith("_db") else numbers
            return tuple(round(float(number), 6) for number in scaled)
    return tuple(float(place) for place in range(len(columns[0])))
