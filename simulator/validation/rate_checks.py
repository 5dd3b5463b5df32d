"""Checks of rates: capacity, finite blocklength, and payloads that are on time over a fading channel."""

import numpy as np
from numpy.typing import NDArray
from scipy import special

from coinfer.simulator.demand import Demand
from coinfer.simulator.engine import Limits, simulate
from coinfer.simulator.link.blocklength import block_error_rate, dispersion, max_rate_bits_per_use
from coinfer.simulator.link.capacity import CapacityTrace
from coinfer.simulator.link.rate import ShannonRate
from coinfer.simulator.link.sharing.fifo import FifoUplink
from coinfer.simulator.timeline import Outcome
from coinfer.simulator.units import db_to_linear
from coinfer.simulator.validation.check import Check, exact, of_mean
from coinfer.simulator.validation.fading_checks import COARSE, DOPPLER_HZ, PERIODS, RAYLEIGH, traces
from coinfer.simulator.workload import Workload

FloatArray = NDArray[np.float64]

BANDWIDTH_HZ, PAYLOAD_BITS, DEADLINE_S = 1e6, 80e3, 0.05
MEANS_DB = (0.0, 10.0, 20.0)
SLOT_S = 1.0 / (COARSE * DOPPLER_HZ)
LATE, LATE_ERROR = 0.0921, 0.0011
MEDIAN_S, MEDIAN_ERROR_S = 27.5e-3, 0.05e-3


def ergodic_capacity(snr: float) -> float:
    """Give E log2(1 + snr x) for x exponential, e^(1/snr) E1(1/snr) / ln 2 (Alouini and Goldsmith 1999)."""
    return float(special.exp1(1.0 / snr) * np.exp(1.0 / snr) / np.log(2.0))


def on_time_probability(snr: float, deadline_s: float) -> float:
    """Give exp(-(2^(L / (B D)) - 1) / snr): Rayleigh fading frozen for a payload, Shannon's rate."""
    return float(np.exp(-np.expm1(np.log(2.0) * PAYLOAD_BITS / (BANDWIDTH_HZ * deadline_s)) / snr))


def capacities(rng: np.random.Generator) -> list[Check]:
    """Check the mean of Shannon's rate over Rayleigh fading."""
    rate = ShannonRate(bandwidth_hz=1.0)
    means = [
        [rate.bits_per_s(db_to_linear(mean_db) * gains).mean() for mean_db in MEANS_DB]
        for gains in traces(RAYLEIGH, rng)
    ]
    return [
        of_mean(f"ergodic capacity [b/s/Hz], {mean_db:g} dB", ergodic_capacity(db_to_linear(mean_db)), column)
        for mean_db, column in zip(MEANS_DB, np.transpose(means), strict=True)
    ]


def frozen_fades(rng: np.random.Generator) -> list[Check]:
    """Check how many payloads the engine delivers before they expire, each over a frozen fade."""
    shares = [
        [on_time_share(gains, mean_db, DEADLINE_S) for mean_db in MEANS_DB]
        for gains in traces(RAYLEIGH, rng, count=48)
    ]
    return [
        of_mean(
            f"P(80 kb within 50 ms), frozen, 1 MHz, {mean_db:g} dB",
            on_time_probability(db_to_linear(mean_db), DEADLINE_S),
            column,
        )
        for mean_db, column in zip(MEANS_DB, np.transpose(shares), strict=True)
    ]


def on_time_share(gains: FloatArray, mean_db: float, deadline_s: float) -> float:
    """Send a payload in every other Doppler period of a trace; give the share through before its deadline.

    Args:
        gains: A trace of the gain, `[slots]`.
        mean_db: The mean SNR in dB.
        deadline_s: When a payload is given up, in seconds after it is ready.
    """
    trace = _capacity(gains, mean_db)
    arrival_s = np.arange(0.0, trace.period_s, 2.0 / DOPPLER_HZ)
    zeros = np.zeros(len(arrival_s))
    demand = Demand(zeros, np.full(len(zeros), PAYLOAD_BITS), zeros, zeros, expires_s=arrival_s + deadline_s)
    workload = Workload(
        zeros.astype(np.int32), np.arange(len(zeros)), arrival_s, image_id=zeros.astype(np.int32)
    )
    line = simulate(workload, demand, Limits(), lambda env, told: FifoUplink(env, told, [trace], frozen=True))
    return float(np.mean(line.outcome == Outcome.DONE))


def moving_fades(rng: np.random.Generator) -> list[Check]:
    """Check the time of a payload whose rate follows Clarke's fading at 10 Hz.

    There is no closed form: theory is a simulation of its own, and its error is part of the interval.
    """
    drawn = [transfer_times_s(gains, 10.0) for gains in traces(RAYLEIGH, rng)]
    late = [float(np.mean(times_s > DEADLINE_S)) for times_s in drawn]
    medians_s = [float(np.median(times_s)) for times_s in drawn]
    name = "80 kb, 1 MHz, 10 dB, f_d 10 Hz"
    return [
        of_mean(f"P(T > 50 ms), {name}", LATE, late, slack=LATE_ERROR),
        of_mean(f"median of T [s], {name}", MEDIAN_S, medians_s, slack=MEDIAN_ERROR_S),
    ]


def transfer_times_s(gains: FloatArray, mean_db: float) -> FloatArray:
    """Give how long payloads take that start a Doppler period apart, `[payloads]`."""
    trace = _capacity(gains, mean_db)
    start_s = np.arange(PERIODS) / DOPPLER_HZ
    return np.asarray(trace.time_s(trace.work_bits(start_s) + PAYLOAD_BITS) - start_s)


def _capacity(gains: FloatArray, mean_db: float) -> CapacityTrace:
    return CapacityTrace(SLOT_S, ShannonRate(BANDWIDTH_HZ).bits_per_s(db_to_linear(mean_db) * gains))


def short_codes(rng: np.random.Generator) -> list[Check]:
    """Check the normal approximation at values worked out by hand; nothing is drawn."""
    snr = db_to_linear(5.0)
    rate = max_rate_bits_per_use(200, 1e-3, snr)
    return [
        exact(
            "bits a use, n = 200, eps = 1e-3, 5 dB, no log term",
            1.75136,
            float(max_rate_bits_per_use(200, 1e-3, snr, log_term=False)),
        ),
        exact("bits a use, n = 200, eps = 1e-3, 5 dB", 1.77047, float(rate)),
        exact("block error rate at that rate", 1e-3, float(block_error_rate(200 * rate, 200, snr)), 1e-9),
        exact("dispersion [b^2/use], 0 dB", 1.56103, float(dispersion(1.0))),
        exact(
            "Shannon's rate [b/s], 1 MHz, 10 dB, gap 3 dB",
            2.587814e6,
            float(ShannonRate(1e6, gap_db=3.0).bits_per_s(np.array(10.0))),
            tolerance=0.5,
        ),
    ]
