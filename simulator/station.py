"""A station: equal workers behind one first-come-first-served queue (a device's processor, the edge)."""

from collections import deque

from simpy import Environment

from coinfer.simulator.alarm import Alarm, OnTask

_Job = tuple[int, float, OnTask, OnTask]


class Station:
    """`workers` tasks are served at a time, the others wait in the order they came.

    Args:
        env: The simulated time.
        workers: How many tasks are served at once.
        buffer: How many more may wait; None is without bound.

    Raises:
        ValueError: If there is no worker or the buffer is negative.
    """

    def __init__(self, env: Environment, workers: int = 1, buffer: int | None = None) -> None:
        if workers < 1:
            raise ValueError(f"a station needs at least 1 worker, got {workers}")
        if buffer is not None and buffer < 0:
            raise ValueError(f"a buffer holds at least 0 tasks, got {buffer}")
        self._env = env
        self._idle = workers
        self._buffer = buffer
        self._waiting: deque[_Job] = deque()

    def submit(self, task: int, service_s: float, on_start: OnTask, on_end: OnTask) -> bool:
        """Serve a task as soon as a worker is free.

        Args:
            task: The task's number.
            service_s: How long the service lasts, in seconds.
            on_start: Called when its service starts, which may be within this call.
            on_end: Called when its service ends.

        Returns:
            False if the task was turned away because the buffer is full.
        """
        if self._idle:
            self._idle -= 1
            self._start(self._env.now, (task, service_s, on_start, on_end))
            return True
        if self._buffer is not None and len(self._waiting) >= self._buffer:
            return False
        self._waiting.append((task, service_s, on_start, on_end))
        return True

    def _start(self, now_s: float, job: _Job) -> None:
        task, service_s, on_start, _ = job
        on_start(task, now_s)
        Alarm(self._env, now_s + service_s, self._end, job)

    def _end(self, alarm: Alarm) -> None:
        task, _, _, on_end = alarm.item
        on_end(task, alarm.time_s)
        if self._waiting:
            self._start(alarm.time_s, self._waiting.popleft())
        else:
            self._idle += 1
