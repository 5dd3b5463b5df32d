"""Ticks and limits of axes that several figures share."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator
from numpy.typing import NDArray

from coinfer.simulator.figures_axis import SweepAxis, value_text
from coinfer.simulator.figures_style import time_text

_CLOSEST_INCH = 0.06
_CHARACTER_INCH = 0.07
_LINE_INCH = 0.12
_INSIDE = 0.88
"""Part of the x axis from the first value to the last."""


def scale_x(panel: Axes, axis: SweepAxis, width_inch: float, cells: bool = False) -> None:
    """Scale the x axis, with ticks at the swept values where their labels do not touch.

    Args:
        panel: the axes, or the first of those that share it.
        axis: what is on it.
        width_inch: about the width of the panel.
        cells: whether it shows cells around the values, see `x_edges`.
    """
    panel.set_xscale("log" if axis.logarithmic else "linear")
    panel.set_xlim(*_limits(axis, cells))
    texts = [value_text(value) for value in axis.values]
    shown = along(axis)
    share = width_inch / max(float(shown[-1] - shown[0]), 1e-12) if len(shown) > 1 else 1.0
    kept = spaced(_INSIDE * share * shown, [label_inch(text) for text in texts])
    if not axis.numeric and len(kept) < len(texts):
        kept = list(range(len(texts)))
        panel.tick_params(axis="x", labelrotation=30)
    panel.set_xticks([axis.positions()[place] for place in kept], [texts[place] for place in kept])
    panel.xaxis.set_minor_locator(NullLocator())


def _limits(axis: SweepAxis, cells: bool) -> tuple[float, float]:
    """The ends of the axis: those of the cells, or for points on a scale a part of the whole beyond."""
    if cells or not axis.numeric or len(axis.values) == 1:
        edges = x_edges(axis)
        return float(edges[0]), float(edges[-1])
    first, last = along(axis)[[0, -1]]
    margin = (1 / _INSIDE - 1) / 2 * (last - first)
    ends = np.array([first - margin, last + margin])
    low, high = np.exp(ends) if axis.logarithmic else ends
    return float(low), float(high)


def along(axis: SweepAxis) -> NDArray[np.float64]:
    """Return where the values lie on paper, in any unit, `[values]`."""
    positions = np.array(axis.positions(), dtype=np.float64)
    return np.log(positions) if axis.logarithmic else positions


def label_inch(text: str) -> float:
    """Return about how much room a label below an axis takes, with the gap to the next."""
    return _CHARACTER_INCH * len(text) + _CLOSEST_INCH


def spaced(places: NDArray[np.float64], widths: list[float]) -> list[int]:
    """Choose which of several labels to write, so that none touches the next; the first is written.

    Args:
        places: of their middles, ascending.
        widths: of the labels with the gap wanted, in the same unit.
    """
    kept = [0]
    for place in range(1, len(places)):
        if places[place] - places[kept[-1]] >= (widths[place] + widths[kept[-1]]) / 2:
            kept.append(place)
    return kept


def tick_times(axis: Axis, low_s: float, high_s: float, labels: float) -> None:
    """Put ticks on a logarithmic axis of time, also at 2 and 5 if there is room for so many labels."""
    steps = (1.0, 2.0, 5.0) if 3 * np.log10(high_s / low_s) <= labels else (1.0,)
    axis.set_major_locator(LogLocator(10, subs=steps))
    axis.set_major_formatter(FuncFormatter(lambda time_s, _: time_text(time_s)))
    axis.set_minor_formatter(NullFormatter())


def cell_edges(places: NDArray[np.float64], logarithmic: bool) -> NDArray[np.float64]:
    """Return the edges of cells around places, halfway between neighbours, `[places + 1]`.

    Args:
        places: ascending.
        logarithmic: whether halfway is by ratio.

    Examples:
        >>> cell_edges(np.array([0.0, 1.0, 3.0]), logarithmic=False).tolist()
        [-0.5, 0.5, 2.0, 4.0]
    """
    if logarithmic:
        return np.asarray(np.exp(cell_edges(np.log(places), logarithmic=False)))
    if len(places) == 1:
        return np.array([places[0] - 0.5, places[0] + 0.5])
    between = (places[1:] + places[:-1]) / 2
    return np.array([2 * places[0] - between[0], *between, 2 * places[-1] - between[-1]])


def x_edges(axis: SweepAxis) -> NDArray[np.float64]:
    """Return the edges of the cells around the values of a sweep axis."""
    return cell_edges(np.array(axis.positions(), dtype=np.float64), axis.logarithmic)


def label_deadlines(panel: Axes, deadlines_s: tuple[float, ...], height_inch: float) -> None:
    """Put ticks on a logarithmic y axis at the deadlines, and labels where they do not touch."""
    low_s, high_s = panel.get_ylim()
    inch = height_inch / np.log(high_s / low_s)
    kept = spaced(inch * np.log(deadlines_s), [_LINE_INCH] * len(deadlines_s))
    panel.set_yticks(
        [deadlines_s[place] for place in kept], [time_text(deadlines_s[place]) for place in kept]
    )
    panel.yaxis.set_minor_locator(NullLocator())
