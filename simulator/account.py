"""What the tables need to know of the tasks of one unit, so that the tasks themselves can be forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from coinfer.simulator.distribution import Distribution, on_grid
from coinfer.simulator.intervals import clusters
from coinfer.simulator.records import STAMPS
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.stability import Load, load, spent_s
from coinfer.simulator.timeline import Outcome

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class CodecAccount:
    """The tasks of one codec in one unit. Judged are those that arrive after the warm-up.

    A batch is a part of a unit, in order of arrival, that counts as a cluster if the unit is the only one;
    units that are one of several have a single batch.

    Attributes:
        outcomes: number of all tasks by outcome, `[outcomes] int64`.
        judged: the same of those judged, `[outcomes] int64`.
        sizes: tasks judged in each batch, `[batches] int64`.
        correct: how many of them have the right answer, late or not.
        on_time: how many are answered by each deadline, `[deadlines] int64`.
        right: how many are answered rightly by each deadline, `[deadlines, batches] int64`.
        payload_bytes: their payloads.
        latency_s: their latencies, `[batches]`; infinite where there is no answer.
        energy_j: what devices spend on them.
        stages_s: time that those answered spent in each stage, added up, `[7] float64`.
        load: how the stages bore it.
    """

    outcomes: IntArray
    judged: IntArray
    sizes: IntArray
    correct: int
    on_time: IntArray
    right: IntArray
    payload_bytes: Distribution
    latency_s: tuple[Distribution, ...]
    energy_j: float
    stages_s: FloatArray
    load: Load


class Discord(NamedTuple):
    """Tasks that only one codec of a pair answers rightly by each deadline, `[deadlines, batches]` each."""

    only_a: IntArray
    only_b: IntArray


@dataclass(frozen=True, eq=False)
class Account:
    """The tasks of one unit.

    Attributes:
        codecs: by the codec's label; those without a task are left out.
        discords: by the labels of a pair, the first before the second.
    """

    codecs: Mapping[str, CodecAccount]
    discords: Mapping[tuple[str, str], Discord]


def account(tasks: Mapping[str, pd.DataFrame], scenario: Scenario, since_s: float) -> Account:
    """Takes down what the tables need to know.

    With `records: summary`, latencies are rounded to a grid, so that there are never many different ones.

    Args:
        tasks: the records of one unit by codec, in order of arrival; those of all codecs are the same tasks.
        scenario: the scenario at its sweep point.
        since_s: when the warm-up ends.

    Raises:
        ValueError: the codecs did not meet the same tasks.
    """
    alone = scenario.replications * scenario.cells == 1
    codecs, right_s = dict[str, CodecAccount](), dict[str, FloatArray]()
    arrival_s, batch = np.empty(0), np.empty(0, dtype=np.int64)
    for codec, records in tasks.items():
        judged = records.iloc[np.searchsorted(records["arrival_s"].to_numpy(), since_s) :]
        if not codecs:
            arrival_s = judged["arrival_s"].to_numpy()
            batch = _batches(len(judged), alone)
        elif not np.array_equal(judged["arrival_s"].to_numpy(), arrival_s):
            raise ValueError(f"{codec} did not meet the same tasks as the codecs before it")
        latency_s = latencies_s(judged)
        right_s[codec] = np.where(judged["correct"].to_numpy(dtype=bool), latency_s, np.inf)
        codecs[codec] = _of_codec(records, judged, latency_s, right_s[codec], batch, scenario, since_s)
    return Account(codecs, dict(_discords(right_s, batch, scenario.deadlines_s)))


def latencies_s(tasks: pd.DataFrame) -> FloatArray:
    """From arrival to answer, `[tasks]`; infinite for a task that was never answered."""
    answered = (tasks["outcome"] == "done").to_numpy()
    return np.where(answered, tasks["done_s"].to_numpy() - tasks["arrival_s"].to_numpy(), np.inf)


def _batches(tasks: int, alone: bool) -> IntArray:
    """The batch of each task, `[tasks]`."""
    return clusters([tasks]).astype(np.int64) if alone else np.zeros(tasks, dtype=np.int64)


def _of_codec(
    records: pd.DataFrame,
    judged: pd.DataFrame,
    latency_s: FloatArray,
    right_s: FloatArray,
    batch: IntArray,
    scenario: Scenario,
    since_s: float,
) -> CodecAccount:
    kept_s = on_grid(latency_s) if scenario.records == "summary" else latency_s
    sizes = _counts(batch)
    return CodecAccount(
        outcomes=_outcomes(records),
        judged=_outcomes(judged),
        sizes=sizes,
        correct=int(judged["correct"].sum()),
        on_time=np.array([(latency_s <= deadline_s).sum() for deadline_s in scenario.deadlines_s]),
        right=_by_deadline(right_s, batch, scenario.deadlines_s),
        payload_bytes=Distribution.of(judged["payload_bytes"].to_numpy()),
        latency_s=tuple(Distribution.of(part) for part in np.split(kept_s, np.cumsum(sizes)[:-1])),
        energy_j=_energy_j(judged, scenario),
        stages_s=_stages_s(judged, np.isfinite(latency_s)),
        load=load(records, scenario, since_s),
    )


def _outcomes(tasks: pd.DataFrame) -> IntArray:
    return np.array([(tasks["outcome"] == outcome.name.lower()).sum() for outcome in Outcome], dtype=np.int64)


def _counts(batch: IntArray, batches: int = 1) -> IntArray:
    return np.bincount(batch, minlength=batches).astype(np.int64)


def _by_deadline(right_s: FloatArray, batch: IntArray, deadlines_s: tuple[float, ...]) -> IntArray:
    batches = len(_counts(batch))
    return np.array([_counts(batch[right_s <= deadline_s], batches) for deadline_s in deadlines_s])


def _discords(
    right_s: Mapping[str, FloatArray], batch: IntArray, deadlines_s: tuple[float, ...]
) -> Iterator[tuple[tuple[str, str], Discord]]:
    """What differs between the two codecs of each pair: one answers by the deadline, the other later."""
    batches = len(_counts(batch))
    for a, b in combinations(right_s, 2):
        only_a, only_b = (
            [
                _counts(batch[(right_s[one] <= deadline_s) & (right_s[other] > deadline_s)], batches)
                for deadline_s in deadlines_s
            ]
            for one, other in ((a, b), (b, a))
        )
        yield (a, b), Discord(np.array(only_a), np.array(only_b))


def _energy_j(tasks: pd.DataFrame, scenario: Scenario) -> float:
    """Energy that devices spend: compute power while encoding, radio power from first bit to last."""
    profiles = scenario.device_profiles
    device = tasks["device_id"].to_numpy() % len(profiles)
    compute_w = np.array([profile.power_compute_w for profile in profiles])[device]
    transmit_w = np.array([profile.power_transmit_w for profile in profiles])[device]
    return float(compute_w @ spent_s(tasks, "encode") + transmit_w @ spent_s(tasks, "tx"))


def _stages_s(tasks: pd.DataFrame, answered: BoolArray) -> FloatArray:
    """Time in each stage over the tasks that were answered."""
    stamps = (tasks[stamp].to_numpy()[answered] for stamp in ("arrival_s", *STAMPS))
    before_s, spent = next(stamps), list[float]()
    for after_s in stamps:
        spent.append(float((after_s - before_s).sum()))
        before_s = after_s
    return np.array(spent)
