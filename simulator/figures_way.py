"""What a device that moves meets on its way: its SNR, and the answers it gets in time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from coinfer.simulator.figures_numbers import Numbers
from coinfer.simulator.figures_page import Drawn, Page
from coinfer.simulator.figures_style import GREY, codec_line, codec_style, legend_above, time_text
from coinfer.simulator.intervals import clustered_proportion
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.scenario_channel import Mobility

FloatArray = NDArray[np.float64]

_BINS = 24
_NOTE = (
    "What devices that move meet: their SNR at the start of airtime (line: median, band: from the 10 % to "
    "the 90 % quantile), and the share of tasks answered correctly before the deadline."
)


COLUMNS = frozenset({"codec", "replication", "cell", "arrival_s", "done_s", "snr_db", "outcome", "correct"})
"""What of the tasks is drawn."""


def way(scenario: Scenario) -> Mobility | None:
    """The way of the first device that moves; None if none does."""
    return next((m for group in scenario.devices if (m := group.mobility) and m.speed_mps), None)


def way_tables(tasks: pd.DataFrame, deadline_s: float) -> dict[str, pd.DataFrame]:
    """Sort the tasks of one sweep point by their time of arrival.

    Args:
        tasks: the records at that point, with `COLUMNS`; `cell` only if there is more than one.
        deadline_s: what is on time.

    Returns:
        `way`: on-time accuracy of each codec with its interval, by `arrival_s`, the middle of an equal part
        of the time; `way_snr`: quantiles of the SNR at the start of airtime, of all codecs together, for they
        meet the same channel. Parts without a task are left out.
    """
    edges_s = np.linspace(0.0, float(tasks["arrival_s"].max()) * (1 + 1e-9), _BINS + 1)
    middle_s = (edges_s[1:] + edges_s[:-1]) / 2
    shares = [
        (codec, at_s, *_share(part, deadline_s))
        for codec, rows in tasks.groupby("codec", sort=False, observed=True)
        for at_s, part in zip(middle_s, _parts(rows, edges_s), strict=True)
        if len(part)
    ]
    levels = [
        (at_s, *np.quantile(part["snr_db"], [0.1, 0.5, 0.9]))
        for at_s, part in zip(middle_s, _parts(tasks[tasks["snr_db"].notna()], edges_s), strict=True)
        if len(part)
    ]
    return {
        "way": pd.DataFrame(shares, columns=["codec", "arrival_s", "low", "on_time_accuracy", "high"]),
        "way_snr": pd.DataFrame(levels, columns=["arrival_s", "p10_db", "p50_db", "p90_db"]),
    }


def along_the_way(numbers: Numbers, page: Page) -> Drawn | None:
    """Draw SNR and on-time accuracy over the time of arrival, at the middle deadline and lowest swept value.

    Returns:
        None for a run in which nobody moves.
    """
    line = way(numbers.scenario)
    if line is None or "way" not in numbers.tables:
        return None
    figure = page.figure(4.0)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1.6))
    snr, shares = numbers.tables["way_snr"], numbers.tables["way"]
    above.fill_between(snr["arrival_s"], snr["p10_db"], snr["p90_db"], color=GREY, alpha=0.25, linewidth=0)
    above.plot(snr["arrival_s"], snr["p50_db"], color=GREY)
    above.set_ylabel("SNR at the start\nof airtime (dB)")
    for number, codec in enumerate(numbers.codecs):
        _curve(below, shares[shares["codec"] == codec], number)
    deadline = time_text(numbers.middle_deadline_s)
    below.set(ylabel=f"on-time accuracy,\n{deadline}", xlabel="time of arrival (s)", ylim=(0, 1.02))
    middle_s = shares["arrival_s"].unique()
    below.set_xlim(0.0, float(middle_s.max() + middle_s.min()))
    if line.model == "line":
        _distances(above, line)
    legend_above(figure, [codec_line(number) for number in range(len(numbers.codecs))], numbers.codecs)
    at = numbers.axis.title(numbers.axis.values[0])
    held = "; ".join(text for text in (at, numbers.axis.held_text) if text)
    return Drawn(figure, _NOTE, "Bands of on-time accuracy: 95 % intervals.", held)


def _share(tasks: pd.DataFrame, deadline_s: float) -> tuple[float, float, float]:
    """On-time accuracy between the limits of its interval."""
    latency_s = np.where(tasks["outcome"] == "done", tasks["done_s"] - tasks["arrival_s"], np.inf)
    right = tasks["correct"].to_numpy(dtype=bool) & (latency_s <= deadline_s)
    interval = clustered_proportion(right, _clusters(tasks))
    return interval.low, interval.estimate, interval.high


def _curve(panel: Axes, table: pd.DataFrame, number: int) -> None:
    style, arrival_s = codec_style(number), table["arrival_s"]
    panel.fill_between(arrival_s, table["low"], table["high"], color=style.colour, alpha=0.15, linewidth=0)
    line = codec_line(number)
    line.set_data(arrival_s, table["on_time_accuracy"])
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
