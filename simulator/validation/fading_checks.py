"""Checks of small-scale fading: the laws of the gain, its correlation in time, and its fades.

Traces are independent of each other; within one, slots are not. So each trace gives one value, and the
values of all of them Student's interval.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from coinfer.simulator.link.diversity import Diversity
from coinfer.simulator.link.fading import SPEED_OF_LIGHT_MPS, Fading, Rayleigh
from coinfer.simulator.link.fading_statistics import (
    autocorrelation,
    clarke_autocorrelation,
    combining_outage,
    level_crossing_rate_hz,
    nakagami_level_crossing_rate,
    nakagami_outage,
    rayleigh_average_fade_duration,
    rayleigh_level_crossing_rate,
    rayleigh_outage,
    rayleigh_sampled_crossing_rate,
    rician_level_crossing_rate,
    rician_outage,
)
from coinfer.simulator.link.nakagami import Nakagami
from coinfer.simulator.link.rician import Rician
from coinfer.simulator.link.wideband import Wideband
from coinfer.simulator.units import db_to_linear
from coinfer.simulator.validation.check import Check, exact, of_mean, of_ratio

FloatArray = NDArray[np.float64]

CARRIER_HZ = 3.5e9
DOPPLER_HZ = 10.0
MOTION = (DOPPLER_HZ * SPEED_OF_LIGHT_MPS / CARRIER_HZ, CARRIER_HZ)
RAYLEIGH = Rayleigh(*MOTION)

TRACES, PERIODS = 96, 4096
"""Traces for one law, and how many Doppler periods each lasts."""

COARSE, CORRELATED, FINE = 64, 80, 512
"""Slots in a Doppler period: the fewest allowed; such that tabled lags are whole; next to continuous."""

LEVELS_DB = (-20.0, -10.0, 0.0)
FINE_SLACK = 2e-3
"""Relative: what slots of 1/(512 f_d) may hide of the crossings of laws other than Rayleigh's."""


class Law(NamedTuple):
    """A law of the gain, and the probability that it is below a threshold."""

    name: str
    fading: Fading
    outage: Callable[[float], FloatArray]


def laws() -> list[Law]:
    """List the laws of the gain that are checked beside Rayleigh's."""
    wideband = Wideband(*MOTION, bandwidth_hz=20e6, rms_delay_spread_s=100e-9)
    rician = [
        Law(f"Rician K = {k_db:g} dB", Rician(*MOTION, k_db=k_db), _rician(db_to_linear(k_db)))
        for k_db in (0.0, 6.0, 10.0)
    ]
    nakagami = [
        Law(f"Nakagami m = {m:g}", Nakagami(*MOTION, m=m), partial(nakagami_outage, m))
        for m in (0.5, 2.3, 4.0)
    ]
    combined = [
        Law(f"MRC of {n} antennas", Diversity(RAYLEIGH, n), partial(combining_outage, n)) for n in (2, 4)
    ]
    band = Law("wideband 20 MHz, 100 ns", wideband, lambda x: nakagami_outage(wideband.m_eff, x))
    return [*rician, *nakagami, *combined, band]


def _rician(k: float) -> Callable[[float], FloatArray]:
    return lambda threshold: rician_outage(k, threshold)


def traces(
    fading: Fading, rng: np.random.Generator, count: int = TRACES, periods: int = PERIODS, slots: int = COARSE
) -> Iterator[FloatArray]:
    """Draw independent traces of the gain, one at a time.

    Args:
        fading: What to draw.
        rng: The source of chance.
        count: How many traces.
        periods: How many Doppler periods each lasts.
        slots: How many slots there are in a Doppler period.
    """
    return (fading.gains(periods * slots, 1.0 / (slots * DOPPLER_HZ), rng) for _ in range(count))


def rayleigh_outages(rng: np.random.Generator) -> list[Check]:
    """Check P(SNR < threshold) = 1 - exp(-threshold / mean) of Rayleigh fading."""
    pairs_db = [(10.0, 0.0), (10.0, 5.0), (20.0, 0.0), (5.0, 8.0)]
    below = [
        [np.mean(db_to_linear(mean_db) * gains < db_to_linear(level_db)) for mean_db, level_db in pairs_db]
        for gains in traces(RAYLEIGH, rng)
    ]
    return [
        of_mean(
            f"P(SNR < {level_db:g} dB), Rayleigh, mean {mean_db:g} dB",
            float(rayleigh_outage(db_to_linear(level_db - mean_db))),
            shares,
        )
        for (mean_db, level_db), shares in zip(pairs_db, np.transpose(below), strict=True)
    ]


def gain_laws(rng: np.random.Generator) -> list[Check]:
    """Check P(gain < threshold) of the other laws, and that each has the mean it should have."""
    checks = []
    for name, fading, outage in laws():
        level = 2.0 if isinstance(fading, Diversity) else 0.5
        branches = float(fading.branches) if isinstance(fading, Diversity) else 1.0
        drawn = [(np.mean(gains < level), gains.mean()) for gains in traces(fading, rng, periods=2048)]
        shares, means = np.transpose(drawn)
        checks.append(of_mean(f"P(gain < {level:g}), {name}", float(outage(level)), shares))
        checks.append(of_mean(f"mean gain, {name}", branches, means))
    return checks


def short_traces(rng: np.random.Generator) -> list[Check]:
    """Check that traces of 256 Doppler periods, the shortest of a scenario, have the same outage."""
    shares = [float(np.mean(gains < 0.1)) for gains in traces(RAYLEIGH, rng, count=1000, periods=256)]
    power = RAYLEIGH.spectrum.bin_powers(256.0 / DOPPLER_HZ).sum()
    return [
        of_mean("P(gain < 0.1), Rayleigh, short traces", float(rayleigh_outage(0.1)), shares),
        exact("power of all spectral lines", 1.0, power, tolerance=1e-12),
    ]


def autocorrelations(rng: np.random.Generator) -> list[Check]:
    """Check that the autocorrelation of h is J0(2 pi f_d tau)."""
    lags_periods = np.array([0.05, 0.1, 0.2, 0.5, 1.0])
    lags = np.rint(lags_periods * CORRELATED).astype(np.int64)
    slot_s = 1.0 / (CORRELATED * DOPPLER_HZ)
    drawn = [
        autocorrelation(RAYLEIGH.channel(PERIODS * CORRELATED, slot_s, rng), lags).real
        for _ in range(TRACES // 2)
    ]
    return [
        of_mean(f"autocorrelation of h at f_d tau = {lag:g}", float(clarke_autocorrelation(lag)), values)
        for lag, values in zip(lags_periods, np.transpose(drawn), strict=True)
    ]


def sampled_crossings(rng: np.random.Generator) -> list[Check]:
    """Check the crossing rate seen from slot to slot, with the longest slots allowed."""
    rates = [
        [crossings(gains, level_db, COARSE) for level_db in LEVELS_DB] for gains in traces(RAYLEIGH, rng)
    ]
    return [
        of_mean(
            f"level-crossing rate / f_d at {level_db:g} dB, slots of 1/(64 f_d)",
            float(rayleigh_sampled_crossing_rate(db_to_linear(level_db / 2.0), 1.0 / COARSE)),
            column,
        )
        for level_db, column in zip(LEVELS_DB, np.transpose(rates), strict=True)
    ]


def fades(rng: np.random.Generator) -> list[Check]:
    """Check crossing rate and mean duration of fades with short slots, next to continuous time.

    The interval is wider by what slots of 1/(512 f_d) are known to miss: 0.05 % at -20 dB.
    """
    drawn = list(traces(RAYLEIGH, rng, periods=256, slots=FINE))
    checks = []
    for level_db in LEVELS_DB:
        rho = db_to_linear(level_db / 2.0)
        rate, duration = float(rayleigh_level_crossing_rate(rho)), float(rayleigh_average_fade_duration(rho))
        missed = abs(float(rayleigh_sampled_crossing_rate(rho, 1.0 / FINE)) / rate - 1.0)
        rates = [crossings(gains, level_db, FINE) for gains in drawn]
        below = [float(np.mean(gains < db_to_linear(level_db))) for gains in drawn]
        name = f"level-crossing rate / f_d at {level_db:g} dB"
        checks.append(of_mean(name, rate, rates, slack=missed * rate))
        name = f"average fade duration x f_d at {level_db:g} dB"
        checks.append(of_ratio(name, duration, below, rates, slack=missed * duration))
    return [*checks, *_other_fades(rng)]


def _other_fades(rng: np.random.Generator) -> list[Check]:
    rho = db_to_linear(-5.0 / 2.0)
    k = db_to_linear(6.0)
    rows: list[tuple[str, Fading, FloatArray]] = [
        ("Rician K = 6 dB", Rician(*MOTION, k_db=6.0), rician_level_crossing_rate(k, rho)),
        ("Nakagami m = 2", Nakagami(*MOTION, m=2.0), nakagami_level_crossing_rate(2.0, rho)),
    ]
    checks = []
    for name, fading, rate in rows:
        rates = [crossings(gains, -5.0, FINE) for gains in traces(fading, rng, periods=256, slots=FINE)]
        quantity = f"level-crossing rate / f_d at -5 dB, {name}"
        checks.append(of_mean(quantity, float(rate), rates, slack=FINE_SLACK * float(rate)))
    return checks


def crossings(gains: FloatArray, level_db: float, slots: int) -> float:
    """Give the crossing rate of a level in units of f_d.

    Args:
        gains: A trace, `[slots]`.
        level_db: The level over the mean power in dB.
        slots: How many slots there are in a Doppler period.
    """
    return level_crossing_rate_hz(gains, 1.0 / slots, db_to_linear(level_db))
