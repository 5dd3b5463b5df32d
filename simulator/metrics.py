"""From accounts of tasks to one row for each operating point and deadline.

A late answer is a wrong answer; a task that was dropped, given up or never answered is late for
every deadline.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from coinfer.simulator.account import CodecAccount
from coinfer.simulator.distribution import Merger
from coinfer.simulator.errors import InputError
from coinfer.simulator.intervals import proportion, quantile
from coinfer.simulator.point_account import QUANTILES, CodecTotal, PointAccount, judged
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.stability import Stability, stability
from coinfer.simulator.timeline import Outcome


def summarise_point(
    point: PointAccount, codec: str, scenario: Scenario, warmup_s: float = 0.0
) -> pd.DataFrame:
    """Summarises one operating point: one codec at one sweep point, all replications and cells.

    Args:
        point: the tasks of the sweep point.
        codec: its label.
        scenario: the scenario at that point.
        warmup_s: when the warm-up ends.

    Returns:
        A row for each deadline, with the columns of summary.csv from `deadline_s` on.

    Raises:
        InputError: no task arrived, or none after the warm-up.
    """
    total = point.codecs.get(codec)
    if total is None:
        raise InputError(
            f"{scenario.name}: duration_s: no task arrived in {scenario.duration_s:g} s; make it longer"
        )
    units = judged(total.units)
    if not units:
        raise InputError(
            f"{scenario.name}: warmup: no task came after {warmup_s:g} s; make it shorter, or the run longer"
        )
    shared = {
        **_payload_columns(units),
        **_latency_columns(total),
        "device_energy_j_mean": sum(unit.energy_j for unit in units) / int(total.sizes.sum()),
        **_load_columns(stability([unit.load for unit in total.units])),
        "warmup_s": warmup_s,
    }
    verdicts = _verdicts(total, units)
    rows = zip(scenario.deadlines_s, verdicts, strict=True)
    return pd.DataFrame([{"deadline_s": deadline_s, **verdict, **shared} for deadline_s, verdict in rows])


def _verdicts(total: CodecTotal, units: Sequence[CodecAccount]) -> Iterator[dict[str, float]]:
    """What depends on the deadline."""
    tasks = int(total.sizes.sum())
    on_time = np.sum([unit.on_time for unit in units], axis=0)
    for right, answered in zip(total.right, on_time, strict=True):
        interval = proportion(right, total.sizes)
        yield {
            "tasks": tasks,
            "accuracy": sum(unit.correct for unit in units) / tasks,
            "on_time_ratio": int(answered) / tasks,
            "on_time_accuracy": interval.estimate,
            "on_time_accuracy_low": interval.low,
            "on_time_accuracy_high": interval.high,
        }


def _payload_columns(units: Sequence[CodecAccount]) -> dict[str, float]:
    outcomes = np.sum([unit.judged for unit in units], axis=0)
    merger = Merger()
    for unit in units:
        merger.add(unit.payload_bytes)
    sizes = merger.whole()
    return {
        "dropped_ratio": outcomes[Outcome.DROPPED] / sizes.total,
        "aborted_ratio": outcomes[Outcome.ABORTED] / sizes.total,
        "payload_bytes_mean": float(sizes.values @ sizes.counts) / sizes.total,
        "payload_bytes_p95": sizes.interpolated(0.95),
    }


def _latency_columns(total: CodecTotal) -> dict[str, float]:
    columns = {}
    for (name, share), at_most in zip(QUANTILES.items(), total.at_most, strict=True):
        interval = quantile(total.latency_s, share, at_most, total.sizes)
        columns[f"latency_s_{name}"] = interval.estimate
        columns[f"latency_s_{name}_low"] = interval.low
        columns[f"latency_s_{name}_high"] = interval.high
    return columns


def _load_columns(load: Stability) -> dict[str, float | bool | str]:
    return {
        "link_utilisation": load.link_utilisation,
        "edge_utilisation": load.edge_utilisation,
        "stable": load.stable,
        "bottleneck": load.bottleneck,
        "bottleneck_load": load.bottleneck_load,
        "backlog_slope_hz": load.backlog_slope_hz,
    }
