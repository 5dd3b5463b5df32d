"""Range coding whose every prefix decodes: as many symbols as its bytes hold the information of.

A range-coded stream is a number, its bytes the digits. A prefix leaves an interval of numbers open. Symbols
on which the smallest and the largest of them agree are certain, and these are decoded.

References:
    Martin (1979), Range encoding: an algorithm for removing redundancy from a digitised message.
    Bamler (2022), Understanding Entropy Coding With Asymmetric Numeral Systems (constriction).
"""

from __future__ import annotations

from typing import Any

import constriction
import numpy as np
from numpy.typing import NDArray

from coinfer.codecs.entropy import WORD_BYTES, ChannelTables

SPARE_WORDS = 4
"""Appended to a stream on decoding, so that the decoder never reads beyond its end before it disagrees."""


class PrefixTables(ChannelTables):
    """One categorical distribution for each channel; channel after channel in the stream.

    Args:
        counts: `[channels, symbols]` positive integers; the distribution is counts / sum.
    """

    word = ">u4"
    """The most significant byte first, so that a prefix of the bytes is one of the number."""

    def decode_beginning(self, stream: bytes, symbols_a_channel: int) -> NDArray[np.int32]:
        """Decodes the symbols that a stream that was cut still holds, in order.

        Args:
            stream: the beginning of what `encode` gave.
            symbols_a_channel: how many there were in each channel.

        Returns:
            `[symbols that arrived]`, at most channels times `symbols_a_channel`.
        """
        found = []
        lowest, highest = _decoder(stream, 0x00), _decoder(stream, 0xFF)
        for model in self._models:
            low, high = (_some(coder, model, symbols_a_channel) for coder in (lowest, highest))
            common = min(len(low), len(high))
            differ = np.flatnonzero(low[:common] != high[:common])
            agreed = int(differ[0]) if len(differ) else common
            found.append(low[:agreed])
            if agreed < symbols_a_channel:
                break
        return np.concatenate(found)


def _decoder(stream: bytes, padding: int) -> Any:
    """A decoder of a stream that goes on with one byte for ever (nearly)."""
    fill = bytes([padding])
    padded = stream + fill * (-len(stream) % WORD_BYTES + SPARE_WORDS * WORD_BYTES)
    return constriction.stream.queue.RangeDecoder(np.frombuffer(padded, dtype=">u4").astype(np.uint32))


def _some(coder: Any, model: Any, wanted: int) -> NDArray[np.int32]:
    """Decodes as many symbols as the decoder takes; what lies beyond the end of a stream may be none."""
    start = coder.clone()
    try:
        symbols: NDArray[np.int32] = coder.decode(model, wanted)
        return symbols
    except AssertionError:
        one_by_one = []
        for _ in range(wanted):
            try:
                one_by_one.append(start.decode(model))
            except AssertionError:
                break
        return np.array(one_by_one, dtype=np.int32)
