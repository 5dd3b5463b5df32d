"""Checks of a fading: what `coinfer.simulator.link.fading.Fading` asks, tried out on drawn traces.

Bounds are five standard errors of what is drawn, so that a sound block fails one in a million; seeds are
fixed. Traces last for as many slots as the block's own slot makes a few dozen fades of.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray

from coinfer.codecs.testing.check import ContractError, DoesNotApply
from coinfer.simulator.link.fading import Fading

Make = Callable[[], Fading]
FloatArray = NDArray[np.float64]

SLOTS, TRACES = 2**13, 128
STILL_S = 1e-3
"""The slot in which a fading that never changes is looked at."""

ERRORS = 5.0
"""Standard errors that a mean may be off."""

MOST_SEAM = 10.0
"""Squared step where a trace repeats, over that elsewhere; a cut is 50 and more."""

LEAST_CORRELATION = 0.98
"""Of a slot with the next one: Clarke's spectrum has 0.995 at 64 slots a Doppler period."""


def form(make: Make) -> None:
    """Gains are as many finite floats from 0 up as slots were asked for."""
    fading = make()
    if not fading.longest_slot_s > 0.0:
        raise ContractError(f"longest_slot_s is {fading.longest_slot_s}: give seconds above 0, or infinity")
    for slots in (1, 7, 64, 1000):
        gains = fading.gains(slots, _slot_s(fading), np.random.default_rng(slots))
        if not isinstance(gains, np.ndarray) or gains.shape != (slots,) or gains.dtype != np.float64:
            found = f"{gains.dtype} {gains.shape}" if isinstance(gains, np.ndarray) else type(gains).__name__
            raise ContractError(f"gains of {slots} slots are {found}: return float64 of shape ({slots},)")
        if not np.all(np.isfinite(gains) & (gains >= 0.0)):
            raise ContractError("a gain is below 0 or not finite: gains are ratios of power, not dB")


def mean(make: Make) -> None:
    """Over many traces, the mean gain of the whole, of the first slot and of the one amid is 1."""
    traces = _traces(make())
    for where, drawn in (
        ("", traces.mean(axis=1)),
        (" in the first slot", traces[:, 0]),
        (" in the middle slot", traces[:, SLOTS // 2]),
    ):
        error = drawn.std(ddof=1) / sqrt(TRACES)
        if abs(drawn.mean() - 1.0) > ERRORS * error + 1e-9:
            raise ContractError(
                f"the mean gain{where} is {drawn.mean():.4f} +- {error:.4f}: it must be 1 over all traces"
            )


def determinism(make: Make) -> None:
    """The generator that is given decides, and nothing else: no other source of chance, no memory."""
    fading, state = make(), np.random.get_state()  # noqa: NPY002
    try:
        np.random.seed(0)  # noqa: NPY002
        first = _drawn(fading, 1)
        np.random.seed(1)  # noqa: NPY002
        again, fresh = _drawn(fading, 1), _drawn(make(), 1)
    finally:
        np.random.set_state(state)  # noqa: NPY002
    if not (np.array_equal(first, again) and np.array_equal(first, fresh)):
        raise ContractError("the same seed gave other gains: draw from rng only, and keep nothing")


def streams(make: Make) -> None:
    """Devices, each with a generator of its own, fade apart."""
    traces = _changing(make())
    deviations = traces - 1.0
    products = (deviations[0::2] * deviations[1::2]).mean(axis=1)
    error = products.std(ddof=1) / sqrt(len(products))
    if abs(products.mean()) > ERRORS * error:
        raise ContractError(
            f"gains of two devices have the covariance {products.mean():.4f} +- {error:.4f}: "
            f"draw all chance from rng"
        )


def slot(make: Make) -> None:
    """In the longest slot that it states, the gain hardly changes."""
    fading = make()
    traces = _changing(fading)
    if fading.longest_slot_s == inf:
        return
    found = _correlation(traces, 1)
    if found < LEAST_CORRELATION:
        raise ContractError(
            f"from slot to slot of longest_slot_s the correlation is {found:.3f}, expected at least "
            f"{LEAST_CORRELATION}: state a shorter one, 1 / (64 f_d) or so"
        )


def seconds(make: Make) -> None:
    """Correlation is a matter of seconds: half the slot, and it takes twice the slots to fade."""
    fading = make()
    traces = _changing(fading)
    if fading.longest_slot_s == inf:
        return
    finer = _traces(fading, slot_s=_slot_s(fading) / 2.0)
    for lag in (8, 16, 24):
        coarse, fine = (_products(drawn, steps) for drawn, steps in ((traces, lag), (finer, 2 * lag)))
        error = sqrt((coarse.var(ddof=1) + fine.var(ddof=1)) / TRACES)
        if abs(coarse.mean() - fine.mean()) > ERRORS * error:
            raise ContractError(
                f"after {lag * _slot_s(fading):.3g} s the covariance is {coarse.mean():.3f} in slots of "
                f"longest_slot_s and {fine.mean():.3f} in half of them: let fades last seconds, not slots"
            )


def repeats(make: Make) -> None:
    """A trace may be repeated end to end: its last slot leads to its first as any leads to the next."""
    traces = _changing(make())
    steps = np.square(np.diff(traces, axis=1)).mean()
    seam = np.square(traces[:, 0] - traces[:, -1]).mean()
    if seam > MOST_SEAM * steps + 1e-12:
        raise ContractError(
            f"where the trace repeats the gain jumps, by {sqrt(seam):.3f} rms against "
            f"{sqrt(steps):.3f} elsewhere: make it periodic, as an inverse FFT of spectral lines is"
        )


def _slot_s(fading: Fading) -> float:
    return min(fading.longest_slot_s, STILL_S) if fading.longest_slot_s == inf else fading.longest_slot_s


def _drawn(fading: Fading, seed: int, slots: int = SLOTS, slot_s: float | None = None) -> FloatArray:
    return np.asarray(fading.gains(slots, slot_s or _slot_s(fading), np.random.default_rng(seed)))


@lru_cache(maxsize=2)
def _traces(fading: Fading, slot_s: float | None = None) -> FloatArray:
    """Draw the traces of many devices, `[TRACES, SLOTS]`."""
    return np.stack([_drawn(fading, seed, slot_s=slot_s) for seed in range(TRACES)])


def _changing(fading: Fading) -> FloatArray:
    traces = _traces(fading)
    if not traces.std():
        raise DoesNotApply("the gain never changes")
    return traces


def _products(traces: FloatArray, lag: int) -> FloatArray:
    """Give each trace's mean product of deviations a lag apart, `[TRACES]`."""
    deviations = traces - 1.0
    return np.asarray((deviations * np.roll(deviations, -lag, axis=1)).mean(axis=1))


def _correlation(traces: FloatArray, lag: int) -> float:
    return float(_products(traces, lag).mean() / _products(traces, 0).mean())
