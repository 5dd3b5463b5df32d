"""What an answer in time costs the device: energy against on-time accuracy."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from coinfer.simulator.figures_accuracy import share_error
from coinfer.simulator.figures_axis import SweepAxis, value_text
from coinfer.simulator.figures_numbers import PLACE, Numbers
from coinfer.simulator.figures_page import Drawn, Page
from coinfer.simulator.figures_style import GREY, codec_line, codec_style, legend_above, time_text

_LOG_SPAN = 8.0
_SIZES = 2.5, 7.0
"""Markers at the first and at the last value of the sweep, in points."""


def energy_accuracy(numbers: Numbers, page: Page) -> Drawn | None:
    """Draw on-time accuracy at the middle deadline over energy, a line along the sweep for each codec.

    Returns:
        None if the devices' profiles know no power.
    """
    summary, axis = numbers.tables["summary"], numbers.axis
    table = summary[summary["deadline_s"] == numbers.middle_deadline_s]
    spent = table[table["device_energy_j_mean"] > 0]["device_energy_j_mean"]
    if spent.empty:
        return None
    figure = page.figure(3.2)
    panel = figure.subplots()
    for number, codec in enumerate(numbers.codecs):
        _curve(panel, table[table["codec"] == codec], axis, number)
    if spent.max() / spent.min() >= _LOG_SPAN and len(spent) == len(table):
        panel.set_xscale("log")
        panel.xaxis.set_major_locator(LogLocator(10, subs=(1.0, 2.0, 5.0)))
        panel.xaxis.set_major_formatter(FuncFormatter(lambda energy_j, _: f"{energy_j:g}"))
        panel.xaxis.set_minor_formatter(NullFormatter())
    deadline = time_text(numbers.middle_deadline_s)
    panel.set(xlabel="device energy a task (J)", ylabel=f"on-time accuracy, {deadline}", ylim=(-0.03, 1.03))
    handles = [codec_line(number) for number in range(len(numbers.codecs))]
    labels = list(numbers.codecs)
    if axis.key is not None:
        handles.append(Line2D([], [], linestyle="none", marker="o", markersize=_SIZES[0], color=GREY))
        labels.append(f"small to large: {_ends(axis)}")
    legend_above(figure, handles, labels, axis.held_text)
    return Drawn(
        figure, _note(axis, deadline), "Error bars: 95 % intervals of on-time accuracy.", axis.held_text
    )


def _ends(axis: SweepAxis) -> str:
    return f"{axis.label}, {value_text(axis.values[0])} to {value_text(axis.values[-1])}"


def _note(axis: SweepAxis, deadline: str) -> str:
    note = (
        "Mean energy that the device spends on a task, computing and sending, against the share of tasks "
        f"answered correctly within {deadline}."
    )
    return note if axis.key is None else f"{note} Markers grow along the sweep ({_ends(axis)})."


def _curve(panel: Axes, table: pd.DataFrame, axis: SweepAxis, number: int) -> None:
    style, layer = codec_style(number), 3 + 0.1 * number
    x, y = table["device_energy_j_mean"].to_numpy(), table["on_time_accuracy"].to_numpy()
    panel.errorbar(x, y, share_error(table), fmt="none", ecolor=style.colour, elinewidth=0.7, zorder=layer)
    if axis.numeric:
        panel.plot(x, y, color=style.colour, linestyle=style.dashes, linewidth=1.0, zorder=layer)
    part = table[PLACE].to_numpy() / max(len(axis.values) - 1, 1)
    sizes = _SIZES[0] + (_SIZES[1] - _SIZES[0]) * (part if axis.key is not None else np.full(len(part), 0.5))
    panel.scatter(
        x,
        y,
        sizes**2,
        color=style.colour,
        marker=style.marker,
        edgecolors="white",
        linewidths=0.3,
        zorder=layer + 0.05,
    )
