"""The plot of a page: on-time accuracy over whatever varies, as data that the page's script draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from coinfer.simulator.dimensions import Dimension
from coinfer.simulator.html_table import MOST_ROWS

Y = ("on_time_accuracy", "on_time_accuracy_low", "on_time_accuracy_high")


@dataclass(frozen=True)
class Series:
    """One line of the plot.

    Attributes:
        name: in full.
        codec: number of the codec, which gives colour and marker.
        run: number of the run, which gives the dashes.
    """

    name: str
    codec: int
    run: int = 0


@dataclass(frozen=True)
class Filter:
    """A group of boxes: a row is shown if all it is known by is ticked.

    Attributes:
        key: by which rows know it.
        title: what is filtered.
        values: names of its boxes.
    """

    key: str
    title: str
    values: Sequence[str]


def plot_data(
    table: pd.DataFrame, dimensions: Sequence[Dimension], series: Sequence[Series]
) -> Mapping[str, object]:
    """What the script draws, ready for JSON.

    Args:
        table: with the columns of `Y`, and `series`, the number of each row's series.
        dimensions: what varies.
        series: the lines.

    Returns:
        The series, the dimensions, the one to start on the x axis, where the others start, and the points:
        series, a place in each dimension, and share and limits in percent.
    """
    percent = np.round(100 * table[list(Y)].to_numpy(dtype=float), 3)
    numbers = table["series"].to_numpy()
    places = np.stack([dimension.places(table) for dimension in dimensions], axis=1)
    points = [
        [int(number), *map(int, place), *map(float, shares)]
        for number, place, shares in zip(numbers, places, percent, strict=True)
    ]
    varied = [number for number, dimension in enumerate(dimensions) if len(dimension.values) > 1]
    return {
        "series": [asdict(one) for one in series],
        "dimensions": [
            {"name": dimension.name, "values": dimension.values, "positions": dimension.positions}
            for dimension in dimensions
        ],
        "x": varied[0] if varied else len(dimensions) - 1,
        "held": [len(dimension.values) // 2 for dimension in dimensions],
        "points": points[:MOST_ROWS],
    }


def dimension_filters(dimensions: Sequence[Dimension], most: int = 12) -> list[Filter]:
    """A filter for each dimension that varies, unless over too many values; keys are d0, d1 and so on."""
    return [
        Filter(f"d{number}", dimension.name, dimension.values)
        for number, dimension in enumerate(dimensions)
        if 1 < len(dimension.values) <= most
    ]
