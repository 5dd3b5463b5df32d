"""Camera frames of things of one class: background, clutter, things, occlusion, light, sensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from coinfer.models.images import SIZE_PX
from coinfer.models.scenes.objects import OBJECTS, Pen, around, draw_object
from coinfer.models.scenes.texture import Floats, light, power_law_noise, random_colour, textured

VERSION = 1
"""Part of the fingerprint: goes up with any change of a pixel."""

CLASSES = tuple(OBJECTS)


@dataclass(frozen=True)
class Scenes:
    """`count` frames, each a function of (seed, index) alone; labels are balanced and shuffled.

    Args:
        count: number of frames.
        seed: which frames; coinfer's classifier and codecs were trained on other seeds than 0..999.
    """

    count: int
    seed: int = 0

    class_names = CLASSES

    def __len__(self) -> int:
        """Number of frames."""
        return self.count

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """`[count]` class indices."""
        return np.array([label_of(self.seed, index) for index in range(self.count)], dtype=np.int64)

    @property
    def fingerprint(self) -> str:
        """Version, seed and count."""
        return f"scenes-{VERSION}-{self.seed}-{self.count}"

    def load(self, indices: Sequence[int]) -> NDArray[np.uint8]:
        """`[len(indices), 3, 224, 224]` RGB pixels."""
        return np.stack([draw_scene(self.seed, index) for index in indices])


def label_of(seed: int, index: int) -> int:
    """Class of frame `index`: each block of ten frames holds every class once."""
    block, place = divmod(index, len(CLASSES))
    return int(np.random.default_rng([seed, 0, block]).permutation(len(CLASSES))[place])


def draw_scene(seed: int, index: int) -> NDArray[np.uint8]:
    """Draws frame `index` as `[3, 224, 224]` RGB pixels."""
    rng = np.random.default_rng([seed, 1, index])
    frame, grain = _background(rng), _Grain(rng)
    name = CLASSES[label_of(seed, index)]
    for _ in range(int(rng.integers(1, 5))):
        _paste(frame, _clutter(rng), rng.uniform(0.1, 0.3), rng.uniform(-1, 1, 2), grain)
    for place in _places(rng):
        _paste(frame, draw_object(name, SIZE_PX, rng), rng.uniform(0.4, 0.62), place, grain)
    for _ in range(int(rng.integers(0, 3))):
        _paste(frame, _clutter(rng), rng.uniform(0.1, 0.2), rng.uniform(-1, 1, 2), grain)
    return _sensor(frame * light(SIZE_PX, rng), rng)


def _places(rng: np.random.Generator) -> NDArray[np.float64]:
    """Centres of four or five things of the frame's class, in different quarters first."""
    quarters = np.array([(-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5), (0.0, 0.0)])
    chosen = rng.permutation(quarters[:4])[: int(rng.integers(3, 5))]
    places: NDArray[np.float64] = np.concatenate([chosen, quarters[4:]]) + rng.uniform(
        -0.25, 0.25, (len(chosen) + 1, 2)
    )
    return places


class _Grain:
    """Shading and fine grain of the things in one frame, cut at random places from two fields."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self._shade, self._fine = power_law_noise(SIZE_PX, 1.5, rng), power_law_noise(SIZE_PX, 0.8, rng)

    def on(self, colour: Floats) -> Floats:
        """Shades and grains `[height, width, 3]` colours."""
        down, across = (int(self.rng.integers(0, SIZE_PX - extent + 1)) for extent in colour.shape[:2])
        cut = np.s_[down : down + colour.shape[0], across : across + colour.shape[1]]
        depth = self.rng.uniform(0.05, 0.2)
        grained: Floats = (
            colour * (1 + depth * self._shade[cut][..., None]) + 0.06 * self._fine[cut][..., None]
        )
        return grained


def _background(rng: np.random.Generator) -> Floats:
    """Two surfaces that meet at a wavy border, such as ground and sky."""
    first, second = (
        textured(SIZE_PX, random_colour(rng, saturation=0.35), rng.uniform(0.04, 0.11), rng) for _ in range(2)
    )
    border = np.linspace(-1.5, 1.5, SIZE_PX, dtype=np.float32)[:, None] + rng.uniform(-1, 1)
    above = (border + 0.4 * power_law_noise(SIZE_PX, 1.6, rng) > 0)[..., None]
    frame: Floats = np.where(above, first, second)
    return frame


def _clutter(rng: np.random.Generator) -> Image.Image:
    """A thing of no class: a blob or a polygon of one or two colours."""
    canvas = Image.new("RGBA", (SIZE_PX, SIZE_PX), (0, 0, 0, 0))
    pen = Pen(canvas, rng)
    if rng.random() < 0.4:
        pen.disc((0, 0), 0.9, pen.colour(), stretch=rng.uniform(0.3, 1.0))
    else:
        corners = around(int(rng.integers(3, 7)), 0.9)
        pen.polygon([(x * rng.uniform(0.4, 1), y * rng.uniform(0.4, 1)) for x, y in corners], pen.colour())
    return canvas


def _paste(
    frame: Floats, thing: Image.Image, scale: float, place: NDArray[np.float64], grain: _Grain
) -> None:
    """Puts a thing into the frame: turned, sheared, shaded, grained, its centre at `place` in -1..1."""
    angle, shear = grain.rng.uniform(-0.35, 0.35), grain.rng.uniform(-0.2, 0.2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / scale
    inverse = np.array([[1, shear], [0, 1]]) @ turn
    middle = SIZE_PX / 2
    offset = middle - inverse @ (middle * (1 + place))
    coefficients = (*inverse[0], offset[0], *inverse[1], offset[1])
    layer = thing.transform(
        (SIZE_PX, SIZE_PX), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR
    )
    left, top, right, bottom = layer.getbbox() or (0, 0, 1, 1)
    area = np.s_[top:bottom, left:right]
    pixels = np.asarray(layer.crop((left, top, right, bottom)), dtype=np.float32) / np.float32(255)
    colour, alpha = pixels[..., :3], pixels[..., 3:]
    frame[area] = frame[area] * (1 - alpha) + alpha * grain.on(colour)


def _sensor(frame: Floats, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Lens blur, photon and read noise, and 8 bits."""
    exposed = np.clip(frame, 0, 1)
    image = Image.fromarray((255 * exposed).astype(np.uint8))
    image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 0.8)))
    signal = np.asarray(image, dtype=np.float32)
    noisy = signal + rng.normal(0, 1, signal.shape) * np.sqrt(5.0 + 0.14 * signal)
    pixels: NDArray[np.uint8] = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    return pixels.transpose(2, 0, 1)
