"""The transport block of 5G NR: how many bits a slot carries, and the code blocks they are cut into."""

from bisect import bisect_left
from dataclasses import dataclass
from math import ceil, floor, frexp

from coinfer.simulator.link.nr_tables import Mcs

_SUBCARRIERS = 12
_MOST_ELEMENTS = 156
_LONGEST_CODE_BLOCK_BITS = 8448
_LONGEST_SMALL_CODE_BLOCK_BITS = 3840
_LARGEST_TABLED_BITS = 3824
_CODE_BLOCK_CRC_BITS = 24

# fmt: off
# TS 38.214, Table 5.1.3.2-1.
_TABLED_BITS = (
    *range(24, 193, 8), *range(208, 385, 16), *range(408, 553, 24), *range(576, 769, 32),
    808, 848, 888, 928, 984, 1032, 1064, *range(1128, 1353, 32), *range(1416, 1929, 64),
    *range(2024, 2281, 64), *range(2408, 2857, 64), 2976, 3104, 3240, 3368, 3496, 3624, 3752, 3824,
)
# fmt: on


def transport_block_bits(
    prbs: int, mcs: Mcs, symbols: int = 14, dmrs_re: int = 12, layers: int = 1, overhead_re: int = 0
) -> int:
    """Give the size of the transport block that a slot carries.

    By default a slot has 14 symbols, and one of them carries reference signals in place of data (12 resource
    elements in each resource block), so that 156 of 168 elements carry data.

    Args:
        prbs: The physical resource blocks of the allocation.
        mcs: The modulation and coding scheme.
        symbols: The OFDM symbols of the allocation, 1 to 14.
        dmrs_re: The resource elements in a PRB that demodulation reference signals take.
        layers: The spatial layers, 1 to 4.
        overhead_re: The resource elements in a PRB that are taken off for other signals.

    Returns:
        The transport block size in bits, without its CRC.

    Raises:
        ValueError: If an argument is out of its range, or no resource element is left for data.

    References:
        3GPP TS 38.214, section 5.1.3.2, to which 6.1.4.2 sends the uplink.

    Examples:
        >>> from coinfer.simulator.link.nr_tables import mcs_table
        >>> transport_block_bits(51, mcs_table(1)[28])
        44040
    """
    if prbs < 1:
        raise ValueError(f"a transport block needs at least 1 resource block, got {prbs}")
    if not 1 <= symbols <= 14:
        raise ValueError(f"a slot has 1 to 14 symbols, got {symbols}")
    if not 1 <= layers <= 4:
        raise ValueError(f"a transport block has 1 to 4 layers, got {layers}")
    elements = _data_elements(symbols, dmrs_re, overhead_re)
    return _quantise(elements * prbs * mcs.efficiency * layers, mcs.code_rate)


def _data_elements(symbols: int, dmrs_re: int, overhead_re: int) -> int:
    """Count the resource elements of a resource block that carry data: step 1 of the standard."""
    if dmrs_re < 0 or overhead_re < 0:
        raise ValueError(f"overhead cannot be negative, got {dmrs_re} and {overhead_re} resource elements")
    elements = min(_MOST_ELEMENTS, _SUBCARRIERS * symbols - dmrs_re - overhead_re)
    if elements < 1:
        raise ValueError(f"{symbols} symbols less {dmrs_re} and {overhead_re} elements leave none for data")
    return elements


def _quantise(information_bits: float, code_rate: float) -> int:
    """Turn N_info into a transport block size: steps 3 and 4 of the standard."""
    if information_bits <= _LARGEST_TABLED_BITS:
        step = 1 << max(3, _floor_log2(information_bits) - 6)
        whole_bits = step * floor(information_bits / step)
        return int(_TABLED_BITS[bisect_left(_TABLED_BITS, max(24, whole_bits))])
    step = 1 << (_floor_log2(information_bits - 24.0) - 5)
    # Ties go up, other than in Python's round().
    rounded_bits = max(3840, step * floor((information_bits - 24.0) / step + 0.5))
    blocks = _code_blocks(rounded_bits + 24, code_rate)
    return 8 * blocks * ceil((rounded_bits + 24) / (8 * blocks)) - 24


def _floor_log2(value: float) -> int:
    # Exact, where the logarithm of a power of 2 might be rounded down.
    return frexp(value)[1] - 1


def _code_blocks(bits: int, code_rate: float) -> int:
    """Count the code blocks of a transport block of so many bits, its own CRC included."""
    longest_bits = _LONGEST_SMALL_CODE_BLOCK_BITS if code_rate <= 0.25 else _LONGEST_CODE_BLOCK_BITS
    return 1 if bits <= longest_bits else ceil(bits / (longest_bits - _CODE_BLOCK_CRC_BITS))


@dataclass(frozen=True)
class Segmentation:
    """How a transport block is cut into code blocks of equal size.

    A code block has at most 8448 bits, and at most 3840 at code rates up to 1/4 (LDPC base graph 2).

    Args:
        blocks: How many code blocks.
        block_bits: The bits that enter the encoder for each of them, all CRCs included.

    References:
        3GPP TS 38.212, sections 5.2.2, 6.2.1 and 6.2.2.
    """

    blocks: int
    block_bits: int

    @classmethod
    def of(cls, transport_block_bits: int, code_rate: float) -> "Segmentation":
        """Cut a transport block.

        Args:
            transport_block_bits: Its size in bits, without its CRC of 16 bits (up to 3824 bits) or 24.
            code_rate: The code rate R.

        Raises:
            ValueError: If the block has no bit, or the rate is not between 0 and 1.

        Examples:
            >>> Segmentation.of(44040, 948 / 1024)
            Segmentation(blocks=6, block_bits=7368)
        """
        if transport_block_bits < 1:
            raise ValueError(f"a transport block has at least 1 bit, got {transport_block_bits}")
        if not 0.0 < code_rate < 1.0:
            raise ValueError(f"a code rate lies between 0 and 1, got {code_rate}")
        bits = transport_block_bits + (16 if transport_block_bits <= _LARGEST_TABLED_BITS else 24)
        blocks = _code_blocks(bits, code_rate)
        if blocks == 1:
            return cls(1, bits)
        return cls(blocks, ceil(bits / blocks) + _CODE_BLOCK_CRC_BITS)
