"""First come, first served by one server at a time, for many tasks at once, to the last bit.

Tasks form chains; each starts when it is ready and its predecessor has ended:

    start_k = max(ready_k, end_{k-1}),    end_k = end(start_k),

Lindley's recursion. A task that finds its server idle begins a busy period, and knows nothing of those
before. So all busy periods advance at once, task by task, with the very operations that a loop would do.
Which tasks begin one is guessed first, and mended where that was wrong.

References:
    D. V. Lindley, "The theory of queues with a single server", Math. Proc. Camb. 48 (1952).
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.integer]
BoolArray = NDArray[np.bool_]

BLOCK = 2**16
"""Tasks to work on at once: what that takes beside the tasks' own columns does not grow with their number."""

LONG = 64
"""Busy periods are served one by one beyond this many tasks."""

NEAR = 1e-12
"""Gaps below this part of the whole are not taken for idle time: cumulative sums err by as much."""


class Server(Protocol):
    """What serves the tasks of `serve`.

    Attributes:
        few: So many busy periods at once, or fewer, are rather served one by one.
    """

    few: int

    def likely_begins(self, ready_s: FloatArray, heads: IntArray) -> BoolArray:
        """Guess which tasks begin a busy period, `[tasks]`; those at `heads` do, and too many are mended."""

    def end_s(self, task: IntArray, start_s: FloatArray) -> FloatArray:
        """Give when tasks end that start at these times, `[some tasks]` each, in seconds."""

    def follow(
        self, first: int, last: int, ready_s: FloatArray, start_s: FloatArray, end_s: FloatArray
    ) -> None:
        """Serve tasks `first` to `last - 1` after `first - 1`, one after the other; stamps are filled in."""


def blocks(tasks: int) -> Iterator[slice]:
    """Give consecutive blocks of tasks, of `BLOCK` at most."""
    return (slice(begin, begin + BLOCK) for begin in range(0, tasks, BLOCK))


def sorted_by(chain: IntArray) -> NDArray[np.intp]:
    """Give the tasks chain after chain, each in its order; small numbers of chains are sorted faster."""
    few = len(chain) and int(chain.max()) < 2**16
    return np.argsort(chain.astype(np.uint16) if few else chain, kind="stable")


def serve(ready_s: FloatArray, heads: IntArray, server: Server) -> tuple[FloatArray, FloatArray]:
    """Serve chains of tasks.

    Args:
        ready_s: When each task is ready, `[tasks]`, in seconds, ascending within a chain; chain after chain.
        heads: The first task of each chain, ascending.
        server: What serves them.

    Returns:
        When each task starts, and when it ends, `[tasks]` each, in seconds.
    """
    start_s, end_s = ready_s.copy(), np.empty_like(ready_s)
    begins = server.likely_begins(ready_s, heads)
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(ready_s))
    heading = np.zeros(len(ready_s) + 1, dtype=bool)
    heading[heads] = heading[-1] = True
    mended = 0
    while len(first):
        _advance(first, last, ready_s, start_s, end_s, server)
        follows = last[~heading[last]]
        late = follows[end_s[follows - 1] > ready_s[follows]]
        begins[late] = False
        if mended > len(ready_s):
            begins = heading[:-1]
        edges = np.append(np.flatnonzero(begins), len(ready_s))
        period, place = np.unique(np.searchsorted(edges, late), return_index=True)
        first, last = late[place], edges[period]
        start_s[first] = end_s[first - 1]
        mended += int((last - first).sum())
    return start_s, end_s


def _advance(
    first: IntArray,
    last: IntArray,
    ready_s: FloatArray,
    start_s: FloatArray,
    end_s: FloatArray,
    server: Server,
) -> None:
    """Serve the tasks of busy periods that go from `first`, whose starts are known, to `last - 1`."""
    end_s[first] = server.end_s(first, start_s[first])
    task, stop = first + 1, last
    for _ in range(LONG):
        more = task < stop
        task, stop = task[more], stop[more]
        if len(task) <= server.few:
            break
        start_s[task] = np.maximum(ready_s[task], end_s[task - 1])
        end_s[task] = server.end_s(task, start_s[task])
        task += 1
    for begin, end in zip(task.tolist(), stop.tolist(), strict=True):
        server.follow(begin, end, ready_s, start_s, end_s)


def begins_by_work(done: FloatArray, asked: FloatArray, heads: IntArray) -> BoolArray:
    """Tell which tasks begin a busy period, from cumulative work; near ties do not.

    Args:
        done: How much work can have been done when each task is ready, `[tasks]`, of any unit.
        asked: How much it asks, `[tasks]`.
        heads: The first task of each chain.

    Returns:
        Whether all that was asked before can have been done when the task is ready, `[tasks]`.
    """
    begins = np.zeros(len(done), dtype=bool)
    begins[heads] = True
    if len(done) > 1:
        slack = np.cumsum(asked)
        near = NEAR * (float(done.max()) + float(slack[-1]))
        np.subtract(asked, slack, out=slack)
        slack += done
        if len(heads) > 1:
            slack += _steps(slack, heads)
        begins[1:] |= slack[1:] > np.maximum.accumulate(slack)[:-1] + near
    return begins


def _steps(slack: FloatArray, heads: IntArray) -> FloatArray:
    """Give what to add to the slack so that each chain begins above all chains before."""
    highest = np.maximum.reduceat(slack, heads)
    steps = np.maximum(highest[:-1] - slack[heads[1:]], 0.0)
    return np.repeat(np.concatenate(([0.0], np.cumsum(steps))), np.diff(np.append(heads, len(slack))))


class Services:
    """A server that knows how long each task takes.

    Args:
        service_s: Seconds, `[tasks]`.
    """

    few = 0

    def __init__(self, service_s: FloatArray) -> None:
        self._service_s = service_s

    def likely_begins(self, ready_s: FloatArray, heads: IntArray) -> BoolArray:
        """Tell by cumulative sums; see `Server.likely_begins`."""
        return begins_by_work(ready_s, self._service_s, heads)

    def end_s(self, task: IntArray, start_s: FloatArray) -> FloatArray:
        """Give when tasks end; see `Server.end_s`."""
        return start_s + self._service_s[task]

    def follow(
        self, first: int, last: int, ready_s: FloatArray, start_s: FloatArray, end_s: FloatArray
    ) -> None:
        """Serve tasks one after the other, as sums until the server is idle; see `Server.follow`."""
        at_once = LONG
        while first < last:
            stop = min(first + at_once, last)
            line_s = np.empty(stop - first + 1)
            line_s[0] = max(ready_s[first], end_s[first - 1])
            line_s[1:] = self._service_s[first:stop]
            np.add.accumulate(line_s, out=line_s)
            idle = ready_s[first:stop] > line_s[:-1]
            at_once *= 2
            if idle.any():
                stop, at_once = first + int(idle.argmax()), LONG
            start_s[first:stop] = line_s[: stop - first]
            end_s[first:stop] = line_s[1 : stop - first + 1]
            first = stop
