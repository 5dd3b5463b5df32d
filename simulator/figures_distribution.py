"""The distribution of latency: which share of the tasks is answered within any time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from coinfer.simulator.closed_forms import EXPLAINED
from coinfer.simulator.distribution import Distribution
from coinfer.simulator.figures_numbers import PLACE, Numbers
from coinfer.simulator.figures_page import Drawn, Page
from coinfer.simulator.figures_scale import tick_times
from coinfer.simulator.figures_style import BLACK, GREY, codec_line, codec_style, legend_above, time_text
from coinfer.simulator.point_account import PointAccount

FloatArray = NDArray[np.float64]

_NOTE = (
    "Share of all tasks after the warm-up that are answered within a time; dropped and unfinished ones never "
    "are. Dashed: deadlines."
)
_MOST_STEPS = 500
_BEYOND_DEADLINES = 10.0
_LABEL_INCH = 0.37
_LABEL_WITH_LINE_INCH = 0.5
"""With more labels than this allows, the lines to them touch others."""

_MARGIN_INCH = 0.55
_THEORY: dict[str, Any] = {"color": BLACK, "linewidth": 1.0, "linestyle": (0, (2, 3))}
"""How closed forms are drawn: over the line of their codec, which shows between the dots."""


def latency_distribution(numbers: Numbers, page: Page) -> Drawn:
    """Draw the cumulative distribution of latency at the lowest and at the middle swept value."""
    chosen = list(dict.fromkeys(numbers.axis.ends_and_middle[:2]))
    deadlines_s = numbers.scenario.deadlines_s
    rows, columns = (len(chosen), 1) if page.narrow else (1, len(chosen))
    figure = page.figure(0.4 + 2.5 * rows)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    limits_s = _limits_s(numbers.tables["latencies"]["latency_s"].to_numpy(), deadlines_s)
    theory = numbers.tables.get("closed_forms", pd.DataFrame(columns=[PLACE, "form", "codec"]))
    for panel, value in zip(panels.flat, chosen, strict=True):
        panel.set(ylim=(0, 1.02))
        _curves(panel, numbers.at("latencies", value), numbers.codecs, limits_s)
        _closed_forms(panel, theory[theory[PLACE] == numbers.axis.values.index(value)])
        _deadlines(panel, deadlines_s, limits_s, page.width_inch / columns - _MARGIN_INCH)
        panel.set_title(numbers.axis.title(value), pad=22)
    for panel in panels[:, 0]:
        panel.set_ylabel("share of tasks answered")
    for panel in panels[-1]:
        panel.set_xlabel("latency")
    panels[0, 0].set(xscale="log", xlim=limits_s)
    tick_times(panels[0, 0].xaxis, *limits_s, labels=(page.width_inch / columns - _MARGIN_INCH) / _LABEL_INCH)
    forms = {
        str(form): ", ".join(rows["codec"].unique()) for form, rows in theory.groupby("form", sort=False)
    }
    samples = [codec_line(number) for number in range(len(numbers.codecs))]
    samples += [Line2D([], [], **_THEORY) for _ in forms]
    names = [f"closed form: {form}, {codecs}" for form, codecs in forms.items()]
    legend_above(figure, samples, [*numbers.codecs, *names], numbers.axis.held_text)
    told = [
        f" Black, dotted, over the line of {codecs}: {EXPLAINED[form]}." for form, codecs in forms.items()
    ]
    return Drawn(figure, _NOTE + "".join(told), held=numbers.axis.held_text)


def answered_table(account: PointAccount, summary: pd.DataFrame) -> pd.DataFrame:
    """Tell of each codec at one sweep point which share of its tasks is answered within each time.

    Args:
        account: the tasks at that point.
        summary: the summary at that point; it gives the order of the codecs.

    Returns:
        Columns `codec`, `latency_s` and `answered`; no row of a codec that never answered.
    """
    parts = []
    for codec in summary["codec"].unique():
        times_s, share = answered_share(account.codecs[codec].latency_s)
        parts.append(pd.DataFrame({"codec": codec, "latency_s": times_s, "answered": share}))
    return pd.concat(parts, ignore_index=True)


def answered_share(latency_s: Distribution) -> tuple[FloatArray, FloatArray]:
    """Return the steps of the cumulative distribution, thinned to a few hundred.

    Args:
        latency_s: infinite where a task was never answered.

    Returns:
        Latencies in ascending order, and the share of all tasks answered within each.
    """
    answered = latency_s.finite
    if not answered.total:
        return np.empty(0), np.empty(0)
    below = np.cumsum(answered.counts)
    ranks = np.linspace(1, answered.total, min(answered.total, _MOST_STEPS)).round()
    steps = np.unique(np.searchsorted(below, ranks))
    return answered.values[steps], below[steps] / latency_s.total


def _limits_s(latency_s: FloatArray, deadlines_s: tuple[float, ...]) -> tuple[float, float]:
    """Choose the ends of the time axis: all latencies, but not far beyond the deadlines."""
    there = latency_s[latency_s > 0]
    low_s = float(there.min(initial=deadlines_s[-1]) if len(there) else deadlines_s[0])
    high_s = float(there.max(initial=deadlines_s[0]) if len(there) else deadlines_s[-1])
    low_s = min(max(low_s, deadlines_s[0] / _BEYOND_DEADLINES), deadlines_s[0]) / 1.3
    high_s = max(min(high_s, deadlines_s[-1] * _BEYOND_DEADLINES), deadlines_s[-1]) * 1.3
    return low_s, high_s


def _curves(panel: Axes, table: pd.DataFrame, codecs: list[str], limits_s: tuple[float, float]) -> None:
    for number, codec in enumerate(codecs):
        rows = table[table["codec"] == codec]
        final = rows["answered"].iloc[-1] if len(rows) else 0.0
        style = codec_style(number)
        panel.plot(
            [limits_s[0] / 10, *rows["latency_s"], limits_s[1] * 10],
            [0.0, *rows["answered"], final],
            color=style.colour,
            linestyle=style.dashes,
            marker=style.marker,
            markersize=style.size,
            markevery=(0.05 + 0.02 * number, 0.17),
            drawstyle="steps-post",
            zorder=3,
        )


def _closed_forms(panel: Axes, table: pd.DataFrame) -> None:
    for _, rows in table.groupby("codec"):
        first_s = rows["latency_s"].iloc[0]
        panel.plot([first_s, *rows["latency_s"]], [0.0, *rows["answered"]], zorder=4, **_THEORY)


def _deadlines(
    panel: Axes, deadlines_s: tuple[float, ...], limits_s: tuple[float, float], width_inch: float
) -> None:
    """Draw the deadlines and write as many as fit above the panel, pushed apart where they are close."""
    for deadline_s in deadlines_s:
        panel.axvline(deadline_s, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=2)
    step = _LABEL_INCH / width_inch
    named_s = _evenly(deadlines_s, most=int(width_inch / _LABEL_WITH_LINE_INCH))
    at = np.log(np.array(named_s) / limits_s[0]) / np.log(limits_s[1] / limits_s[0])
    steps = step * np.arange(len(at))
    spread = isotonic_regression(at - steps).x.clip(0, 1 - steps[-1] - step / 2) + steps
    for deadline_s, from_x, to_x in zip(named_s, at, spread, strict=True):
        panel.annotate(
            time_text(deadline_s),
            (from_x, 1.0),
            (to_x, 1.06),
            xycoords="axes fraction",
            ha="center",
            va="bottom",
            fontsize=6.5,
            color="#444444",
            arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 0},
        )


def _evenly(values: tuple[float, ...], most: int) -> list[float]:
    """Choose values evenly, the first and the last among them."""
    places = np.linspace(0, len(values) - 1, min(len(values), max(most, 2))).round().astype(int)
    return [values[place] for place in places]
