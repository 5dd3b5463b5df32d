"""When each task passed each stage, and how it ended: a column a stamp, a row a task."""

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class Outcome(IntEnum):
    """How a task stood when the clock stopped; one that had yet to arrive counts as in flight."""

    IN_FLIGHT = 0
    DONE = 1
    DROPPED = 2
    ABORTED = 3


@dataclass(frozen=True)
class Timeline:
    """The stamps of all tasks in seconds, `[tasks] float64` each; NaN where a task did not get.

    Waiting is what lies between the end of a stage and the start of the next, so that the stages add up
    to the latency. The downlink starts at `edge_end_s` and ends at `done_s`.

    Attributes:
        encode_start_s: The device starts to work on the task.
        encode_end_s: The payload is ready.
        tx_start_s: Its first bit is sent.
        tx_end_s: Its last bit is through, or it was given up on the air: until then it occupied its share of
            the uplink. NaN if it was given up before.
        edge_start_s: An edge worker starts on it.
        edge_end_s: The answer is ready.
        done_s: The answer is at the device.
        outcome: Codes of `Outcome`, `[tasks] int8`.
    """

    encode_start_s: FloatArray
    encode_end_s: FloatArray
    tx_start_s: FloatArray
    tx_end_s: FloatArray
    edge_start_s: FloatArray
    edge_end_s: FloatArray
    done_s: FloatArray
    outcome: NDArray[np.int8]

    @classmethod
    def blank(cls, tasks: int) -> "Timeline":
        """Make a timeline in which nothing has happened yet."""
        stamps = {field.name: np.full(tasks, np.nan) for field in fields(cls) if field.name != "outcome"}
        return cls(**stamps, outcome=np.full(tasks, Outcome.IN_FLIGHT, dtype=np.int8))

    def stamps(self) -> list[FloatArray]:
        """Give the columns of stamps, in the order of the stages."""
        return [getattr(self, field.name) for field in fields(self) if field.name != "outcome"]

    def counts(self) -> dict[str, int]:
        """Count the tasks by outcome: `{"in_flight": ..., "done": ..., "dropped": ..., "aborted": ...}`."""
        tally = np.bincount(self.outcome, minlength=len(Outcome))
        return {outcome.name.lower(): int(tally[outcome]) for outcome in Outcome}
