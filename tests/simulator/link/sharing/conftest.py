from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
import simpy

from coinfer.simulator.alarm import Alarm
from coinfer.simulator.link.capacity import CapacityTrace
from coinfer.simulator.link.uplink import Notices


def _transmit(make, payloads):
    """Send (ready, device, bits[, expires]) rows; return start, end and abort of each in seconds."""
    env = simpy.Environment()
    log = SimpleNamespace(
        **{name: np.full(len(payloads), np.nan) for name in ("start_s", "end_s", "abort_s")}
    )
    told = Counter()

    def stamp(column):
        def tell(task, now_s):
            assert now_s >= env.now
            told[column, task] += 1
            getattr(log, column)[task] = now_s

        return tell

    uplink = log.uplink = make(env, Notices(stamp("start_s"), stamp("end_s"), stamp("abort_s")))
    for task, (ready_s, device, bits, *expires_s) in enumerate(payloads):
        send = (task, device, bits, *(expires_s or [np.inf]))
        Alarm(env, ready_s, lambda alarm: uplink.send(*alarm.item), send)
    env.run()
    assert set(told.values()) <= {1}, "each notice at most once"
    assert not ((log.end_s > -1.0) & (log.abort_s > -1.0)).any(), "never both ended and aborted"
    return log


@pytest.fixture(scope="session")
def transmit():
    return _transmit


@pytest.fixture(scope="session")
def random_trace():
    def draw(rng, slots=53, slot_s=0.02):
        return CapacityTrace(slot_s, rng.exponential(1000.0, slots) * (rng.random(slots) > 0.1))

    return draw


@pytest.fixture(scope="session")
def random_payloads():
    def draw(rng, devices, count=200, patience_s=None):
        ready_s = np.cumsum(rng.exponential(0.3, count))
        rows = [ready_s, rng.integers(devices, size=count), rng.exponential(220.0, count)]
        if patience_s is not None:
            rows.append(ready_s + rng.exponential(patience_s, count))
        return list(zip(*rows, strict=True))

    return draw
