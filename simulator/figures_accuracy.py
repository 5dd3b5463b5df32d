"""On-time accuracy: which codec gives the most correct answers before the deadline."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.transforms import Transform
from numpy.typing import NDArray

from coinfer.simulator.figures_axis import SweepAxis
from coinfer.simulator.figures_numbers import PLACE, Numbers
from coinfer.simulator.figures_page import Drawn, Page
from coinfer.simulator.figures_scale import label_inch, scale_x, spaced
from coinfer.simulator.figures_style import (
    GREY,
    codec_line,
    codec_style,
    dodged,
    legend_above,
    time_text,
)

_NOTE = "Share of tasks answered correctly before the deadline; a late answer counts as wrong."
_ASIDE = "Codecs stand a little beside each other."
_UNSTABLE = "Hollow: work comes faster than it is done, so the queue grows with the run."


def on_time_accuracy(numbers: Numbers, page: Page) -> Drawn:
    """Draw on-time accuracy along the sweep, a panel for each deadline; bars where nothing is swept."""
    table, axis = numbers.tables["summary"], numbers.axis
    swept = axis.key is not None
    figure = _lines(numbers, page) if swept else _bars(numbers, page)
    sentences = [_NOTE, _ASIDE if swept else "", "" if table["stable"].all() else _UNSTABLE]
    bars = (
        "Error bars: 95 % intervals, where longer than the marker."
        if swept
        else "Error bars: 95 % intervals."
    )
    return Drawn(figure, " ".join(filter(None, sentences)), bars, axis.held_text)


def _lines(numbers: Numbers, page: Page) -> Figure:
    table, axis, codecs = numbers.tables["summary"], numbers.axis, numbers.codecs
    deadlines_s = sorted(table["deadline_s"].unique())
    rows, columns = page.grid(len(deadlines_s))
    figure = page.figure(0.9 + 1.75 * rows if columns > 1 else 3.4)
    panels = list(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat)
    gap_inch = page.width_inch / columns / max(len(axis.values), 2)
    for place, panel in enumerate(panels):
        if place >= len(deadlines_s):
            panel.remove()
            continue
        at_deadline = table[table["deadline_s"] == deadlines_s[place]]
        for number, codec in enumerate(codecs):
            aside = dodged(panel, number, len(codecs), gap_inch)
            _curve(panel, at_deadline[at_deadline["codec"] == codec], axis, number, aside)
        panel.set_title(f"deadline {time_text(deadlines_s[place])}")
        if place % columns == 0:
            panel.set_ylabel("on-time accuracy")
        lowest = place + columns >= len(deadlines_s)
        panel.tick_params(labelbottom=lowest)
        if lowest:
            panel.set_xlabel(axis.label)
    panels[0].set_ylim(-0.03, 1.03)
    scale_x(panels[0], axis, page.width_inch / columns)
    _legend(figure, table, axis, [codec_line(number) for number in range(len(codecs))])
    return figure


def _curve(panel: Axes, table: pd.DataFrame, axis: SweepAxis, number: int, aside: Transform) -> None:
    """Draw one codec: line, error bars, markers filled where the queues are stable."""
    if table.empty:
        return
    x = np.array(axis.positions())[table[PLACE]]
    y, stable = table["on_time_accuracy"].to_numpy(), table["stable"].to_numpy(dtype=bool)
    style, layer = codec_style(number), 3 + 0.1 * number
    dashes = style.dashes if axis.numeric else "none"
    panel.plot(x, y, color=style.colour, linestyle=dashes, zorder=layer, transform=aside)
    panel.errorbar(
        x,
        y,
        share_error(table),
        fmt="none",
        ecolor=style.colour,
        elinewidth=0.9,
        zorder=layer,
        transform=aside,
    )
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
            transform=aside,
        )


def _bars(numbers: Numbers, page: Page) -> Figure:
    table, codecs = numbers.tables["summary"], numbers.codecs
    figure = page.figure(3.0)
    panel = figure.subplots()
    deadlines_s = sorted(table["deadline_s"].unique())
    width = 0.8 / len(codecs)
    for number, codec in enumerate(codecs):
        rows = table[table["codec"] == codec].sort_values("deadline_s")
        groups = np.searchsorted(deadlines_s, rows["deadline_s"])
        style = codec_style(number)
        panel.bar(
            groups + width * (number - (len(codecs) - 1) / 2),
            rows["on_time_accuracy"],
            width * 0.9,
            yerr=share_error(rows),
            color=[style.colour if stable else "white" for stable in rows["stable"]],
            edgecolor=["white" if stable else style.colour for stable in rows["stable"]],
            hatch=style.hatch,
            error_kw={"elinewidth": 0.9, "capsize": 1.5},
        )
    texts = [time_text(deadline_s) for deadline_s in deadlines_s]
    gap_inch = page.width_inch / (len(texts) + 1)
    kept = spaced(gap_inch * np.arange(len(texts), dtype=np.float64), [label_inch(text) for text in texts])
    panel.set_xticks(kept, [texts[place] for place in kept])
    panel.grid(visible=False, axis="x")
    panel.set(xlabel="deadline", ylabel="on-time accuracy", ylim=(0, 1.03))
    styles = [codec_style(number) for number in range(len(codecs))]
    samples = [Patch(facecolor=style.colour, edgecolor="white", hatch=style.hatch) for style in styles]
    _legend(figure, table, numbers.axis, samples)
    return figure


def _legend(
    figure: Figure, table: pd.DataFrame, axis: SweepAxis, samples: list[Line2D] | list[Patch]
) -> None:
    handles, labels = [*samples], list(table["codec"].unique())
    if not table["stable"].all():
        marker = "s" if axis.key is None else "o"
        handles.append(Line2D([], [], color=GREY, marker=marker, markerfacecolor="white", linestyle="none"))
        labels.append("hollow: queue unstable")
    legend_above(figure, handles, labels, axis.held_text)


def share_error(table: pd.DataFrame) -> NDArray[np.float64]:
    """Return the lengths of the error bars of on-time accuracy below and above, `[2, rows] float64`."""
    middle = table["on_time_accuracy"]
    below = middle - table["on_time_accuracy_low"]
    above = table["on_time_accuracy_high"] - middle
    return np.maximum(np.array([below, above], dtype=np.float64), 0)
