"""Ten kinds of objects, drawn as coloured shapes on a transparent square."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from coinfer.models.scenes.texture import random_colour

Point = tuple[float, float]


@dataclass
class Pen:
    """Draws on a square canvas in coordinates from -1 to 1.

    Args:
        canvas: a square RGBA image.
        rng: source of the randomness.
        hue: typical hue of what is drawn, 0..6; None for things of any colour.
    """

    canvas: Image.Image
    rng: np.random.Generator
    hue: float | None = None

    def __post_init__(self) -> None:
        self._draw = ImageDraw.Draw(self.canvas)
        self._half_px = self.canvas.width / 2

    def colour(self) -> tuple[int, int, int, int]:
        """A random opaque colour, one time in three near the typical hue."""
        hue = self.hue if self.rng.random() < 0.35 else None
        red, green, blue = (255 * random_colour(self.rng, hue)).astype(int).tolist()
        return red, green, blue, 255

    def polygon(self, points: Sequence[Point], fill: tuple[int, ...]) -> None:
        """Fills a polygon."""
        self._draw.polygon([self._pixel(point) for point in points], fill=fill)

    def disc(self, centre: Point, radius: float, fill: tuple[int, ...], stretch: float = 1.0) -> None:
        """Fills an upright ellipse of half-axes `radius` and `radius * stretch`."""
        left, top = self._pixel((centre[0] - radius, centre[1] - radius * stretch))
        right, bottom = self._pixel((centre[0] + radius, centre[1] + radius * stretch))
        self._draw.ellipse((left, top, right, bottom), fill=fill)

    def line(self, start: Point, end: Point, width: float, fill: tuple[int, ...]) -> None:
        """Draws a thick line."""
        self._draw.line(
            [self._pixel(start), self._pixel(end)], fill=fill, width=max(1, round(width * self._half_px))
        )

    def _pixel(self, point: Point) -> Point:
        return self._half_px * (1 + point[0]), self._half_px * (1 + point[1])


def around(count: int, radius: float, turn: float = 0.0) -> list[Point]:
    """`count` points evenly on a circle, the first at the top."""
    angles = turn + 2 * np.pi * np.arange(count) / count
    return [(float(radius * np.sin(a)), float(-radius * np.cos(a))) for a in angles]


def ball(pen: Pen) -> None:
    """A ball with coloured panels and a highlight."""
    base, panel = pen.colour(), pen.colour()
    pen.disc((0, 0), 0.9, base)
    for x, y in [(0.0, 0.0), *around(5, 0.62, pen.rng.uniform(0, 1))]:
        pen.polygon([(x + dx, y + dy) for dx, dy in around(5, 0.24)], panel)
    pen.disc((-0.35, -0.4), 0.16, (255, 255, 255, 200))


def brick(pen: Pen) -> None:
    """A piece of brick wall."""
    mortar, stone = pen.colour(), pen.colour()
    rows = int(pen.rng.integers(5, 8))
    pen.polygon([(-0.9, -0.8), (0.9, -0.8), (0.9, 0.8), (-0.9, 0.8)], mortar)
    height = 1.6 / rows
    for row in range(rows):
        top = -0.8 + row * height
        for left in np.arange(-0.9 - 0.3 * (row % 2), 0.9, 0.6):
            low, high = max(left, -0.9) + 0.03, min(left + 0.6, 0.9) - 0.03
            if high > low:
                pen.polygon(
                    [
                        (low, top + 0.03),
                        (high, top + 0.03),
                        (high, top + height - 0.03),
                        (low, top + height - 0.03),
                    ],
                    stone,
                )


def chequer(pen: Pen) -> None:
    """A chequered flag on a pole."""
    colours, cells = (pen.colour(), pen.colour()), int(pen.rng.integers(4, 7))
    pen.line((-0.85, -0.8), (-0.85, 0.95), 0.08, pen.colour())
    step = 1.6 / cells
    for row in range(cells - 1):
        for column in range(cells):
            left, top = -0.8 + column * step, -0.8 + row * step
            square = [(left, top), (left + step, top), (left + step, top + step), (left, top + step)]
            pen.polygon(square, colours[(row + column) % 2])


def fish(pen: Pen) -> None:
    """A fish with tail, fin, eye and stripes."""
    body, fin = pen.colour(), pen.colour()
    pen.polygon([(0.4, 0), (0.95, -0.45), (0.8, 0), (0.95, 0.45)], fin)
    pen.polygon([(-0.3, -0.3), (0.2, -0.7), (0.35, -0.2)], fin)
    pen.disc((-0.1, 0), 0.72, body, stretch=0.55)
    for x in (-0.15, 0.1, 0.35):
        pen.line((x, -0.24), (x + 0.08, 0.24), 0.07, fin)
    pen.disc((-0.52, -0.1), 0.09, (250, 250, 250, 255))
    pen.disc((-0.54, -0.1), 0.045, (10, 10, 10, 255))


def flower(pen: Pen) -> None:
    """A flower: petals around a centre, a stem and a leaf."""
    petal, stem = pen.colour(), pen.colour()
    pen.line((0, 0), (0.05, 0.95), 0.09, stem)
    pen.disc((0.28, 0.7), 0.22, stem, stretch=0.45)
    for x, y in around(int(pen.rng.integers(5, 9)), 0.45, pen.rng.uniform(0, 1)):
        pen.disc((x, y - 0.2), 0.25, petal)
    pen.disc((0, -0.2), 0.26, pen.colour())


def house(pen: Pen) -> None:
    """A house with roof, door and windows."""
    wall, glass = pen.colour(), pen.colour()
    pen.polygon([(-0.65, -0.1), (0.65, -0.1), (0.65, 0.85), (-0.65, 0.85)], wall)
    pen.polygon([(-0.85, -0.1), (0, -0.85), (0.85, -0.1)], pen.colour())
    pen.polygon([(-0.12, 0.3), (0.15, 0.3), (0.15, 0.85), (-0.12, 0.85)], pen.colour())
    for left in (-0.5, 0.28):
        pen.polygon([(left, 0.1), (left + 0.22, 0.1), (left + 0.22, 0.38), (left, 0.38)], glass)
        pen.line((left + 0.11, 0.1), (left + 0.11, 0.38), 0.03, wall)


def ladder(pen: Pen) -> None:
    """A ladder: two rails and rungs."""
    wood, lean = pen.colour(), pen.rng.uniform(0, 0.15)
    rungs = int(pen.rng.integers(5, 9))
    for side in (-1, 1):
        pen.line((side * (0.3 - lean), -0.95), (side * 0.35, 0.95), 0.1, wood)
    for y in np.linspace(-0.8, 0.8, rungs):
        pen.line((-0.33, y), (0.33, y), 0.08, wood)


def star(pen: Pen) -> None:
    """A five-pointed star with an inner star."""
    for scale in (0.95, 0.5):
        outer, inner = around(5, scale), around(5, 0.42 * scale, np.pi / 5)
        pen.polygon([point for pair in zip(outer, inner, strict=True) for point in pair], pen.colour())


def tree(pen: Pen) -> None:
    """A tree: forking branches with leaves at their ends."""
    bark, leaf = pen.colour(), pen.colour()

    def branch(start: Point, angle: float, length: float, depth: int) -> None:
        end = (start[0] + length * np.sin(angle), start[1] - length * np.cos(angle))
        pen.line(start, end, 0.16 * length, bark)
        if depth == 0:
            pen.disc(end, 0.11, leaf)
            return
        for turn in (-0.5, 0.5):
            branch(end, angle + turn * pen.rng.uniform(0.6, 1.4), 0.72 * length, depth - 1)

    branch((0, 0.95), 0.0, 0.62, 4)


def wheel(pen: Pen) -> None:
    """A spoked wheel: tyre, rim, spokes and hub."""
    tyre, spoke = pen.colour(), pen.colour()
    pen.disc((0, 0), 0.92, tyre)
    pen.disc((0, 0), 0.7, (0, 0, 0, 0))
    for point in around(int(pen.rng.integers(6, 11)), 0.74, pen.rng.uniform(0, 1)):
        pen.line((0, 0), point, 0.07, spoke)
    pen.disc((0, 0), 0.18, tyre)


OBJECTS: dict[str, Callable[[Pen], None]] = {
    maker.__name__: maker for maker in (ball, brick, chequer, fish, flower, house, ladder, star, tree, wheel)
}
"""The classes, in the order of their labels."""

HUES = {
    "ball": 0.6,
    "brick": 0.2,
    "fish": 3.3,
    "flower": 5.2,
    "house": 4.2,
    "ladder": 0.7,
    "star": 1.0,
    "tree": 2.0,
}
"""Typical hues, for the classes that have one."""


def draw_object(name: str, size_px: int, rng: np.random.Generator) -> Image.Image:
    """Draws one object upright in the middle of a transparent `size_px` square, RGBA."""
    canvas = Image.new("RGBA", (2 * size_px, 2 * size_px), (0, 0, 0, 0))
    OBJECTS[name](Pen(canvas, rng, HUES.get(name)))
    return canvas.resize((size_px, size_px), Image.Resampling.BOX)
