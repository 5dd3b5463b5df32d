import numpy as np
import pytest
from numpy.typing import NDArray

from coinfer.codecs.prefix import PrefixTables

CHANNELS, LEVELS, PLACES = 12, 15, 49


def counts_of(seed: int) -> NDArray[np.int64]:
    steepness = np.random.default_rng(seed).uniform(0.1, 3.0, CHANNELS)
    return 1 + (5000 * np.exp(-np.abs(np.arange(LEVELS) - 7) * steepness[:, None])).astype(np.int64)


def drawn(counts: NDArray[np.int64], seed: int) -> NDArray[np.int32]:
    rng = np.random.default_rng(seed)
    rows = [rng.choice(LEVELS, PLACES, p=row / row.sum()) for row in counts]
    return np.stack(rows).astype(np.int32)


@pytest.mark.parametrize("seed", range(5))
def test_every_prefix_decodes_to_the_beginning(seed: int) -> None:
    counts = counts_of(seed)
    tables, symbols = PrefixTables(counts), drawn(counts, seed)
    stream = tables.encode(symbols)
    lengths = []
    for size in range(len(stream) + 1):
        found = tables.decode_beginning(stream[:size], PLACES)
        np.testing.assert_array_equal(found, symbols.ravel()[: len(found)])
        lengths.append(len(found))
    assert lengths == sorted(lengths)
    np.testing.assert_array_equal(tables.decode(stream, PLACES), symbols)


@pytest.mark.parametrize("seed", range(5))
def test_a_prefix_holds_the_symbols_whose_information_it_has(seed: int) -> None:
    """No more than its bits, and but for 3 bytes no less."""
    counts = counts_of(seed)
    tables, symbols = PrefixTables(counts), drawn(counts, seed)
    stream = tables.encode(symbols)
    for size in range(3, len(stream), 7):
        found = len(tables.decode_beginning(stream[:size], PLACES))
        assert tables.ideal_bits(symbols, found) <= 8 * size
        assert tables.ideal_bits(symbols, found + 2) >= 8 * (size - 3)


@pytest.mark.parametrize("seed", range(5))
def test_length_is_the_information(seed: int) -> None:
    counts = counts_of(seed)
    tables, symbols = PrefixTables(counts), drawn(counts, seed)
    ideal = tables.ideal_bits(symbols, symbols.size) / 8
    assert ideal <= len(tables.encode(symbols)) <= 1.01 * ideal + 3


def test_golden_stream() -> None:
    """A change of these bytes is a BREAKING change."""
    tables = PrefixTables(np.array([[1, 8, 1], [100, 1, 1], [1, 1, 1]]))
    symbols = np.array([[1, 1, 0, 1], [0, 0, 0, 2], [2, 0, 1, 1]], dtype=np.int32)
    assert tables.encode(symbols).hex() == GOLDEN


GOLDEN = "3c090489"


def test_hostile_bytes_end_soon() -> None:
    rng = np.random.default_rng(0)
    tables = PrefixTables(counts_of(0))
    for length in [0, 1, 2, 3, 4, 5, 50, 5000] * 5:
        found = tables.decode_beginning(rng.bytes(length), PLACES)
        assert len(found) <= CHANNELS * PLACES
        assert not len(found) or 0 <= found.min() <= found.max() < LEVELS
