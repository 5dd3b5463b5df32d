"""Tables of results as a page shows them: few columns, in the units of a reader, to sort and to filter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

MOST_ROWS = 5000
"""Pages show no more rows of a table: browsers get slow."""


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        text: what stands there.
        order: what the row is sorted by; None: after all others.
        interval: the limits of the 95 % interval, such as `(84.7 to 87.1)`; shown on demand.
        title: what hovering tells.
        clear: of a difference, whether the interval leaves out 0.
    """

    text: str
    order: float | str | None
    interval: str = ""
    title: str = ""
    clear: bool = False


@dataclass(frozen=True)
class HtmlTable:
    """A table.

    Attributes:
        headings: of its columns.
        numeric: for each column, whether it is aligned to the right.
        rows: of cells, each with the places that filters know it by: `{"codec": "0 2", "d0": "1"}`.
        whole: how many rows there are; more than `rows` holds if they are too many.
    """

    headings: Sequence[str]
    numeric: Sequence[bool]
    rows: Sequence[tuple[dict[str, str], Sequence[Cell]]]
    whole: int


@dataclass(frozen=True)
class Column:
    """How a column is made: its heading, and its cells from the table of results."""

    heading: str
    cells: Callable[[pd.DataFrame], list[Cell]]
    numeric: bool = True


def html_table(table: pd.DataFrame, columns: Sequence[Column], places: pd.DataFrame) -> HtmlTable:
    """Makes the table.

    Args:
        table: the results.
        columns: those to show.
        places: for each row, what filters know it by, as text; a column for each filter.
    """
    shown, kept = table.head(MOST_ROWS), places.head(MOST_ROWS)
    filters = [dict(zip(kept.columns, row, strict=True)) for row in kept.itertuples(index=False, name=None)]
    cells = zip(*(column.cells(shown) for column in columns), strict=True)
    return HtmlTable(
        [column.heading for column in columns],
        [column.numeric for column in columns],
        list(zip(filters, cells, strict=True)),
        len(table),
    )


def text_column(heading: str, values: Callable[[pd.DataFrame], pd.Series], numeric: bool = False) -> Column:
    """A column of texts as they are; those that are numbers are sorted as such."""

    def cells(table: pd.DataFrame) -> list[Cell]:
        return [Cell(text, order_of(text)) for text in values(table).tolist()]

    return Column(heading, cells, numeric)


def number_column(
    heading: str, name: str, scale: float = 1.0, digits: int = 1, signed: bool = False
) -> Column:
    """A column of numbers, with its interval if the table has `NAME_low` and `NAME_high`.

    Args:
        heading: with the unit.
        name: of the column in the results.
        scale: from its unit to that of the heading.
        digits: after the point.
        signed: whether they are differences, of which those with an interval on one side of 0 stand out.
    """

    def cells(table: pd.DataFrame) -> list[Cell]:
        values = scale * table[name].to_numpy(dtype=float)
        if f"{name}_low" not in table:
            return [Cell(_number(value, digits), _order(value)) for value in values]
        low, high = (scale * table[f"{name}_{end}"].to_numpy(dtype=float) for end in ("low", "high"))
        limits = zip(values, low, high, strict=True)
        return [_with_limits(*numbers, digits, signed) for numbers in limits]

    return Column(heading, cells)


def order_of(text: str) -> float | str:
    """What to sort a text by: its number if it is one."""
    try:
        return float(text)
    except ValueError:
        return text


def _with_limits(value: float, low: float, high: float, digits: int, signed: bool) -> Cell:
    text = _number(value, digits, "+" if signed else "")
    if np.isnan(low):
        return Cell(text, _order(value))
    limits = f"{_number(low, digits)} to {_number(high, digits)}"
    return Cell(
        text,
        _order(value),
        f"({limits})",
        f"95 % interval: {limits}",
        clear=signed and (low > 0 or high < 0),
    )


def _order(value: float) -> float | None:
    """Infinity comes after all numbers, which JSON and HTML can write; what is missing comes last."""
    return None if np.isnan(value) else float(np.clip(value, -1e300, 1e300))


def _number(value: float, digits: int, sign: str = "") -> str:
    if np.isnan(value):
        return "none"
    if np.isinf(value):
        return "never"
    return f"{round(value, digits) + 0.0:{sign},.{digits}f}".replace("-", "\N{MINUS SIGN}", 1)
