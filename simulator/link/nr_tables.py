"""The modulation and coding schemes of 5G NR."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mcs:
    """A modulation and coding scheme.

    Args:
        bits_per_symbol: Q_m, the coded bits that a symbol carries: 2 (QPSK), 4, 6 or 8 (256-QAM).
        code_rate: R, the information bits in a coded bit.
    """

    bits_per_symbol: int
    code_rate: float

    @property
    def efficiency(self) -> float:
        """Q_m R, the information bits that a symbol carries."""
        return self.bits_per_symbol * self.code_rate


# R x 1024 by Q_m, in the order of the index.
_RATES_1024: dict[int, dict[int, tuple[float, ...]]] = {
    1: {
        2: (120, 157, 193, 251, 308, 379, 449, 526, 602, 679),
        4: (340, 378, 434, 490, 553, 616, 658),
        6: (438, 466, 517, 567, 616, 666, 719, 772, 822, 873, 910, 948),
    },
    2: {
        2: (120, 193, 308, 449, 602),
        4: (378, 434, 490, 553, 616, 658),
        6: (466, 517, 567, 616, 666, 719, 772, 822, 873),
        8: (682.5, 711, 754, 797, 841, 885, 916.5, 948),
    },
}


def mcs_table(number: int) -> tuple[Mcs, ...]:
    """List the schemes of an MCS index table, by index, without its reserved entries.

    Args:
        number: 1 (up to 64-QAM, 29 schemes) or 2 (up to 256-QAM, 28 schemes).

    Raises:
        ValueError: If there is no such table.

    References:
        3GPP TS 38.214, Tables 5.1.3.1-1 and 5.1.3.1-2.

    Examples:
        >>> mcs_table(2)[20]
        Mcs(bits_per_symbol=8, code_rate=0.66650390625)
    """
    if number not in _RATES_1024:
        raise ValueError(f"there is no MCS table {number}: choose 1 (up to 64-QAM) or 2 (up to 256-QAM)")
    return tuple(
        Mcs(bits_per_symbol, rate_1024 / 1024.0)
        for bits_per_symbol, rates_1024 in _RATES_1024[number].items()
        for rate_1024 in rates_1024
    )
