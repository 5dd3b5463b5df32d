"""On-time accuracy at any deadline, and which codec leads, from the tasks of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from coinfer.simulator.account import latencies_s
from coinfer.simulator.by_point import by_codec
from coinfer.simulator.differences import paired_difference
from coinfer.simulator.intervals import clusters, proportion
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.task_table import read_tasks

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Pair = tuple[str, str]

_STEPS_PER_OCTAVE = 16
_MOST_OPERATING_POINTS = 60
"""Codecs times sweep points; with more of them, deadlines are fewer."""

_BEYOND, _FAR_BELOW = 2.0, 16.0
"""How far beyond the first and the last deadline of the scenario others are looked at."""

_JUST_BELOW = 0.95

_COLUMNS = frozenset({"codec", "arrival_s", "done_s", "outcome", "correct"})
_SHARES = ("on_time_accuracy", "on_time_accuracy_low", "on_time_accuracy_high")
_LEAD_COLUMNS = ("deadline_s", "codec", "rival", "on_time_accuracy", "difference", "difference_low")


def deadline_grid_s(scenario: Scenario, summary: pd.DataFrame) -> FloatArray:
    """The deadlines to look at, `[deadlines]` ascending: in equal ratios, with those of the scenario.

    They begin so early that no codec answers half of its tasks by the first, if that is not far too early.

    Args:
        scenario: what was run.
        summary: the rows of summary.csv that are shown; with many operating points, steps are wider.
    """
    operating_points = len(summary) / len(scenario.deadlines_s)
    steps = max(round(_STEPS_PER_OCTAVE / max(operating_points / _MOST_OPERATING_POINTS, 1.0)), 2)
    stated_s = np.array(scenario.deadlines_s)
    fastest_s = max(float(summary["latency_s_p50"].min()) * _JUST_BELOW, stated_s[0] / _FAR_BELOW)
    first_s, last_s = min(stated_s[0] / _BEYOND, fastest_s), stated_s[-1] * _BEYOND
    between_s = first_s * 2.0 ** (np.arange(int(np.log2(last_s / first_s) * steps)) / steps)
    apart = np.abs(np.log2(np.divide.outer(between_s, [*stated_s, last_s]))).min(axis=1) > 0.3 / steps
    return np.unique([*between_s[apart], *stated_s, last_s])


class RightAnswers:
    """When the tasks of a sweep point were answered rightly, as counts by deadline and cluster.

    Args:
        units: the files of its units, which hold tasks.
        since_s: when the warm-up ends.
        grid_s: the deadlines, `[deadlines]`.
    """

    def __init__(self, units: Sequence[Path], since_s: float, grid_s: FloatArray) -> None:
        self._grid_s = grid_s
        sizes: list[IntArray] = []
        right: dict[str, list[IntArray]] = {}
        discords: dict[Pair, list[IntArray]] = {}
        for unit in units:
            places, batch = self._judged(unit, since_s, alone=len(units) == 1)
            if not len(batch):
                continue
            sizes.append(np.bincount(batch).astype(np.int64))
            for codec, place in places.items():
                right.setdefault(codec, []).append(self._counts(place, batch, place < len(grid_s)))
            for a, b in combinations(places, 2):
                for pair in ((a, b), (b, a)):
                    only = self._only(places[pair[0]], places[pair[1]], batch)
                    discords.setdefault(pair, []).append(only)
        self.sizes = np.concatenate(sizes)
        self.right = {codec: np.hstack(parts) for codec, parts in right.items()}
        self.only = {pair: np.hstack(parts) for pair, parts in discords.items()}

    def _judged(self, unit: Path, since_s: float, alone: bool) -> tuple[dict[str, IntArray], IntArray]:
        """The first deadline that each right answer meets, by codec, `[tasks]`; and each task's batch."""
        places, tasks = dict[str, IntArray](), 0
        for codec, records in by_codec(read_tasks([unit], _COLUMNS)).items():
            judged = records.iloc[np.searchsorted(records["arrival_s"].to_numpy(), since_s) :]
            right_s = np.where(judged["correct"].to_numpy(dtype=bool), latencies_s(judged), np.inf)
            places[codec] = np.searchsorted(self._grid_s, right_s).astype(np.int64)
            tasks = len(judged)
        return places, clusters([tasks]).astype(np.int64) if alone else np.zeros(tasks, dtype=np.int64)

    def _only(self, one: IntArray, other: IntArray, batch: IntArray) -> IntArray:
        """Tasks that one codec answers by each deadline and the other later, `[deadlines, batches]`."""
        ahead = one < other
        return self._counts(one, batch, ahead) - self._counts(other, batch, ahead)

    def _counts(self, place: IntArray, batch: IntArray, chosen: NDArray[np.bool_]) -> IntArray:
        """Tasks of those chosen that are answered by each deadline, `[deadlines, batches]`."""
        shape = len(self._grid_s) + 1, int(batch[-1]) + 1
        flat = np.ravel_multi_index((place[chosen], batch[chosen]), shape)
        counts = np.bincount(flat, minlength=shape[0] * shape[1]).reshape(shape)
        return np.cumsum(counts, axis=0)[:-1].astype(np.int64)


def by_deadline(answers: RightAnswers, grid_s: FloatArray) -> pd.DataFrame:
    """On-time accuracy of each codec at each deadline with its 95 % interval, as in summary.csv."""
    rows = []
    for codec, right in answers.right.items():
        for deadline_s, successes in zip(grid_s, right, strict=True):
            found = proportion(successes, answers.sizes)
            rows.append((codec, deadline_s, found.estimate, found.low, found.high))
    return pd.DataFrame(rows, columns=["codec", "deadline_s", *_SHARES])


def leads(answers: RightAnswers, grid_s: FloatArray) -> pd.DataFrame:
    """The best codec at each deadline, and the rival that it beats least clearly.

    Returns:
        A row a deadline: `difference` of the on-time accuracies with the lower limit of its 95 % interval,
        paired task by task as in differences.csv; none for a single codec.
    """
    rows = []
    for place, deadline_s in enumerate(grid_s):
        best = max(answers.right, key=lambda codec: int(answers.right[codec][place].sum()))
        share = float(answers.right[best][place].sum()) / float(answers.sizes.sum())
        rivals = [
            (codec, paired_difference(answers.only[best, codec][place], only[place], answers.sizes))
            for (codec, other), only in answers.only.items()
            if other == best
        ]
        if rivals:
            rival, found = min(rivals, key=lambda pair: pair[1].low)
            rows.append((deadline_s, best, rival, share, found.estimate, found.low))
    return pd.DataFrame(rows, columns=list(_LEAD_COLUMNS))


def leads_of_tables(summary: pd.DataFrame, differences: pd.DataFrame) -> pd.DataFrame:
    """The same from the rows of summary.csv and differences.csv at one sweep point, at its deadlines."""
    rows = []
    for deadline_s, judged in summary.groupby("deadline_s"):
        best = judged.sort_values("on_time_accuracy", ascending=False, kind="stable").iloc[0]
        against = list(_against(best["codec"], differences[differences["deadline_s"] == deadline_s]))
        if against:
            rival, difference, low = min(against, key=lambda lead: lead[2])
            rows.append((deadline_s, best["codec"], rival, best["on_time_accuracy"], difference, low))
    return pd.DataFrame(rows, columns=list(_LEAD_COLUMNS))


def _against(best: str, differences: pd.DataFrame) -> Iterator[tuple[str, float, float]]:
    """Each rival of a codec with the difference to it and its lower limit."""
    columns = ["codec_a", "codec_b", "difference", "difference_low", "difference_high"]
    for a, b, difference, low, high in differences[columns].itertuples(index=False):
        if a == best:
            yield b, difference, low
        elif b == best:
            yield a, -difference, -high


def shares_of(summary: pd.DataFrame) -> pd.DataFrame:
    """On-time accuracy at the deadlines of the scenario, from summary.csv."""
    return summary[["codec", "deadline_s", *_SHARES]]
