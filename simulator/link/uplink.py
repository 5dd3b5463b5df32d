"""The contract between the engine and any way of sharing the uplink."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from coinfer.simulator.alarm import OnTask

SizeAtStart = Callable[[int, float], float]
"""Gives the bits of a payload from its task and the time in seconds at which the first of them goes."""


@dataclass(frozen=True, slots=True)
class Notices:
    """Whom an uplink tells, each with the task and the time in seconds, what becomes of a payload.

    Every payload is `ended` or `aborted` once, unless the channel never carries it; never both. An uplink
    that knows beforehand may tell before that time has come.

    Attributes:
        started: Its first bit goes.
        ended: Its last bit is through.
        aborted: It was given up at its expiry, while it waited (then it never started) or on the air.
        size_at_start: Asked how large it is when its first bit goes; None leaves it as it was sent. Only
            `FifoUplink` asks.
    """

    started: OnTask
    ended: OnTask
    aborted: OnTask
    size_at_start: SizeAtStart | None = None


class Uplink(Protocol):
    """A way of sharing the air; `sharing` holds one in each file.

    Constructors take the environment and the `Notices` first. The payloads of one device are sent one after
    the other, in the order they came.
    """

    def send(self, task: int, device: int, bits: float, expires_s: float) -> None:
        """Take a payload that is ready now; it may start within this call.

        Args:
            task: The task's number.
            device: The device that sends.
            bits: The size of the payload in bits.
            expires_s: When it is given up, in seconds, later than now. One that ends at that very moment has
                ended; one that could start at that very moment is given up. At infinity it is sent however
                late it is, and occupies the channel until its end.
        """


@runtime_checkable
class ForeseeingUplink(Uplink, Protocol):
    """An uplink on which nobody who comes later changes what becomes of a payload.

    So it tells all of it within `send`, ahead of the clock, and needs no events.
    """

    def take(self, ready_s: float, task: int, device: int, bits: float, expires_s: float) -> None:
        """Take a payload that is ready at a time in seconds, not before that of the last; see `send`."""
