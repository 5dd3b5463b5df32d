import numpy as np
import pytest
from PIL import Image

from coinfer.models.scenes.objects import OBJECTS, Pen, around, draw_object


def drawn(name: str, seed: int) -> np.ndarray:
    return np.asarray(draw_object(name, 112, np.random.default_rng(seed)))


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_fills_part_of_a_transparent_square(name: str) -> None:
    for seed in range(5):
        pixels = drawn(name, seed)
        assert (pixels.shape, pixels.dtype) == ((112, 112, 4), np.uint8)
        assert 0.1 < (pixels[..., 3] > 127).mean() < 0.9


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_is_a_function_of_its_generator(name: str) -> None:
    np.testing.assert_array_equal(drawn(name, 1), drawn(name, 1))
    assert not np.array_equal(drawn(name, 1), drawn(name, 2))


def test_around_starts_at_the_top_and_goes_clockwise() -> None:
    np.testing.assert_allclose(around(4, 2.0), [(0, -2), (2, 0), (0, 2), (-2, 0)], atol=1e-12)


def test_pen_draws_in_units_of_the_half_canvas() -> None:
    canvas = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    Pen(canvas, np.random.default_rng(0)).polygon([(-1, -1), (0, -1), (0, 0), (-1, 0)], (255, 0, 0, 255))
    red = np.asarray(canvas)[..., 0] > 0
    assert red[:50, :50].all()
    assert not red[52:, :].any()
    assert not red[:, 52:].any()
