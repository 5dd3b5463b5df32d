"""Latency by stage: where the time of an answered task goes."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from coinfer.simulator.by_point import PointKey
from coinfer.simulator.figures_axis import SweepAxis, sweep_axis
from coinfer.simulator.figures_style import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    blank_figure,
    caption_below,
    legend_above,
    short,
    time_text,
)
from coinfer.simulator.point_account import PointAccount
from coinfer.simulator.scenario import Scenario

_PALE = {BLUE: "#b3d5e8", ORANGE: "#f7e2b2", GREEN: "#b2e1d5"}
_STAGES = {
    "wait for device": (_PALE[BLUE], BLUE),
    "encode": (BLUE, None),
    "access, wait for link": (_PALE[ORANGE], ORANGE),
    "airtime": (ORANGE, None),
    "backhaul, wait for edge": (_PALE[GREEN], GREEN),
    "edge": (GREEN, None),
    "downlink": (PURPLE, None),
}
"""Fill and, for a wait, colour of the hatching: one hue for each thing that is waited for and used."""

_MEAN_NOTE = "Mean over answered tasks; each panel has its own scale, a broken bar runs off it."
_UNSTABLE_NOTE = "\nUnstable: work comes faster than it is done, so the mean grows with the run."
_LONGEST_OVER_MEDIAN = 10.0
_LABEL_WIDTH = 18


@dataclass(frozen=True)
class StageMeans:
    """The bar of one codec.

    Attributes:
        codec: its label.
        means_s: mean time in each stage, `[7] float64`; zeros where nothing was answered.
        answered: share of the tasks that were answered.
        stable: whether its queues are.
    """

    codec: str
    means_s: NDArray[np.float64]
    answered: float
    stable: bool

    @property
    def total_s(self) -> float:
        """Mean latency."""
        return float(self.means_s.sum())

    @property
    def text(self) -> str:
        """What stands at the end of the bar."""
        if self.answered == 0:
            return "no answers"
        time = time_text(self.total_s)
        if self.answered < 1:
            share = f"{min(self.answered, 0.999):.1%} answered"
            return f"{time}\n{share}" if self.stable else f"{time}, unstable\n{share}"
        return time if self.stable else f"{time}\nunstable"


def latency_breakdown(
    accounts: Mapping[PointKey, PointAccount], summary: pd.DataFrame, scenario: Scenario
) -> Figure:
    """Draw the mean time in each stage, a bar a codec, at the lowest and the highest swept value.

    Args:
        accounts: of the tasks of at least the sweep points that are shown.
        summary: the table of summary.csv.
        scenario: the scenario with its sweep.
    """
    axis = sweep_axis(scenario)
    ends = list(dict.fromkeys([axis.values[0], axis.values[-1]]))
    bars = [stage_means(accounts[axis.point(value)], axis.select(summary, value)) for value in ends]
    figure = blank_figure(1.15 + 0.4 * max(2, *map(len, bars)))
    panels = figure.subplots(1, len(ends), sharey=True, squeeze=False)[0]
    for panel, value, group in zip(panels, ends, bars, strict=True):
        _panel(panel, group)
        panel.set_title(axis.title(value))
    all_stable = all(bar.stable for group in bars for bar in group)
    _finish(figure, axis, scenario, _MEAN_NOTE if all_stable else _MEAN_NOTE + _UNSTABLE_NOTE)
    return figure


def stage_means(account: PointAccount, summary: pd.DataFrame) -> list[StageMeans]:
    """Average the stages of each codec at one sweep point.

    Args:
        account: the tasks at that point.
        summary: the summary at that point; it gives the order of the codecs.
    """
    means = []
    for codec, rows in summary.groupby("codec", sort=False, observed=True):
        total = account.codecs[str(codec)]
        answered = total.latency_s.finite.total
        means_s = np.sum([unit.stages_s for unit in total.units], axis=0) / max(answered, 1)
        share = answered / total.latency_s.total
        means.append(StageMeans(str(codec), means_s, share, bool(rows["stable"].all())))
    return means


def longest_shown_s(bars: list[StageMeans]) -> float:
    """Choose where the axis ends: a bar much longer than its stable peers must not flatten them."""
    answered = [bar for bar in bars if bar.total_s > 0]
    totals_s = np.array([bar.total_s for bar in answered if bar.stable] or [bar.total_s for bar in answered])
    if not len(totals_s):
        return 1.0
    median_s = np.quantile(totals_s, 0.5, method="inverted_cdf")
    return float(totals_s[totals_s <= _LONGEST_OVER_MEDIAN * median_s].max())


def _panel(panel: Axes, bars: list[StageMeans]) -> None:
    rows, means_s = np.arange(len(bars)), np.array([bar.means_s for bar in bars])
    end_s = 1.05 * longest_shown_s(bars)
    left_s = np.zeros(len(bars))
    for (fill, hatching), width_s in zip(_STAGES.values(), means_s.T, strict=True):
        shown_s = np.clip(left_s + width_s, 0, end_s) - np.clip(left_s, 0, end_s)
        hatch = "//////" if hatching else None
        panel.barh(
            rows, shown_s, 0.62, left_s, color=fill, edgecolor=hatching or fill, linewidth=0, hatch=hatch
        )
        left_s = left_s + width_s
    for row, total_s in enumerate(left_s):
        if total_s > end_s:
            _break_mark(panel, row, end_s)
    panel.set(xlim=(0, end_s), ylim=(len(bars) - 0.5, -0.5), xlabel="mean time")
    panel.set_yticks(rows, [_wrapped(bar.codec) for bar in bars])
    panel.xaxis.set_major_locator(MaxNLocator(4))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda time_s, _: time_text(time_s)))
    panel.tick_params(axis="y", length=0)
    panel.grid(visible=False, axis="y")
    values = panel.secondary_yaxis("right")
    values.set_yticks(rows, [bar.text for bar in bars])
    values.tick_params(length=0)
    values.spines["right"].set_visible(False)


def _break_mark(panel: Axes, row: int, end_s: float) -> None:
    """Cut a bar that runs off the axis by two slanted gaps."""
    for place in (0.9, 0.935):
        panel.plot(
            [(place - 0.01) * end_s, (place + 0.01) * end_s],
            [row + 0.4, row - 0.4],
            color="white",
            linewidth=1.8,
            solid_capstyle="butt",
        )


def _wrapped(codec: str) -> str:
    """Break a codec's label before its settings, or within, where it is long."""
    label = short(codec)
    if len(label) <= _LABEL_WIDTH:
        return label
    return "\n".join(textwrap.wrap(label.replace("(", " (", 1), _LABEL_WIDTH, max_lines=3, placeholder="…"))


def _finish(figure: Figure, axis: SweepAxis, scenario: Scenario, note: str) -> None:
    handles = [
        Patch(facecolor=fill, edgecolor=hatching or fill, linewidth=0, hatch="//////" if hatching else None)
        for fill, hatching in _STAGES.values()
    ]
    legend_above(figure, handles, list(_STAGES), axis.held_text)
    caption_below(figure, scenario, note)
