"""Checks of airtimes over a fading trace: the engine against the closed form, and bits that are conserved."""

import numpy as np
from numpy.typing import NDArray

from coinfer.simulator.demand import Demand
from coinfer.simulator.engine import Limits, MakeUplink, simulate
from coinfer.simulator.link.capacity import CapacityTrace, fifo_finish_s
from coinfer.simulator.link.rate import ShannonRate
from coinfer.simulator.link.sharing.equal import EqualShareUplink
from coinfer.simulator.link.sharing.fifo import FifoUplink
from coinfer.simulator.timeline import Timeline
from coinfer.simulator.validation.check import Check, exact
from coinfer.simulator.validation.fading_checks import COARSE, DOPPLER_HZ, RAYLEIGH
from coinfer.simulator.workload import Workload

FloatArray = NDArray[np.float64]

DEVICES, PAYLOADS, LOAD = 5, 5000, 0.8
SLOTS = 2**14


def conservation(rng: np.random.Generator) -> list[Check]:
    """Check the engine on one fading trace that all devices share.

    FIFO must end each payload when Lindley's recursion in the clock of the link says. Whatever is sent must
    be what the channel carried. And however the air is shared, it is busy at the same times: busy periods
    end at the same moment.
    """
    slot_s = 1.0 / (COARSE * DOPPLER_HZ)
    gains = RAYLEIGH.gains(SLOTS, slot_s, rng)
    trace = CapacityTrace(slot_s, ShannonRate(1e6).bits_per_s(10.0 * gains))
    bits = rng.exponential(LOAD * 2.9e6 / 100.0, PAYLOADS)
    workload = _arrivals(rng)
    fifo = _sent(workload, bits, lambda env, told: FifoUplink(env, told, [trace] * DEVICES))
    equal = _sent(workload, bits, lambda env, told: EqualShareUplink(env, told, [trace] * DEVICES))
    closed_s = fifo_finish_s(trace, workload.arrival_s, bits)
    carried = zip(fifo.tx_start_s.tolist(), fifo.tx_end_s.tolist(), strict=True)
    sent_bits = np.array([trace.sent_bits(start_s, end_s) for start_s, end_s in carried])
    fifo_busy_s, equal_busy_s = (np.maximum.accumulate(line.tx_end_s) for line in (fifo, equal))
    idle = fifo_busy_s < np.append(workload.arrival_s[1:], np.inf)
    return [
        exact("FIFO's ends less the closed form [s], largest", 0.0, _worst(fifo.tx_end_s - closed_s), 1e-9),
        exact("bits carried / bits sent - 1, largest", 0.0, _worst(sent_bits / bits - 1.0), 1e-6),
        exact("all bits carried / all bits sent", 1.0, sent_bits.sum() / bits.sum(), 1e-9),
        exact(
            f"ends of {idle.sum()} busy periods, equal share less FIFO [s], largest",
            0.0,
            _worst((equal_busy_s - fifo_busy_s)[idle]),
            1e-9,
        ),
    ]


def _arrivals(rng: np.random.Generator) -> Workload:
    """Draw a hundred payloads a second."""
    return Workload(
        device_id=rng.integers(DEVICES, size=PAYLOADS).astype(np.int32),
        task_id=np.arange(PAYLOADS),
        arrival_s=np.cumsum(rng.exponential(0.01, PAYLOADS)),
        image_id=np.zeros(PAYLOADS, dtype=np.int32),
    )


def _sent(workload: Workload, bits: FloatArray, make_uplink: MakeUplink) -> Timeline:
    zeros = np.zeros(PAYLOADS)
    return simulate(workload, Demand(zeros, bits, zeros, zeros), Limits(), make_uplink)


def _worst(differences: FloatArray) -> float:
    return float(np.abs(differences).max())
