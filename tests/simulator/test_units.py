import numpy as np
import pytest

from coinfer.simulator.units import bytes_to_bits, db_to_linear, linear_to_db


def test_decibels_of_known_ratios():
    assert db_to_linear(3.0) == pytest.approx(1.9952623149688795, rel=1e-15)
    np.testing.assert_allclose(db_to_linear(np.array([-10.0, 0.0, 20.0])), [0.1, 1.0, 100.0], rtol=1e-15)
    np.testing.assert_allclose(linear_to_db(np.array([0.5, 1.0, 1000.0])), [-3.0102999566398120, 0.0, 30.0])


def test_bytes_become_floating_bits():
    assert bytes_to_bits(1400) == 11200.0
    bits = bytes_to_bits(np.array([0, 7], dtype=np.int32))
    assert bits.dtype == np.float64
    assert bits.tolist() == [0.0, 56.0]
