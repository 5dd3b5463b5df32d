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
        self._before_bits = array("d", [0.0])

    def finish_s(self, start_s: float, bits: float, until_s: float = inf) -> float:
        """Give the time at which the last of `bits` sent from `start_s` on is through; see `Sender`.

        Returns:
            Seconds; infinity if `until_s` comes before, or the channel carries nothing in these turns.
        """
        if bits <= 0.0:
            return start_s
        frame = self._frame(start_s)
        begin_s = max(start_s, self._start_s(frame))
        in_turn_bits = self._channel.sent_bits(self._start_s(frame), begin_s)
        if not self._reaches(frame):
            return inf
        target_bits = self._before_bits[frame] + in_turn_bits + bits
        while self._before_bits[-1] < target_bits:
            if self._start_s(len(self._before_bits) - 1) > until_s or not self._extend():
                return inf
        last = max(bisect_left(self._before_bits, target_bits) - 1, frame)
        if last > frame:
            begin_s, bits = self._start_s(last), target_bits - self._before_bits[last]
        return min(self._channel.finish_s(begin_s, bits), self._end_s(last))

    def opens_s(self, time_s: float) -> float:
        """Give the first time from `time_s` on that lies in a turn, in seconds."""
        return max(time_s, self._start_s(self._frame(time_s)))

    def _frame(self, time_s: float) -> int:
        """Give the first frame whose turn has not ended by a time."""
        frame = int(time_s / (self._turns * self._turn_s))
        return frame + 1 if time_s >= self._end_s(frame) else frame

    def _start_s(self, frame: int) -> float:
        return (frame * self._turns + self._turn) * self._turn_s

    def _end_s(self, frame: int) -> float:
        return (frame * self._turns + self._turn + 1) * self._turn_s

    def _reaches(self, frame: int) -> bool:
        """Let the table hold the work before a frame, unless none is ever done."""
        while len(self._before_bits) <= frame:
            if not self._extend():
                return False
        return True

    def _extend(self) -> bool:
        """Let the table grow; tell whether any bit is carried in what was added."""
        frames = np.arange(FRAMES_AT_ONCE, dtype=np.float64) + (len(self._before_bits) - 1)
        turns = frames * self._turns + self._turn
        begin_s, end_s = turns * self._turn_s, (turns + 1.0) * self._turn_s
        carried_bits = self._channel.work_bits(end_s) - self._channel.work_bits(begin_s)
        before_bits = self._before_bits[-1]
        self._before_bits.extend((before_bits + np.cumsum(np.maximum(carried_bits, 0.0))).tolist())
        return self._before_bits[-1] > before_bits
