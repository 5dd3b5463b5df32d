"""Overlays of theory and measurement, as PNG to look at and SVG to print."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from coinfer.simulator.figure_files import house_style, save
from coinfer.simulator.validation import figures_fading, figures_traffic

DRAWN: dict[str, Callable[[np.random.Generator], Figure]] = {
    "gain_laws": figures_fading.gain_laws,
    "autocorrelation": figures_fading.autocorrelations,
    "level_crossings": figures_fading.level_crossings,
    "on_time_probability": figures_traffic.on_time_probability,
    "block_errors": figures_traffic.block_error_rates,
    "queue_waits": figures_traffic.queue_waits,
    "contention": figures_traffic.contention,
}
"""The figures by the name of their files; a new one goes to the end, so that the others stay as they are."""


def draw_figures(seed: int, folder: Path) -> list[Path]:
    """Draw all figures, each from measurements of its own; a seed gives the same SVG files, byte for byte.

    Args:
        seed: The seed of all that is drawn by lot.
        folder: Where the files go; made if missing.

    Returns:
        The files: a PNG and an SVG of each figure.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    with house_style():
        for place, (name, draw) in enumerate(DRAWN.items()):
            # Apart from the keys of the suite's groups, which have one number.
            key = (0, place)
            figure = draw(np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key)))
            files += save(figure, folder / name)
    return files
