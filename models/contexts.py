"""What each symbol of a grid should be, judging by those before it in the stream: contexts for a range coder.

The stream holds channel after channel, and of each channel first every other row and column, then the places
diagonal to these, then the rest (`PHASES`). A symbol's value and size are predicted as weighted sums of the
symbols at its place in earlier channels and of its neighbours in its own, as far as they are known. Each
prediction falls into one of `LEVELS` ranges, both together are the symbol's context, and the coder has a
table for each context of each channel. Weights and limits are whole numbers and the sums small enough for
float32 to be exact, so that all machines agree on contexts.

References:
    He et al. (2021), Checkerboard Context Model for Efficient Learned Image Compression: phases.
    Minnen and Singh (2020), Channel-wise Autoregressive Entropy Models: earlier channels as context.
    Wu and Memon (1997), Context-Based, Adaptive, Lossless Image Coding: ranges of a prediction as contexts.
    Predicting with whole numbers: our own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

PHASES = ((0, 0), (1, 1), (0, 1), (1, 0))
"""First row and column of the places of a phase; each takes every other row and column from there."""

LEVELS = 5
"""Ranges of a prediction."""

CONTEXTS = LEVELS**2

ONE = 1024
"""Weights are whole multiples of 1 / ONE, and at most `LARGEST_WEIGHT`."""

LARGEST_WEIGHT = 4.0

PRIOR = 16
"""A channel's own distribution counts as much as this many symbols in each of its contexts."""

RIDGE = 1e-4
"""Pulls weights that hardly matter to zero."""

SIDES = ((-1, 0), (1, 0), (0, -1), (0, 1))
CORNERS = ((-1, -1), (-1, 1), (1, -1), (1, 1))
FOUR = np.ones(4, dtype=np.float32)
KNOWN_AROUND = ((), (2, 3), (0, 1), (0, 1, 2, 3))
"""Which sums of `around_of` are known in each phase."""


@dataclass(frozen=True)
class Stream:
    """The places of a channel in the order of the stream.

    Args:
        side: places along a side.
    """

    side: int

    @cached_property
    def order(self) -> NDArray[np.intp]:
        """`[side * side]` places, counted row by row, in the order of the stream."""
        places = np.arange(self.side**2).reshape(self.side, self.side)
        return np.concatenate([places[row::2, column::2].ravel() for row, column in PHASES])

    @cached_property
    def phases(self) -> list[slice]:
        """Where in the stream each phase lies."""
        ends = np.cumsum(
            [0] + [len(range(row, self.side, 2)) * len(range(column, self.side, 2)) for row, column in PHASES]
        )
        return [slice(*ends[phase : phase + 2]) for phase in range(len(PHASES))]

    @cached_property
    def around(self) -> NDArray[np.intp]:
        """`[2, places, 4]` where in the stream a place's sides and corners lie; `places` beyond the edge."""
        rank = np.full((self.side + 2, self.side + 2), self.side**2)
        rank[1:-1, 1:-1].flat[self.order] = np.arange(self.side**2)
        row, column = np.divmod(self.order, self.side)
        found = [
            [rank[1 + row + down, 1 + column + right] for down, right in kind] for kind in (SIDES, CORNERS)
        ]
        return np.moveaxis(np.array(found), 1, 2)

    def of(self, symbols: NDArray[np.integer]) -> NDArray[np.integer]:
        """`[..., side, side]` symbols to `[..., places]` in the order of the stream."""
        return symbols.reshape(*symbols.shape[:-2], -1)[..., self.order]


@cache
def stream_of(side: int) -> Stream:
    """The places of a channel with so many along a side."""
    return Stream(side)


@dataclass(frozen=True)
class Contexts:
    """How symbols are predicted.

    Args:
        weights: `weights_shape(channels)` whole numbers: for value and size, the weights of the
            planes (see `planes_of`) and of value and size at the sides and at the corners in the own channel.
        limits: `limits_shape(channels)` whole numbers between the ranges of each prediction, rising.
    """

    weights: NDArray[np.int16]
    limits: NDArray[np.int32]

    @staticmethod
    def weights_shape(channels: int) -> tuple[int, ...]:
        """`[phases, channels, value and size, planes and neighbours]`."""
        return len(PHASES), channels, 2, 1 + 2 * channels + 4

    @staticmethod
    def limits_shape(channels: int) -> tuple[int, ...]:
        """`[channels, value and size, limits]`."""
        return channels, 2, LEVELS - 1

    def of(
        self, planes: NDArray[np.float32], stream: Stream, phase: int, channels: slice = slice(None)
    ) -> NDArray[np.intp]:
        """Contexts of the symbols of one phase, of which only what comes before in the stream is looked at.

        Args:
            planes: as `planes_of` makes them.
            stream: their order.
            phase: index into `PHASES`.
            channels: which.

        Returns:
            `[..., channels, places of the phase]` in 0..CONTEXTS-1.
        """
        predicted = self._predicted(planes, stream, phase, channels)
        level = np.zeros(predicted.shape, dtype=np.intp)
        for limit in self._one_by_one:
            level += predicted > limit[channels]
        contexts: NDArray[np.intp] = level[..., 0, :] * LEVELS + level[..., 1, :]
        return contexts

    def all(self, symbols: NDArray[np.integer]) -> NDArray[np.intp]:
        """Contexts of `[..., channels, side, side]` symbols: `[..., channels, places]`, as in the stream."""
        stream = stream_of(symbols.shape[-1])
        planes = planes_of(stream.of(symbols))
        return np.concatenate([self.of(planes, stream, phase) for phase in range(len(PHASES))], axis=-1)

    def counts(self, symbols: NDArray[np.integer], alphabet: range) -> NDArray[np.int32]:
        """Counts `[images, channels, side, side]` symbols: `[channels, CONTEXTS, len(alphabet)]`."""
        contexts = self.all(symbols).swapaxes(0, 1)
        values = stream_of(symbols.shape[-1]).of(symbols).swapaxes(0, 1).astype(np.intp) - alphabet.start
        tables = []
        for context, value in zip(contexts, values, strict=True):
            seen = np.zeros((CONTEXTS, len(alphabet)))
            np.add.at(seen, (context.ravel(), value.ravel()), 1)
            own = (1 + seen.sum(0)) / (len(alphabet) + seen.sum())
            tables.append(np.ceil(seen + PRIOR * own))
        return np.stack(tables).astype(np.int32)

    def bits(
        self, symbols: NDArray[np.integer], counts: NDArray[np.integer], alphabet: range
    ) -> NDArray[np.float64]:
        """`[channels]` mean bits of `[images, channels, side, side]` symbols under tables of `counts`."""
        channel = np.arange(len(counts))[:, None]
        places = stream_of(symbols.shape[-1]).of(symbols).astype(np.intp) - alphabet.start
        shares = counts / counts.sum(-1, keepdims=True)
        means: NDArray[np.float64] = -np.log2(shares[channel, self.all(symbols), places]).mean((0, 2))
        return means

    def _predicted(
        self, planes: NDArray[np.float32], stream: Stream, phase: int, channels: slice
    ) -> NDArray[np.float32]:
        """`[..., channels, 2, places of the phase]` predicted value and size, times ONE."""
        earlier, own = (weights[channels] for weights in self._split_weights[phase])
        there: NDArray[np.float32] = (
            earlier.reshape(-1, earlier.shape[-1]) @ planes[..., stream.phases[phase]]
        )
        predicted = there.reshape(*there.shape[:-2], len(earlier), 2, -1)
        if KNOWN_AROUND[phase]:
            predicted += own @ around_of(planes, stream, phase, channels)
        return predicted

    @cached_property
    def _one_by_one(self) -> list[NDArray[np.float32]]:
        """`[channels, 2, 1]` each limit."""
        return [self.limits[..., limit, None].astype(np.float32) for limit in range(LEVELS - 1)]

    @cached_property
    def _split_weights(self) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """For each phase the weights of the planes and those of the neighbours."""
        weights = self.weights.astype(np.float32)
        return [(rows[..., :-4].copy(), rows[..., -4:].copy()) for rows in weights]


def fitted(symbols: NDArray[np.integer]) -> Contexts:
    """The predictions of `[images, channels, side, side]` symbols with the least squared error."""
    channels, stream = symbols.shape[1], stream_of(symbols.shape[-1])
    planes = planes_of(stream.of(symbols))
    weights = np.zeros(Contexts.weights_shape(channels), dtype=np.int16)
    for phase, known in enumerate(KNOWN_AROUND):
        there = planes[..., stream.phases[phase]]
        around = around_of(planes, stream, phase, slice(None))
        for channel in range(channels):
            earlier = [0, *range(1, 1 + channel), *range(1 + channels, 1 + channels + channel)]
            used = np.concatenate([there[:, earlier], around[:, channel, known]], axis=1)
            wanted = there[:, [1 + channel, 1 + channels + channel]]
            columns = [*earlier, *(1 + 2 * channels + number for number in known)]
            weights[phase, channel][:, columns] = _least_squares(_rows(used), _rows(wanted))
    unlimited = Contexts(weights, np.zeros(Contexts.limits_shape(channels), dtype=np.int32))
    predicted = [unlimited._predicted(planes, stream, phase, slice(None)) for phase in range(len(PHASES))]
    shares = np.arange(1, LEVELS) / LEVELS
    limits = np.quantile(np.concatenate(predicted, axis=-1), shares, axis=(0, -1))
    return Contexts(weights, np.floor(np.moveaxis(limits, 0, -1)).astype(np.int32))


def planes_of(symbols: NDArray[np.integer]) -> NDArray[np.float32]:
    """`[..., channels, places]` symbols to `[..., 1 + 2 * channels, places + 1]` planes: one, values, sizes.

    The last place is beyond the edge, with nothing there.
    """
    values = np.zeros((*symbols.shape[:-1], symbols.shape[-1] + 1), dtype=np.float32)
    values[..., :-1] = symbols
    return np.concatenate([np.ones_like(values[..., :1, :]), values, np.abs(values)], axis=-2)


def around_of(
    planes: NDArray[np.float32], stream: Stream, phase: int, channels: slice
) -> NDArray[np.float32]:
    """`[..., channels, 4, places of the phase]` value and size summed over the sides and over the corners."""
    count = planes.shape[-2] // 2
    both = planes[..., 1:, :].reshape(*planes.shape[:-2], 2, count, -1)[..., channels, :]
    around: NDArray[np.float32] = both.take(stream.around[:, stream.phases[phase]], axis=-1) @ FOUR
    by_channel = around.swapaxes(-4, -3).swapaxes(-3, -2)  # [..., channels, where, value or size, places]
    return by_channel.reshape(*by_channel.shape[:-3], 4, -1)


def _rows(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """`[images, planes, places]` to a row for each symbol."""
    return planes.swapaxes(1, 2).reshape(-1, planes.shape[1])


def _least_squares(used: NDArray[np.float32], wanted: NDArray[np.float32]) -> NDArray[np.int16]:
    """`[wanted, used]` weights times ONE, rounded."""
    gram = (used.T @ used).astype(np.float64) + RIDGE * len(used) * np.eye(used.shape[1])
    weights = np.linalg.solve(gram, (used.T @ wanted).astype(np.float64)).T
    whole: NDArray[np.int16] = np.round(np.clip(weights, -LARGEST_WEIGHT, LARGEST_WEIGHT) * ONE).astype(
        np.int16
    )
    return whole
