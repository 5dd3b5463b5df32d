"""Natural-image statistics: power-law noise, colour and light."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@lru_cache(maxsize=8)
def _frequencies(size_px: int) -> Floats:
    down = np.fft.fftfreq(size_px)[:, None]
    across = np.fft.rfftfreq(size_px)[None, :]
    radius = np.hypot(down, across)
    radius[0, 0] = 1.0
    single: Floats = radius.astype(np.float32)
    return single


def power_law_noise(size_px: int, exponent: float, rng: np.random.Generator) -> Floats:
    """Gaussian noise whose amplitude spectrum falls as `1 / f ** exponent`.

    Args:
        size_px: side of the square field.
        exponent: 1 is the mean of natural images.
        rng: source of the randomness.

    Returns:
        `[size_px, size_px]` float32 of mean 0 and standard deviation 1.

    References:
        Field (1987), Relations between the statistics of natural images and the response of cortical cells.
    """
    radius = _frequencies(size_px)
    spectrum = rng.standard_normal(radius.shape) + 1j * rng.standard_normal(radius.shape)
    spectrum = spectrum / radius**exponent
    spectrum[0, 0] = 0
    field = np.fft.irfft2(spectrum, s=(size_px, size_px))
    normal: Floats = (field / field.std()).astype(np.float32)
    return normal


def random_colour(rng: np.random.Generator, hue: float | None = None, saturation: float = 0.7) -> Floats:
    """A colour, `[3]` float32 in 0..1, not black.

    Args:
        rng: source of the randomness.
        hue: typical hue in 0..6 (red, yellow, green, cyan, blue, magenta); None takes any.
        saturation: the most there may be.
    """
    tone = rng.uniform(0, 6) if hue is None else hue + rng.normal(0, 0.45)
    depth, value = rng.uniform(0.3 * saturation, saturation), rng.uniform(0.3, 1.0)
    wheel = np.clip(np.abs((tone + np.array([0.0, 4.0, 2.0])) % 6 - 3) - 1, 0, 1)
    colour: Floats = (value * (1 - depth + depth * wheel)).astype(np.float32)
    return colour


def textured(size_px: int, colour: Floats, contrast: float, rng: np.random.Generator) -> Floats:
    """A surface, `[size_px, size_px, 3]` float32: `colour` under power-law grain, slightly tinted."""
    grain = power_law_noise(size_px, rng.uniform(0.6, 1.1), rng)
    tint = rng.normal(0, 0.35, 3).astype(np.float32)
    surface: Floats = colour + contrast * grain[..., None] * (1 + tint)
    return surface


def light(size_px: int, rng: np.random.Generator) -> Floats:
    """Illumination, `[size_px, size_px, 3]` float32: exposure, colour, a slope and soft shadows."""
    angle = rng.uniform(0, 2 * np.pi)
    axis = np.linspace(-1, 1, size_px, dtype=np.float32)
    slope = np.cos(angle) * axis[:, None] + np.sin(angle) * axis[None, :]
    shadow = 1 - rng.uniform(0, 0.4) * (power_law_noise(size_px, 1.8, rng) > rng.uniform(0.3, 1.5))
    level = rng.uniform(0.7, 1.25) * (1 + rng.uniform(0, 0.35) * slope) * shadow
    warmth = rng.uniform(-0.15, 0.15)
    colour = np.array([1 + warmth, 1, 1 - warmth], dtype=np.float32)
    lit: Floats = (level[..., None] * colour).astype(np.float32)
    return lit
