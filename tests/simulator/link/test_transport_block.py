from itertools import pairwise

import pytest

from coinfer.simulator.link.nr_tables import Mcs, mcs_table
from coinfer.simulator.link.transport_block import _TABLED_BITS, Segmentation, transport_block_bits

SCHEMES = sorted({*mcs_table(1), *mcs_table(2)}, key=lambda mcs: (mcs.efficiency, mcs.bits_per_symbol))


def test_the_size_table_is_the_published_one():
    # The first and last entries of the columns of TS 38.214, Table 5.1.3.2-1, and the sum of all 93.
    assert len(_TABLED_BITS) == 93
    ends_bits = [_TABLED_BITS[index - 1] for index in (1, 30, 31, 60, 61, 90, 91, 93)]
    assert ends_bits == [24, 320, 336, 1256, 1288, 3496, 3624, 3824]
    assert sum(_TABLED_BITS) == 104_712


@pytest.mark.parametrize(
    ("prbs", "bits_per_symbol", "rate", "dmrs_re", "overhead_re", "layers", "size_bits"),
    [
        # Computed with MATLAB's 5G Toolbox for the unit test of srsRAN's scheduler; 12 symbols.
        (6, 2, 0.1, 6, 0, 1, 160),
        (6, 2, 0.1, 36, 12, 1, 112),
        (11, 2, 0.9, 6, 0, 1, 2728),
        (11, 2, 0.9, 6, 0, 4, 11016),
        (11, 2, 0.9, 36, 0, 4, 8456),
        (11, 4, 0.1, 6, 0, 4, 2408),
        (11, 4, 0.9, 36, 12, 1, 3824),
        (11, 4, 0.9, 36, 0, 1, 4224),
        (11, 6, 0.1, 6, 0, 4, 3624),
        (11, 6, 0.9, 6, 0, 4, 32776),
        (11, 8, 0.1, 6, 0, 4, 4872),
        (11, 8, 0.9, 6, 0, 4, 44040),
        (11, 8, 0.9, 36, 12, 4, 30216),
    ],
)
def test_published_sizes(prbs, bits_per_symbol, rate, dmrs_re, overhead_re, layers, size_bits):
    mcs = Mcs(bits_per_symbol, rate)
    assert transport_block_bits(prbs, mcs, 12, dmrs_re, layers, overhead_re) == size_bits


def test_the_largest_block_of_nr():
    # 156 x 273 x 4 x 8 x 948/1024 = 1 261 669.5 bits, in steps of 2^15 and 152 code blocks.
    assert transport_block_bits(273, mcs_table(2)[27], layers=4) == 1_277_992


def test_at_most_156_elements_of_a_resource_block_count():
    mcs = mcs_table(1)[20]
    assert transport_block_bits(51, mcs, dmrs_re=0) == transport_block_bits(51, mcs, dmrs_re=12)


@pytest.mark.parametrize("mcs", SCHEMES)
def test_sizes_never_fall_with_the_allocation(mcs):
    sizes_bits = [transport_block_bits(prbs, mcs) for prbs in range(1, 276)]
    assert all(size_bits <= next_bits for size_bits, next_bits in pairwise(sizes_bits))
    assert sizes_bits[-1] == pytest.approx(275 * 156 * mcs.efficiency, rel=0.03)


@pytest.mark.parametrize("mcs", SCHEMES)
def test_code_blocks_hold_the_transport_block_exactly(mcs):
    for prbs in range(1, 276):
        size_bits = transport_block_bits(prbs, mcs)
        cut = Segmentation.of(size_bits, mcs.code_rate)
        crc_bits = 24 if cut.blocks > 1 else 0
        assert cut.blocks * (cut.block_bits - crc_bits) == size_bits + (24 if size_bits > 3824 else 16)
        longest_bits = 3840 if mcs.code_rate <= 0.25 else 8448
        assert cut.block_bits <= longest_bits
        assert cut.blocks == 1 or (cut.blocks - 1) * (longest_bits - 24) < size_bits + 24


def test_the_limit_of_one_code_block():
    assert Segmentation.of(8424, 0.5) == Segmentation(1, 8448)
    assert Segmentation.of(8425, 0.5) == Segmentation(2, 4249)
    assert Segmentation.of(3824, 0.2) == Segmentation(1, 3840)
    assert Segmentation.of(3825, 0.2) == Segmentation(2, 1949)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"prbs": 0}, "at least 1 resource block, got 0"),
        ({"symbols": 15}, "1 to 14 symbols, got 15"),
        ({"layers": 5}, "1 to 4 layers, got 5"),
        ({"dmrs_re": -1}, "cannot be negative, got -1"),
        ({"symbols": 1, "dmrs_re": 12}, "leave none for data"),
    ],
)
def test_impossible_allocations_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        transport_block_bits(**{"prbs": 1, "mcs": mcs_table(1)[0], **settings})


def test_impossible_segmentations_are_refused():
    with pytest.raises(ValueError, match="at least 1 bit, got 0"):
        Segmentation.of(0, 0.5)
    with pytest.raises(ValueError, match=r"between 0 and 1, got 1\.5"):
        Segmentation.of(100, 1.5)
