"""A channel that may be used in turns only."""

from array import array
from bisect import bisect_left
from math import inf

import numpy as np

from coinfer.simulator.link.capacity import Capacity

FRAMES_AT_ONCE = 4096
"""Frames by which the table of work grows; as many without a bit mean that none will come."""


class InTurns:
    """What a channel carries in one turn of a fixed frame.

    Turn j of n runs from (k n + j) T to (k n + j + 1) T in every frame k. The bits carried in the turns of
    the first k frames are kept in a table, which grows with the simulated time (8 bytes a frame); a payload
    costs a bisection in it, however many frames it lasts. Exact for any channel and any T.

    Args:
        channel: What can be carried at all times.
        turn_s: The length T of a turn in seconds.
        turn: Which turn j, from 0 on.
        turns: The number n of turns in a frame.

    Raises:
        ValueError: If a turn has no length, or is not one of the frame's.
    """

    def __init__(self, channel: Capacity, turn_s: float, turn: int, turns: int) -> None:
        if not 0.0 < turn_s < inf:
            raise ValueError(f"a turn must last longer than 0 s, got {turn_s} s")
        if not 0 <= turn < turns:
            raise ValueError(f"turn must be one of 0 to {turns - 1}, got {turn}")
        self._channel = channel
        self._turn_s = turn_s
        self._turn = turn
        self._turns = turns
        self._frame_s = turns * turn_s
        self._before_bits = array("d", [0.0])
        # Most payloads start when the one before ends: the bits carried in turns until then are known.
        self._end_s, self._end_bits = 0.0, 0.0

    def finish_s(self, start_s: float, bits: float, until_s: float = inf) -> float:
        """Give the time at which the last of `bits` sent from `start_s` on is through; see `Sender`.

        Returns:
            Seconds; infinity if `until_s` comes before, or the channel carries nothing in these turns.
        """
        if bits <= 0.0:
            return start_s
        number = self._turn_from(start_s)
        frame, opens_s = number // self._turns, number * self._turn_s
        before_bits = self._before_bits
        while len(before_bits) <= frame:
            if not self._extend():
                return inf
        if start_s == self._end_s:
            target_bits = self._end_bits + bits
        else:
            target_bits = before_bits[frame] + bits
            if start_s > opens_s:
                target_bits += self._channel.sent_bits(opens_s, start_s)
        while before_bits[-1] < target_bits:
            if (len(before_bits) - 1) * self._turns * self._turn_s > until_s or not self._extend():
                return inf
        last = bisect_left(before_bits, target_bits, frame + 1) - 1
        if last > frame:
            number += (last - frame) * self._turns
            start_s, bits = number * self._turn_s, target_bits - before_bits[last]
        elif start_s < opens_s:
            start_s = opens_s
        end_s, closes_s = self._channel.finish_s(start_s, bits), (number + 1) * self._turn_s
        self._end_s = end_s if end_s < closes_s else closes_s
        self._end_bits = target_bits
        return self._end_s

    def opens_s(self, time_s: float) -> float:
        """Give the first time from `time_s` on that lies in a turn, in seconds."""
        opens_s = self._turn_from(time_s) * self._turn_s
        return opens_s if opens_s > time_s else time_s

    def _turn_from(self, time_s: float) -> int:
        """Give the number, among all turns, of the device's first that has not ended by a time."""
        number = int(time_s / self._frame_s) * self._turns + self._turn
        return number if time_s < (number + 1) * self._turn_s else number + self._turns

    def _extend(self) -> bool:
        """Let the table grow; tell whether any bit is carried in what was added."""
        frames = np.arange(FRAMES_AT_ONCE, dtype=np.float64) + (len(self._before_bits) - 1)
        turns = frames * self._turns + self._turn
        begin_s, end_s = turns * self._turn_s, (turns + 1.0) * self._turn_s
        carried_bits = self._channel.work_bits(end_s) - self._channel.work_bits(begin_s)
        before_bits = self._before_bits[-1]
        self._before_bits.frombytes((before_bits + np.cumsum(np.maximum(carried_bits, 0.0))).tobytes())
        return self._before_bits[-1] > before_bits
