import numpy as np
import pytest

from coinfer.simulator.link.capacity import CapacityTrace
from coinfer.simulator.link.traces import Traces


def draw_traces(rng, devices):
    return [
        CapacityTrace(
            rng.choice([0.01, 0.25, 1.0 / 3.0]),
            np.append(rng.exponential(900.0, slots) * (rng.random(slots) > 0.3), 900.0),
        )
        for slots in rng.integers(1, 300, devices).tolist()
    ]


@pytest.mark.parametrize("devices", [1, 4])
@pytest.mark.parametrize("seed", range(5))
def test_many_payloads_end_when_each_alone_does(seed, devices):
    rng = np.random.default_rng(seed)
    traces = draw_traces(rng, devices)
    device = rng.integers(devices, size=3000)
    start_s = rng.exponential(30.0, 3000) * (rng.random(3000) > 0.05)
    start_s[:200] = np.round(start_s[:200])
    bits = 10.0 ** rng.uniform(-2.0, 5.0, 3000) * (rng.random(3000) > 0.05)
    side_by_side = Traces(traces)
    alone = [
        traces[row[0]].finish_s(*row[1:]) for row in zip(device, start_s.tolist(), bits.tolist(), strict=True)
    ]
    np.testing.assert_array_equal(side_by_side.finish_s(device, start_s, bits), alone)
    work = [traces[number].work_bits(np.array(at)) for number, at in zip(device, start_s, strict=True)]
    np.testing.assert_allclose(side_by_side.work_bits(device, start_s), work, rtol=1e-12)


def test_by_hand():
    traces = Traces([CapacityTrace(1.0, np.array([8.0, 0.0, 2.0])), CapacityTrace(0.5, np.array([4.0]))])
    device, start_s = np.array([0, 0, 1, 0]), np.array([0.5, 1.5, 0.25, 3.0])
    # Four bits in the first slot and one in the third; one in the third; two at a constant rate; two periods.
    end_s = traces.finish_s(device, start_s, np.array([5.0, 1.0, 2.0, 20.0]))
    assert end_s.tolist() == [2.5, 2.5, 0.75, 9.0]


def test_nothing_to_send_and_nobody():
    traces = Traces([CapacityTrace(1.0, np.array([0.0, 2.0]))])
    assert traces.finish_s(np.array([0]), np.array([0.5]), np.array([0.0])).tolist() == [0.5]
    assert len(traces.finish_s(np.empty(0, dtype=int), np.empty(0), np.empty(0))) == 0
