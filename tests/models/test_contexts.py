import numpy as np
import pytest
from numpy.typing import NDArray

from coinfer.models.contexts import (
    CONTEXTS,
    CORNERS,
    KNOWN_AROUND,
    LARGEST_WEIGHT,
    ONE,
    PHASES,
    SIDES,
    Contexts,
    fitted,
    planes_of,
    stream_of,
)

CHANNELS = 4
ALPHABET = range(-7, 8)


def alike(images: int, side: int = 8, seed: int = 0) -> NDArray[np.int16]:
    """Symbols that resemble their neighbours, and from channel to channel each other."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(images, CHANNELS, side + 1, side + 1))
    noise[:, 1:] += noise[:, :-1]
    smooth = noise[..., 1:, 1:] + noise[..., :-1, 1:] + noise[..., 1:, :-1] + noise[..., :-1, :-1]
    return np.clip(np.round(smooth), -7, 7).astype(np.int16)


@pytest.fixture(scope="module")
def contexts() -> Contexts:
    return fitted(alike(200))


def test_the_order_of_the_stream() -> None:
    """Every other row and column, the places diagonal to these, the rest."""
    stream = stream_of(4)
    assert stream.order.tolist() == [0, 2, 8, 10, 5, 7, 13, 15, 1, 3, 9, 11, 4, 6, 12, 14]
    assert stream_of(3).order.tolist() == [0, 2, 6, 8, 4, 1, 7, 3, 5]
    assert [(span.start, span.stop) for span in stream_of(3).phases] == [(0, 4), (4, 5), (5, 7), (7, 9)]
    assert stream_of(1).order.tolist() == [0]


@pytest.mark.parametrize("side", [3, 8])
def test_predictions_are_sums_of_what_is_known(contexts: Contexts, side: int) -> None:
    """Against the definition, place by place."""
    symbols = alike(1, side, seed=1)[0].astype(int)
    stream = stream_of(side)
    planes = planes_of(stream.of(symbols))
    known = np.zeros((side, side), dtype=bool)
    for phase, (span, (first_row, first_column)) in enumerate(zip(stream.phases, PHASES, strict=True)):
        found = contexts._predicted(planes, stream, phase, slice(None))
        for place, flat in enumerate(stream.order[span]):
            row, column = divmod(int(flat), side)
            assert (row % 2, column % 2) == (first_row, first_column)
            for channel in range(CHANNELS):
                features = np.zeros(1 + 2 * CHANNELS + 4, dtype=int)
                features[0] = 1
                features[1 : 1 + channel] = symbols[:channel, row, column]
                features[1 + CHANNELS : 1 + CHANNELS + channel] = np.abs(symbols[:channel, row, column])
                for number, where in ((0, SIDES), (2, CORNERS)):
                    if number in KNOWN_AROUND[phase]:
                        near = [(row + down, column + right) for down, right in where]
                        inside = [(r, c) for r, c in near if 0 <= r < side and 0 <= c < side]
                        assert all(known[r, c] for r, c in inside)
                        there = [symbols[channel, r, c] for r, c in inside]
                        features[1 + 2 * CHANNELS + number] = sum(there)
                        features[2 + 2 * CHANNELS + number] = np.abs(there).sum()
                expected = contexts.weights[phase, channel].astype(int) @ features
                assert found[channel, :, place].tolist() == expected.tolist()
        known[first_row::2, first_column::2] = True


def test_what_comes_later_does_not_matter(contexts: Contexts) -> None:
    """Else a decoder could not know the context of a symbol."""
    symbols, other = alike(2, seed=2)
    stream = stream_of(8)
    whole = contexts.all(symbols)
    for channel in range(CHANNELS):
        for span in stream.phases:
            mixed = np.concatenate([stream.of(symbols)[:channel], stream.of(other)[channel:]])
            mixed[channel, : span.start] = stream.of(symbols)[channel, : span.start]
            back = np.empty_like(mixed)
            back[:, stream.order] = mixed
            found = contexts.all(back.reshape(CHANNELS, 8, 8))
            np.testing.assert_array_equal(
                found[: channel + 1, : span.stop], whole[: channel + 1, : span.stop]
            )


def test_a_batch_is_its_images(contexts: Contexts) -> None:
    symbols = alike(3, seed=3)
    assert contexts.all(symbols).shape == (3, CHANNELS, 64)
    np.testing.assert_array_equal(contexts.all(symbols)[1], contexts.all(symbols[1]))


def test_sums_stay_exact_in_float32(contexts: Contexts) -> None:
    """The largest symbols under the largest weights of 48 channels."""
    assert np.abs(contexts.weights).max() <= LARGEST_WEIGHT * ONE
    assert LARGEST_WEIGHT * ONE * (1 + 2 * 48 * 7 + 4 * 4 * 7) < 2**24


def test_contexts_shorten_what_is_alike_and_leave_what_is_not() -> None:
    def bits(symbols: NDArray[np.int16], fresh: NDArray[np.int16]) -> tuple[float, float]:
        contexts = fitted(symbols)
        counts = contexts.counts(symbols, ALPHABET)
        assert counts.shape == (CHANNELS, CONTEXTS, len(ALPHABET))
        assert counts.min() >= 1
        places = stream_of(8).of(fresh) - ALPHABET.start
        channel = np.arange(CHANNELS)[:, None]
        own = counts.sum(1)
        in_context = (
            counts[channel, contexts.all(fresh), places] / counts.sum(2)[channel, contexts.all(fresh)]
        )
        by_channel = own[channel, places] / own.sum(1)[:, None]
        means = contexts.bits(fresh, counts, ALPHABET)
        np.testing.assert_allclose(means, -np.log2(in_context).mean((0, 2)))
        return float(means.mean()), float(-np.log2(by_channel).mean())

    with_contexts, without = bits(alike(400), alike(100, seed=9))
    assert with_contexts < 0.9 * without
    rng = np.random.default_rng(0)
    drawn = rng.integers(-3, 4, (500, CHANNELS, 8, 8)).astype(np.int16)
    with_contexts, without = bits(drawn[:400], drawn[400:])
    assert with_contexts == pytest.approx(without, rel=0.02)
