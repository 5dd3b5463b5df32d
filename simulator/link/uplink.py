"""The contract between the engine and any way of sharing the uplink."""

from dataclasses import dataclass
from typing import Protocol

from coinfer.simulator.alarm import OnTask


@dataclass(frozen=True, slots=True)
class Notices:
    """Whom an uplink tells, each with the task and the time in seconds, what became of a payload.

    Every payload is `ended` or `aborted` once, unless the channel never carries it; never both.

    Attributes:
        started: Its first bit goes.
        ended: Its last bit is through.
        aborted: It was given up at its expiry, while it waited (then it never started) or on the air.
    """

    started: OnTask
    ended: OnTask
    aborted: OnTask


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
