"""What devices send of messages that can be cut: as much as the uplink should carry by a deadline."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from coinfer.simulator import blocks
from coinfer.simulator.channel_kinds import Channel
from coinfer.simulator.link.capacity import Capacity, ConstantRate
from coinfer.simulator.link.framing import Framing
from coinfer.simulator.measurements import Measurement
from coinfer.simulator.radio import MakeUplink
from coinfer.simulator.scenario import Cut
from coinfer.simulator.scenario_link import Link
from coinfer.simulator.units import bytes_to_bits
from coinfer.simulator.workload import Workload

Forecast = Callable[[float, float], float]
"""Gives the bits that a device expects to send from one time until a later one, both in seconds."""


def forecasts(cut: Cut, link: Link, channels: Sequence[Channel]) -> list[Forecast]:
    """Give what each device expects of its channel, `[devices]`.

    Args:
        cut: What devices know, and the share of it that they use.
        link: The uplink, which one device at a time has to itself.
        channels: The channel of each device, `[devices]`.

    Raises:
        ScenarioError: If a channel carries nothing, or not at a finite rate.
    """
    rate = blocks.rate(link)

    def of(channel: Channel) -> Forecast:
        if cut.knowledge == "none":
            return ConstantRate(cut.margin * channel.mean_rate_bps(rate)).sent_bits
        capacity = channel.capacity(rate)
        sent_bits = capacity.sent_bits
        if cut.knowledge == "delayed":
            sent_bits = _KeptRate(capacity, cut.delay_s).sent_bits
        elif link.policy == "frozen":
            sent_bits = _KeptRate(capacity, 0.0).sent_bits
        return lambda start_s, end_s: cut.margin * sent_bits(start_s, end_s)

    return [of(channel) for channel in channels]


@dataclass(frozen=True)
class _KeptRate:
    """A channel taken to keep the rate that it had a while before the start."""

    capacity: Capacity
    age_s: float

    def sent_bits(self, start_s: float, end_s: float) -> float:
        return self.capacity.frozen_at(start_s - self.age_s).sent_bits(start_s, end_s)


class Cutting:
    """Chooses for each task, when the first bit goes, the largest version of its message that fits.

    The versions are the whole message and those that measuring cut from it and decoded. One fits if its bits
    on the air, headers included, are no more than the device expects to send until `until_s`. If none fits,
    the smallest is sent.

    Args:
        measurement: Sizes and verdicts of all versions, with cuts.
        workload: The tasks.
        until_s: When the last bit has to be through, `[tasks]`, in seconds.
        forecasts: What each device expects to send between two times, `[devices]`.
        framing: How messages are cut into packets.

    Raises:
        ValueError: If the measurement has no cuts.
    """

    def __init__(
        self,
        measurement: Measurement,
        workload: Workload,
        until_s: NDArray[np.float64],
        forecasts: Sequence[Forecast],
        framing: Framing,
    ) -> None:
        if measurement.cut_bytes is None or measurement.cut_correct is None:
            raise ValueError("messages of this codec were not cut when it was measured")
        self._bytes = np.vstack([measurement.cut_bytes, measurement.payload_bytes])
        self._correct = np.vstack([measurement.cut_correct, measurement.correct])
        self._bits: list[list[float]] = bytes_to_bits(framing.on_air_bytes(self._bytes)).T.tolist()
        self._image_id = workload.image_id
        self._images: list[int] = workload.image_id.tolist()
        self._devices: list[int] = workload.device_id.tolist()
        self._until_s: list[float] = until_s.tolist()
        self._forecasts = forecasts
        self._version = np.full(len(workload), len(measurement.cut_bytes))

    def over(self, make_uplink: MakeUplink) -> MakeUplink:
        """Let an uplink ask for the size of each payload when it starts."""
        return lambda env, notices: make_uplink(env, replace(notices, size_at_start=self.size_at_start))

    def size_at_start(self, task: int, now_s: float) -> float:
        """Choose what is sent of a task, whose first bit goes now; give its bits on the air."""
        until_s = self._until_s[task]
        expected = self._forecasts[self._devices[task]](now_s, until_s) if now_s < until_s else 0.0
        bits = self._bits[self._images[task]]
        version = max(bisect_right(bits, expected) - 1, 0)
        self._version[task] = version
        return bits[version]

    @property
    def payload_bytes(self) -> NDArray[np.int64]:
        """The size of what was sent of each task, whole where nothing was, `[tasks]`."""
        return np.asarray(self._bytes[self._version, self._image_id])

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Whether the answer to what was sent is right, `[tasks]`."""
        return np.asarray(self._correct[self._version, self._image_id])
