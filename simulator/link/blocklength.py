"""Coding at finite blocklength: what a code of n symbols achieves, and the errors of a transport block."""

from math import e, erfc, log2, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import special

from coinfer.simulator.link.nr_tables import Mcs
from coinfer.simulator.link.transport_block import Segmentation
from coinfer.simulator.units import db_to_linear

FloatArray = NDArray[np.float64]

SHANNON_GAP_DB = {2: 1.063, 4: 1.477, 6: 2.017, 8: 2.250}
"""What NR's LDPC codes and a QAM of Q_m bits a symbol need above the normal approximation, by Q_m."""

_LOG2_E = log2(e)


def dispersion(snr: FloatArray | float) -> FloatArray:
    """Give the channel dispersion V = g (g + 2) / (g + 1)^2 log2(e)^2 of the complex AWGN channel.

    Args:
        snr: Signal-to-noise ratios g as power ratios, of any shape.

    Returns:
        The dispersion in bits^2 a channel use, of the same shape.

    References:
        Y. Polyanskiy, H. V. Poor and S. Verdu, "Channel coding rate in the finite blocklength regime", IEEE
        Trans. Inf. Theory 56 (2010) 2307-2359, Theorem 54, with two real uses in each complex one.
    """
    snr = np.asarray(snr, dtype=np.float64)
    return np.asarray(snr * (snr + 2.0) / np.square(snr + 1.0) * _LOG2_E**2)


def max_rate_bits_per_use(
    uses: FloatArray | float, epsilon: FloatArray | float, snr: FloatArray | float, log_term: bool = True
) -> FloatArray:
    """Give the normal approximation C - sqrt(V/n) Qinv(epsilon) + log2(n)/(2n) to the best code's rate.

    It is good to a few percent from about 100 uses on. No rate is below 0.

    Args:
        uses: The complex channel uses n of a code word.
        epsilon: The block error rate, between 0 and 1.
        snr: Signal-to-noise ratios as power ratios.
        log_term: Whether to add the last term.

    Returns:
        Bits a channel use, of the shape the arguments broadcast to.

    References:
        Polyanskiy, Poor and Verdu (2010), Theorem 54 and the log term of section IV.

    Examples:
        >>> round(float(max_rate_bits_per_use(200, 1e-3, 10**0.5)), 5)
        1.77047
    """
    uses, snr = np.asarray(uses, dtype=np.float64), np.asarray(snr, dtype=np.float64)
    back_off = np.sqrt(dispersion(snr) / uses) * special.ndtri(epsilon)
    rate = np.log1p(snr) * _LOG2_E + back_off
    if log_term:
        rate = rate + np.log2(uses) / (2.0 * uses)
    return np.asarray(np.maximum(rate, 0.0))


def block_error_rate(
    bits: FloatArray | float, uses: FloatArray | float, snr: FloatArray | float
) -> FloatArray:
    """Solve the normal approximation for the error rate: Q((n C - k + log2(n)/2) / sqrt(n V)).

    Args:
        bits: The bits k of a code word, well above log2(n)/2.
        uses: The complex channel uses n of a code word.
        snr: Signal-to-noise ratios as power ratios; at 0 or below every block is lost.

    Returns:
        Block error rates from 0 to 1, of the shape the arguments broadcast to.

    References:
        Polyanskiy, Poor and Verdu (2010), Theorem 54 and the log term of section IV.
    """
    bits, uses, snr = np.broadcast_arrays(*(np.asarray(x, dtype=np.float64) for x in (bits, uses, snr)))
    usable = snr > 0.0
    g = np.where(usable, snr, 1.0)
    surplus_bits = uses * np.log1p(g) * _LOG2_E - bits + np.log2(uses) / 2.0
    return np.asarray(np.where(usable, special.ndtr(-surplus_bits / np.sqrt(uses * dispersion(g))), 1.0))


class TransportBlockErrors:
    """The error rate of a transport block over the signal-to-noise ratio.

    A code block of k bits, CRCs included, goes over n = k / (Q_m R) symbols and fails as the normal
    approximation says at an SNR lowered by a gap of 1.063, 1.477, 2.017 or 2.250 dB for Q_m = 2, 4, 6 or 8; a
    transport block fails with any of its code blocks, 1 - (1 - p)^C. Near NR's LDPC at error rates about 10 %
    (within some 0.1 dB); it has no error floor. n follows the nominal code rate, not the rounded block size.

    Args:
        mcs: The modulation and coding scheme.
        size_bits: The size of the transport block in bits, without CRCs.

    Raises:
        ValueError: If the modulation, the code rate or the size is none of NR's.

    References:
        Polyanskiy, Poor and Verdu (2010), Theorem 54; segmentation by 3GPP TS 38.212, section 5.2.2.

    Examples:
        >>> round(TransportBlockErrors(Mcs(4, 0.5), 8000).at(4.2), 4)
        0.5437
    """

    def __init__(self, mcs: Mcs, size_bits: int) -> None:
        if mcs.bits_per_symbol not in SHANNON_GAP_DB:
            known = ", ".join(map(str, SHANNON_GAP_DB))
            raise ValueError(f"a symbol carries {known} bits, got {mcs.bits_per_symbol}")
        cut = Segmentation.of(size_bits, mcs.code_rate)
        self._blocks = cut.blocks
        self._bits = cut.block_bits
        self._uses = cut.block_bits / mcs.efficiency
        self._gap = db_to_linear(SHANNON_GAP_DB[mcs.bits_per_symbol])
        self._excess_bits = cut.block_bits - 0.5 * log2(self._uses)
        self._scale = sqrt(0.5 / self._uses) / _LOG2_E

    def rates(self, snr: FloatArray) -> FloatArray:
        """Give the error rate at each SNR, a power ratio, of any shape."""
        block = block_error_rate(self._bits, self._uses, np.asarray(snr) / self._gap)
        return np.asarray(1.0 - (1.0 - block) ** self._blocks)

    def at(self, snr: float) -> float:
        """Give `rates` at one SNR, on plain floats, many times faster."""
        g = snr / self._gap
        if g <= 0.0:
            return 1.0
        surplus_bits = self._uses * log2(g + 1.0) - self._excess_bits
        success = 1.0 - 0.5 * erfc(surplus_bits * (g + 1.0) / sqrt(g * (g + 2.0)) * self._scale)
        return float(1.0 - success**self._blocks)
