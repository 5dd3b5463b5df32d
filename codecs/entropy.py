"""Range coding of whole-numbered symbols with one static table of counts for each channel.

The tables are integers, so that every machine builds the same model; constriction does the coding. A prefix
of a range-coded stream decodes to the symbols whose information it holds.

References:
    Bamler (2022), Understanding Entropy Coding With Asymmetric Numeral Systems (constriction).
    Martin (1979), Range encoding: an algorithm for removing redundancy from a digitised message.
"""

from __future__ import annotations

import constriction
import numpy as np
from numpy.typing import NDArray

WORD_BYTES = 4

WORD = "<u4"
"""How the coder's words become bytes."""


class ChannelTables:
    """One categorical distribution for each channel.

    Args:
        counts: `[channels, symbols]` positive integers; the distribution is counts / sum.
    """

    def __init__(self, counts: NDArray[np.integer]) -> None:
        if counts.ndim != 2 or counts.min() < 1:
            raise ValueError(
                f"counts: expected [channels, symbols] integers of at least 1, got shape {counts.shape}"
            )
        self.symbols = counts.shape[1]
        self._share = counts.astype(np.float64) / counts.sum(axis=1, keepdims=True, dtype=np.int64)
        self._models = [
            constriction.stream.model.Categorical(row.astype(np.float64), perfect=False) for row in counts
        ]

    def encode(self, symbols: NDArray[np.int32]) -> bytes:
        """Codes `[channels, ...]` symbols in 0..symbols-1, channel after channel."""
        coder = constriction.stream.queue.RangeEncoder()
        for row, model in zip(symbols, self._models, strict=True):
            coder.encode(np.ascontiguousarray(row.ravel(), dtype=np.int32), model)
        stream: bytes = coder.get_compressed().astype(WORD).tobytes().rstrip(b"\0")
        return stream

    def decode(self, stream: bytes, symbols_a_channel: int) -> NDArray[np.int32]:
        """Decodes `[channels, symbols_a_channel]` symbols.

        A damaged stream gives wrong symbols or a ValueError, never more than were asked for.

        Raises:
            ValueError: no message of these tables begins like this.
        """
        padded = stream + bytes(-len(stream) % WORD_BYTES)
        coder = constriction.stream.queue.RangeDecoder(np.frombuffer(padded, dtype=WORD).astype(np.uint32))
        try:
            rows = [coder.decode(model, symbols_a_channel) for model in self._models]
        except AssertionError as error:
            raise ValueError(f"not a stream of these tables ({error})") from error
        return np.stack(rows)

    def ideal_bits(self, symbols: NDArray[np.int32]) -> float:
        """Information of `[channels, ...]` symbols under the tables, in bits."""
        flat = symbols.reshape(len(symbols), -1).astype(np.int64)
        return float(-np.log2(np.take_along_axis(self._share, flat, axis=1)).sum())
