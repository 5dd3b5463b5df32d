"""An event at an absolute time, of which the simulated stages are made."""

from collections.abc import Callable
from heapq import heappush
from math import inf
from typing import Any

from simpy import Environment
from simpy.events import NORMAL, Event

OnTask = Callable[[int, float], object]
"""What a stage calls back with: the task's number, and the time in seconds."""


class Alarm(Event):
    """A SimPy event that rings at a set time, and then calls one function with itself.

    SimPy schedules at `now + delay`. The delay to a time known beforehand, `t - now`, is rounded, so that the
    event could come an ulp before or after `t`, and a stage end before it began. Alarms of the same time ring
    in the order they were set.

    Args:
        env: The environment whose clock it rings by.
        time_s: When it rings, in seconds of simulated time; at infinity it never does.
        callback: Called with the alarm.
        item: What it concerns: kept as `alarm.item`.

    Raises:
        ValueError: If that time is past, or is not a number.

    Examples:
        >>> env = Environment()
        >>> alarm = Alarm(env, 1.5, lambda alarm: print(alarm.item, env.now), "rings at")
        >>> env.run()
        rings at 1.5
    """

    _ok = True
    _value = None

    def __init__(
        self, env: Environment, time_s: float, callback: "Callable[[Alarm], None]", item: Any
    ) -> None:
        # Every event of a simulation passes here: Event.__init__ and env.schedule are written out.
        self.env = env
        self.callbacks: list[Any] = [callback]
        self.time_s = time_s
        self.item = item
        if env._now <= time_s < inf:
            heappush(env._queue, (time_s, NORMAL, next(env._eid), self))
        elif time_s != inf:
            raise ValueError(f"cannot set an alarm for {time_s} s: the clock shows {env.now} s")

    def cancel(self) -> None:
        """Call nobody when the time comes."""
        self.callbacks.clear()
