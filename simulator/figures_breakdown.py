"""Latency by stage: where the time of an answered task goes."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from coinfer.simulator.figures_numbers import Numbers
from coinfer.simulator.figures_page import Drawn, Page
from coinfer.simulator.figures_style import BLUE, GREEN, ORANGE, PURPLE, legend_above, short, time_text
from coinfer.simulator.point_account import PointAccount

_PALE = {BLUE: "#b3d5e8", ORANGE: "#f7e2b2", GREEN: "#b2e1d5"}
STAGES = {
    "wait for device": (_PALE[BLUE], BLUE),
    "encode": (BLUE, None),
    "access, wait for link": (_PALE[ORANGE], ORANGE),
    "airtime": (ORANGE, None),
    "backhaul, wait for edge": (_PALE[GREEN], GREEN),
    "edge": (GREEN, None),
    "downlink": (PURPLE, None),
}
"""Stages of a task: fill and, for a wait, colour of the hatching; a hue for what is waited for and used."""

_NOTE = (
    "Where the time of an answered task goes, on average; pale and hatched is waiting. Each panel has its "
    "own scale, a broken bar runs off it."
)
_UNSTABLE_NOTE = " Unstable: work comes faster than it is done, so the mean grows with the run."
_LONGEST_OVER_MEDIAN = 10.0
_LABEL_WIDTH, _LINE_SPACING = 18, 1.15


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


def latency_breakdown(numbers: Numbers, page: Page) -> Drawn:
    """Draw the mean time in each stage, a bar a codec, at the lowest and the highest swept value."""
    ends = numbers.shown("stages")
    bars = [stage_means(numbers.at("stages", value)) for value in ends]
    rows, columns = (len(ends), 1) if page.narrow else (1, len(ends))
    figure = page.figure(0.75 + rows * (0.4 + 0.4 * max(2, *map(len, bars))))
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).flat
    for panel, value, group in zip(panels, ends, bars, strict=True):
        _panel(panel, group)
        panel.set_title(numbers.axis.title(value))
    legend_above(figure, stage_samples(), list(STAGES), numbers.axis.held_text)
    all_stable = all(bar.stable for group in bars for bar in group)
    return Drawn(figure, _NOTE if all_stable else _NOTE + _UNSTABLE_NOTE, held=numbers.axis.held_text)


def stage_table(account: PointAccount, summary: pd.DataFrame) -> pd.DataFrame:
    """Average the stages of each codec at one sweep point.

    Args:
        account: the tasks at that point.
        summary: the summary at that point; it gives the order of the codecs.

    Returns:
        A row a codec: the share of its tasks that were answered, whether its queues are stable, and the mean
        time in each of `STAGES`, in seconds; zeros where nothing was answered.
    """
    table = []
    for codec, rows in summary.groupby("codec", sort=False, observed=True):
        total = account.codecs[str(codec)]
        answered = total.latency_s.finite.total
        means_s = np.sum([unit.stages_s for unit in total.units], axis=0) / max(answered, 1)
        first = {
            "codec": codec,
            "answered": answered / total.latency_s.total,
            "stable": bool(rows["stable"].all()),
        }
        table.append(first | dict(zip(STAGES, means_s, strict=True)))
    return pd.DataFrame(table)


def stage_means(table: pd.DataFrame) -> list[StageMeans]:
    """Take the bars of one sweep point out of the rows of `stage_table`."""
    means_s = table[list(STAGES)].to_numpy(dtype=np.float64)
    columns = table["codec"], means_s, table["answered"], table["stable"]
    return [StageMeans(*row) for row in zip(*columns, strict=True)]


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
    for (fill, hatching), width_s in zip(STAGES.values(), means_s.T, strict=True):
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
    for label in (*panel.get_yticklabels(), *values.get_yticklabels()):
        label.set_linespacing(_LINE_SPACING)
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


def stage_samples() -> list[Patch]:
    """Return the sample patches that stand for the stages in a legend."""
    return [
        Patch(facecolor=fill, edgecolor=hatching or fill, linewidth=0, hatch="//////" if hatching else None)
        for fill, hatching in STAGES.values()
    ]
