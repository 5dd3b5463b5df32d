import numpy as np
import pytest
from scipy import stats

from coinfer.simulator.link.shadowing import CorrelatedField

# Two-sided at 1e-4: a right program fails one such check in ten thousand when its seed is chosen.
Z = stats.norm.isf(0.5e-4)


def values(count, x_m, correlation_m=10.0, waves=64):
    """Give `[count, places]` values of independent fields at places on the x axis."""
    fields = (
        CorrelatedField.draw(correlation_m, np.random.default_rng(seed), waves) for seed in range(count)
    )
    return np.array([field.at(np.asarray(x_m), np.zeros(len(x_m))) for field in fields])


@pytest.mark.parametrize("waves", [1, 3, 64])
def test_each_value_is_exactly_normal_for_any_number_of_waves(waves):
    marginal = values(2000, [1234.5], waves=waves)[:, 0]
    assert stats.kstest(marginal, "norm").pvalue > 1e-4
    # (n - 1) s^2 of normal values is chi-square.
    low, high = stats.chi2.ppf([0.5e-4, 1.0 - 0.5e-4], 1999) / 1999
    assert low < marginal.var(ddof=1) < high


def test_correlation_over_many_fields_is_gudmundson_s():
    distances_m = np.array([1.0, 5.0, 10.0, 20.0, 40.0])
    at = values(3000, [0.0, *distances_m])
    products = at[:, :1] * at[:, 1:]
    expected = np.exp(-distances_m / 10.0)
    # Var(XY) = 1 + rho^2 for normal pairs; finitely many waves add at most 1 / W.
    sigma = np.sqrt((1.0 + expected**2 + 1.0 / 64.0) / len(at))
    assert (np.abs(products.mean(axis=0) - expected) < Z * sigma).all()


@pytest.mark.parametrize("direction", [0.0, 1.0, 2.5])
@pytest.mark.parametrize("distance_m", [0.5, 3.0, 10.0, 30.0])
def test_the_waves_have_the_spectrum_of_the_exponential(distance_m, direction):
    # The correlation is the mean of cos(k d) over the waves; each cosine has a variance of at most
    # (1 + rho(2 d)) / 2 - rho(d)^2, from cos^2 = (1 + cos 2kd) / 2.
    waves = CorrelatedField.draw(10.0, np.random.default_rng(1), waves=100_000).waves_per_m
    along = np.cos(direction) * waves[0] + np.sin(direction) * waves[1]
    expected = np.exp(-distance_m / 10.0)
    sigma = np.sqrt(((1.0 + expected**2) / 2.0 - expected**2) / 100_000)
    assert abs(np.cos(2.0 * np.pi * distance_m * along).mean() - expected) < Z * sigma


def test_a_two_per_cent_wrong_correlation_distance_would_show():
    waves = CorrelatedField.draw(10.2, np.random.default_rng(1), waves=400_000).waves_per_m
    expected = np.exp(-1.0)
    sigma = np.sqrt((1.0 - expected**2) / 2.0 / 400_000)
    assert abs(np.cos(2.0 * np.pi * 10.0 * waves[0]).mean() - expected) > Z * sigma


def test_the_same_place_has_the_same_value_and_near_places_are_alike():
    field = CorrelatedField.draw(10.0, np.random.default_rng(1))
    rng = np.random.default_rng(2)
    x_m, y_m = rng.uniform(-500.0, 500.0, (2, 5000))
    at = field.at(x_m, y_m)
    np.testing.assert_array_equal(field.at(x_m[::-1], y_m[::-1]), at[::-1])
    again = CorrelatedField.draw(10.0, np.random.default_rng(1))
    np.testing.assert_array_equal(again.at(x_m, y_m), at)
    assert np.corrcoef(at, field.at(x_m + 0.1, y_m))[0, 1] > 0.97


def test_values_agree_with_the_formula_in_double_precision():
    field = CorrelatedField.draw(7.0, np.random.default_rng(3))
    x_m, y_m = np.linspace(-1000.0, 1000.0, 50), np.linspace(300.0, -700.0, 50)
    cycles = np.outer(x_m, field.waves_per_m[0]) + np.outer(y_m, field.waves_per_m[1]) + field.phases
    exact = np.cos(2.0 * np.pi * cycles) @ field.amplitudes.astype(np.float64)
    np.testing.assert_allclose(field.at(x_m, y_m), exact, rtol=0, atol=1e-5)


def test_senseless_fields_are_refused():
    with pytest.raises(ValueError, match="distance must be above 0 m"):
        CorrelatedField.draw(0.0, np.random.default_rng(1))
    with pytest.raises(ValueError, match="at least 1 wave, got 0"):
        CorrelatedField.draw(1.0, np.random.default_rng(1), waves=0)
