import numpy as np
import pytest

from coinfer.simulator.link.capacity import CapacityTrace, ConstantRate, fifo_finish_s
from coinfer.simulator.link.rate import ShannonRate
from coinfer.simulator.link.sharing.equal import EqualShareUplink
from coinfer.simulator.link.sharing.ofdma import OfdmaUplink

NAN = float("nan")


def split_band(snr):
    """What a device with SNR 3 over 1 Hz has in 1/n Hz at 3 n: 2, 1.40, ... bit/s."""

    def capacity_of(device, sharers):
        rate = ShannonRate(1.0 / sharers)
        return ConstantRate(float(rate.bits_per_s(np.array(sharers * snr[device]))))

    return capacity_of


def test_ofdma_by_hand(transmit):
    rates_bps = {(0, 1): 8.0, (0, 2): 6.0, (1, 2): 2.0, (1, 1): 4.0}
    asked = []

    def capacity_of(*pair):
        asked.append(pair)
        return ConstantRate(rates_bps[pair])

    payloads = [(0.0, 0, 14.0), (1.0, 1, 4.0), (1.5, 1, 4.0, 2.5)]
    log = transmit(lambda env, told: OfdmaUplink(env, told, 2, capacity_of), payloads)
    # Device 0: 8 bits alone, then 6 in half the band until 2 s. Device 1: 2 bits by then, 2 more alone in
    # 0.5 s, when its next one expires in the queue.
    assert log.start_s[:2].tolist() == [0.0, 1.0]
    np.testing.assert_array_equal(log.end_s, [2.0, 2.5, NAN])
    np.testing.assert_array_equal(log.abort_s, [NAN, NAN, 2.5])
    assert sorted(asked) == sorted(rates_bps), "each pair that occurs is asked for once"


def test_half_the_band_at_twice_the_snr(transmit):
    snr = [3.0, 3.0]
    log = transmit(
        lambda env, told: OfdmaUplink(env, told, 2, split_band(snr)), [(0.0, d, 10.0) for d in (0, 1)]
    )
    shared_s = 10.0 / (0.5 * np.log2(7.0))
    np.testing.assert_allclose(log.end_s, shared_s, rtol=1e-12)
    timed = transmit(
        lambda env, told: EqualShareUplink(env, told, [ConstantRate(2.0)] * 2),
        [(0.0, d, 10.0) for d in (0, 1)],
    )
    assert (log.end_s < timed.end_s).all(), "a power-limited device loses less than half in half the band"


def test_alone_it_is_the_trace(transmit, random_trace, random_payloads):
    rng = np.random.default_rng(1)
    trace, payloads = random_trace(rng), random_payloads(rng, devices=1)
    log = transmit(lambda env, told: OfdmaUplink(env, told, 1, lambda *_: trace), payloads)
    ready_s, _, bits = (np.array(column) for column in zip(*payloads, strict=True))
    np.testing.assert_allclose(log.end_s, fifo_finish_s(trace, ready_s, bits), rtol=0, atol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_rates_of_one_nth_are_equal_time_shares(seed, transmit, random_trace, random_payloads):
    """Bits and ends are those of the other discipline where the two coincide."""
    rng = np.random.default_rng(seed)
    traces = [random_trace(rng) for _ in range(3)]
    payloads = random_payloads(rng, devices=3, patience_s=2.0)

    def capacity_of(device, sharers):
        return CapacityTrace(traces[device].slot_s, traces[device].rates_bps / sharers)

    ofdma = transmit(lambda env, told: OfdmaUplink(env, told, 3, capacity_of), payloads)
    equal = transmit(lambda env, told: EqualShareUplink(env, told, traces), payloads)
    for column in ("start_s", "end_s", "abort_s"):
        np.testing.assert_allclose(getattr(ofdma, column), getattr(equal, column), rtol=0, atol=1e-9)
