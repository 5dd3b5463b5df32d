"""What a run proves, in a line for each sweep point, and what it leaves out, in a line."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

import pandas as pd

from coinfer.simulator.by_point import points

PROVEN = "Wins over every other codec, proven task by task at 95 %, with the narrowest of them"
"""What the lines of `findings` tell."""


class _Lead(NamedTuple):
    """By how much one codec is ahead of another at a deadline, with the 95 % limits."""

    codec: str
    rival: str
    deadline_s: float
    difference: float
    low: float
    high: float

    def __str__(self) -> str:
        half = 50 * (self.high - self.low)
        return f"{100 * self.difference:.1f} ± {half:.1f} points"

    @property
    def at(self) -> str:
        """The deadline as a reader knows it, without its unit."""
        return f"≤{1e3 * self.deadline_s:g}"


def findings(differences: pd.DataFrame) -> list[str]:
    """Which codec is proven to beat every other one at which deadlines, and its narrowest win among them.

    Every interval has 95 % by itself: of twenty close calls, one may be wrong.

    Args:
        differences: the table of differences.csv.

    Returns:
        A line for each sweep point; none for a run with a single codec.
    """
    named = [(point, _finding(rows)) for point, rows in points(differences) if not rows.empty]
    return [f"{point}: {finding}" if point else finding for point, finding in named]


def _finding(rows: pd.DataFrame) -> str:
    leads = [lead for _, at_deadline in rows.groupby("deadline_s") for lead in _least_leads(at_deadline)]
    wins: dict[str, list[_Lead]] = {}
    for lead in leads:
        if lead.low > 0:
            wins.setdefault(lead.codec, []).append(lead)
    if wins:
        deadlines_s = sorted(set(rows["deadline_s"].tolist()))
        return "; ".join(_wins(codec, of_codec, deadlines_s) for codec, of_codec in wins.items())
    nearest = max(leads, key=lambda lead: lead.difference)
    if nearest.difference <= 0:
        return "nothing proven: at no deadline is one codec ahead of all others"
    ahead = f"{nearest.codec} is ahead of {nearest.rival} by {nearest} at {nearest.at} ms"
    return f"nothing proven: at best {ahead}"


def _wins(codec: str, wins: list[_Lead], deadlines_s: list[float]) -> str:
    narrowest = min(wins, key=lambda win: win.difference)
    beaten = f"beats {narrowest.rival} by {narrowest}"
    if len(wins) == 1:
        return f"{codec} wins at {narrowest.at} ms ({beaten})"
    *first, last = _ranges(wins, deadlines_s)
    at = f"{', '.join(first)} and {last}" if first else last
    return f"{codec} wins at {at} ms ({beaten} at {narrowest.at} ms)"


def _ranges(wins: list[_Lead], deadlines_s: list[float]) -> list[str]:
    """The deadlines of the wins; three or more neighbours of the scenario's deadlines as one range."""
    told: list[str] = []
    places = enumerate(deadlines_s.index(win.deadline_s) for win in wins)
    for _, neighbours in groupby(places, key=lambda place: place[1] - place[0]):
        names = [wins[number].at for number, _ in neighbours]
        told += names if len(names) < 3 else [f"{names[0]} to {names[-1]}"]
    return told


def _least_leads(rows: pd.DataFrame) -> list[_Lead]:
    """Of each codec at one deadline, its lead over the rival that it beats least clearly."""
    leads: dict[str, list[_Lead]] = {}
    columns = ["codec_a", "codec_b", "deadline_s", "difference", "difference_low", "difference_high"]
    for a, b, at_s, difference, low, high in zip(*(rows[column].tolist() for column in columns), strict=True):
        leads.setdefault(a, []).append(_Lead(a, b, at_s, difference, low, high))
        leads.setdefault(b, []).append(_Lead(b, a, at_s, -difference, -high, -low))
    return [min(of_codec, key=lambda lead: lead.low) for of_codec in leads.values()]


def warmup_note(summary: pd.DataFrame) -> str:
    """Which tasks do not count, in a sentence.

    Args:
        summary: the table of summary.csv.
    """
    lowest_s, highest_s = float(summary["warmup_s"].min()), float(summary["warmup_s"].max())
    if highest_s == 0:
        return "Warm-up: none, all tasks count."
    if lowest_s == highest_s:
        return f"Warm-up: tasks of the first {highest_s:.4g} s do not count."
    return f"Warm-up: tasks of the first {lowest_s:.4g} to {highest_s:.4g} s do not count, by sweep point."
