"""Whether device, link and edge keep up with the work that arrives, and how busy they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from coinfer.simulator.scenario import Scenario

FloatArray = NDArray[np.float64]
Stations = NDArray[np.integer]

STAGES = {"device": "encode", "link": "tx", "edge": "edge"}
"""The stages of a task, and what their stamps begin with."""


@dataclass(frozen=True)
class Stability:
    """How an operating point bears its load, averaged over replications and cells.

    Attributes:
        link_utilisation: share of the time in which the link is busy; with tdma, of the mean device's link.
        edge_utilisation: busy share of the edge workers.
        bottleneck: the stage with the highest offered load: device, link or edge.
        bottleneck_load: its offered load, the work that arrives in a second over what it can do in one; of
            the busiest device, and with tdma of the busiest device's link.
        backlog_slope_hz: growth of the number of tasks in the system, in tasks a second.
    """

    link_utilisation: float
    edge_utilisation: float
    bottleneck: str
    bottleneck_load: float
    backlog_slope_hz: float

    @property
    def stable(self) -> bool:
        """Whether work comes more slowly than the slowest stage does it."""
        return self.bottleneck_load < 1


@dataclass(frozen=True, eq=False)
class Load:
    """How the stages of one cell bore their load in one replication.

    Attributes:
        offered: the load that each station of a stage is offered, `[stations]`, by stage.
        link_used: busy share of the link, or of the mean device's.
        edge_used: busy share of the edge workers.
        backlog_slope_hz: growth of the number of tasks in the system, in tasks a second.
    """

    offered: Mapping[str, FloatArray]
    link_used: float
    edge_used: float
    backlog_slope_hz: float


def load(tasks: pd.DataFrame, scenario: Scenario, since_s: float = 0.0) -> Load:
    """Judges the stages by the records of one operating point in one replication of one cell.

    A stage that needs longer for the work than the work took to arrive cannot keep up. A link that gives
    late payloads up always keeps up: nothing waits longer than the last deadline. The link is busy while a
    payload is between its first bit and its last; with tdma it is one for each device.

    Args:
        tasks: the records, a row a task in order of arrival; at least one.
        scenario: the scenario at that point.
        since_s: when the warm-up ends; load is that of the tasks that arrive from then on.
    """
    offered = _offered(tasks, scenario, since_s)
    return Load(offered, *_used(tasks, scenario, since_s), _backlog_slope_hz(tasks, scenario, since_s))


def stability(loads: Sequence[Load]) -> Stability:
    """Averages over replications and cells, device by device."""
    offered = {stage: float(np.mean([one.offered[stage] for one in loads], axis=0).max()) for stage in STAGES}
    link_used, edge_used = np.array([(one.link_used, one.edge_used) for one in loads]).mean(axis=0)
    bottleneck = max(offered, key=offered.__getitem__)
    slope_hz = float(np.mean([one.backlog_slope_hz for one in loads]))
    return Stability(float(link_used), float(edge_used), bottleneck, offered[bottleneck], slope_hz)


def spent_s(tasks: pd.DataFrame, stage: str) -> FloatArray:
    """Seconds each task spent in a stage, `[tasks]`; 0 where it did not get.

    Args:
        tasks: the records.
        stage: what the stage's stamps begin with: encode, tx or edge.
    """
    spent = tasks[f"{stage}_end_s"].to_numpy() - tasks[f"{stage}_start_s"].to_numpy()
    return np.asarray(np.nan_to_num(spent), dtype=np.float64)


def _offered(tasks: pd.DataFrame, scenario: Scenario, since_s: float) -> dict[str, FloatArray]:
    """Load that each station of each stage is offered in one replication."""
    first = int(np.searchsorted(tasks["arrival_s"].to_numpy(), since_s))
    judged = tasks.iloc[first:]
    all_devices, all_links, links = _stations(tasks, scenario)
    device, link = all_devices[first:], all_links[first:]
    devices, workers = len(scenario.device_profiles), scenario.edge.workers
    edge = np.zeros(len(tasks), dtype=np.int64)
    arriving_s = max(0.0, float(tasks["arrival_s"].max()) - since_s) or 1.0
    encode_s = np.bincount(device, weights=spent_s(judged, "encode"), minlength=devices).astype(np.float64)
    edge_s = np.array([spent_s(judged, "edge").sum() / workers])
    link_s = np.zeros(links)
    if scenario.on_deadline != "abort":
        spans = judged["tx_start_s"].to_numpy(), judged["tx_end_s"].to_numpy()
        so_far_s = _so_far_s(tasks, "tx", all_links, links)
        link_s = _needed_s(_covered_s(*spans, link, links), judged, "tx", link, so_far_s)
    so_far_s = _so_far_s(tasks, "encode", all_devices, devices)
    device_s = _needed_s(encode_s, judged, "encode", device, so_far_s)
    edge_s = _needed_s(edge_s, judged, "edge", edge[first:], _so_far_s(tasks, "edge", edge, 1) / workers)
    return {"device": device_s / arriving_s, "link": link_s / arriving_s, "edge": edge_s / arriving_s}


def _stations(tasks: pd.DataFrame, scenario: Scenario) -> tuple[Stations, Stations, int]:
    """Number of each task's device in its cell, of its link, and how many links there are."""
    device = tasks["device_id"].to_numpy() % len(scenario.device_profiles)
    if scenario.link.sharing == "tdma":
        return device, device, len(scenario.device_profiles)
    return device, np.zeros(len(tasks), dtype=np.int64), 1


def _needed_s(
    busy_s: FloatArray, tasks: pd.DataFrame, stage: str, station: Stations, so_far_s: FloatArray
) -> FloatArray:
    """Time that each station of a stage needs for all tasks let in.

    What it had not finished when the clock stopped is taken to last as long as what it had; if that is
    nothing, as long as it has been at one so far. Tasks that the link gave up are not the edge's work.
    """
    outcomes = ("dropped", "aborted") if stage == "edge" else ("dropped",)
    turned_away = tasks["outcome"].isin(outcomes).to_numpy()
    admitted = np.bincount(station, weights=~turned_away, minlength=len(busy_s))
    finished = np.bincount(station, weights=tasks[f"{stage}_end_s"].notna(), minlength=len(busy_s))
    return np.asarray(admitted * np.where(finished > 0, busy_s / np.maximum(finished, 1), so_far_s))


def _so_far_s(tasks: pd.DataFrame, stage: str, station: Stations, stations: int) -> FloatArray:
    """How long each station has been at the longest of what it had not finished when the clock stopped."""
    start_s = tasks[f"{stage}_start_s"].to_numpy()
    at_it = np.flatnonzero(~np.isnan(start_s) & tasks[f"{stage}_end_s"].isna().to_numpy())
    so_far_s = np.zeros(stations)
    if len(at_it):
        np.maximum.at(so_far_s, station[at_it], _last_s(tasks) - start_s[at_it])
    return so_far_s


def _last_s(tasks: pd.DataFrame) -> float:
    """The last that is known to have happened."""
    return float(np.nanmax([tasks[stamp].max() for stamp in ("arrival_s", "tx_end_s", "edge_end_s")]))


def _used(tasks: pd.DataFrame, scenario: Scenario, since_s: float) -> tuple[float, float]:
    """Busy shares of link and edge from the end of the warm-up to the last stamp."""
    _, link, links = _stations(tasks, scenario)
    span_s = max(0.0, _last_s(tasks) - since_s) or 1.0

    def span_of(stage: str) -> tuple[FloatArray, FloatArray]:
        start_s, end_s = tasks[f"{stage}_start_s"].to_numpy(), tasks[f"{stage}_end_s"].to_numpy()
        return np.maximum(start_s, since_s), np.maximum(end_s, since_s)

    link_s = _covered_s(*span_of("tx"), link, links)
    edge_start_s, edge_end_s = span_of("edge")
    edge_s = float(np.nansum(edge_end_s - edge_start_s)) / scenario.edge.workers
    return float(link_s.mean()) / span_s, edge_s / span_s


def _covered_s(start_s: FloatArray, end_s: FloatArray, station: Stations, stations: int) -> FloatArray:
    """Total length of the union of each station's intervals; rows with NaN count for nothing."""
    covered_s = np.zeros(stations)
    known = np.flatnonzero(~np.isnan(end_s))
    order = known[np.lexsort((start_s[known], station[known]))]
    edges = np.searchsorted(station[order], np.arange(stations + 1))
    for number in np.flatnonzero(np.diff(edges)):
        rows = order[edges[number] : edges[number + 1]]
        start, end = start_s[rows], np.maximum.accumulate(end_s[rows])
        gap_s = np.maximum(start[1:] - end[:-1], 0).sum()
        covered_s[number] = max(0.0, float(end[-1] - start[0] - gap_s))
    return covered_s


def _backlog_slope_hz(tasks: pd.DataFrame, scenario: Scenario, since_s: float) -> float:
    """Least-squares slope of the number of tasks in the system, seen just after each arrival."""
    arrival_s = tasks["arrival_s"].to_numpy()
    left_s = np.sort(_left_s(tasks, scenario), kind="stable")
    inside = np.arange(1, len(tasks) + 1) - np.searchsorted(left_s, arrival_s, side="right")
    judged = arrival_s >= since_s
    if not judged.any():
        return 0.0
    since_mean_s = arrival_s[judged] - arrival_s[judged].mean()
    spread = float(since_mean_s @ since_mean_s)
    return float(since_mean_s @ inside[judged]) / spread if spread > 0 else 0.0


def _left_s(tasks: pd.DataFrame, scenario: Scenario) -> FloatArray:
    """When each task left the system: a dropped one as it came, one given up as its time was up."""
    outcome, arrival_s = tasks["outcome"], tasks["arrival_s"].to_numpy()
    left_s: FloatArray = np.where(outcome == "done", tasks["done_s"].to_numpy(), np.inf)
    aborted, dropped = (outcome == "aborted").to_numpy(), (outcome == "dropped").to_numpy()
    encoded_s = tasks["encode_end_s"].to_numpy()[aborted]
    left_s[aborted] = np.fmax(arrival_s[aborted] + scenario.deadlines_s[-1], encoded_s)
    left_s[dropped] = arrival_s[dropped]
    return left_s
