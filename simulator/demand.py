"""What tasks ask of the stages they pass."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Demand:
    """What each task asks of every stage, a row a task as in `Workload`.

    Attributes:
        encode_s: Seconds of the device's time, `[tasks]`.
        payload_bits: Bits on the air, `[tasks]`.
        edge_s: Seconds of an edge worker's time, `[tasks]`.
        downlink_s: Seconds that the answer takes, without contention, `[tasks]`.
        answers_on_device: The device's result is the answer; link, edge and downlink are skipped.
        access_s: Seconds between a payload being ready and the uplink taking it, `[tasks]`; None is at once.
        backhaul_s: Seconds between the end of its airtime and the edge, `[tasks]`; None is at once.
        expires_s: When the uplink gives the task up, `[tasks]`, in seconds of simulated time; None is never.
        answered_s: Gives the times at which answers are at the device from the times at which the edge had
            them ready, `[tasks]` each, NaN to NaN; replaces `downlink_s`.
    """

    encode_s: FloatArray
    payload_bits: FloatArray
    edge_s: FloatArray
    downlink_s: FloatArray
    answers_on_device: bool = False
    access_s: FloatArray | None = None
    backhaul_s: FloatArray | None = None
    expires_s: FloatArray | None = None
    answered_s: Callable[[FloatArray], FloatArray] | None = None

    def check_length(self, tasks: int) -> None:
        """Raise ValueError if a column has not a row a task."""
        for column, value in vars(self).items():
            if isinstance(value, np.ndarray) and len(value) != tasks:
                raise ValueError(f"demand.{column} has {len(value)} rows for {tasks} tasks")
