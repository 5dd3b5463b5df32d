"""Figures of rates, errors, queues and contention."""

import numpy as np
from matplotlib.figure import Figure

from coinfer.simulator.figures_style import blank_figure
from coinfer.simulator.link.adaptation import LinkAdaptation
from coinfer.simulator.link.sharing.bianchi import bianchi, saturation_throughput_bps
from coinfer.simulator.units import db_to_linear
from coinfer.simulator.validation import access_checks, queue_checks, rate_checks
from coinfer.simulator.validation.fading_checks import PERIODS, RAYLEIGH, traces
from coinfer.simulator.validation.figures_overlay import explain, logarithmic, overlay

FADES, QUEUE_RUNS, CONTENTION_RUNS = 4, 12, 8
SCHEMES, PRBS, BLOCKS = (0, 5, 9, 10, 16, 17, 22, 28), 4, 3000


def on_time_probability(rng: np.random.Generator) -> Figure:
    """Draw, for frozen fades, how many payloads are through before a deadline."""
    figure = blank_figure(2.8)
    axes = figure.add_subplot(xlabel="deadline (ms)", ylabel="P(80 kb through in 1 MHz)", ylim=(0.0, 1.02))
    line_s, point_s = np.linspace(0.005, 0.16, 200), np.array([0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15])
    fades = list(traces(RAYLEIGH, rng, FADES))
    for number, mean_db in enumerate(rate_checks.MEANS_DB):
        snr = db_to_linear(mean_db)
        theory = [rate_checks.on_time_probability(snr, deadline_s) for deadline_s in line_s]
        measured = [
            np.mean([rate_checks.on_time_share(gains, mean_db, deadline_s) for gains in fades])
            for deadline_s in point_s
        ]
        overlay(axes, number, (1e3 * line_s, theory), (1e3 * point_s, np.array(measured)))
    names = [f"mean SNR {mean_db:g} dB" for mean_db in rate_checks.MEANS_DB]
    payloads = FADES * PERIODS // 2
    explain(figure, names, f"Rayleigh fading frozen for each payload; {payloads:,} payloads for each marker.")
    return figure


def block_error_rates(rng: np.random.Generator) -> Figure:
    """Draw the error rate of transport blocks over the SNR, by scheme."""
    figure = blank_figure(3.2)
    axes = figure.add_subplot(
        xlabel="SNR (dB)", ylabel="block error rate", ylim=(5e-3, 1.2), xlim=(-9.0, 20.5)
    )
    logarithmic(axes)
    adaptation = LinkAdaptation(PRBS)
    for number, index in enumerate(SCHEMES):
        size_bits, middle_db = adaptation.sizes_bits[index], adaptation.thresholds_db[index]
        line_db = middle_db + np.linspace(-2.0, 1.0, 100)
        point_db = middle_db + np.array([-1.0, -0.6, -0.3, 0.0, 0.3])
        theory = [access_checks.block_errors(index, size_bits, snr) for snr in db_to_linear(line_db)]
        senders = [
            access_checks.send_blocks(adaptation, index, snr, rng, max_transmissions=1, blocks=BLOCKS)
            for snr in db_to_linear(point_db).tolist()
        ]
        measured = [sender.first_failures / sender.first_transmissions for sender in senders]
        overlay(axes, number, (line_db, theory), (point_db, measured))
    note = f"{PRBS} resource blocks, MCS table 1, constant SNR; {BLOCKS:,} blocks for each marker."
    explain(figure, [f"MCS {index}" for index in SCHEMES], note)
    return figure


def queue_waits(rng: np.random.Generator) -> Figure:
    """Draw the mean wait for a device over its load."""
    figure = blank_figure(2.8)
    axes = figure.add_subplot(xlabel="load", ylabel="mean wait / mean service")
    line, points = np.linspace(0.05, 0.88, 200), (0.1, 0.3, 0.5, 0.7, 0.85)
    logarithmic(axes)
    for number, cv in enumerate((0.0, 1.0)):
        theory = [queue_checks.pollaczek_khinchine_s(load, cv) for load in line]
        measured = [
            np.mean(
                [queue_checks.device_wait_s(load, cv, seed) for seed in rng.integers(2**63, size=QUEUE_RUNS)]
            )
            for load in points
        ]
        overlay(axes, number, (line, theory), (points, np.array(measured)))
    tasks = queue_checks.TASKS - queue_checks.WARM_UP_TASKS
    note = f"Pollaczek and Khinchine; the engine, {QUEUE_RUNS} runs of {tasks:,} tasks for each marker."
    explain(figure, ["M/D/1", "M/M/1"], note)
    return figure


def contention(rng: np.random.Generator) -> Figure:
    """Draw collisions and throughput of saturated stations over their number."""
    figure = blank_figure(2.8)
    collision_axes = figure.add_subplot(1, 2, 1, xlabel="stations", ylabel="P(a frame collides)")
    rate_axes = figure.add_subplot(1, 2, 2, xlabel="stations", ylabel="throughput (Mbit/s)")
    line, points = np.arange(1.0, 26.0), np.array([1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 16.0, 20.0, 25.0])
    runs = [
        [access_checks.saturated(stations, seed) for seed in rng.integers(2**63, size=CONTENTION_RUNS)]
        for stations in map(int, points)
    ]
    collisions, throughputs_bps = np.mean(runs, axis=1).T
    theory = [bianchi(stations).collision for stations in map(int, line)]
    overlay(collision_axes, 0, (line, theory), (points, collisions))
    rates = [saturation_throughput_bps(stations, access_checks.RATE_BPS) / 1e6 for stations in map(int, line)]
    overlay(rate_axes, 0, (line, rates), (points, throughputs_bps / 1e6))
    rate_axes.set_ylim(bottom=0.0)
    air_s = CONTENTION_RUNS * access_checks.SATURATED_S
    explain(figure, [], f"Bianchi's model; 802.11a/g at 54 Mbit/s, {air_s:.1f} s of air for each marker.")
    return figure
