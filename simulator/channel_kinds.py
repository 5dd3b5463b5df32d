"""What a device's channel is: a signal-to-noise ratio over time, slot by slot or as it was recorded."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from coinfer.simulator import blocks
from coinfer.simulator.errors import ScenarioError
from coinfer.simulator.link.capacity import Capacity, CapacityTrace
from coinfer.simulator.link.rate import Rate
from coinfer.simulator.link.replay import Recording, StepCapacity
from coinfer.simulator.units import db_to_linear, linear_to_db

FloatArray = NDArray[np.float64]

MOST_SLOTS_ON_THE_WAY = 2**23
"""Slots of traces that hold a whole way or recording, all devices together."""


class Channel(Protocol):
    """One device's channel."""

    def snr_db_at(self, time_s: FloatArray) -> FloatArray:
        """Give the signal-to-noise ratio at each time in dB, of the same shape; NaN where it is not known."""

    def capacity(self, rate: Rate, snr_factor: float = 1.0) -> Capacity:
        """Give what the channel carries with its SNR times a factor."""

    def mean_rate_bps(self, rate: Rate, snr_factor: float = 1.0) -> float:
        """Give the rate at the mean SNR, over time and fading, times a factor."""

    def slot_snr(self, slot_s: float) -> FloatArray:
        """Give the linear SNR at the start of each slot of another length, `[slots]`, to be repeated."""


@dataclass(frozen=True, eq=False)
class SlottedChannel:
    """A signal-to-noise ratio for each slot, repeated for ever.

    Attributes:
        slot_s: The length of a slot in seconds.
        snr: Power ratios, `[slots] float64`.
        mean_snr: Their mean over all fading there could be, and over the device's way, antennas together.
    """

    slot_s: float
    snr: FloatArray
    mean_snr: float

    def snr_db_at(self, time_s: FloatArray) -> FloatArray:
        """Give the signal-to-noise ratio at each time in dB; see `Channel`."""
        period_s = self.slot_s * len(self.snr)
        slots = (np.mod(time_s, period_s) / self.slot_s).astype(np.int64)
        return linear_to_db(np.maximum(self.snr[np.minimum(slots, len(self.snr) - 1)], 1e-30))

    def capacity(self, rate: Rate, snr_factor: float = 1.0) -> Capacity:
        """Give what the channel carries; see `Channel`.

        Raises:
            ScenarioError: If that is nothing, or not a finite rate.
        """
        with blocks.told_of("link"):
            return CapacityTrace(self.slot_s, rate.bits_per_s(snr_factor * self.snr))

    def mean_rate_bps(self, rate: Rate, snr_factor: float = 1.0) -> float:
        """Give the rate at the mean SNR; see `Channel`."""
        return float(rate.bits_per_s(np.array(snr_factor * self.mean_snr)))

    def slot_snr(self, slot_s: float) -> FloatArray:
        """Give the linear SNR at the start of each slot, which takes a number of its own; see `Channel`."""
        return self.snr[:: max(round(slot_s / self.slot_s), 1)]


@dataclass(frozen=True, eq=False)
class RecordedChannel:
    """A recorded channel, which repeats for ever from one of its rows on.

    Attributes:
        recording: What was recorded.
        first_row: Where the replay begins.
    """

    recording: Recording
    first_row: int = 0

    @property
    def edges_s(self) -> FloatArray:
        """When each row begins, and the last one ends, `[rows + 1]`, in seconds from the replay's start."""
        lengths_s = np.roll(np.diff(self.recording.edges_s), -self.first_row)
        return np.concatenate(([0.0], np.cumsum(lengths_s)))

    def snr_db_at(self, time_s: FloatArray) -> FloatArray:
        """Give the signal-to-noise ratio at each time in dB, NaN where rates were recorded; see `Channel`."""
        if self.recording.snr_db is None:
            return np.full(np.shape(time_s), np.nan)
        edges_s = self.edges_s
        rows = np.searchsorted(edges_s[:-1], np.mod(time_s, edges_s[-1]), side="right") - 1
        return np.asarray(np.roll(self.recording.snr_db, -self.first_row)[rows])

    def capacity(self, rate: Rate, snr_factor: float = 1.0) -> Capacity:
        """Give what the channel carries; see `Channel`.

        Raises:
            ScenarioError: If a recorded rate would have to change with the SNR, or nothing is carried.
        """
        rates_bps = self.recording.rate_bps
        if rates_bps is None:
            snr = db_to_linear(np.asarray(self.recording.snr_db))
            rates_bps = rate.bits_per_s(snr_factor * snr)
        elif snr_factor != 1.0:
            raise ScenarioError(
                "link.recording: this needs snr_db, got rate_bps, which fits one bandwidth only"
            )
        with blocks.told_of("link.recording"):
            return StepCapacity(self.edges_s, np.roll(rates_bps, -self.first_row))

    def mean_rate_bps(self, rate: Rate, snr_factor: float = 1.0) -> float:
        """Give the rate at the mean SNR over time, or the mean of recorded rates; see `Channel`."""
        lengths_s = np.diff(self.recording.edges_s)
        if self.recording.snr_db is None:
            return self.capacity(rate, snr_factor).sent_bits(0.0, lengths_s.sum()) / float(lengths_s.sum())
        mean_snr = np.average(db_to_linear(self.recording.snr_db), weights=lengths_s)
        return float(rate.bits_per_s(np.array(snr_factor * mean_snr)))

    def slot_snr(self, slot_s: float) -> FloatArray:
        """Give the linear SNR at the start of each slot; see `Channel`.

        Raises:
            ScenarioError: If rates were recorded, or for too long.
        """
        if self.recording.snr_db is None:
            raise ScenarioError("link.recording: rate model nr needs snr_db, got rate_bps")
        slots = max(round(float(self.edges_s[-1]) / slot_s), 1)
        if slots > MOST_SLOTS_ON_THE_WAY:
            raise ScenarioError(
                f"link.recording: it lasts {slots} slots of rate model nr, expected at most "
                f"{MOST_SLOTS_ON_THE_WAY}; cut it"
            )
        return db_to_linear(self.snr_db_at(np.arange(slots, dtype=np.float64) * slot_s))
