import numpy as np
import pytest
from numpy.typing import NDArray

from coinfer.codecs.prefix import ContextTables
from coinfer.models.contexts import Contexts, fitted, stream_of

CHANNELS, SIDE = 12, 7
ALPHABET = range(-7, 8)


def drawn(seed: int, images: int = 1) -> NDArray[np.int32]:
    """Symbols that resemble those of the channel before; some channels coarse, some fine."""
    rng = np.random.default_rng(seed)
    fine = np.random.default_rng(0).uniform(0.2, 2.0, (CHANNELS, 1, 1))
    values = np.cumsum(rng.normal(size=(images, CHANNELS, SIDE, SIDE)), axis=1) * fine / 2
    return np.clip(np.round(values), -7, 7).astype(np.int32)


@pytest.fixture(scope="module")
def tables() -> ContextTables:
    symbols = drawn(100, images=300)
    contexts = fitted(symbols)
    return ContextTables(contexts, contexts.counts(symbols, ALPHABET), ALPHABET.start)


@pytest.mark.parametrize("seed", range(5))
def test_every_prefix_decodes_to_the_beginning(tables: ContextTables, seed: int) -> None:
    symbols = drawn(seed)[0]
    stream, in_order = tables.encode(symbols), stream_of(SIDE).of(symbols).ravel()
    counts = []
    for size in range(len(stream) + 1):
        found, count = tables.decode_beginning(stream[:size], SIDE)
        flat = stream_of(SIDE).of(found).ravel()
        np.testing.assert_array_equal(flat[:count], in_order[:count])
        assert not flat[count:].any()
        counts.append(count)
    assert counts == sorted(counts)
    np.testing.assert_array_equal(tables.decode(stream, SIDE), symbols)


@pytest.mark.parametrize("seed", range(5))
def test_a_prefix_holds_the_symbols_whose_information_it_has(tables: ContextTables, seed: int) -> None:
    """No more than its bits, and but for 3 bytes no less."""
    symbols = drawn(seed)[0]
    stream = tables.encode(symbols)
    for size in range(3, len(stream), 7):
        _, count = tables.decode_beginning(stream[:size], SIDE)
        assert tables.ideal_bits(symbols, count) <= 8 * size
        assert tables.ideal_bits(symbols, count + 2) >= 8 * (size - 3)


@pytest.mark.parametrize("seed", range(5))
def test_length_is_the_information(tables: ContextTables, seed: int) -> None:
    """To a byte: what lies behind the last byte counts as zeros, so it may even be a little shorter."""
    for symbols in drawn(seed, images=20):
        beyond = len(tables.encode(symbols)) - tables.ideal_bits(symbols) / 8
        assert -3 < beyond < 1.01


def test_golden_stream() -> None:
    """A change of these bytes is a BREAKING change."""
    weights = np.zeros(Contexts.weights_shape(2), dtype=np.int16)
    weights[:, 1, :, 1] = 1024
    weights[3, 0, 1, -4:] = 256
    limits = np.tile(np.array([-1000, 0, 500, 1000], dtype=np.int32), (2, 2, 1))
    counts = 1 + np.arange(2 * 25 * 3).reshape(2, 25, 3) ** 2 % 37
    tables = ContextTables(Contexts(weights, limits), counts, -1)
    symbols = np.array(
        [[[1, 0, -1], [1, 1, 0], [0, -1, 1]], [[0, 0, 1], [-1, 1, 0], [1, 0, 0]]], dtype=np.int32
    )
    assert tables.encode(symbols).hex() == GOLDEN
    np.testing.assert_array_equal(tables.decode(bytes.fromhex(GOLDEN), 3), symbols)


GOLDEN = "b916353d"


def test_hostile_bytes_end_soon(tables: ContextTables) -> None:
    rng = np.random.default_rng(0)
    for length in [0, 1, 2, 3, 4, 5, 50, 5000] * 5:
        found, count = tables.decode_beginning(rng.bytes(length), SIDE)
        assert found.shape == (CHANNELS, SIDE, SIDE)
        assert 0 <= count <= found.size
        assert ALPHABET.start <= found.min() <= found.max() < ALPHABET.stop


def test_counts_must_be_positive_and_by_context() -> None:
    with pytest.raises(ValueError, match=r"expected \[channels, contexts, symbols\] integers of at least 1"):
        ContextTables(fitted(drawn(0)), np.zeros((CHANNELS, 25, 15), dtype=np.int32), -7)
