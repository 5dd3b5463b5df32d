"""The records of one replication: a row a task, for each codec, in columns that are filled in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from coinfer.simulator.busy_periods import blocks
from coinfer.simulator.channel_kinds import Channel
from coinfer.simulator.fields import Scalar
from coinfer.simulator.timeline import Outcome, Timeline
from coinfer.simulator.workload import Workload

Number = TypeVar("Number", bound=np.generic)

STAMPS = (
    "encode_start_s",
    "encode_end_s",
    "tx_start_s",
    "tx_end_s",
    "edge_start_s",
    "edge_end_s",
    "done_s",
)


class Records:
    """The rows of all codecs, codec after codec, each in the order of the workload.

    Args:
        workload: The tasks, which are the same for each codec.
        codecs: Labels of the codecs.
    """

    def __init__(self, workload: Workload, codecs: Sequence[str]) -> None:
        rows = len(workload) * len(codecs)
        self._workload = workload
        self._codecs = codecs
        self._timeline = Timeline.blank(rows)
        self._payload_bytes = np.empty(rows, dtype=np.int32)
        self._snr_db = np.full(rows, np.nan)
        self._correct = np.empty(rows, dtype=bool)

    def timeline_of(self, place: int) -> Timeline:
        """Give the stamps of the codec at a place, for the engine to fill in."""
        rows = self._rows_of(place)
        return Timeline(**{name: column[rows] for name, column in vars(self._timeline).items()})

    def fill(
        self,
        place: int,
        payload_bytes: NDArray[np.int64],
        correct: NDArray[np.bool_],
        channels: Sequence[Channel],
        rows: Sequence[NDArray[np.intp]],
    ) -> None:
        """Fill in what the engine does not know of a codec's tasks.

        Args:
            place: Of the codec.
            payload_bytes: What was sent, `[tasks]`.
            correct: Whether the answer is right, `[tasks]`.
            channels: Of each device, `[devices]`.
            rows: The tasks of each device, `[devices]`.
        """
        own = self._rows_of(place)
        self._payload_bytes[own] = payload_bytes
        self._correct[own] = correct
        snr_db, start_s = self._snr_db[own], self._timeline.tx_start_s[own]
        for channel, of_device in zip(channels, rows, strict=True):
            for block in blocks(len(of_device)):
                started = of_device[block][~np.isnan(start_s[of_device[block]])]
                snr_db[started] = channel.snr_db_at(start_s[started])

    def table(
        self, coordinates: Mapping[str, Scalar | None], replication: int, first_device: int = 0
    ) -> pd.DataFrame:
        """Put them together.

        Args:
            coordinates: The swept values of the replication, a column each.
            replication: Its number.
            first_device: The number that device 0 has among those of all cells.

        Returns:
            The columns of tasks.parquet, about 100 bytes a row.
        """
        workload, timeline, codecs = self._workload, self._timeline, len(self._codecs)
        numbers = np.arange(codecs, dtype=np.min_scalar_type(-codecs - 1))
        columns: dict[str, object] = {
            "codec": pd.Categorical.from_codes(np.repeat(numbers, len(workload)), pd.Index(self._codecs)),
            **coordinates,
            "replication": np.full(len(timeline.outcome), replication, dtype=np.int32),
            "device_id": _times(codecs, workload.device_id + np.int32(first_device)),
            "task_id": _times(codecs, workload.task_id),
            "image_id": _times(codecs, workload.image_id),
            "arrival_s": _times(codecs, workload.arrival_s),
            **{stamp: getattr(timeline, stamp) for stamp in STAMPS},
            "payload_bytes": self._payload_bytes,
            "snr_db": self._snr_db,
            "outcome": pd.Categorical.from_codes(
                timeline.outcome, pd.Index([outcome.name.lower() for outcome in Outcome])
            ),
            "correct": self._correct,
        }
        return pd.DataFrame(columns, index=pd.RangeIndex(len(timeline.outcome)), copy=False)

    def _rows_of(self, place: int) -> slice:
        return slice(place * len(self._workload), (place + 1) * len(self._workload))


def _times(times: int, column: NDArray[Number]) -> NDArray[Number]:
    return column if times == 1 else np.tile(column, times)
