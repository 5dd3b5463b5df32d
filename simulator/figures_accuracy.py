"""On-time accuracy: which codec gives the most correct answers before the deadline."""

from __future__ import annotations

from math import ceil

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, NullFormatter
from numpy.typing import NDArray

from coinfer.simulator.figures_axis import SweepAxis, sweep_axis, value_text
from coinfer.simulator.figures_style import (
    GREY,
    blank_figure,
    caption_below,
    codec_line,
    codec_style,
    legend_above,
    time_text,
)
from coinfer.simulator.scenario import Scenario

_NOTE = "A late answer counts as wrong. Error bars: 95 % intervals, where longer than the marker."
_BARS_NOTE = "A late answer counts as wrong. Error bars: 95 % intervals."
_UNSTABLE = "hollow: queue unstable"
_CLOSEST_TICKS = 0.06


def on_time_accuracy(summary: pd.DataFrame, scenario: Scenario) -> Figure:
    """Draw on-time accuracy along the sweep, a panel for each deadline; bars where nothing is swept.

    Args:
        summary: the table of summary.csv.
        scenario: the scenario with its sweep.
    """
    axis = sweep_axis(scenario)
    table = pd.concat([axis.select(summary, value) for value in axis.values])
    return _bars(table, axis, scenario) if axis.key is None else _lines(table, axis, scenario)


def _lines(table: pd.DataFrame, axis: SweepAxis, scenario: Scenario) -> Figure:
    deadlines_s = sorted(table["deadline_s"].unique())
    columns = len(deadlines_s) if len(deadlines_s) <= 3 else 2 if len(deadlines_s) == 4 else 3
    rows = ceil(len(deadlines_s) / columns)
    figure = blank_figure(0.9 + 1.75 * rows if columns > 1 else 3.4)
    panels = list(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat)
    for place, panel in enumerate(panels):
        if place >= len(deadlines_s):
            panel.remove()
            continue
        at_deadline = table[table["deadline_s"] == deadlines_s[place]]
        for number, codec in enumerate(table["codec"].unique()):
            _curve(panel, at_deadline[at_deadline["codec"] == codec], axis, number)
        panel.set_title(f"deadline {time_text(deadlines_s[place])}")
        if place % columns == 0:
            panel.set_ylabel("on-time accuracy")
        lowest = place + columns >= len(deadlines_s)
        panel.tick_params(labelbottom=lowest)
        if lowest:
            panel.set_xlabel(axis.label)
    _scale(panels[0], axis)
    _finish(figure, table, axis, scenario, [codec_line(n) for n in range(table["codec"].nunique())])
    return figure


def _curve(panel: Axes, table: pd.DataFrame, axis: SweepAxis, number: int) -> None:
    """Draw one codec: line, error bars, markers filled where the queues are stable."""
    if table.empty:
        return
    places = dict(zip(axis.values, axis.positions(), strict=True))
    x = np.array([places[None if pd.isna(value) else value] for value in table[axis.key]])
    order = np.argsort(x, kind="stable")
    x, table = x[order], table.iloc[order]
    y, stable = table["on_time_accuracy"].to_numpy(), table["stable"].to_numpy(dtype=bool)
    style, layer = codec_style(number), 3 + 0.1 * number
    dashes = style.dashes if axis.numeric else "none"
    panel.plot(x, y, color=style.colour, linestyle=dashes, zorder=layer)
    panel.errorbar(x, y, _error(table), fmt="none", ecolor=style.colour, elinewidth=0.9, zorder=layer)
    for chosen, face in ((stable, style.colour), (~stable, "white")):
        panel.plot(
            x[chosen],
            y[chosen],
            linestyle="none",
            marker=style.marker,
            markersize=style.size,
            color=style.colour,
            markerfacecolor=face,
            zorder=layer + 0.05,
        )


def _scale(panel: Axes, axis: SweepAxis) -> None:
    """Scale the shared axes: ticks at the swept values where they do not crowd."""
    panel.set_ylim(-0.03, 1.03)
    positions = axis.positions()
    if not axis.numeric:
        panel.set_xlim(-0.5, len(axis.values) - 0.5)
    if axis.logarithmic:
        panel.set_xscale("log")
        panel.xaxis.set_minor_formatter(NullFormatter())
    shown = np.log(positions) if axis.logarithmic else np.array(positions)
    gaps = np.diff(shown) / (shown[-1] - shown[0])
    if not axis.numeric or gaps.min() >= _CLOSEST_TICKS:
        panel.set_xticks(positions, [value_text(value) for value in axis.values])
        panel.tick_params(axis="x", which="minor", bottom=False)
    else:
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: value_text(value)))


def _bars(table: pd.DataFrame, axis: SweepAxis, scenario: Scenario) -> Figure:
    figure = blank_figure(3.0)
    panel = figure.subplots()
    deadlines_s, codecs = sorted(table["deadline_s"].unique()), list(table["codec"].unique())
    width = 0.8 / len(codecs)
    for number, codec in enumerate(codecs):
        rows = table[table["codec"] == codec].sort_values("deadline_s")
        groups = np.searchsorted(deadlines_s, rows["deadline_s"])
        style = codec_style(number)
        panel.bar(
            groups + width * (number - (len(codecs) - 1) / 2),
            rows["on_time_accuracy"],
            width * 0.9,
            yerr=_error(rows),
            color=[style.colour if stable else "white" for stable in rows["stable"]],
            edgecolor=["white" if stable else style.colour for stable in rows["stable"]],
            hatch=style.hatch,
            error_kw={"elinewidth": 0.9, "capsize": 1.5},
        )
    panel.set_xticks(range(len(deadlines_s)), [time_text(deadline_s) for deadline_s in deadlines_s])
    panel.grid(visible=False, axis="x")
    panel.set(xlabel="deadline", ylabel="on-time accuracy", ylim=(0, 1.03))
    styles = [codec_style(number) for number in range(len(codecs))]
    samples = [Patch(facecolor=style.colour, edgecolor="white", hatch=style.hatch) for style in styles]
    _finish(figure, table, axis, scenario, samples)
    return figure


def _finish(
    figure: Figure,
    table: pd.DataFrame,
    axis: SweepAxis,
    scenario: Scenario,
    samples: list[Line2D] | list[Patch],
) -> None:
    handles, labels = [*samples], list(table["codec"].unique())
    if not table["stable"].all():
        marker = "s" if axis.key is None else "o"
        handles.append(Line2D([], [], color=GREY, marker=marker, markerfacecolor="white", linestyle="none"))
        labels.append(_UNSTABLE)
    legend_above(figure, handles, labels, axis.held_text)
    caption_below(figure, scenario, _BARS_NOTE if isinstance(samples[0], Patch) else _NOTE)


def _error(table: pd.DataFrame) -> NDArray[np.float64]:
    """Lengths of the error bars below and above, `[2, rows] float64`."""
    middle = table["on_time_accuracy"]
    below = middle - table["on_time_accuracy_low"]
    above = table["on_time_accuracy_high"] - middle
    return np.maximum(np.array([below, above], dtype=np.float64), 0)
