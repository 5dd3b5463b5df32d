"""When there are enough replications: `until` of a scenario."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
import pandas as pd

from coinfer.simulator.experiment import Experiment

_MOST_GROWTH = 2.0
"""A guess from few replications is not trusted with more than this factor."""


def half_width(summary: pd.DataFrame, deadline_s: float | None) -> float:
    """The longest reach of any 95 % interval of on-time accuracy, to either side.

    Args:
        summary: the table of summary.csv, or a part of it.
        deadline_s: the one that counts; None for all.
    """
    rows = summary
    if deadline_s is not None:  # a table that was read again has nine digits
        rows = summary[np.isclose(summary["deadline_s"], deadline_s, rtol=1e-8, atol=0.0)]
    above = rows["on_time_accuracy_high"] - rows["on_time_accuracy"]
    below = rows["on_time_accuracy"] - rows["on_time_accuracy_low"]
    return float(max(above.max(), below.max()))


def enough(experiment: Experiment, summary: pd.DataFrame, made: int) -> int:
    """How many replications a sweep point should have, judged from those that were made.

    The interval shrinks with the square root of their number, so the next number is guessed from that, at
    most twice as many. It depends on nothing but the records, so it is the same for any number of workers.

    Args:
        experiment: the sweep point.
        summary: its rows of summary.csv so far.
        made: replications so far.

    Returns:
        `made` if they are precise enough or as many as allowed; else a higher number.
    """
    until = experiment.scenario.until
    if until is None:
        return made
    excess = half_width(summary, until.deadline_s) / until.half_width
    if excess <= 1.0:
        return made
    guess = max(made + 1, ceil(made * min(excess**2, _MOST_GROWTH)))
    return max(made, min(guess, until.max_replications))


def told(experiments: Sequence[Experiment], summary: pd.DataFrame, made: Sequence[int]) -> str:
    """What a run with `until` has to say below its table, in one line; empty without."""
    until = experiments[0].scenario.until
    if until is None:
        return ""
    at = "all deadlines" if until.deadline_s is None else f"{1e3 * until.deadline_s:g} ms"
    used = f"{min(made)}" if min(made) == max(made) else f"{min(made)} to {max(made)}"
    reached = half_width(summary, until.deadline_s)
    verdict = "" if reached <= until.half_width else f"; not reached, the widest has {100 * reached:.2g}"
    return (
        f"until: replications were added until every interval at {at} reached at most "
        f"±{100 * until.half_width:g} points: {used} a sweep point{verdict}"
    )
