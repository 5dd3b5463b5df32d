"""From task records to one row for each operating point and deadline.

A late answer is a wrong answer; a task that was dropped, given up or never answered is late for
every deadline.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from coinfer.simulator.errors import InputError
from coinfer.simulator.experiment import Experiment
from coinfer.simulator.intervals import Interval, clustered_proportion
from coinfer.simulator.scenario import Scenario


def summarise_point(tasks: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """Summarises one operating point: one codec at one sweep point, all replications.

    Args:
        tasks: its records, a row a task, as in tasks.parquet.
        scenario: the scenario at that point.

    Returns:
        A row for each deadline, with the columns of summary.csv from `deadline_s` on.

    Raises:
        InputError: no task arrived.
    """
    if tasks.empty:
        raise InputError(
            f"{scenario.name}: duration_s: no task arrived in {scenario.duration_s:g} s; make it longer"
        )
    latency_s = np.where(tasks["outcome"] == "done", tasks["done_s"] - tasks["arrival_s"], np.inf)
    correct = tasks["correct"].to_numpy(dtype=bool)
    replication = tasks["replication"].to_numpy()
    shared = _shared_columns(tasks, latency_s, scenario)
    rows = []
    for deadline_s in scenario.deadlines_s:
        on_time = latency_s <= deadline_s
        interval = clustered_proportion(correct & on_time, replication)
        rows.append({"deadline_s": deadline_s, **_verdicts(correct, on_time, interval), **shared})
    return pd.DataFrame(rows)


def _verdicts(correct: NDArray[np.bool_], on_time: NDArray[np.bool_], interval: Interval) -> dict[str, float]:
    return {
        "tasks": len(correct),
        "accuracy": float(correct.mean()),
        "on_time_ratio": float(on_time.mean()),
        "on_time_accuracy": interval.estimate,
        "on_time_accuracy_low": interval.low,
        "on_time_accuracy_high": interval.high,
    }


def _shared_columns(
    tasks: pd.DataFrame, latency_s: NDArray[np.float64], scenario: Scenario
) -> dict[str, float | bool]:
    p50, p95, p99 = np.quantile(latency_s, [0.5, 0.95, 0.99], method="inverted_cdf")
    loads = [_loads(part, scenario) for _, part in tasks.groupby("replication")]
    return {
        "dropped_ratio": float((tasks["outcome"] == "dropped").mean()),
        "aborted_ratio": float((tasks["outcome"] == "aborted").mean()),
        "payload_bytes_mean": float(tasks["payload_bytes"].mean()),
        "payload_bytes_p95": float(np.quantile(tasks["payload_bytes"], 0.95)),
        "latency_s_p50": float(p50),
        "latency_s_p95": float(p95),
        "latency_s_p99": float(p99),
        "device_energy_j_mean": float(_energy_j(tasks, scenario).mean()),
        "link_utilisation": float(np.mean([load["link_used"] for load in loads])),
        "edge_utilisation": float(np.mean([load["edge_used"] for load in loads])),
        "stable": bool(np.mean([load["heaviest"] for load in loads]) < 1),
    }


def _energy_j(tasks: pd.DataFrame, scenario: Scenario) -> NDArray[np.float64]:
    """Energy of each task at its device: compute power while encoding, radio power from first bit to last."""
    profiles, device = scenario.device_profiles, tasks["device_id"].to_numpy()
    compute_w = np.array([profile.power_compute_w for profile in profiles])[device]
    transmit_w = np.array([profile.power_transmit_w for profile in profiles])[device]
    encode_s, airtime_s = _spent(tasks, "encode"), _spent(tasks, "tx")
    return np.asarray(compute_w * encode_s + transmit_w * airtime_s)


def _loads(tasks: pd.DataFrame, scenario: Scenario) -> dict[str, float]:
    """Busy shares of link and edge, and the heaviest stage's work over the time in which it arrived.

    A stage that needs longer for the work than the work took to arrive cannot keep up. A link that gives
    late payloads up always keeps up: nothing waits longer than the last deadline. The link is busy while a
    payload is between its first bit and its last; with tdma it is one for each device.
    """
    arriving_s = tasks["arrival_s"].max() or 1.0
    device, one = tasks["device_id"].to_numpy(), np.zeros(len(tasks), dtype=np.int64)
    link = device if scenario.link.sharing == "tdma" else one
    span_s = float(np.nanmax(tasks[["arrival_s", "tx_end_s", "edge_end_s"]].to_numpy())) or 1.0
    encode_s = np.bincount(device, weights=_spent(tasks, "encode")).astype(np.float64)
    sent = [
        tasks.loc[link == number, ["tx_start_s", "tx_end_s"]].to_numpy().T for number in range(link.max() + 1)
    ]
    link_s = np.array([_covered_s(*spans) for spans in sent])
    edge_s = float(_spent(tasks, "edge").sum()) / scenario.edge.workers
    return {
        "link_used": float(link_s.mean()) / span_s,
        "edge_used": edge_s / span_s,
        "heaviest": max(
            _needed_s(encode_s, tasks, "encode", device),
            0.0 if scenario.on_deadline == "abort" else _needed_s(link_s, tasks, "tx", link),
            _needed_s(np.array([edge_s]), tasks, "edge", one),
        )
        / arriving_s,
    }


def _needed_s(
    busy_s: NDArray[np.float64], tasks: pd.DataFrame, stage: str, station: NDArray[np.integer]
) -> float:
    """Time that the busiest station of a stage needs for all tasks let in.

    What it had not finished when the clock stopped is taken to last as long as what it had; tasks that the
    link gave up are not the edge's work.
    """
    turned_away = tasks["outcome"] == "dropped"
    if stage == "edge":
        turned_away |= tasks["outcome"] == "aborted"
    admitted = np.bincount(station, weights=~turned_away)
    finished = np.bincount(station, weights=tasks[f"{stage}_end_s"].notna())
    if not finished.any():
        return np.inf if admitted.any() else 0.0
    return float((busy_s * admitted / np.maximum(finished, 1)).max())


def _spent(tasks: pd.DataFrame, stage: str) -> NDArray[np.float64]:
    """Seconds each task spent in a stage; 0 where it did not get."""
    spent_s = tasks[f"{stage}_end_s"] - tasks[f"{stage}_start_s"]
    return np.asarray(np.nan_to_num(spent_s.to_numpy(dtype=np.float64)))


def _covered_s(start_s: NDArray[np.float64], end_s: NDArray[np.float64]) -> float:
    """Total length of the union of intervals; rows with NaN count for nothing."""
    known = ~np.isnan(end_s)
    if not known.any():
        return 0.0
    order = np.argsort(start_s[known], kind="stable")
    start, end = start_s[known][order], np.maximum.accumulate(end_s[known][order])
    gap_s = np.maximum(start[1:] - end[:-1], 0).sum()
    return max(0.0, float(end[-1] - start[0] - gap_s))


def summarise(tasks: pd.DataFrame, experiments: Sequence[Experiment]) -> pd.DataFrame:
    """Summarises all operating points.

    Args:
        tasks: the records of the whole run.
        experiments: the sweep points.

    Returns:
        The table of summary.csv: codecs in the scenario's order, sweep points and deadlines below each.
    """
    parts = []
    for codec in tasks["codec"].cat.categories:
        of_codec = tasks[tasks["codec"] == codec]
        for experiment in experiments:
            if codec not in experiment.measurements:
                continue
            chosen = np.ones(len(of_codec), dtype=bool)
            for key, value in experiment.coordinates.items():
                chosen &= (of_codec[key] == value).to_numpy()
            table = summarise_point(of_codec[chosen], experiment.scenario)
            for place, (key, value) in enumerate({"codec": codec, **experiment.coordinates}.items()):
                table.insert(place, key, value)
            parts.append(table)
    return pd.concat(parts, ignore_index=True)
