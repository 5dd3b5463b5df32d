"""The rate of a 5G NR carrier, as a fluid: what good link adaptation carries on average."""

from dataclasses import dataclass
from functools import lru_cache
from math import floor

import numpy as np
from numpy.typing import NDArray

from coinfer.simulator.link.adaptation import LinkAdaptation
from coinfer.simulator.units import db_to_linear, linear_to_db

_SLOTS_PER_MS = {15e3: 1, 30e3: 2, 60e3: 4, 120e3: 8}
_GRID_DB = np.arange(-3000, 6001) / 100.0


@dataclass(frozen=True)
class NrRate:
    """The throughput of the best scheme at each SNR, max over MCS of size (1 - BLER) / slot.

    A fluid approximation without retransmissions, delay of reports or duplex: a baseline for plots, and the
    rate for the `integrate` policy. `HarqChannel` is the model with slots. Interpolated over a grid of
    0.01 dB from -30 to 60 dB, outside of which it keeps its last value.

    Args:
        bandwidth_hz: The occupied bandwidth in hertz, of which whole resource blocks are used.
        subcarrier_spacing_hz: 15, 30, 60 or 120 kHz; a slot lasts 1, 0.5, 0.25 or 0.125 ms.
        table: The MCS index table, 1 (up to 64-QAM) or 2 (up to 256-QAM).

    Raises:
        ValueError: If the spacing or the table is none of NR's, or the band holds no resource block.

    References:
        3GPP TS 38.211, sections 4.2 to 4.4 (numerologies); TS 38.214, section 5.1.3.

    Examples:
        >>> rate = NrRate(bandwidth_hz=18.36e6)
        >>> rate.prbs, rate.slot_s, float(rate.bits_per_s(np.array(1e5)))
        (51, 0.0005, 88080000.0)
    """

    bandwidth_hz: float
    subcarrier_spacing_hz: float = 30e3
    table: int = 1

    def __post_init__(self) -> None:
        if self.subcarrier_spacing_hz not in _SLOTS_PER_MS:
            raise ValueError(
                f"subcarriers lie 15e3, 30e3, 60e3 or 120e3 Hz apart, got {self.subcarrier_spacing_hz} Hz"
            )
        if self.prbs < 1:
            raise ValueError(
                f"a resource block takes {12.0 * self.subcarrier_spacing_hz} Hz, got {self.bandwidth_hz} Hz"
            )
        _throughput_bps(self)

    @property
    def prbs(self) -> int:
        """The physical resource blocks that the band holds."""
        return floor(self.bandwidth_hz / (12.0 * self.subcarrier_spacing_hz) + 1e-9)

    @property
    def slot_s(self) -> float:
        """The length of a slot in seconds."""
        return 1e-3 / _SLOTS_PER_MS[self.subcarrier_spacing_hz]

    def bits_per_s(self, snr: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the throughput at each signal-to-noise ratio.

        Args:
            snr: Signal-to-noise ratios as power ratios (not dB), of any shape.

        Returns:
            Bits a second, of the same shape.
        """
        snr_db = linear_to_db(np.maximum(snr, 1e-9))
        return np.asarray(np.interp(snr_db, _GRID_DB, _throughput_bps(self)))


@lru_cache(maxsize=64)
def _throughput_bps(rate: NrRate) -> NDArray[np.float64]:
    adaptation = LinkAdaptation(rate.prbs, rate.table)
    snr = db_to_linear(_GRID_DB)
    best_bits = np.zeros_like(snr)
    for size_bits, errors in zip(adaptation.sizes_bits, adaptation.errors, strict=True):
        np.maximum(best_bits, size_bits * (1.0 - errors.rates(snr)), out=best_bits)
    return best_bits / rate.slot_s
