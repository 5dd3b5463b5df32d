"""On-time accuracy over the sweep and the deadline, as a map for each codec."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from numpy.typing import NDArray

from coinfer.simulator.figures_axis import SweepAxis
from coinfer.simulator.figures_numbers import PLACE, Numbers
from coinfer.simulator.figures_page import Drawn, Page
from coinfer.simulator.figures_scale import cell_edges, label_deadlines, scale_x, spaced, x_edges
from coinfer.simulator.figures_style import fitting

FloatArray = NDArray[np.float64]

_NOTE = (
    "Share of tasks answered correctly before the deadline, in per cent; a late answer counts as wrong. "
    "Each column is one simulated value; numbers stand at the deadlines of the scenario."
)
_COLOURS, _SCALE = "cividis", "on-time accuracy (%)"
_PANEL_INCH = 1.75
_NUMBER_INCH = 0.12, 0.2
"""Height and width that a number needs."""


def deadline_map(numbers: Numbers, page: Page) -> Drawn | None:
    """Draw on-time accuracy by swept value and deadline, a panel for each codec, all in one scale of colours.

    Returns:
        None where nothing is swept.
    """
    axis, codecs = numbers.axis, numbers.codecs
    if axis.key is None:
        return None
    rows, columns = page.grid(len(codecs))
    figure = page.figure(0.45 + _PANEL_INCH * rows)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flatten()
    width_inch = (page.width_inch - 1.0) / columns
    mesh, free = None, None
    for place, panel in enumerate(panels):
        if place >= len(codecs):
            panel.set_axis_off()
            free = panel
            continue
        mesh = _panel(panel, numbers, codecs[place], width_inch)
        panel.set_title(fitting(codecs[place], width_inch))
        lowest = place + columns >= len(codecs)
        panel.tick_params(labelbottom=lowest)
        if lowest:
            panel.set_xlabel(axis.label)
        if place % columns == 0:
            panel.set_ylabel("deadline")
    scale_x(panels[0], axis, width_inch, cells=True)
    label_deadlines(panels[0], numbers.scenario.deadlines_s, _PANEL_INCH - 0.4)
    if mesh is not None:
        _scale_of_colours(figure, mesh, list(panels[: len(codecs)]), free)
    if axis.held_text:
        figure.suptitle(axis.held_text, fontsize=8)
    return Drawn(figure, _NOTE, held=axis.held_text)


def _panel(panel: Axes, numbers: Numbers, codec: str, width_inch: float) -> QuadMesh:
    table, axis = numbers.tables["deadlines"], numbers.axis
    shares = table[table["codec"] == codec].pivot(
        index="deadline_s", columns=PLACE, values="on_time_accuracy"
    )
    shares = shares.reindex(columns=range(len(axis.values)))
    panel.set_yscale("log")
    mesh = panel.pcolormesh(
        x_edges(axis),
        cell_edges(shares.index.to_numpy(dtype=np.float64), logarithmic=True),
        100 * shares.to_numpy(dtype=np.float64),
        cmap=_COLOURS,
        vmin=0,
        vmax=100,
        rasterized=True,
    )
    panel.grid(visible=False)
    _write(panel, shares, axis, numbers.scenario.deadlines_s, width_inch)
    return mesh


def _write(
    panel: Axes, shares: pd.DataFrame, axis: SweepAxis, deadlines_s: tuple[float, ...], width_inch: float
) -> None:
    """Write the numbers where there is room for them."""
    edges_s = cell_edges(shares.index.to_numpy(dtype=np.float64), logarithmic=True)
    height, width = _NUMBER_INCH
    inch = (_PANEL_INCH - 0.4) / np.log(edges_s[-1] / edges_s[0])
    rows = spaced(inch * np.log(deadlines_s), [height] * len(deadlines_s))
    x = np.array(axis.positions())
    ends = x_edges(axis)
    scaled, ends = (np.log(x), np.log(ends)) if axis.logarithmic else (x, ends)
    columns = spaced(width_inch / float(ends[-1] - ends[0]) * scaled, [width] * len(x))
    for deadline_s in np.array(deadlines_s)[rows]:
        nearest = shares.index[np.abs(shares.index - deadline_s).argmin()]
        for place in columns:
            share = 100 * float(shares.loc[nearest, place])
            if np.isfinite(share):
                colour = "white" if share < 50 else "black"
                panel.text(
                    x[place], deadline_s, f"{share:.0f}", ha="center", va="center", fontsize=6, color=colour
                )


def _scale_of_colours(figure: Figure, mesh: QuadMesh, panels: list[Axes], free: Axes | None) -> None:
    """Draw the scale of colours beside the panels, or where one is left free."""
    if free is None:
        bar = figure.colorbar(mesh, ax=panels, label=_SCALE, aspect=30, pad=0.02)
    else:
        place = free.inset_axes((0.06, 0.5, 0.88, 0.09))
        bar = figure.colorbar(mesh, cax=place, orientation="horizontal", label=_SCALE)
    bar.outline.set_visible(False)
