"""Link adaptation: which modulation and coding scheme goes with which signal-to-noise ratio."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from coinfer.simulator.link.blocklength import TransportBlockErrors
from coinfer.simulator.link.nr_tables import mcs_table
from coinfer.simulator.link.transport_block import transport_block_bits
from coinfer.simulator.units import db_to_linear

LOWEST_SNR_DB, HIGHEST_SNR_DB = -60.0, 80.0


class LinkAdaptation:
    """Choose the highest scheme whose transport block error rate stays within a target.

    Args:
        prbs: The resource blocks of the allocation, all of which every transport block takes.
        table: The MCS index table, 1 (up to 64-QAM) or 2 (up to 256-QAM).
        target: The block error rate of a first transmission to aim at, by default 0.1 as in NR's reports.

    Raises:
        ValueError: If the target is not between 0 and 1, or there is no such table or allocation.

    References:
        3GPP TS 38.214, sections 5.1.3 and 5.2.2.1 (the target of 0.1).

    Examples:
        >>> adaptation = LinkAdaptation(prbs=51)
        >>> mcs = adaptation.choose(10.0)
        >>> mcs, adaptation.sizes_bits[mcs], round(adaptation.thresholds_db[mcs], 2)
        (18, 21504, 9.7)
    """

    def __init__(self, prbs: int, table: int = 1, target: float = 0.1) -> None:
        if not 0.0 < target < 1.0:
            raise ValueError(f"a target block error rate lies between 0 and 1, got {target}")
        schemes = mcs_table(table)
        self.prbs, self.table, self.target = prbs, table, target
        self.sizes_bits = tuple(transport_block_bits(prbs, mcs) for mcs in schemes)
        self.errors = tuple(map(TransportBlockErrors, schemes, self.sizes_bits))
        self.thresholds_db = _thresholds_db(prbs, table, target)
        # With few resource blocks, rounding may make a higher scheme the more robust one.
        self._least_db = list(accumulate(reversed(self.thresholds_db), min))[::-1]
        self._largest_bits = list(accumulate(self.sizes_bits, max))

    def choose(self, snr_db: float) -> int:
        """Give the highest scheme that meets the target at an SNR in dB, 0 if none does."""
        return max(bisect_right(self._least_db, snr_db) - 1, 0)

    def enough_for(self, bits: float) -> int:
        """Give the lowest scheme whose transport block holds some bits, the highest of all if none does."""
        return min(bisect_left(self._largest_bits, bits), len(self._largest_bits) - 1)


@lru_cache(maxsize=256)
def _thresholds_db(prbs: int, table: int, target: float) -> tuple[float, ...]:
    """Find the lowest SNR in dB at which each scheme meets the target, to 1e-9 dB."""
    return tuple(
        _threshold_db(TransportBlockErrors(mcs, transport_block_bits(prbs, mcs)), target)
        for mcs in mcs_table(table)
    )


def _threshold_db(errors: TransportBlockErrors, target: float) -> float:
    low_db, high_db = LOWEST_SNR_DB, HIGHEST_SNR_DB
    while high_db - low_db > 1e-9:
        middle_db = (low_db + high_db) / 2.0
        if errors.at(db_to_linear(middle_db)) > target:
            low_db = middle_db
        else:
            high_db = middle_db
    return high_db


@dataclass
class OuterLoop:
    """Correct the reported SNR so that the part of first transmissions that fail settles at the target.

    A failure lowers the offset by a step, a success raises it by step target / (1 - target): in balance just
    if the target is met. At the highest scheme, successes raise the offset no further than 0, lest a spell of
    good channel leave the loop too bold. The step and the limit are choices between those in use (Sionna:
    1 dB and 20 dB; srsRAN: 0.001 dB a success and 5 dB).

    Args:
        target: The part of first transmissions that may fail, between 0 and 1.
        step_db: How far one failure lowers the offset, in dB.
        limit_db: The largest offset either way, in dB.

    Raises:
        ValueError: If the target is not between 0 and 1, or the step or limit is negative.

    References:
        A. Sampath, P. S. Kumar and J. M. Holtzman, "On setting reverse link target SIR in a CDMA system",
        IEEE VTC (1997).
        K. I. Pedersen et al., "Frequency domain scheduling for OFDMA with limited and noisy channel
        feedback", IEEE VTC Fall (2007).
    """

    target: float = 0.1
    step_db: float = 0.5
    limit_db: float = 10.0
    offset_db: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 < self.target < 1.0:
            raise ValueError(f"a target block error rate lies between 0 and 1, got {self.target}")
        if self.step_db < 0.0 or self.limit_db < 0.0:
            raise ValueError(f"step and limit are at least 0 dB, got {self.step_db} and {self.limit_db} dB")
        self._rise_db = self.step_db * self.target / (1.0 - self.target)

    def learn(self, failed: bool, highest: bool) -> None:
        """Take what became of a first transmission.

        Args:
            failed: Whether it failed.
            highest: Whether it was sent with the highest scheme there is.
        """
        if failed:
            self.offset_db = max(self.offset_db - self.step_db, -self.limit_db)
        else:
            limit_db = max(self.offset_db, 0.0) if highest else self.limit_db
            self.offset_db = min(self.offset_db + self._rise_db, limit_db)
