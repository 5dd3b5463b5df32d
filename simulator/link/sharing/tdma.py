"""Every device has its own turn of a fixed frame."""

from collections.abc import Sequence

from simpy import Environment

from coinfer.simulator.link.capacity import Capacity
from coinfer.simulator.link.sharing.fifo import FifoUplink
from coinfer.simulator.link.sharing.turns import InTurns
from coinfer.simulator.link.uplink import Notices


class TdmaUplink:
    """Every device sends in its own turn of a frame with a turn for each, and in no other.

    So no device feels another's load, and a turn whose owner has nothing to send is lost: not work
    conserving. A payload may start and end anywhere in its device's turns; there are no guard times.

    Args:
        env: The simulated time.
        notices: Whom to tell.
        channels: What each device's channel would carry at all times, `[devices]`.
        turn_s: The length of a turn in seconds; the frame lasts as many turns as there are devices.
    """

    def __init__(
        self, env: Environment, notices: Notices, channels: Sequence[Capacity], turn_s: float
    ) -> None:
        turns = len(channels)
        self._env = env
        self._queues = [
            _TurnQueue(env, notices, InTurns(channel, turn_s, turn, turns))
            for turn, channel in enumerate(channels)
        ]

    def send(self, task: int, device: int, bits: float, expires_s: float) -> None:
        """Take a payload that is ready now; see `Uplink.send`."""
        self.take(self._env.now, task, device, bits, expires_s)

    def take(self, ready_s: float, task: int, device: int, bits: float, expires_s: float) -> None:
        """Take a payload that is ready at a time; see `ForeseeingUplink.take`."""
        self._queues[device].take(ready_s, task, 0, bits, expires_s)


class _TurnQueue(FifoUplink):
    """The payloads of one device, of which none starts outside the device's turns."""

    def __init__(self, env: Environment, notices: Notices, channel: InTurns) -> None:
        super().__init__(env, notices, [channel])
        self._turns = channel

    def take(self, ready_s: float, task: int, device: int, bits: float, expires_s: float) -> None:
        opens_s = self._turns.opens_s(max(ready_s, self._free_s))
        super().take(opens_s, task, device, bits, expires_s)
