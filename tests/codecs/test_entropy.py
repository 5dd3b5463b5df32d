import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from coinfer.codecs.entropy import WORD_BYTES, ChannelTables

GOLDEN_COUNTS = np.array(
    [[1 + (7 * symbol + 3 * channel) % 11 for symbol in range(6)] for channel in range(3)]
)
GOLDEN_SYMBOLS = np.array([[(channel + place * place) % 6 for place in range(12)] for channel in range(3)])
GOLDEN_HEX = "180eb201226b6905788e393f"


def random_counts(rng: np.random.Generator) -> NDArray[np.int64]:
    """Tables from flat to very peaked, as training leaves them: many ones and a few large numbers."""
    channels, symbols = int(rng.integers(1, 12)), int(rng.integers(2, 257))
    shares = rng.dirichlet(np.full(symbols, 10.0 ** rng.uniform(-2, 1)), channels)
    return 1 + np.floor(10.0 ** rng.uniform(2, 6) * shares).astype(np.int64)


def random_symbols(counts: NDArray[np.int64], length: int, rng: np.random.Generator) -> NDArray[np.int32]:
    rows = [rng.choice(counts.shape[1], length, p=row / row.sum()) for row in counts]
    return np.array(rows, dtype=np.int32)


@pytest.mark.parametrize("seed", range(40))
def test_round_trip_close_to_the_ideal_length(seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts, length = random_counts(rng), int(rng.integers(1, 900))
    symbols, tables = random_symbols(counts, length, rng), ChannelTables(counts)
    stream = tables.encode(symbols)
    np.testing.assert_array_equal(tables.decode(stream, length), symbols)
    assert len(stream) <= 1.01 * tables.ideal_bits(symbols) / 8 + WORD_BYTES


def test_the_end_of_a_stream_costs_two_bytes_on_average() -> None:
    excess_bytes = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        counts = random_counts(rng)
        symbols, tables = random_symbols(counts, 20, rng), ChannelTables(counts)
        excess_bytes.append(len(tables.encode(symbols)) - tables.ideal_bits(symbols) / 8)
    assert np.mean(excess_bytes) < 2.5


@pytest.mark.parametrize("seed", range(10))
def test_improbable_symbols_survive(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tables = ChannelTables(random_counts(rng))
    symbols = rng.integers(0, tables.symbols, (len(tables._models), 200), dtype=np.int32)
    np.testing.assert_array_equal(tables.decode(tables.encode(symbols), 200), symbols)


def test_ideal_length_is_the_information_of_the_symbols() -> None:
    tables = ChannelTables(np.array([[1, 1, 2], [7, 1, 8]]))
    assert tables.ideal_bits(np.array([[0, 1, 2], [2, 1, 2]])) == pytest.approx((2 + 2 + 1) + (1 + 4 + 1))


def test_maps_are_coded_channel_after_channel() -> None:
    rng = np.random.default_rng(0)
    tables = ChannelTables(random_counts(rng))
    flat = rng.integers(0, tables.symbols, (len(tables._models), 64), dtype=np.int32)
    assert tables.encode(flat.reshape(-1, 8, 8)) == tables.encode(flat)


def test_same_bytes_twice() -> None:
    counts = random_counts(np.random.default_rng(5))
    symbols = random_symbols(counts, 300, np.random.default_rng(6))
    assert ChannelTables(counts).encode(symbols) == ChannelTables(counts.copy()).encode(symbols.copy())


def test_golden_stream() -> None:
    tables = ChannelTables(GOLDEN_COUNTS)
    assert tables.encode(GOLDEN_SYMBOLS.astype(np.int32)).hex() == GOLDEN_HEX
    np.testing.assert_array_equal(tables.decode(bytes.fromhex(GOLDEN_HEX), 12), GOLDEN_SYMBOLS)


def test_lost_zero_bytes_at_the_end_are_put_back() -> None:
    tables = ChannelTables(np.array([[1000, 1]]))
    stream = tables.encode(np.zeros((1, 50), dtype=np.int32))
    assert len(stream) <= 1
    np.testing.assert_array_equal(tables.decode(stream, 50), np.zeros((1, 50)))


@pytest.mark.parametrize("seed", range(6))
def test_hostile_bytes_give_symbols_of_the_table_or_an_error(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tables, refusals = ChannelTables(random_counts(rng)), set()
    for length in (0, 1, 2, 3, 4, 5, 17, 200, 3000):
        for stream in (rng.bytes(length), bytes(length), b"\xff" * length):
            try:
                rows = tables.decode(stream, 100)
            except ValueError as error:
                refusals.add(str(error).partition(" (")[0])
            else:
                assert rows.shape == (len(tables._models), 100)
                assert rows.min() >= 0
                assert rows.max() < tables.symbols
    assert refusals <= {"not a stream of these tables"}


def test_memory_is_bounded_by_the_symbols_asked_for() -> None:
    tables = ChannelTables(random_counts(np.random.default_rng(1)))
    tracemalloc.start()
    tables.decode(bytes(100), 1000)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 64 * len(tables._models) * 1000


@pytest.mark.parametrize("counts", [[[1, 0]], [[1, -1]], [1, 1], [[[1, 1]]]])
def test_counts_must_be_positive_and_two_dimensional(counts: list[object]) -> None:
    with pytest.raises(
        ValueError, match=r"^counts: expected \[channels, symbols\] integers of at least 1, got"
    ):
        ChannelTables(np.array(counts))
