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

WORD_BYTES = 4
SPARE_WORDS = 4
"""Appended to a stream on decoding, so that the decoder never reads beyond its end before it disagrees."""


class PrefixTables:
    """One categorical distribution for each channel; channel after channel in the stream.

    Args:
        counts: `[channels, symbols]` positive integers; the distribution is counts / sum.
    """

    def __init__(self, counts: NDArray[np.integer]) -> None:
        if counts.ndim != 2 or counts.min() < 1:
            raise ValueError(
                f"counts: expected [channels, symbols] integers of at least 1, got shape {counts.shape}"
            )
        self._share = counts.astype(np.float64) / counts.sum(axis=1, keepdims=True, dtype=np.int64)
        self._models = [
            constriction.stream.model.Categorical(row.astype(np.float64), perfect=False) for row in counts
        ]

    def encode(self, symbols: NDArray[np.int32]) -> bytes:
        """Codes `[channels, ...]` symbols, the most significant byte of each word first."""
        coder = constriction.stream.queue.RangeEncoder()
        for row, model in zip(symbols, self._models, strict=True):
            coder.encode(np.ascontiguousarray(row.ravel(), dtype=np.int32), model)
        stream: bytes = coder.get_compressed().astype(">u4").tobytes().rstrip(b"\0")
        return stream

    def decode(self, stream: bytes, symbols_a_channel: int, whole: bool) -> NDArray[np.int32]:
        """Decodes the symbols that a stream holds, in order: all of them, or those before the cut.

        Args:
            stream: what `encode` gave, or a prefix of it.
            symbols_a_channel: how many there are in each channel.
            whole: whether it is the whole stream.

        Returns:
            `[symbols that arrived]`, at most channels times `symbols_a_channel`.

        Raises:
            ValueError: no message of these tables begins like this.
        """
        try:
            if whole:
                coder = _decoder(stream, 0x00)
                return np.concatenate([coder.decode(model, symbols_a_channel) for model in self._models])
            return self._certain(stream, symbols_a_channel)
        except AssertionError as error:
            raise ValueError(f"not a stream of these tables ({error})") from error

    def _certain(self, stream: bytes, symbols_a_channel: int) -> NDArray[np.int32]:
        """Symbols that are the same for the smallest and the largest continuation of the stream."""
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

    def ideal_bits(self, symbols: NDArray[np.int32], count: int) -> float:
        """Information of the first `count` of `[channels, ...]` symbols under the tables, in bits."""
        flat = symbols.reshape(len(symbols), -1)
        shares = np.take_along_axis(self._share, flat.astype(np.int64), axis=1).ravel()[:count]
        return float(-np.log2(shares).sum())


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
