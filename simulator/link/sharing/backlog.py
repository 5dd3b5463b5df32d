"""Payloads that wait for the air."""

from collections import deque
from math import inf

from simpy import Environment

from coinfer.simulator.alarm import Alarm, OnTask


class Payload:
    """What `Uplink.send` was given."""

    __slots__ = ("bits", "device", "expires_s", "expiry", "task")

    def __init__(self, task: int, device: int, bits: float, expires_s: float) -> None:
        self.task = task
        self.device = device
        self.bits = bits
        self.expires_s = expires_s
        self.expiry: Alarm | None = None


class Backlog:
    """A first-come-first-served queue whose payloads are given up at their expiry.

    Args:
        env: The simulated time.
        aborted: Told of every payload that expires in the queue, at that time.
    """

    def __init__(self, env: Environment, aborted: OnTask) -> None:
        self._env = env
        self._aborted = aborted
        self._queue: deque[Payload] = deque()

    def add(self, payload: Payload) -> None:
        """Let a payload wait."""
        if payload.expires_s < inf:
            payload.expiry = Alarm(self._env, payload.expires_s, self._expire, payload)
        self._queue.append(payload)

    def next(self, now_s: float) -> Payload | None:
        """Take out the first that has not expired; None if nobody waits."""
        while self._queue:
            payload = self._queue.popleft()
            if payload.expires_s > now_s:
                if payload.expiry is not None:
                    payload.expiry.cancel()
                return payload
        return None

    def _expire(self, alarm: Alarm) -> None:
        # It stays in the queue, where `next` passes over it.
        self._aborted(alarm.item.task, alarm.time_s)
