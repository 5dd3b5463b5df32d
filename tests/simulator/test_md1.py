"""Waits in M/D/1 against Erlang's sum in as many digits as it takes, and against the mean."""

from decimal import Decimal, localcontext

import numpy as np
import pytest

from coinfer.simulator.md1 import longest_wait, relaxation, waited_at_most

LOADS = (0.05, 0.5, 0.8, 0.99)


def erlang(wait, load):
    """P(W <= x) = (1 - rho) sum over j <= x of (rho (j - x))^j / j! exp(-rho (j - x)), services of 1."""
    with localcontext(prec=150):
        total, factorial = Decimal(0), Decimal(1)
        for number in range(int(wait) + 1):
            factorial *= max(number, 1)
            z = Decimal(load) * (number - Decimal(wait))
            total += (z**number if number else 1) / factorial * (-z).exp()
        return float((1 - Decimal(load)) * total)


@pytest.mark.parametrize("load", LOADS)
def test_waits_are_those_of_erlang_even_where_his_sum_needs_many_digits(load):
    waits = np.array([0.0, 0.3, 0.999, 1.0, 1.001, 2.5, 9.99, 30.4, 120.0])
    expected = [erlang(wait, load) for wait in waits.tolist()]
    np.testing.assert_allclose(waited_at_most(waits, load), expected, rtol=1e-12)
    assert np.abs(waited_at_most(waits, load * 1.001) - expected).max() > 1e-5


@pytest.mark.parametrize("load", LOADS)
def test_the_mean_wait_is_that_of_pollaczek_and_khinchine(load):
    step, end = 0.01, 4 * longest_wait(load, 1e-3)
    middles = np.arange(step / 2, end, step)
    mean = step * np.sum(1 - waited_at_most(middles, load))
    assert mean == pytest.approx(load / (2 * (1 - load)), rel=1e-4)


@pytest.mark.parametrize("load", LOADS)
def test_the_longest_wait_is_longer_than_almost_all(load):
    assert 1 - waited_at_most(np.array([longest_wait(load, 1e-3)]), load)[0] < 1e-3


def test_a_queue_forgets_the_more_slowly_the_busier_it_is():
    assert relaxation(0.5) == pytest.approx(1 / 0.193147, rel=1e-5)
    busy = 1 - 1e-4
    assert relaxation(busy) == pytest.approx(2 / (1 - busy) ** 2, rel=1e-3)
