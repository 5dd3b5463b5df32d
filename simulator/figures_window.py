"""A few seconds of one device: its tasks stage by stage, and its channel, drawn anew from the seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from coinfer.simulator.by_point import by_codec
from coinfer.simulator.channel import draw_channels
from coinfer.simulator.records import STAMPS
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.task_table import read_device, read_tasks

FloatArray = NDArray[np.float64]

TASKS = 8
"""Consecutive tasks that are shown."""

_SEARCHED = 10_000
"""Tasks after the warm-up among which the window is looked for."""

_CODECS = 3
_SNR_POINTS = 600
_MOST_DEVICES = 64
"""Of more devices, drawing all channels anew takes too long; then the SNR is known where airtimes start."""

_COLUMNS = frozenset({"codec", "cell", "device_id", "arrival_s", *STAMPS, "snr_db", "outcome"})


def window(
    unit: Path, summary: pd.DataFrame, scenario: Scenario, deadline_s: float
) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Cuts a window out of the first replication, where answers in time and late ones meet.

    Args:
        unit: the file of its tasks.
        summary: the rows of summary.csv at that sweep point.
        scenario: the scenario at that point.
        deadline_s: what is late.

    Returns:
        The tasks of the best codecs, `TASKS` of each, with their stamps; and the SNR, in columns `time_s` and
        `snr_db`, over that time, or at the starts of airtime where the channel cannot be drawn anew. Times
        are from the first arrival of the window. None if nothing arrived in that replication.
    """
    met = read_tasks([unit], {"device_id", "arrival_s"})
    if met.empty:
        return None
    warmup_s = float(summary["warmup_s"].iloc[0])
    device, until_s, horizon_s = _searched(met, warmup_s)
    own = by_codec(read_device(unit, _COLUMNS, device, until_s))
    judged = summary[summary["deadline_s"] == deadline_s].sort_values(
        "on_time_accuracy", ascending=False, kind="stable"
    )
    chosen = set(judged["codec"].iloc[:_CODECS])
    kept = {codec: rows for codec, rows in own.items() if codec in chosen}
    first = _first(kept, warmup_s, deadline_s)
    shown = pd.concat([rows.iloc[first : first + TASKS] for rows in kept.values()])
    start_s = float(shown["arrival_s"].min())
    end_s = float(shown["arrival_s"].max()) + 2 * deadline_s
    known = pd.concat(own.values()).dropna(subset="snr_db").sort_values("tx_start_s", kind="stable")
    snr = _snr(scenario, horizon_s, known, start_s, end_s)
    stamps = ["arrival_s", *STAMPS]
    table = shown[["codec", *stamps, "outcome"]].astype({"codec": str, "outcome": str})
    table[stamps] -= start_s
    return table, snr.assign(time_s=snr["time_s"] - start_s)


def _searched(met: pd.DataFrame, since_s: float) -> tuple[int, float, float]:
    """The device that is shown, until when to look for a window, and when the last task of any arrives."""
    device = int(met["device_id"].min())
    arrivals_s = np.unique(met.loc[met["device_id"] == device, "arrival_s"])
    last = min(int(np.searchsorted(arrivals_s, since_s)) + _SEARCHED, len(arrivals_s)) - 1
    return device, float(arrivals_s[last]), float(met["arrival_s"].max())


def _first(own: dict[str, pd.DataFrame], since_s: float, deadline_s: float) -> int:
    """The first task of the window: the shortest after the warm-up in which most codecs have both kinds."""
    arrival_s = next(iter(own.values()))["arrival_s"].to_numpy()
    begin = min(int(np.searchsorted(arrival_s, since_s)), max(len(arrival_s) - TASKS, 0))
    if len(arrival_s) - begin <= TASKS:
        return begin
    late = np.array([_late(rows, deadline_s)[begin:] for rows in own.values()])
    windows = np.lib.stride_tricks.sliding_window_view(late, TASKS, axis=1).sum(axis=2)
    mixed = ((windows > 0) & (windows < TASKS)).sum(axis=0)
    length_s = arrival_s[begin + TASKS - 1 :] - arrival_s[begin : len(arrival_s) - TASKS + 1]
    return begin + int(np.argmin(np.where(mixed == mixed.max(), length_s, np.inf)))


def _late(tasks: pd.DataFrame, deadline_s: float) -> NDArray[np.bool_]:
    latency_s = (tasks["done_s"] - tasks["arrival_s"]).to_numpy()
    return ~(((tasks["outcome"] == "done").to_numpy()) & (latency_s <= deadline_s))


def _snr(
    scenario: Scenario, horizon_s: float, known: pd.DataFrame, start_s: float, end_s: float
) -> pd.DataFrame:
    """The SNR over the window: drawn anew if that agrees with all that the tasks met."""
    if scenario.cell_devices <= _MOST_DEVICES:
        channel = draw_channels(scenario, 0, horizon_s)[0]
        met_db = channel.snr_db_at(known["tx_start_s"].to_numpy())
        if np.array_equal(met_db, known["snr_db"].to_numpy()):
            time_s = np.linspace(start_s, end_s, _SNR_POINTS)
            return pd.DataFrame({"time_s": time_s, "snr_db": channel.snr_db_at(time_s)}).dropna()
    inside = known[known["tx_start_s"].between(start_s, end_s)]
    return pd.DataFrame({"time_s": inside["tx_start_s"], "snr_db": inside["snr_db"]})
