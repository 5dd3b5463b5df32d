"""Figures as files: one look, PNG to look at and SVG to print, the same bytes each time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from coinfer.simulator.figures_style import RC

_PNG_DPI = 200


@contextmanager
def house_style() -> Iterator[None]:
    """Draws and saves with the settings of this project, whatever the user's own are."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(RC)
        yield


def save(figure: Figure, stem: Path) -> list[Path]:
    """Write one figure; without a date, and laid out once, which is most of the work.

    Args:
        figure: the figure, drawn in `house_style`.
        stem: the path without suffix.

    Returns:
        The PNG and the SVG.
    """
    png, svg = stem.with_suffix(".png"), stem.with_suffix(".svg")
    figure.savefig(png, dpi=_PNG_DPI)
    figure.set_layout_engine("none")
    figure.savefig(svg, metadata={"Date": None})
    return [png, svg]
