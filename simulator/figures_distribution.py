"""The distribution of latency: which share of the tasks is answered within any time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from coinfer.simulator.by_point import PointKey
from coinfer.simulator.distribution import Distribution
from coinfer.simulator.figures_axis import SweepAxis, sweep_axis
from coinfer.simulator.figures_style import (
    GREY,
    blank_figure,
    caption_below,
    codec_line,
    codec_style,
    legend_above,
    time_text,
)
from coinfer.simulator.point_account import PointAccount
from coinfer.simulator.scenario import Scenario

FloatArray = NDArray[np.float64]

_NOTE = (
    "Share of all tasks after the warm-up; dropped and unfinished ones are never answered. Dashed: deadlines."
)
_MOST_STEPS = 500
_BEYOND_DEADLINES = 10.0
_LABEL_GAP = 0.115
_TWO_DECADES = 100.0


def latency_distribution(
    accounts: Mapping[PointKey, PointAccount], summary: pd.DataFrame, scenario: Scenario
) -> Figure:
    """Draw the cumulative distribution of latency at the lowest and at the middle swept value.

    Args:
        accounts: of the tasks of at least the sweep points that are shown.
        summary: the table of summary.csv; it gives the order of the codecs.
        scenario: the scenario with its sweep.
    """
    axis = sweep_axis(scenario)
    codecs = list(summary["codec"].unique())
    chosen = list(dict.fromkeys(axis.ends_and_middle[:2]))
    samples = [_latencies_s(accounts[axis.point(value)], codecs) for value in chosen]
    figure = blank_figure(3.0)
    panels = figure.subplots(1, len(chosen), sharex=True, sharey=True, squeeze=False)[0]
    limits_s = _limits_s([sample for group in samples for sample in group], scenario.deadlines_s)
    for panel, value, group in zip(panels, chosen, samples, strict=True):
        panel.set_xscale("log")
        panel.set(xlim=limits_s, ylim=(0, 1.02), xlabel="latency")
        _curves(panel, group, limits_s)
        _deadlines(panel, scenario.deadlines_s, limits_s)
        panel.set_title(axis.title(value), pad=22)
    panels[0].set_ylabel("share of tasks answered")
    _time_ticks(panels[0], limits_s)
    _finish(figure, codecs, axis, scenario)
    return figure


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


def _latencies_s(account: PointAccount, codecs: list[str]) -> list[Distribution]:
    """The latencies of each codec; none of one that is not there at this sweep point."""
    nothing = Distribution.of(np.empty(0))
    return [account.codecs[codec].latency_s if codec in account.codecs else nothing for codec in codecs]


def _limits_s(samples: list[Distribution], deadlines_s: tuple[float, ...]) -> tuple[float, float]:
    """Choose the ends of the time axis: all latencies, but not far beyond the deadlines."""
    finite = [sample.finite.values[sample.finite.values > 0] for sample in samples]
    low_s = min([part.min() for part in finite if len(part)], default=deadlines_s[0])
    high_s = max([part.max() for part in finite if len(part)], default=deadlines_s[-1])
    low_s = min(max(low_s, deadlines_s[0] / _BEYOND_DEADLINES), deadlines_s[0]) / 1.3
    high_s = max(min(high_s, deadlines_s[-1] * _BEYOND_DEADLINES), deadlines_s[-1]) * 1.3
    return float(low_s), float(high_s)


def _curves(panel: Axes, samples: list[Distribution], limits_s: tuple[float, float]) -> None:
    for number, latency_s in enumerate(samples):
        times_s, share = answered_share(latency_s)
        final = share[-1] if len(share) else 0.0
        style = codec_style(number)
        panel.plot(
            [limits_s[0] / 10, *times_s, limits_s[1] * 10],
            [0.0, *share, final],
            color=style.colour,
            linestyle=style.dashes,
            marker=style.marker,
            markersize=style.size,
            markevery=(0.05 + 0.02 * number, 0.17),
            drawstyle="steps-post",
            zorder=3,
        )


def _deadlines(panel: Axes, deadlines_s: tuple[float, ...], limits_s: tuple[float, float]) -> None:
    """Draw the deadlines and write them above the panel, pushed apart where they are close."""
    at = np.log(np.array(deadlines_s) / limits_s[0]) / np.log(limits_s[1] / limits_s[0])
    steps = _LABEL_GAP * np.arange(len(at))
    spread = isotonic_regression(at - steps).x + steps
    for deadline_s, from_x, to_x in zip(deadlines_s, at, spread, strict=True):
        panel.axvline(deadline_s, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=2)
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


def _time_ticks(panel: Axes, limits_s: tuple[float, float]) -> None:
    narrow = limits_s[1] / limits_s[0] < _TWO_DECADES
    panel.xaxis.set_major_locator(LogLocator(10, subs=(1.0, 2.0, 5.0) if narrow else (1.0,)))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda time_s, _: time_text(time_s)))
    panel.xaxis.set_minor_formatter(NullFormatter())


def _finish(figure: Figure, codecs: list[str], axis: SweepAxis, scenario: Scenario) -> None:
    legend_above(figure, [codec_line(number) for number in range(len(codecs))], codecs, axis.held_text)
    caption_below(figure, scenario, _NOTE)
