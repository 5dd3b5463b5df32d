"""Figures of small-scale fading."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from coinfer.simulator.figures_style import blank_figure
from coinfer.simulator.link.fading import Fading
from coinfer.simulator.link.fading_statistics import (
    autocorrelation,
    clarke_autocorrelation,
    level_crossing_rate_hz,
    nakagami_level_crossing_rate,
    rayleigh_average_fade_duration,
    rayleigh_level_crossing_rate,
    rayleigh_outage,
    rician_level_crossing_rate,
)
from coinfer.simulator.link.nakagami import Nakagami
from coinfer.simulator.link.rician import Rician
from coinfer.simulator.units import db_to_linear
from coinfer.simulator.validation.fading_checks import (
    CORRELATED,
    DOPPLER_HZ,
    FINE,
    MOTION,
    RAYLEIGH,
    Law,
    laws,
    traces,
)
from coinfer.simulator.validation.figures_overlay import explain, logarithmic, overlay

SHOWN = ("Rician K = 6 dB", "Rician K = 10 dB", "Nakagami m = 0.5", "Nakagami m = 2.3")
TRACES, PERIODS, SHORT_PERIODS = 16, 1024, 256
RAREST = 2e-4


def gain_laws(rng: np.random.Generator) -> Figure:
    """Draw the distribution of the gain under each law."""
    figure = blank_figure(3.4)
    axes = figure.add_subplot(
        xlabel="threshold over the mean of one antenna (dB)",
        ylabel="P(gain below threshold)",
        ylim=(RAREST, 1.2),
        xlim=(-30.0, 12.0),
    )
    logarithmic(axes)
    rest = [law for law in laws() if law.name in SHOWN or not law.name.startswith(("Rician", "Nakagami"))]
    shown = [Law("Rayleigh", RAYLEIGH, rayleigh_outage), *rest]
    line_db, point_db = np.linspace(-30.0, 12.0, 300), np.arange(-30.0, 12.0, 3.0)
    for number, (_, fading, outage) in enumerate(shown):
        theory = [float(outage(level)) for level in db_to_linear(line_db)]
        drawn = np.concatenate(list(traces(fading, rng, TRACES, PERIODS)))
        drawn.sort()
        shares = np.searchsorted(drawn, db_to_linear(point_db)) / len(drawn)
        seen = (shares > RAREST) & (shares < 1.0)
        overlay(axes, number, (line_db, theory), (point_db[seen], shares[seen]))
    note = f"{TRACES} traces of {PERIODS} Doppler periods for each law."
    explain(figure, [law.name for law in shown], note)
    return figure


def autocorrelations(rng: np.random.Generator) -> Figure:
    """Draw the autocorrelation of h beside J0."""
    figure = blank_figure(2.6)
    axes = figure.add_subplot(xlabel="lag in Doppler periods, f_d τ", ylabel="autocorrelation of h")
    line, lags = np.linspace(0.0, 2.0, 400), np.arange(0, 2 * CORRELATED + 1, 4)
    slot_s = 1.0 / (CORRELATED * DOPPLER_HZ)
    h = np.stack([RAYLEIGH.channel(PERIODS * CORRELATED, slot_s, rng) for _ in range(2 * TRACES)])
    measured = autocorrelation(h, lags).real
    overlay(axes, 0, (line, clarke_autocorrelation(line)), (lags / CORRELATED, measured))
    explain(figure, [], f"Theory is J0(2π f_d τ); {2 * TRACES} traces of {PERIODS} Doppler periods.")
    return figure


def level_crossings(rng: np.random.Generator) -> Figure:
    """Draw how often levels are crossed and how long fades last."""
    figure = blank_figure(3.0)
    rate_axes = figure.add_subplot(
        1,
        2,
        1,
        xlabel="level over the mean power (dB)",
        ylabel="crossings / f_d",
        ylim=(0.01, 2),
    )
    duration_axes = figure.add_subplot(
        1,
        2,
        2,
        xlabel="level over the mean power (dB)",
        ylabel="mean duration of a fade, times f_d",
        yscale="log",
    )
    logarithmic(rate_axes)
    logarithmic(duration_axes)
    line_db, point_db = np.linspace(-30.0, 6.0, 200), np.arange(-30.0, 7.0, 3.0)
    rho = db_to_linear(line_db / 2.0)
    rows: list[tuple[Fading, NDArray[np.float64]]] = [
        (RAYLEIGH, rayleigh_level_crossing_rate(rho)),
        (Rician(*MOTION, k_db=6.0), rician_level_crossing_rate(db_to_linear(6.0), rho)),
        (Nakagami(*MOTION, m=2.0), nakagami_level_crossing_rate(2.0, rho)),
    ]
    for number, (fading, theory) in enumerate(rows):
        gains = np.stack(list(traces(fading, rng, TRACES, SHORT_PERIODS, FINE)))
        levels = db_to_linear(point_db).tolist()
        rates = np.array([level_crossing_rate_hz(gains, 1.0 / FINE, level) for level in levels])
        overlay(rate_axes, number, (line_db, theory), (point_db[rates > 0.0], rates[rates > 0.0]))
        if not number:
            below = np.array([np.mean(gains < level) for level in levels])
            durations = rayleigh_average_fade_duration(rho)
            overlay(duration_axes, 0, (line_db, durations), (point_db, below / rates))
    names = ["Rayleigh", "Rician K = 6 dB", "Nakagami m = 2"]
    explain(figure, names, f"{TRACES} traces of {SHORT_PERIODS} Doppler periods in slots of 1/({FINE} f_d).")
    return figure
