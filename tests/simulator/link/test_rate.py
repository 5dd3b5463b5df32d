import numpy as np

from coinfer.simulator.link.rate import ShannonRate


def test_shannon_at_known_ratios():
    rate = ShannonRate(bandwidth_hz=1e6)
    np.testing.assert_allclose(rate.bits_per_s(np.array([0.0, 1.0, 3.0, 15.0])), [0.0, 1e6, 2e6, 4e6])


def test_tiny_ratios_keep_their_digits():
    # log2(1 + x) = x / ln 2 for small x; 1 + 1e-18 would round to 1.
    rate_bps = ShannonRate(bandwidth_hz=1.0).bits_per_s(np.array([1e-18]))
    np.testing.assert_allclose(rate_bps, 1e-18 / np.log(2.0), rtol=1e-12)


def test_gap_efficiency_and_cap():
    snr = np.array([3.0, 1e9])
    np.testing.assert_allclose(ShannonRate(1e6, gap_db=10.0).bits_per_s(10.0 * snr[:1]), [2e6])
    np.testing.assert_allclose(ShannonRate(1e6, efficiency=0.5).bits_per_s(snr[:1]), [1e6])
    np.testing.assert_allclose(ShannonRate(1e6, cap_bps_per_hz=7.4).bits_per_s(snr), [2e6, 7.4e6])
