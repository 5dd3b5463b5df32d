"""What a device that moves meets on its way: its SNR, and the answers it gets in time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

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
from coinfer.simulator.intervals import clustered_proportion
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.scenario_channel import Mobility

FloatArray = NDArray[np.float64]

_BINS = 24
_NOTE = (
    "A late answer counts as wrong. Bands: 95 % intervals; of the SNR, from the 10 % to the 90 % quantile."
)


COLUMNS = frozenset({"codec", "replication", "cell", "arrival_s", "done_s", "snr_db", "outcome", "correct"})
"""What of the tasks is drawn."""


def way(scenario: Scenario) -> Mobility | None:
    """The way of the first device that moves; None if none does."""
    return next((m for group in scenario.devices if (m := group.mobility) and m.speed_mps), None)


def along_the_way(tasks: pd.DataFrame, line: Mobility, summary: pd.DataFrame, scenario: Scenario) -> Figure:
    """Draw SNR and on-time accuracy over the time of arrival, at the middle deadline and lowest swept value.

    Args:
        tasks: the records at that value, with `COLUMNS`; `cell` only if there is more than one.
        line: the way whose distances are told.
        summary: the table of summary.csv; it gives the order of the codecs.
        scenario: the scenario with its sweep.
    """
    axis = sweep_axis(scenario)
    codecs = list(summary["codec"].unique())
    edges_s = np.linspace(0.0, float(tasks["arrival_s"].max()) * (1 + 1e-9), _BINS + 1)
    figure = blank_figure(4.0)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1.6))
    _snr(above, tasks, edges_s)
    deadline_s = scenario.deadlines_s[len(scenario.deadlines_s) // 2]
    for number, codec in enumerate(codecs):
        _accuracy(below, tasks[tasks["codec"] == codec], edges_s, deadline_s, number)
    below.set(
        ylabel=f"on-time accuracy,\n{time_text(deadline_s)}", xlabel="time of arrival (s)", ylim=(0, 1.02)
    )
    below.set_xlim(0.0, float(edges_s[-1]))
    if line.model == "line":
        _distances(above, line)
    _finish(figure, codecs, axis, scenario)
    return figure


def _snr(panel: Axes, tasks: pd.DataFrame, edges_s: FloatArray) -> None:
    """The SNR at the start of airtime, of all codecs together: they meet the same channel."""
    low, middle, high = (np.full(_BINS, np.nan) for _ in range(3))
    for place, part in enumerate(_parts(tasks[tasks["snr_db"].notna()], edges_s)):
        if len(part):
            low[place], middle[place], high[place] = np.quantile(part["snr_db"], [0.1, 0.5, 0.9])
    centre_s = (edges_s[1:] + edges_s[:-1]) / 2
    panel.fill_between(centre_s, low, high, color=GREY, alpha=0.25, linewidth=0)
    panel.plot(centre_s, middle, color=GREY)
    panel.set_ylabel("SNR at the start\nof airtime (dB)")


def _accuracy(panel: Axes, tasks: pd.DataFrame, edges_s: FloatArray, deadline_s: float, number: int) -> None:
    share = np.full((3, _BINS), np.nan)
    for place, part in enumerate(_parts(tasks, edges_s)):
        if len(part):
            latency_s = np.where(part["outcome"] == "done", part["done_s"] - part["arrival_s"], np.inf)
            right = part["correct"].to_numpy(dtype=bool) & (latency_s <= deadline_s)
            interval = clustered_proportion(right, _clusters(part))
            share[:, place] = interval.low, interval.estimate, interval.high
    style, centre_s = codec_style(number), (edges_s[1:] + edges_s[:-1]) / 2
    panel.fill_between(centre_s, share[0], share[2], color=style.colour, alpha=0.15, linewidth=0)
    line = codec_line(number)
    line.set_data(centre_s, share[1])
    panel.add_line(line)


def _clusters(tasks: pd.DataFrame) -> NDArray[np.integer]:
    """Number of the replication of a cell that each task is of."""
    replication = tasks["replication"].to_numpy()
    return replication if "cell" not in tasks else replication + 10_000 * tasks["cell"].to_numpy()


def _parts(tasks: pd.DataFrame, edges_s: FloatArray) -> list[pd.DataFrame]:
    """The tasks that arrive between each two edges."""
    arrival_s = tasks["arrival_s"].to_numpy()
    return [tasks[(arrival_s >= start_s) & (arrival_s < end_s)] for start_s, end_s in pairwise(edges_s)]


def _distances(panel: Axes, line: Mobility) -> None:
    """Write the distance from the base station above, where the device turns and halfway."""
    start_m, end_m, speed_mps = line.start_m or 0.0, line.end_m or 0.0, line.speed_mps or 1.0
    way_s = abs(end_m - start_m) / speed_mps
    last_s = panel.get_xlim()[1]
    times_s = np.arange(0.0, last_s + way_s / 4, way_s / 2)
    part = 1 - np.abs(1 - np.mod(times_s / way_s, 2.0))
    places_m = start_m + part * (end_m - start_m)
    top = panel.secondary_xaxis("top")
    shown = times_s <= last_s * 1.02
    top.set_xticks(times_s[shown], [f"{place_m:.0f} m" for place_m in places_m[shown]])
    top.set_xlabel("distance from the base station")


def _finish(figure: Figure, codecs: list[str], axis: SweepAxis, scenario: Scenario) -> None:
    legend_above(figure, [codec_line(number) for number in range(len(codecs))], codecs)
    at = axis.title(axis.values[0])
    caption_below(
        figure, scenario, ". ".join(text for text in (_NOTE.rstrip("."), at, axis.held_text) if text) + "."
    )
