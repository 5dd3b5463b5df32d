from itertools import pairwise

import numpy as np
import pytest

from coinfer.models.scenes.texture import light, power_law_noise, random_colour, textured


def radial_slope(field: np.ndarray) -> float:
    """Slope of log amplitude against log frequency, from 4 to half of the highest frequency."""
    size = len(field)
    power = np.abs(np.fft.rfft2(field)) ** 2
    radius = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :]) * size
    edges = np.geomspace(4, size / 4, 12)
    rings = [(radius >= low) & (radius < high) for low, high in pairwise(edges)]
    middles = [radius[ring].mean() for ring in rings]
    means = [power[ring].mean() for ring in rings]
    return float(np.polyfit(np.log(middles), 0.5 * np.log(means), 1)[0])


@pytest.mark.parametrize("exponent", [0.0, 0.6, 1.0, 1.5, 1.8])
def test_amplitude_falls_as_a_power_of_frequency(exponent: float) -> None:
    slopes = [radial_slope(power_law_noise(224, exponent, np.random.default_rng(seed))) for seed in range(8)]
    assert np.mean(slopes) == pytest.approx(-exponent, abs=0.05)


def test_noise_has_mean_zero_and_deviation_one() -> None:
    field = power_law_noise(224, 1.0, np.random.default_rng(0))
    assert (field.shape, field.dtype) == ((224, 224), np.float32)
    assert field.mean() == pytest.approx(0, abs=1e-5)
    assert field.std() == pytest.approx(1, abs=1e-5)


def test_noise_is_a_function_of_its_generator() -> None:
    first, again, other = (power_law_noise(64, 1.0, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 0.5


def test_colours_are_colours() -> None:
    rng = np.random.default_rng(0)
    colours = np.array([random_colour(rng) for _ in range(500)])
    assert (colours.shape, colours.dtype) == ((500, 3), np.float32)
    assert colours.min() >= 0
    assert colours.max() <= 1
    assert colours.max(axis=1).min() >= 0.2
    assert set(colours.argmax(axis=1).tolist()) == {0, 1, 2}


def test_surfaces_vary_around_their_colour() -> None:
    colour = np.array([0.2, 0.5, 0.8], dtype=np.float32)
    surface = textured(224, colour, 0.1, np.random.default_rng(0))
    np.testing.assert_allclose(surface.mean(axis=(0, 1)), colour, atol=1e-3)
    assert 0 < surface.std(axis=(0, 1)).max() < 0.3


def test_light_is_positive_and_smooth() -> None:
    for seed in range(10):
        shine = light(224, np.random.default_rng(seed))
        assert (shine.shape, shine.dtype) == ((224, 224, 3), np.float32)
        assert shine.min() > 0.1
        assert shine.max() < 2.5
