"""Runs side by side: what their codecs reach at the sweep points and deadlines that all runs share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import pandas as pd

from coinfer.simulator.by_point import swept_keys
from coinfer.simulator.errors import InputError
from coinfer.simulator.intervals import Interval
from coinfer.simulator.loading import SweepPoint, expand, resolved
from coinfer.simulator.paired_runs import PointTasks, paired, read_point, unpaired_difference
from coinfer.simulator.run_folder import Run

Key = tuple[str, ...]

_SHARE = ("on_time_accuracy", "on_time_accuracy_low", "on_time_accuracy_high")


@dataclass(frozen=True, eq=False)
class _Place:
    """One run at a sweep point: its rows of summary.csv by codec and deadline, and the tasks."""

    run: str
    point: SweepPoint
    rows: Mapping[tuple[str, str], Mapping[str, Any]]
    tasks: PointTasks | None


def compare_runs(runs: Mapping[str, Run]) -> pd.DataFrame:
    """Puts runs side by side.

    A key that only some of the runs sweep counts as swept at its one value in the others.

    Args:
        runs: by what to call them, at least two; all are compared with the first.

    Returns:
        A row for each sweep point, codec, deadline and run, codecs in the order in which they appear; columns
        `codec`, swept values as text, `deadline_s`, `run`, `tasks`, on-time accuracy with limits; and for all
        runs but the first `difference` from the first with limits, `pairs` and `interval`: `paired` if the
        same tasks were compared one by one, else `unpaired`. These are missing where the first has no such
        codec.

    Raises:
        InputError: the runs share no sweep point, or no deadline.
    """
    keys = list(dict.fromkeys(key for run in runs.values() for key in swept_keys(run.summary)))
    points = {name: _points(run, keys) for name, run in runs.items()}
    first, *others = points.values()
    shared = [key for key in first if all(key in of_run for of_run in others)]
    if not shared:
        raise InputError(
            f"{', '.join(runs)}: no sweep point in common; "
            + (f"run them with a value in common for {' and '.join(keys)}" if keys else "compare other runs")
        )
    deadlines = _shared_deadlines(runs)
    summaries = {name: _rows_by_point(run, keys, next(iter(points[name]))) for name, run in runs.items()}
    rows = [
        {"codec": row.pop("codec"), **dict(zip(keys, key, strict=True)), **row}
        for key in shared
        for row in _at_point(
            [
                _Place(
                    name, points[name][key], summaries[name].get(key, {}), read_point(run, points[name][key])
                )
                for name, run in runs.items()
            ],
            deadlines,
        )
    ]
    table = pd.DataFrame(rows)
    return table.astype({"pairs": "Int64"})


def key_text(value: object) -> str:
    """What a swept value is called, however a table or a scenario has it.

    >>> key_text(5), key_text("5.0"), key_text(None), key_text(True), key_text("fifo")
    ('5', '5', 'null', 'true', 'fifo')
    """
    if value is None or (isinstance(value, float) and isnan(value)):
        return "null"
    if isinstance(value, Mapping):
        return str(value.get("name", "a mapping"))
    text = str(value)
    try:
        return f"{float(text):.9g}"
    except ValueError:
        return text.lower() if text in {"True", "False"} else text


def _points(run: Run, keys: Sequence[str]) -> dict[Key, SweepPoint]:
    """The sweep points of a run, by the values of all keys."""
    return {tuple(key_text(_value(point, key)) for key in keys): point for point in expand(run.scenario)}


def _value(point: SweepPoint, key: str) -> object:
    if key in point.coordinates:
        return point.coordinates[key]
    node: Any = resolved(point.scenario)
    for part in key.split("."):
        if isinstance(node, list) and part.isdecimal() and int(part) < len(node):
            node = node[int(part)]
        else:
            node = node.get(part) if isinstance(node, dict) else None
    return node


def _rows_by_point(
    run: Run, keys: Sequence[str], any_point: Key
) -> dict[Key, dict[tuple[str, str], Mapping[str, Any]]]:
    """The rows of summary.csv, by the values of all keys, then by codec and deadline."""
    own = swept_keys(run.summary)
    constant = {key: text for key, text in zip(keys, any_point, strict=True) if key not in own}
    found: dict[Key, dict[tuple[str, str], Mapping[str, Any]]] = {}
    for columns in run.summary.to_dict("records"):
        row = {str(name): value for name, value in columns.items()}
        key = tuple(constant[name] if name in constant else key_text(row[name]) for name in keys)
        found.setdefault(key, {})[row["codec"], key_text(row["deadline_s"])] = row
    return found


def _shared_deadlines(runs: Mapping[str, Run]) -> list[float]:
    each = [{key_text(at_s): at_s for at_s in run.scenario.deadlines_s} for run in runs.values()]
    shared = [at_s for text, at_s in each[0].items() if all(text in other for other in each)]
    if not shared:
        raise InputError(
            f"{', '.join(runs)}: no deadline in common; run them with one of the same deadlines_s"
        )
    return shared


def _at_point(places: Sequence[_Place], deadlines_s: Sequence[float]) -> Iterator[dict[str, Any]]:
    codecs = dict.fromkeys(codec for place in places for codec, _ in place.rows)
    for codec in codecs:
        differences = [_from_first(place, places[0], codec, deadlines_s) for place in places]
        for number, deadline_s in enumerate(deadlines_s):
            for place, from_first in zip(places, differences, strict=True):
                row = place.rows.get((codec, key_text(deadline_s)))
                if row is not None:
                    told = {name: row[name] for name in ("tasks", *_SHARE)}
                    yield {
                        "codec": codec,
                        "deadline_s": deadline_s,
                        "run": place.run,
                        **told,
                        **from_first[number],
                    }


_NO_DIFFERENCE = {
    "difference": None,
    "difference_low": None,
    "difference_high": None,
    "pairs": None,
    "interval": None,
}


def _from_first(
    place: _Place, first: _Place, codec: str, deadlines_s: Sequence[float]
) -> list[dict[str, Any]]:
    """The columns of a difference at each deadline."""
    rows = [[of.rows.get((codec, key_text(at_s))) for of in (place, first)] for at_s in deadlines_s]
    if place is first or rows[0][0] is None or rows[0][1] is None:
        return [_NO_DIFFERENCE] * len(deadlines_s)
    since_s = max(row["warmup_s"] for row in rows[0] if row is not None)
    found = paired(place.tasks, first.tasks, codec, deadlines_s, since_s)
    if found is not None:
        return [_columns(one.difference, one.pairs, "paired") for one in found]
    intervals = [[Interval(*(row[name] for name in _SHARE)) for row in pair if row] for pair in rows]
    return [_columns(unpaired_difference(*pair), None, "unpaired") for pair in intervals]


def _columns(difference: Interval, pairs: int | None, interval: str) -> dict[str, Any]:
    values = (difference.estimate, difference.low, difference.high, pairs, interval)
    return dict(zip(_NO_DIFFERENCE, values, strict=True))
