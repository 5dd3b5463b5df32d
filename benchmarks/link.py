"""How fast is the link? CPU time, and its ratio to that of a bare SimPy event in the same run. Run it with

python benchmarks/link.py [PAYLOADS]
"""

import sys
import time
from collections.abc import Callable
from math import inf
from statistics import median

import numpy as np
import simpy

from coinfer.simulator.alarm import Alarm
from coinfer.simulator.link.adaptation import LinkAdaptation
from coinfer.simulator.link.capacity import CapacityTrace, fifo_finish_s
from coinfer.simulator.link.diversity import Diversity
from coinfer.simulator.link.fading import Fading, Rayleigh
from coinfer.simulator.link.harq import HarqChannel, HarqSettings
from coinfer.simulator.link.nakagami import Nakagami
from coinfer.simulator.link.rate import ShannonRate
from coinfer.simulator.link.rician import Rician
from coinfer.simulator.link.sharing.equal import EqualShareUplink
from coinfer.simulator.link.sharing.fifo import FifoUplink
from coinfer.simulator.link.sharing.proportional_fair import ProportionalFair
from coinfer.simulator.link.sharing.slotted import SlottedUplink
from coinfer.simulator.link.sharing.tdma import TdmaUplink
from coinfer.simulator.link.sharing.trace_sender import TraceSender
from coinfer.simulator.link.tdd import TddPattern
from coinfer.simulator.link.uplink import Notices, Uplink
from coinfer.simulator.link.wideband import Wideband

ROUNDS, SLOTS, DEVICES = 5, 2**17, 4
GOAL_US = 5.0
MEAN_BITS, MEAN_SNR = 1e4, 10.0
MOTION = {"speed_mps": 1.0, "carrier_hz": 3.5e9}

FADING: dict[str, Fading] = {
    "Rayleigh": Rayleigh(**MOTION),
    "Rician, 6 dB": Rician(**MOTION, k_db=6.0),
    "Nakagami, m = 2": Nakagami(**MOTION, m=2.0),
    "wideband, 20 MHz, 100 ns": Wideband(**MOTION, bandwidth_hz=20e6, rms_delay_spread_s=100e-9),
    "Rayleigh, 2 antennas": Diversity(Rayleigh(**MOTION), 2),
}

MAKE: dict[str, Callable[[simpy.Environment, Notices, list[CapacityTrace]], Uplink]] = {
    "fifo": FifoUplink,
    "equal": EqualShareUplink,
    "tdma, 1 ms": lambda env, told, traces: TdmaUplink(env, told, traces, 1e-3),
    "proportional fair, 1 ms": lambda env, told, traces: SlottedUplink(
        env, told, [TraceSender(trace, 1e-3) for trace in traces], ProportionalFair()
    ),
}


def main(payloads: int) -> None:
    """Write the tables."""
    rng = np.random.default_rng(1)
    slot_s = Rayleigh(**MOTION).longest_slot_s
    traces = [draw_trace(Rayleigh(**MOTION), slot_s) for _ in range(DEVICES)]
    mean_bps = float(np.mean([trace.rates_bps.mean() for trace in traces]))
    ready_s = np.cumsum(rng.exponential(MEAN_BITS / mean_bps / 0.7, payloads))
    bits = rng.exponential(MEAN_BITS, payloads)
    event_s = cpu_s(lambda: ring(ready_s)) / payloads
    print(f"CPU time, medians of {ROUNDS}; one SimPy event by itself: {1e6 * event_s:.2f} us\n")
    print_traces(slot_s)
    print_vectorised(traces[0])
    print_engine(traces, ready_s, bits, event_s)
    print_harq(event_s)


def print_traces(slot_s: float) -> None:
    """Time the drawing of fading, the rate and its integral."""
    print(f"| trace of {SLOTS} slots of a device, with rate and integral | ms |\n| --- | --: |")
    for name, fading in FADING.items():
        print(f"| {name} | {1e3 * cpu_s(lambda fading=fading: draw_trace(fading, slot_s)):.1f} |")


def print_vectorised(trace: CapacityTrace, payloads: int = 1_000_000) -> None:
    """Time transmissions of which no event engine is needed."""
    rng = np.random.default_rng(2)
    start_s, bits = rng.uniform(0.0, 1e4, payloads), rng.exponential(MEAN_BITS, payloads)
    ready_s = np.sort(start_s)
    print(f"\n| {payloads} transmissions over one trace, vectorised | s |\n| --- | --: |")
    print(f"| each on its own | {cpu_s(lambda: trace.time_s(trace.work_bits(start_s) + bits)):.2f} |")
    print(f"| queued first come, first served | {cpu_s(lambda: fifo_finish_s(trace, ready_s, bits)):.2f} |")


def print_engine(traces: list[CapacityTrace], ready_s: np.ndarray, bits: np.ndarray, event_s: float) -> None:
    """Time uplinks in the event engine, less the events at which a payload is ready and through."""
    columns = f"us beyond two events | at most {GOAL_US:g} us | ratio | events a payload"
    print(f"\n| {len(bits)} payloads, 70 % load | {columns} |\n| --- | --: | --- | --: | --: |")
    for name, make in MAKE.items():
        events: list[int] = []
        whole_s = cpu_s(lambda make=make, events=events: events.append(send(make, traces, ready_s, bits)))
        link_s = whole_s / len(bits) - 2 * event_s
        print(
            f"| {name} | {1e6 * link_s:.1f} | {verdict(link_s)} | {link_s / event_s:.1f} "
            f"| {events[-1] / len(bits):.2f} |"
        )


def print_harq(event_s: float) -> None:
    """Time transport blocks, which need no events where one payload is sent at a time."""
    snr = MEAN_SNR * Rayleigh(**MOTION).gains(SLOTS, 0.5e-3, np.random.default_rng(3))
    adaptation, tdd = LinkAdaptation(prbs=51), TddPattern("DDDSU", 0.5e-3)
    took_s = []
    for _ in range(ROUNDS):
        channel = HarqChannel(snr, adaptation, tdd, HarqSettings(), np.random.default_rng(4))
        begin_s, now_s = time.process_time(), 0.0
        for _ in range(500):
            now_s = channel.finish_s(now_s, 3e5)
        took_s.append((time.process_time() - begin_s) / channel.transmissions)
    block_s = median(took_s)
    print(f"\n| NR with HARQ | us a transport block | at most {GOAL_US:g} us | ratio |")
    print("| --- | --: | --- | --: |")
    ratio = block_s / event_s
    print(f"| 51 resource blocks, DDDSU, 10 dB | {1e6 * block_s:.2f} | {verdict(block_s)} | {ratio:.1f} |")


def verdict(link_s: float) -> str:
    """Tell whether the link takes no longer than it should."""
    return "yes" if 1e6 * link_s <= GOAL_US else "no"


def draw_trace(fading: Fading, slot_s: float) -> CapacityTrace:
    """Draw what a device's channel carries."""
    gains = fading.gains(SLOTS, slot_s, np.random.default_rng(5))
    return CapacityTrace(slot_s, ShannonRate(1e6).bits_per_s(MEAN_SNR * gains))


def send(
    make: Callable[[simpy.Environment, Notices, list[CapacityTrace]], Uplink],
    traces: list[CapacityTrace],
    ready_s: np.ndarray,
    bits: np.ndarray,
) -> int:
    """Send all payloads, the devices taking turns; return how many events it took."""
    env = simpy.Environment()
    ends = [0.0] * len(bits)
    uplink = make(env, Notices(lambda task, now_s: None, ends.__setitem__, ends.__setitem__), traces)
    due = enumerate(zip(ready_s.tolist(), bits.tolist(), strict=True))
    later = next(due)

    def arrive(alarm: Alarm) -> None:
        nonlocal later
        task, (_, size_bits) = later
        later = next(due, None)
        if later is not None:
            Alarm(env, later[1][0], arrive, None)
        uplink.send(task, task % len(traces), size_bits, inf)

    Alarm(env, later[1][0], arrive, None)
    env.run()
    return next(env._eid)


def ring(ready_s: np.ndarray) -> None:
    """Let an event ring at each time, and do nothing."""
    env = simpy.Environment()
    due = iter(ready_s.tolist())

    def again(alarm: Alarm) -> None:
        at_s = next(due, None)
        if at_s is not None:
            Alarm(env, at_s, again, None)

    Alarm(env, next(due), again, None)
    env.run()


def cpu_s(program: Callable[[], object]) -> float:
    """Give the median CPU time of a few runs in seconds."""
    took_s = []
    for _ in range(ROUNDS):
        begin_s = time.process_time()
        program()
        took_s.append(time.process_time() - begin_s)
    return median(took_s)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
