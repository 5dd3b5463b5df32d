"""Which codec wins where: a map over the sweep and the deadline."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from coinfer.simulator.figures_numbers import PLACE, Numbers
from coinfer.simulator.figures_page import Drawn, Page
from coinfer.simulator.figures_scale import cell_edges, label_deadlines, scale_x, x_edges
from coinfer.simulator.figures_style import codec_style, legend_above

NOBODY = 0.01
"""On-time accuracy below which nobody wins."""

_PANEL_INCH = 2.7
_NOTE = (
    "The codec with the highest on-time accuracy at each swept value and deadline. Hatched: it is not proven "
    "ahead of every other codec (some 95 % interval of the difference, paired task by task, includes 0). "
    f"White: no codec answers {NOBODY:.0%} of the tasks correctly in time."
)
_HATCH = "////"
_NO_CODEC = "none in time"


def winners(numbers: Numbers, page: Page) -> Drawn | None:
    """Draw who is ahead, in the colour and with the marker of its codec.

    Returns:
        None where nothing is swept, or with a single codec.
    """
    axis, table = numbers.axis, numbers.tables["leads"]
    if axis.key is None or table.empty:
        return None
    figure = page.figure(0.7 + _PANEL_INCH)
    panel = figure.subplots()
    deadlines_s = np.sort(table["deadline_s"].unique())
    edges_s = cell_edges(deadlines_s, logarithmic=True)
    panel.set(yscale="log", ylim=(edges_s[0], edges_s[-1]), ylabel="deadline", xlabel=axis.label)
    panel.grid(visible=False)
    _cells(panel, numbers, deadlines_s)
    _markers(panel, numbers)
    scale_x(panel, axis, page.width_inch, cells=True)
    label_deadlines(panel, numbers.scenario.deadlines_s, _PANEL_INCH - 0.5)
    there = [codec for codec in numbers.codecs if codec in set(table["codec"])]
    handles: list[Artist | tuple[Artist, ...]] = [_sample(numbers.codecs.index(codec)) for codec in there]
    open_ = Patch(facecolor="#cccccc", edgecolor="white", hatch=_HATCH, linewidth=0)
    nobody = Patch(facecolor="white", edgecolor="#7f7f7f", linewidth=0.6)
    legend_above(figure, [*handles, open_, nobody], [*there, "not proven", _NO_CODEC], axis.held_text)
    return Drawn(figure, _NOTE, held=axis.held_text)


def _cells(panel: Axes, numbers: Numbers, deadlines_s: np.ndarray) -> None:
    """Fill each column of the map, neighbours of a kind in one."""
    across, edges_s = x_edges(numbers.axis), cell_edges(deadlines_s, logarithmic=True)
    for place, rows in numbers.tables["leads"].groupby(PLACE):
        column = int(str(place))
        cells = rows.sort_values("deadline_s")
        kinds = zip(
            cells["codec"], cells["difference_low"] > 0, cells["on_time_accuracy"] >= NOBODY,
            np.searchsorted(deadlines_s, cells["deadline_s"]), strict=True,
        )  # fmt: skip
        for (codec, proven, anybody), group in groupby(kinds, key=lambda cell: cell[:3]):
            levels = [cell[3] for cell in group]
            bottom_s, top_s = edges_s[levels[0]], edges_s[levels[-1] + 1]
            if anybody:
                patch = Rectangle(
                    (across[column], bottom_s),
                    across[column + 1] - across[column],
                    top_s - bottom_s,
                    facecolor=codec_style(numbers.codecs.index(codec)).colour,
                    edgecolor="white",
                    linewidth=0,
                    hatch=None if proven else _HATCH,
                )
                panel.add_patch(patch)


def _markers(panel: Axes, numbers: Numbers) -> None:
    """Mark the winners at the scenario's deadlines, so that the map is readable in grey."""
    table = numbers.tables["leads"]
    stated = np.isclose(table["deadline_s"].to_numpy()[:, None], numbers.scenario.deadlines_s).any(axis=1)
    positions = np.array(numbers.axis.positions())
    for codec, rows in table[stated & (table["on_time_accuracy"] >= NOBODY)].groupby("codec"):
        x = positions[rows[PLACE].to_numpy(dtype=np.int64)]
        line = _marker(numbers.codecs.index(str(codec)))
        line.set_data(x, rows["deadline_s"])
        panel.add_line(line)


def _marker(number: int) -> Line2D:
    style = codec_style(number)
    return Line2D(
        [], [], linestyle="none", marker=style.marker, markersize=4.5, markerfacecolor="white",
        markeredgecolor="black", markeredgewidth=0.7, zorder=4,
    )  # fmt: skip


def _sample(number: int) -> tuple[Patch, Line2D]:
    return Patch(facecolor=codec_style(number).colour, linewidth=0), _marker(number)
