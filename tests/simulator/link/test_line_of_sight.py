import numpy as np
import pytest
from scipy import stats

from coinfer.simulator.link.line_of_sight import line_of_sight
from coinfer.simulator.link.shadowing import CorrelatedField
from coinfer.simulator.link.tr38901 import Indoor, UrbanMacro, UrbanMicro


def test_certain_and_impossible():
    field = np.random.default_rng(1).standard_normal(1000)
    assert line_of_sight(np.ones(1000), field).all()
    assert not line_of_sight(np.zeros(1000), field).any()


def test_the_median_of_the_field_divides_halves():
    assert line_of_sight(np.full(3, 0.5), np.array([-0.1, 0.0, 0.1])).tolist() == [True, False, False]


@pytest.mark.parametrize("model", [UrbanMicro(3.5e9), UrbanMacro(3.5e9), Indoor(3.5e9)])
def test_the_share_in_sight_is_the_probability(model):
    distance_m = np.array([5.0, 25.0, 60.0, 150.0])
    probability = model.line_of_sight_probability(distance_m)
    seen = np.zeros(len(distance_m), dtype=int)
    for seed in range(1500):
        field = CorrelatedField.draw(model.line_of_sight_correlation_m, np.random.default_rng(seed), waves=32)
        seen += line_of_sight(probability, field.at(distance_m, np.zeros(4)))
    # Maps are independent, so the count in sight at one place is binomial.
    for count, chance in zip(seen, probability, strict=True):
        assert stats.binomtest(count, 1500, min(chance, 1.0)).pvalue > 1e-4


def test_places_close_together_are_alike():
    field = CorrelatedField.draw(50.0, np.random.default_rng(1))
    rng = np.random.default_rng(2)
    x_m, y_m = rng.uniform(-5000.0, 5000.0, (2, 4000))
    half = np.full(4000, 0.5)
    here = line_of_sight(half, field.at(x_m, y_m))
    near, far = (line_of_sight(half, field.at(x_m + step_m, y_m)) for step_m in (1.0, 500.0))
    # Two normal values of correlation rho differ in sign with probability arccos(rho) / pi: .064 and .5.
    assert np.mean(here != near) == pytest.approx(np.arccos(np.exp(-1.0 / 50.0)) / np.pi, abs=0.02)
    assert np.mean(here != far) == pytest.approx(0.5, abs=0.06)
