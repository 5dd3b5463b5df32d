"""Range coding in context whose every prefix decodes: as many symbols as its bytes hold the information of.

A range-coded stream is a number, its bytes the digits. A prefix leaves an interval of numbers open. Symbols
on which the smallest and the largest of them agree are certain, and these are decoded. Contexts follow from
symbols before, so they are certain, too.

References:
    Martin (1979), Range encoding: an algorithm for removing redundancy from a digitised message.
    Bamler (2022), Understanding Entropy Coding With Asymmetric Numeral Systems (constriction).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import constriction
import numpy as np
from numpy.typing import NDArray

from coinfer.codecs.entropy import WORD_BYTES
from coinfer.models.contexts import Contexts, planes_of, stream_of

SPARE_WORDS = 4
"""Appended to a stream on decoding, so that the decoder never reads beyond its end before it disagrees."""

STATE_BYTES = 8
"""The encoder's interval is one of 64-bit numbers, behind the words that are done."""

WORD = ">u4"
"""The most significant byte first, so that a prefix of the bytes is one of the number."""


class ContextTables:
    """A distribution of symbols for each context of each channel.

    Args:
        contexts: what contexts the symbols have.
        counts: `[channels, contexts, symbols]` positive integers; the distribution is counts / sum.
        smallest: the first of the symbols.
    """

    def __init__(self, contexts: Contexts, counts: NDArray[np.integer], smallest: int) -> None:
        if counts.ndim != 3 or counts.min() < 1:
            raise ValueError(
                f"counts: expected [channels, contexts, symbols] integers of at least 1, got {counts.shape}"
            )
        self._contexts, self._smallest = contexts, smallest
        self._counts = counts.astype(np.float64)
        self._family = constriction.stream.model.Categorical(perfect=False)

    def encode(self, symbols: NDArray[np.int32]) -> bytes:
        """Codes `[channels, side, side]` symbols."""
        coder = constriction.stream.queue.RangeEncoder()
        coder.encode(self._places(symbols).ravel(), self._family, self._rows(symbols))
        return _shortest(coder)

    def decode(self, stream: bytes, side: int) -> NDArray[np.int32]:
        """Decodes `[channels, side, side]` symbols.

        A damaged stream gives wrong symbols or a ValueError, never more than were asked for.

        Raises:
            ValueError: no message of these tables begins like this.
        """
        symbols, arrived = self._read([_decoder(stream, 0x00, spare_words=0)], side)
        if arrived < symbols.size:
            raise ValueError("not a stream of these tables")
        return symbols

    def decode_beginning(self, stream: bytes, side: int) -> tuple[NDArray[np.int32], int]:
        """Decodes the symbols that a stream that was cut still holds.

        Args:
            stream: the beginning of what `encode` gave.
            side: of the grid.

        Returns:
            `[channels, side, side]` symbols, zero where they did not arrive, and how many did.
        """
        return self._read([_decoder(stream, padding, SPARE_WORDS) for padding in (0x00, 0xFF)], side)

    def ideal_bits(self, symbols: NDArray[np.int32], count: int | None = None) -> float:
        """Information of (the first `count` of) `[channels, side, side]` symbols in bits."""
        rows = self._rows(symbols)
        seen = np.take_along_axis(rows, self._places(symbols).reshape(-1, 1).astype(np.intp), axis=1)[:, 0]
        return float(-np.log2(seen / rows.sum(1))[:count].sum())

    def _places(self, symbols: NDArray[np.int32]) -> NDArray[np.int32]:
        """`[channels, side * side]` indices into the tables, in the order of the stream."""
        return stream_of(symbols.shape[-1]).of(symbols - self._smallest).astype(np.int32)

    def _rows(self, symbols: NDArray[np.int32]) -> NDArray[np.float64]:
        """`[channels * side * side, symbols]` counts in each symbol's context, in the order of the stream."""
        contexts = self._contexts.all(symbols)
        rows: NDArray[np.float64] = self._counts[np.arange(len(contexts))[:, None], contexts]
        return rows.reshape(-1, rows.shape[-1])

    def _read(self, coders: Sequence[Any], side: int) -> tuple[NDArray[np.int32], int]:
        """Decodes as long as all decoders agree: `[channels, side, side]` symbols, and how many they are."""
        order, channels = stream_of(side), len(self._counts)
        values = np.zeros((channels, side**2), dtype=np.int32)
        planes, arrived = planes_of(values), 0
        for channel, phase in np.ndindex(channels, len(order.phases)):
            span = order.phases[phase]
            (context,) = self._contexts.of(planes, order, phase, slice(channel, channel + 1))
            rows = self._counts[channel][context]
            found = _agreed([_some(coder, self._family, rows) for coder in coders]) + self._smallest
            values[channel, span][: len(found)] = found
            arrived += len(found)
            if len(found) < len(rows):
                break
            planes[1 + channel, span], planes[1 + channels + channel, span] = found, np.abs(found)
        symbols = np.empty_like(values)
        symbols[:, order.order] = values
        return symbols.reshape(channels, side, side), arrived


def _shortest(coder: Any) -> bytes:
    """The fewest bytes that lie in the encoder's interval, zeros behind them."""
    words: NDArray[np.uint32] = coder.get_compressed()
    done, (lowest, width) = coder.pos()
    stream: bytes = words.astype(WORD).tobytes()
    for count in range(STATE_BYTES + 1):
        unit = 1 << 8 * (STATE_BYTES - count)
        last = -(-lowest // unit)
        if last * unit < min(lowest + width, 1 << 8 * STATE_BYTES):
            stream = words[:done].astype(WORD).tobytes() + last.to_bytes(count, "big")
            break  # Else a carry would change words that are done.
    return stream.rstrip(b"\0")


def _decoder(stream: bytes, padding: int, spare_words: int) -> Any:
    """A decoder of a stream that goes on with one byte to the word's end and for some words."""
    padded = stream + bytes([padding]) * (-len(stream) % WORD_BYTES + spare_words * WORD_BYTES)
    return constriction.stream.queue.RangeDecoder(np.frombuffer(padded, dtype=WORD).astype(np.uint32))


def _some(coder: Any, family: Any, rows: NDArray[np.float64]) -> NDArray[np.int32]:
    """Decodes a symbol a row, as many as the decoder takes; beyond the end of a stream there may be none."""
    start = coder.clone()
    try:
        symbols: NDArray[np.int32] = coder.decode(family, rows)
        return symbols
    except AssertionError:
        one_by_one: list[int] = []
        for row in rows:
            try:
                one_by_one += start.decode(family, row[None]).tolist()
            except AssertionError:
                break
        return np.array(one_by_one, dtype=np.int32)


def _agreed(readings: Sequence[NDArray[np.int32]]) -> NDArray[np.int32]:
    """The beginning that all readings share."""
    first = readings[0][: min(len(reading) for reading in readings)]
    differ = np.zeros(len(first), dtype=bool)
    for reading in readings[1:]:
        differ |= reading[: len(first)] != first
    return first[: int(differ.argmax()) if differ.any() else len(first)]
