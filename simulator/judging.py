"""From the units of a sweep point to its account: which of its tasks count, and what they tell."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from coinfer.simulator.account import account, latencies_s
from coinfer.simulator.account_file import StoredAccounts
from coinfer.simulator.experiment import Experiment
from coinfer.simulator.memory import give_back
from coinfer.simulator.point_account import PointAccount, together
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.stability import load, stability
from coinfer.simulator.task_table import read_records
from coinfer.simulator.warmup import Series, steady_from_s


class Judged(NamedTuple):
    """The tasks of a sweep point, and when its warm-up ends: those that arrive earlier are not judged."""

    point: PointAccount
    warmup_s: float


def judge(experiment: Experiment, units: Sequence[Path]) -> Judged:
    """Judges the tasks of one sweep point, all codecs by the same ones: those that arrive after the warm-up.

    Args:
        experiment: the sweep point.
        units: the files of all its units, as `run_unit` gives them.
    """
    give_back()
    scenario = experiment.scenario
    if scenario.records == "summary":
        return Judged(together(StoredAccounts(units)), scenario.stated_warmup_s)
    since_s = warmup_s(units, scenario)
    accounts = [account(read_records(unit), scenario, since_s) for unit in units]
    give_back()
    return Judged(together(accounts), since_s)


def warmup_s(units: Sequence[Path], scenario: Scenario) -> float:
    """From when on the tasks of one sweep point count, for all codecs alike.

    With `mser5` that is the latest of the codecs' transients; a codec that cannot keep up, or has not settled
    in the first half, has no steady state to wait for.

    Args:
        units: the files of its units, which hold tasks.
        scenario: the scenario at that point.
    """
    if scenario.warmup != "mser5":
        return scenario.stated_warmup_s
    series: dict[str, list[Series]] = {}
    for unit in units:
        for codec, tasks in read_records(unit).items():
            of_unit = Series(tasks["arrival_s"].to_numpy(), latencies_s(tasks))
            series.setdefault(codec, []).append(of_unit)
    latest_s = 0.0
    for codec, of_codec in series.items():
        cut_s = steady_from_s(of_codec, scenario.deadlines_s[-1])
        if cut_s is not None and cut_s > latest_s and _keeps_up(units, codec, scenario):
            latest_s = cut_s
    return latest_s


def _keeps_up(units: Sequence[Path], codec: str, scenario: Scenario) -> bool:
    records = (read_records(unit) for unit in units)
    return stability([load(tasks[codec], scenario) for tasks in records if codec in tasks]).stable
