"""Checks of a rate: what `coinfer.simulator.link.rate.Rate` asks, tried out over 200 dB."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from coinfer.codecs.testing.check import ContractError
from coinfer.simulator.link.rate import Rate
from coinfer.simulator.testing import value_checks
from coinfer.simulator.units import db_to_linear

Make = Callable[..., Rate]
"""Makes the rate of a band, given as `bandwidth_hz`."""

BAND_HZ = 20e6

SNR: NDArray[np.float64] = db_to_linear(np.linspace(-100.0, 100.0, 2001))
ROUNDING = 1e-9


def form(make: Make) -> None:
    """Rates have the shape of the signal-to-noise ratios, whatever that is, and these stay as they are."""
    rate = make(bandwidth_hz=BAND_HZ)
    for shape in ((), (0,), (5,), (2, 3)):
        snr = np.full(shape, 3.0)
        found = rate.bits_per_s(snr)
        if np.shape(found) != shape or np.asarray(found).dtype != np.float64:
            raise ContractError(
                f"ratios of shape {shape} gave {np.asarray(found).dtype} of shape {np.shape(found)}: "
                f"return float64 of the same shape"
            )
        if not np.all(snr == 3.0):
            raise ContractError("bits_per_s changed the ratios that it was given: compute on a copy")


def value(make: Make) -> None:
    """Rates of the same settings are equal; see `value_checks.value`."""
    value_checks.value(partial(make, bandwidth_hz=BAND_HZ))


def finite(make: Make) -> None:
    """At no ratio from 0 to 100 dB is a rate negative, infinite or NaN."""
    rates = make(bandwidth_hz=BAND_HZ).bits_per_s(np.append(0.0, SNR))
    if not np.all(np.isfinite(rates) & (rates >= 0.0)):
        raise ContractError("a rate is below 0 or not finite, at a ratio from 0 to 1e10: return bit/s")
    if not rates.any():
        raise ContractError("the rate is 0 at every ratio up to 100 dB: nothing would ever arrive")


def monotone(make: Make) -> None:
    """A better signal never carries less."""
    rates = make(bandwidth_hz=BAND_HZ).bits_per_s(SNR)
    drops = np.flatnonzero(np.diff(rates) < -ROUNDING * rates[:-1])
    if drops.size:
        at_db = 10.0 * np.log10(SNR[drops[0]])
        raise ContractError(f"the rate falls where the ratio rises, from {at_db:.1f} dB on")


def memory(make: Make) -> None:
    """A rate depends on its own ratio: not on its neighbours, nor on what was asked before."""
    rate, snr = make(bandwidth_hz=BAND_HZ), SNR[::50]
    together, alone = rate.bits_per_s(snr), [float(rate.bits_per_s(np.array(one))) for one in snr]
    backwards, fresh = rate.bits_per_s(snr[::-1])[::-1], make(bandwidth_hz=BAND_HZ).bits_per_s(snr)
    for other in (alone, backwards, fresh):
        if not np.allclose(together, other, rtol=ROUNDING, atol=0.0):
            raise ContractError("the same ratio gave another rate: let it depend on nothing else")


def capacity(make: Make) -> None:
    """One stream carries no more than Shannon's capacity of the band."""
    most = BAND_HZ * np.log1p(SNR) / np.log(2.0)
    rates = make(bandwidth_hz=BAND_HZ).bits_per_s(SNR)
    over = np.flatnonzero(rates > most * (1.0 + ROUNDING))
    if over.size:
        worst = over[np.argmax(rates[over] / most[over])]
        raise ContractError(
            f"{rates[worst]:.4g} bit/s at {10.0 * np.log10(SNR[worst]):.1f} dB, above the capacity of "
            f"{most[worst]:.4g} bit/s: take ratios as powers, not dB, and bandwidth in hertz"
        )


def bands(make: Make) -> None:
    """Half of the band carries no more than the whole of it, from 0 dB on.

    Below that a short code block may get through where a long one cannot.
    """
    snr = SNR[SNR >= 1.0]
    whole, half = (make(bandwidth_hz=band_hz).bits_per_s(snr) for band_hz in (BAND_HZ, BAND_HZ / 2.0))
    if np.any(half > whole * (1.0 + ROUNDING)):
        raise ContractError("half of the band carries more than the whole of it, at the same ratio")
