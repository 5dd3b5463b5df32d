import numpy as np
import pytest

from coinfer.simulator.link.blocklength import (
    SHANNON_GAP_DB,
    TransportBlockErrors,
    block_error_rate,
    dispersion,
    max_rate_bits_per_use,
)
from coinfer.simulator.link.nr_tables import Mcs, mcs_table
from coinfer.simulator.link.transport_block import Segmentation, transport_block_bits
from coinfer.simulator.units import db_to_linear

SNR = db_to_linear(np.linspace(-20.0, 40.0, 601))


def test_dispersion_at_known_ratios():
    # 0 without signal, 3/4 log2(e)^2 at 0 dB, log2(e)^2 in the limit.
    expected = np.log2(np.e) ** 2 * np.array([0.0, 0.75, 1.0])
    np.testing.assert_allclose(dispersion(np.array([0.0, 1.0, 1e12])), expected, rtol=1e-12)


def test_published_rates():
    snr = db_to_linear(5.0)
    assert max_rate_bits_per_use(200, 1e-3, snr, log_term=False) == pytest.approx(1.75136, abs=5e-6)
    assert max_rate_bits_per_use(200, 1e-3, snr) == pytest.approx(1.77047, abs=5e-6)


def test_long_codes_reach_capacity():
    assert max_rate_bits_per_use(1e12, 1e-3, 3.0) == pytest.approx(2.0, abs=1e-5)
    assert max_rate_bits_per_use(100, 0.5, 3.0, log_term=False) == pytest.approx(2.0, rel=1e-12)
    assert max_rate_bits_per_use(100, 1e-9, 1e-3) == 0.0


def test_the_error_rate_inverts_the_rate():
    uses, epsilon = np.array([[100.0], [1000.0], [5000.0]]), np.array([1e-6, 1e-3, 0.1, 0.5, 0.9])
    bits = uses * max_rate_bits_per_use(uses, epsilon, 4.0)
    np.testing.assert_allclose(block_error_rate(bits, uses, 4.0), np.broadcast_to(epsilon, (3, 5)), rtol=1e-9)


def test_error_rates_fall_from_1_to_0():
    rates = block_error_rate(500, 300, SNR)
    assert rates[0] == pytest.approx(1.0)
    assert rates[-1] == 0.0
    assert (np.diff(rates) <= 0.0).all()
    np.testing.assert_array_equal(block_error_rate(500, 300, np.array([0.0, -1.0])), [1.0, 1.0])


@pytest.mark.parametrize("mcs", [mcs_table(1)[0], mcs_table(1)[28], mcs_table(2)[27], mcs_table(1)[12]])
@pytest.mark.parametrize("prbs", [1, 20, 270])
def test_plain_floats_agree_with_arrays(mcs, prbs):
    errors = TransportBlockErrors(mcs, transport_block_bits(prbs, mcs))
    rates = errors.rates(SNR)
    assert (np.diff(rates) <= 1e-15).all()
    assert ((rates >= 0.0) & (rates <= 1.0)).all()
    np.testing.assert_allclose([errors.at(snr) for snr in SNR.tolist()], rates, rtol=1e-9, atol=1e-14)
    assert errors.at(0.0) == errors.at(1e-300) == 1.0
    assert errors.at(1e12) == 0.0


@pytest.mark.parametrize(("mcs", "size_bits", "blocks"), [(Mcs(2, 0.3), 3000, 1), (Mcs(6, 0.5), 30000, 4)])
def test_a_transport_block_fails_with_any_of_its_code_blocks(mcs, size_bits, blocks):
    cut = Segmentation.of(size_bits, mcs.code_rate)
    assert cut.blocks == blocks
    snr = db_to_linear(np.linspace(-5.0, 20.0, 1001))
    gap = db_to_linear(SHANNON_GAP_DB[mcs.bits_per_symbol])
    block = block_error_rate(cut.block_bits, cut.block_bits / mcs.efficiency, snr / gap)
    rates = TransportBlockErrors(mcs, size_bits).rates(snr)
    np.testing.assert_allclose(rates, 1.0 - (1.0 - block) ** blocks, rtol=1e-12)
    assert np.count_nonzero((rates > 0.01) & (rates < 0.99)) >= 4


def test_an_unknown_modulation_is_refused():
    with pytest.raises(ValueError, match="2, 4, 6, 8 bits, got 3"):
        TransportBlockErrors(Mcs(3, 0.5), 1000)
