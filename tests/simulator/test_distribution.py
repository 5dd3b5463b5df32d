import numpy as np
import pytest

from coinfer.simulator import distribution as module
from coinfer.simulator.distribution import GRID_BITS, Distribution, Merger, on_grid


def test_values_are_counted_once_in_their_order():
    found = Distribution.of(np.array([3.0, np.inf, 1.0, 3.0]))
    assert (found.values.tolist(), found.counts.tolist()) == ([1.0, 3.0, np.inf], [1, 2, 1])
    assert found.total == 4
    assert (found.finite.values.tolist(), found.finite.total) == ([1.0, 3.0], 3)
    assert [found.at_most(limit) for limit in (0.5, 1.0, 3.0, 9.0, np.inf)] == [0, 1, 3, 3, 4]


@pytest.mark.parametrize("share", [0.001, 0.5, 0.95, 0.99, 1.0])
def test_quantiles_are_those_of_numpy(share):
    values = np.random.default_rng(1).integers(0, 40, 333).astype(float)
    found = Distribution.of(values)
    assert found.quantile(share) == np.quantile(values, share, method="inverted_cdf")
    assert found.interpolated(share) == np.quantile(values, share)


def test_the_grid_is_fine_keeps_the_order_and_leaves_its_own_points_alone():
    values = np.sort(np.exp(np.random.default_rng(2).uniform(-12, 12, 10_000)))
    rounded = on_grid(values)
    assert (np.abs(rounded / values - 1) <= 2.0 ** -(GRID_BITS + 1)).all()
    assert (np.diff(rounded) >= 0).all()
    np.testing.assert_array_equal(on_grid(rounded), rounded)
    assert on_grid(np.array([0.0, np.inf])).tolist() == [0.0, np.inf]


def test_parts_put_together_are_the_whole(monkeypatch):
    monkeypatch.setattr(module, "_MERGED_AT_LEAST", 50)
    values = on_grid(np.random.default_rng(3).exponential(1.0, 2_000))
    merger = Merger()
    for part in np.split(values, 40):
        merger.add(Distribution.of(part))
    whole, expected = merger.whole(), Distribution.of(values)
    np.testing.assert_array_equal(whole.values, expected.values)
    np.testing.assert_array_equal(whole.counts, expected.counts)
    assert merger.whole() is whole
