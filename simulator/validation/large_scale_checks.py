"""Checks of path loss, noise, shadowing and line of sight."""

import numpy as np

from coinfer.simulator.link.large_scale import LargeScale
from coinfer.simulator.link.mobility import Standing
from coinfer.simulator.link.noise import mean_snr_db, thermal_noise_dbm
from coinfer.simulator.link.path_loss import FreeSpace, LogDistance, PathLoss
from coinfer.simulator.link.shadowing import CorrelatedField
from coinfer.simulator.link.tr38901 import Indoor, UrbanMacro, UrbanMicro
from coinfer.simulator.validation.check import Check, exact, of_mean, of_share

CARRIER_HZ = 3.5e9

LOSSES: tuple[tuple[str, PathLoss, float, bool, float], ...] = (
    ("UMi in sight", UrbanMicro(CARRIER_HZ), 100.0, True, 85.31419),
    ("UMi in sight, beyond the breakpoint", UrbanMicro(CARRIER_HZ), 500.0, True, 107.10805),
    ("UMi in sight, 28 GHz", UrbanMicro(28e9), 50.0, True, 97.15145),
    ("UMi obstructed", UrbanMicro(CARRIER_HZ), 100.0, False, 104.64383),
    ("UMa in sight", UrbanMacro(CARRIER_HZ), 300.0, True, 93.40725),
    ("UMa in sight, beyond the breakpoint", UrbanMacro(CARRIER_HZ), 1000.0, True, 109.40649),
    ("UMa obstructed", UrbanMacro(CARRIER_HZ), 300.0, False, 121.27917),
    ("InH in sight", Indoor(CARRIER_HZ), 20.0, True, 65.82656),
    ("InH obstructed", Indoor(CARRIER_HZ), 20.0, False, 80.75950),
    ("free space", FreeSpace(CARRIER_HZ), 100.0, True, 83.32914),
    ("log-distance, n = 3.5", LogDistance(CARRIER_HZ, exponent=3.5), 100.0, True, 113.32914),
)
"""Name, model, distance in m, in sight, and the loss in dB: the formulas of the sources, by hand."""

NOISES_DBM = ((1e6, -108.97519), (10e6, -98.97519), (20e6, -95.96489), (100e6, -88.97519))

CORRELATION_M, LAGS_M = 10.0, (2.0, 5.0, 10.0, 20.0)
FIELDS, APART_M, A_SIDE = 600, 200.0, 8
MAPS = 2500


def losses(rng: np.random.Generator) -> list[Check]:
    """Check path losses and thermal noise at tabled values; nothing is drawn."""
    checks = [
        exact(
            f"path loss [dB], {name}, {distance_m:g} m",
            loss_db,
            float(model.db(np.array(distance_m), np.array(seen))),
        )
        for name, model, distance_m, seen, loss_db in LOSSES
    ]
    for bandwidth_hz, noise_dbm in NOISES_DBM:
        measured_dbm = thermal_noise_dbm(bandwidth_hz, noise_figure_db=5.0)
        checks.append(
            exact(f"thermal noise, NF 5 dB [dBm], {bandwidth_hz / 1e6:g} MHz", noise_dbm, measured_dbm)
        )
    budget_db = mean_snr_db(23.0, 0.0, 85.31419, 20e6, noise_figure_db=5.0)
    checks.append(exact("mean SNR [dB], 23 dBm, UMi 100 m, 20 MHz, NF 5 dB", 33.65070, budget_db, 1e-5))
    return checks


def shadows(rng: np.random.Generator) -> list[Check]:
    """Check Gudmundson's correlation exp(-d / d_c), by fields independent of each other.

    Each field gives the mean over places 20 correlation distances apart.
    """
    x_m, y_m = (axis.ravel() * APART_M for axis in np.meshgrid(*2 * [np.arange(A_SIDE, dtype=np.float64)]))
    products = []
    for _ in range(FIELDS):
        field = CorrelatedField.draw(CORRELATION_M, rng)
        here = field.at(x_m, y_m)
        products.append([np.mean(here * field.at(x_m + lag_m, y_m)) for lag_m in (0.0, *LAGS_M)])
    columns = np.transpose(products)
    checks = [of_mean("variance of shadowing / sigma^2", 1.0, columns[0])]
    for lag_m, column in zip(LAGS_M, columns[1:], strict=True):
        ratio = lag_m / CORRELATION_M
        checks.append(of_mean(f"shadowing's correlation at {ratio:g} d_c", float(np.exp(-ratio)), column))
    return checks


def maps(rng: np.random.Generator) -> list[Check]:
    """Check, over independent maps, the part of them in sight, and the spread of the loss in decibels."""
    rows: list[tuple[str, PathLoss, float, float]] = [
        ("UMi, 50 m", UrbanMicro(CARRIER_HZ), 50.0, 0.5195854),
        ("UMa, 200 m", UrbanMacro(CARRIER_HZ), 200.0, 0.1280477),
        ("InH, 20 m", Indoor(CARRIER_HZ), 20.0, 0.2114969),
    ]
    here = np.zeros(1)
    checks = []
    for name, model, distance_m, probability in rows:
        place = LargeScale(model, Standing(distance_m))
        count = sum(bool(place.seen_at(here, rng)[0]) for _ in range(MAPS))
        checks.append(of_share(f"P(line of sight), {name}", probability, count, MAPS))
    umi = UrbanMicro(CARRIER_HZ)
    for name, seen, sigma_db in (("in sight", True, 4.0), ("obstructed", False, 7.82)):
        place = LargeScale(umi, Standing(100.0), "always" if seen else "never")
        median_db = float(umi.db(np.array(100.0), np.array(seen)))
        excess_db = np.array([place.loss_db(here, rng, rng)[0] for _ in range(MAPS)]) - median_db
        variance = of_mean(f"variance of loss [dB^2], UMi {name}", sigma_db**2, np.square(excess_db))
        checks.append(variance)
    return checks
