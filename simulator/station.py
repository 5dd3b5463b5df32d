"""A station: equal workers behind one first-come-first-served queue (a device's processor, the edge)."""

from collections import deque
from heapq import heapreplace


class Station:
    """`workers` tasks are served at a time, the others wait in the order they came.

    Whoever comes later changes nothing for those before: a task's start is known when it comes.

    Args:
        workers: How many tasks are served at once.
        buffer: How many more may wait; None is without bound.

    Raises:
        ValueError: If there is no worker or the buffer is negative.

    Examples:
        >>> station = Station()
        >>> station.admit(0.0, 2.0), station.admit(1.0, 3.0)
        (0.0, 2.0)
    """

    def __init__(self, workers: int = 1, buffer: int | None = None) -> None:
        if workers < 1:
            raise ValueError(f"a station needs at least 1 worker, got {workers}")
        if buffer is not None and buffer < 0:
            raise ValueError(f"a buffer holds at least 0 tasks, got {buffer}")
        self._free_s = [0.0] * workers
        self._buffer = buffer
        self._starts_s: deque[float] = deque()

    def admit(self, now_s: float, service_s: float) -> float | None:
        """Take in a task, which is served as soon as a worker is free.

        Args:
            now_s: When it comes, in seconds, at 0 or later; tasks are admitted in the order they come.
            service_s: How long its service lasts, in seconds.

        Returns:
            When its service starts, in seconds; None if it was turned away because the buffer is full. Who
            starts at this very moment does not wait any more.
        """
        free_s = self._free_s[0]
        start_s = free_s if free_s > now_s else now_s
        if self._buffer is not None and not self._has_room(now_s, start_s):
            return None
        heapreplace(self._free_s, start_s + service_s)
        return start_s

    def _has_room(self, now_s: float, start_s: float) -> bool:
        """Tell whether one more may start at a time, which is now or for which it has to wait."""
        waiting = self._starts_s
        while waiting and waiting[0] <= now_s:
            waiting.popleft()
        if start_s > now_s:
            if len(waiting) == self._buffer:
                return False
            waiting.append(start_s)
        return True
