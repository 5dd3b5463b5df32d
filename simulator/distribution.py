"""The distribution of a quantity over tasks: each value that occurs, and how often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

GRID_BITS = 10
"""Of a number's significand on the grid: 1,024 steps from each power of two to the next."""

_SIGNIFICAND_BITS = 52
_MERGED_AT_LEAST = 2**16


@dataclass(frozen=True, eq=False)
class Distribution:
    """How often each value occurs.

    Attributes:
        values: those that occur, `[values] float64`, each once, ascending; the last may be infinite.
        counts: how often, `[values] int64`.

    Examples:
        >>> Distribution.of(np.array([3.0, 1.0, 3.0])).counts.tolist()
        [1, 2]
    """

    values: FloatArray
    counts: IntArray

    @classmethod
    def of(cls, values: NDArray[np.generic]) -> Distribution:
        """Counts values as they are; none is NaN."""
        found, counts = np.unique(np.asarray(values, dtype=np.float64), return_counts=True)
        return cls(found, counts.astype(np.int64, copy=False))

    @property
    def total(self) -> int:
        """Number of tasks."""
        return int(self.counts.sum())

    @property
    def finite(self) -> Distribution:
        """The part that is not infinite."""
        kept = slice(int(np.searchsorted(self.values, np.inf)))
        return Distribution(self.values[kept], self.counts[kept])

    def at_most(self, limit: float) -> int:
        """How many tasks have no more than a limit."""
        return int(self.counts[: np.searchsorted(self.values, limit, side="right")].sum())

    def ranked(self, rank: int) -> float:
        """The value of the task at a rank, from 1 on, in ascending order."""
        return float(self.values[np.searchsorted(np.cumsum(self.counts), rank)])

    def quantile(self, share: float) -> float:
        """Smallest value that at least this share of all tasks does not exceed."""
        return self.ranked(max(ceil(share * self.total - 1e-9), 1))

    def interpolated(self, share: float) -> float:
        """The quantile between the two nearest tasks, as `numpy.quantile` gives it."""
        place = (self.total - 1) * share
        below = int(place)
        ends = [self.ranked(below + 1), self.ranked(min(below + 2, self.total))]
        return float(np.quantile(ends, place - below))


def on_grid(values: FloatArray) -> FloatArray:
    """Rounds to a logarithmic grid, whose steps are between 1/2048 and 1/1024 of the value.

    It keeps the first bits of the significand, so it is the same on every machine, and zero and infinity are
    left as they are.

    Args:
        values: at least 0.

    Examples:
        >>> on_grid(np.array([0.0, 1.0, 1.0004, 1.0006, np.inf])).tolist()
        [0.0, 1.0, 1.0, 1.0009765625, inf]
    """
    dropped = _SIGNIFICAND_BITS - GRID_BITS
    bits = np.ascontiguousarray(values, dtype=np.float64).view(np.int64) + (1 << (dropped - 1))
    return ((bits >> dropped) << dropped).view(np.float64)


class Merger:
    """Puts distributions together one by one; holds little more than about twice what comes out."""

    def __init__(self) -> None:
        self._whole = Distribution.of(np.empty(0))
        self._waiting: list[Distribution] = []
        self._held = 0

    def add(self, part: Distribution) -> None:
        """Takes one more."""
        self._waiting.append(part)
        self._held += len(part.values)
        if self._held > max(len(self._whole.values), _MERGED_AT_LEAST):
            self.whole()

    def whole(self) -> Distribution:
        """All that were taken so far."""
        if self._waiting:
            self._whole = _together([self._whole, *self._waiting])
            self._waiting, self._held = [], 0
        return self._whole


def _together(parts: Sequence[Distribution]) -> Distribution:
    values = np.concatenate([part.values for part in parts])
    found, place = np.unique(values, return_inverse=True)
    counts = np.bincount(place, np.concatenate([part.counts for part in parts]), len(found))
    return Distribution(found, counts.astype(np.int64))
